//! Playbooks to start from: free of faults, active, of no workspace yet.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Appearance, CaptureField, Card, CardOption, Create, ItemFields, Playbook};
use crate::{
    chat::event::ItemKind,
    ids::{CardId, PlaybookId},
};

/// A playbook to start from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Template {
    /// Its name in requests: `live_chat`, `qualify_lead` or `collect_email`.
    pub id: String,
    /// What it is for, in a sentence.
    pub about: String,
    /// The playbook; whoever saves one gives it an id of its own.
    pub playbook: Playbook,
}

// === impl Template ===

impl Template {
    /// All of them, the most wanted first.
    pub fn all() -> Vec<Self> {
        vec![live_chat(), qualify_lead(), collect_email()]
    }

    /// The one of this name.
    pub fn named(id: &str) -> Option<Self> {
        Self::all().into_iter().find(|template| template.id == id)
    }
}

fn live_chat() -> Template {
    let cards = [
        live("live", "email"),
        capture("email", CaptureField::Email, "Leave us your e-mail address, and we will write to you.", "question"),
        capture("question", CaptureField::Text, "What would you like to ask?", "done"),
        qualify("done", "Thank you! We will get back to you soon.", [lead(), activity("Answer a missed chat")]),
    ];
    template("live_chat", "Live Chat", "Puts visitors in touch with an agent at once.", "live", cards)
}

fn qualify_lead() -> Template {
    let cards = [
        choice(
            "hello",
            "Hi! What brings you here?",
            [("buy", "I would like to buy", "email"), ("help", "I need help", "live"), ("look", "Just looking", "bye")],
        ),
        capture("email", CaptureField::Email, "Great! Where can we reach you?", "organization"),
        capture("organization", CaptureField::Organization, "Which company are you with?", "buyer"),
        live("buyer", "later"),
        qualify("later", "Thank you! One of us will write to you.", [lead(), activity("Write to a new lead")]),
        live("live", "contact"),
        capture("contact", CaptureField::Email, "Where can we write to you?", "question"),
        capture("question", CaptureField::Text, "What can we help you with?", "noted"),
        Card::Disqualify {
            text: "Thank you! We will look into it.".into(),
            create: vec![activity("Answer a question")],
        }
        .named("noted"),
        Card::Disqualify { text: "Enjoy your visit.".into(), create: Vec::new() }.named("bye"),
    ];
    template("qualify_lead", "Qualify leads", "Asks what visitors want and tells buyers from others.", "hello", cards)
}

fn collect_email() -> Template {
    let cards = [
        choice(
            "hello",
            "Hi! May we keep you **up to date**?",
            [("yes", "Yes, please", "name"), ("no", "No, thank you", "bye")],
        ),
        capture("name", CaptureField::Name, "What is your name?", "email"),
        capture("email", CaptureField::Email, "And your e-mail address?", "done"),
        qualify("done", "Thank you! You will hear from us.", [lead()]),
        Card::Disqualify { text: "No problem. Enjoy your visit.".into(), create: Vec::new() }.named("bye"),
    ];
    template("collect_email", "Collect e-mail addresses", "Asks for a name and an e-mail address.", "hello", cards)
}

fn template<const N: usize>(id: &str, name: &str, about: &str, start: &str, cards: [(CardId, Card); N]) -> Template {
    let playbook = Playbook {
        id: PlaybookId::from(format!("pb_{id}").as_str()),
        name: name.into(),
        workspace: None,
        active: true,
        locale: "en".into(),
        origins: Vec::new(),
        appearance: Appearance::default(),
        open_after_ms: None,
        typing_preview: false,
        abandoned_lead: true,
        start: start.into(),
        cards: cards.into(),
    };
    Template { id: id.into(), about: about.into(), playbook }
}

fn live(id: &str, offline: &str) -> (CardId, Card) {
    Card::LiveChat {
        online_message: "**One moment**, we are finding somebody for you.".into(),
        wait_ms: 60_000,
        offline_message: "Nobody is free right now.".into(),
        offline: offline.into(),
    }
    .named(id)
}

fn choice<const N: usize>(id: &str, text: &str, options: [(&str, &str, &str); N]) -> (CardId, Card) {
    let option =
        |(id, label, next): (&str, &str, &str)| CardOption { id: id.into(), label: label.into(), next: next.into() };
    Card::Choice { text: text.into(), options: options.map(option).into() }.named(id)
}

fn capture(id: &str, field: CaptureField, text: &str, next: &str) -> (CardId, Card) {
    Card::Capture { text: text.into(), field, required: true, next: next.into() }.named(id)
}

fn qualify<const N: usize>(id: &str, text: &str, create: [Create; N]) -> (CardId, Card) {
    Card::Qualify { text: text.into(), create: create.into() }.named(id)
}

fn lead() -> Create {
    Create { kind: ItemKind::Lead, title: None, subject: None, fields: ItemFields::default() }
}

fn activity(subject: &str) -> Create {
    Create { kind: ItemKind::Activity, title: None, subject: Some(subject.into()), fields: ItemFields::default() }
}

// === impl Card ===

impl Card {
    fn named(self, id: &str) -> (CardId, Self) {
        (id.into(), self)
    }
}
