//! What is wrong with what a playbook says, field by field; its paths are [`graph`](super::graph)'s.

use std::collections::BTreeSet;

use url::Url;

use super::{Card, CardOption, Create, Fault, MAX_BYTES, MAX_CARDS, MAX_TEXT, Playbook, WAIT_MS};
use crate::{
    chat::{
        details::MAX_SHORT,
        event::ItemKind,
        rich::{Rich, may_load},
    },
    ids::CardId,
};

/// The longest id of a playbook or an option, in characters.
const MAX_ID: usize = 64;
/// The longest id of a card: `<card>-<index>` must fit into a key.
const MAX_CARD_ID: usize = 60;
/// The longest name and label, in bytes.
const MAX_LABEL: usize = 255;
/// The most answers of a choice.
const MAX_OPTIONS: usize = 50;
/// The most items the end of a path makes.
const MAX_CREATE: usize = 10;
/// The most sites a playbook names.
const MAX_ORIGINS: usize = 100;
/// The latest moment to open by itself: a day.
const MAX_OPEN_AFTER_MS: u64 = 24 * 60 * 60 * 1000;

// === impl Playbook ===

impl Playbook {
    /// All that keeps this playbook from being saved, in the order a person would look for it; empty when it is fine.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        self.check_frame(&mut faults);
        self.check_appearance(&mut faults);
        if self.cards.len() > MAX_CARDS {
            faults.push(Fault::of("cards", format!("must not be more than {MAX_CARDS}")));
        }
        if serde_json::to_vec(self).map_or(0, |json| json.len()) > MAX_BYTES {
            faults.push(Fault::of("cards", "are too much: the whole playbook must not be longer than 256 KiB"));
        }
        for (id, card) in &self.cards {
            check_card(id, card, &mut faults);
        }
        super::graph::check(self, &mut faults);
        faults
    }

    fn check_frame(&self, faults: &mut Vec<Fault>) {
        if !is_id(self.id.as_str(), MAX_ID) {
            faults.push(Fault::of("id", id_rule(MAX_ID)));
        }
        if let Some(message) = label_fault(&self.name) {
            faults.push(Fault::of("name", message));
        }
        if self.workspace.as_deref().is_some_and(|name| name.trim().is_empty() || name.chars().count() > 128) {
            faults.push(Fault::of("workspace", "must have 1 to 128 characters"));
        }
        if !is_locale(&self.locale) {
            faults.push(Fault::of("locale", "must be a language tag, like en or pt-BR"));
        }
        if self.origins.len() > MAX_ORIGINS {
            faults.push(Fault::of("origins", format!("must not be more than {MAX_ORIGINS}")));
        }
        for (index, origin) in self.origins.iter().enumerate() {
            if let Some(message) = origin_fault(origin) {
                faults.push(Fault::of(&format!("origins[{index}]"), message));
            }
        }
        if self.open_after_ms.is_some_and(|ms| ms > MAX_OPEN_AFTER_MS) {
            faults.push(Fault::of("open_after_ms", "must not be more than a day"));
        }
    }

    fn check_appearance(&self, faults: &mut Vec<Fault>) {
        let look = &self.appearance;
        let hex = look.color.strip_prefix('#').unwrap_or_default();
        if !matches!(hex.len(), 3 | 6) || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            faults.push(Fault::of("appearance.color", "must be a colour like #3b5bdb"));
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !(1..=32).contains(&look.icon.len()) || !look.icon.bytes().all(plain) {
            faults.push(Fault::of("appearance.icon", "must be the name of an icon, like chat"));
        }
        if let Some(message) = label_fault(&look.bot_name) {
            faults.push(Fault::of("appearance.bot_name", message));
        }
        if look.avatar.as_deref().is_some_and(|avatar| !may_load(avatar)) {
            faults.push(Fault::of("appearance.avatar", "must be an https address"));
        }
    }
}

fn check_card(id: &CardId, card: &Card, faults: &mut Vec<Fault>) {
    if !is_id(id.as_str(), MAX_CARD_ID) {
        faults.push(Fault::in_card(id, format!("has a bad id: it {}", id_rule(MAX_CARD_ID))));
    }
    let mut text = |field, text: &str| {
        if text.len() > MAX_TEXT {
            faults.push(Fault::at(id, field, "must not be longer than 16 KiB"));
        } else if Rich::parse(text).is_empty() {
            faults.push(Fault::at(id, field, "must not be empty"));
        }
    };
    match card {
        Card::Message { text: says, .. } | Card::Capture { text: says, .. } => text("text", says),
        Card::Choice { text: says, options } => {
            text("text", says);
            check_options(id, options, faults);
        }
        Card::LiveChat { online_message, wait_ms, offline_message, .. } => {
            text("online_message", online_message);
            text("offline_message", offline_message);
            if !WAIT_MS.contains(wait_ms) {
                faults.push(Fault::at(id, "wait_ms", "must be 10000 to 3600000 (10 seconds to an hour)"));
            }
        }
        Card::Qualify { text: says, create } | Card::Disqualify { text: says, create } => {
            text("text", says);
            if create.len() > MAX_CREATE {
                faults.push(Fault::at(id, "create", format!("must not hold more than {MAX_CREATE}")));
            }
            for (index, item) in create.iter().enumerate() {
                check_create(id, &format!("create[{index}]"), item, faults);
            }
        }
    }
}

fn check_options(card: &CardId, options: &[CardOption], faults: &mut Vec<Fault>) {
    if options.is_empty() {
        faults.push(Fault::at(card, "options", "must not be empty"));
    }
    if options.len() > MAX_OPTIONS {
        faults.push(Fault::at(card, "options", format!("must not be more than {MAX_OPTIONS}")));
    }
    let mut seen = BTreeSet::new();
    for (index, option) in options.iter().enumerate() {
        let at = |name: &str| format!("options[{index}].{name}");
        if !is_id(option.id.as_str(), MAX_ID) {
            faults.push(Fault::at(card, &at("id"), id_rule(MAX_ID)));
        }
        if !seen.insert(&option.id) {
            faults.push(Fault::at(card, &at("id"), format!("`{}` exists twice", option.id)));
        }
        if let Some(message) = label_fault(&option.label) {
            faults.push(Fault::at(card, &at("label"), message));
        }
    }
}

fn check_create(card: &CardId, path: &str, item: &Create, faults: &mut Vec<Fault>) {
    let mut fault = |name: &str, message: &str| faults.push(Fault::at(card, &format!("{path}.{name}"), message));
    let activity = item.kind == ItemKind::Activity;
    let fields = &item.fields;
    let foreign = [
        ("title", activity && item.title.is_some(), "is for leads and deals; an activity has a subject"),
        ("subject", !activity && item.subject.is_some(), "is for activities; a lead or deal has a title"),
        ("value", activity && fields.value.is_some(), "is for leads and deals"),
        ("currency", activity && fields.currency.is_some(), "is for leads and deals"),
        ("expected_close_date", activity && fields.expected_close_date.is_some(), "is for leads and deals"),
        ("due_date", !activity && fields.due_date.is_some(), "is for activities"),
    ];
    for (name, _, message) in foreign.into_iter().filter(|(_, foreign, _)| *foreign) {
        fault(name, message);
    }
    let (name, title) = if activity { ("subject", &item.subject) } else { ("title", &item.title) };
    match title {
        None if activity => fault(name, "is missing"),
        Some(title) if title.trim().is_empty() => fault(name, "must not be empty"),
        Some(title) if title.len() > MAX_SHORT => fault(name, "must not be longer than 1 KiB"),
        _ => {}
    }
    if let Err(bad) = fields.check() {
        let name = bad.field.trim_start_matches("fields.");
        fault(name, bad.message.strip_prefix(&bad.field).unwrap_or(&bad.message).trim_start());
    }
}

/// Ids stand in addresses, attributes and keys.
fn is_id(id: &str, limit: usize) -> bool {
    (1..=limit).contains(&id.chars().count()) && id.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
}

fn id_rule(limit: usize) -> String {
    format!("must have 1 to {limit} letters, digits or any of _ - .")
}

fn label_fault(label: &str) -> Option<&'static str> {
    match label {
        _ if label.trim().is_empty() => Some("must not be empty"),
        _ if label.len() > MAX_LABEL => Some("must not be longer than 255 bytes"),
        _ if label.contains(char::is_control) => Some("must not hold line breaks or control characters"),
        _ => None,
    }
}

fn is_locale(locale: &str) -> bool {
    let mut parts = locale.split('-');
    let language = parts.next().unwrap_or_default();
    (2..=3).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_alphabetic())
        && locale.len() <= 35
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Browsers send an origin in exactly one form, and it is compared as a text.
fn origin_fault(origin: &str) -> Option<String> {
    let form = "must be an origin like https://www.example.com";
    let Ok(url) = Url::parse(origin) else { return Some(form.into()) };
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Some(form.into());
    }
    let sent = url.origin().ascii_serialization();
    (sent != origin).then(|| format!("{form}; did you mean {sent}?"))
}
