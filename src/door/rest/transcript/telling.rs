//! An event in words.

use serde_json::Value;

use crate::chat::{
    event::{Author, ClosedReason, Event, ItemKind, MissedReason, What},
    playbook::Ask,
    summary::ConversationView,
};

/// Who caused an event, as a transcript names them.
pub(super) fn who(event: &Event, view: &ConversationView) -> String {
    match &event.by {
        Author::Visitor => view.summary.visitor.name.clone().unwrap_or_else(|| "Visitor".into()),
        Author::Agent { name, .. } => name.clone(),
        Author::Bot => "Bot".into(),
        Author::System => "Usher".into(),
    }
}

/// What kind of event it is; the protocol's `type`.
pub(super) fn kind(what: &What) -> &'static str {
    match what {
        What::Started(_) => "started",
        What::Card { .. } => "card",
        What::Answer { .. } => "answer",
        What::Message { .. } => "message",
        What::Waiting { .. } => "waiting",
        What::Missed { .. } => "missed",
        What::Assigned { .. } => "assigned",
        What::Unassigned { .. } => "unassigned",
        What::Rated { .. } => "rated",
        What::Closed { .. } => "closed",
        What::Qualified { .. } => "qualified",
        What::Disqualified { .. } => "disqualified",
        What::Details { .. } => "details",
        What::Item(_) => "item",
        What::ItemFailed { .. } => "item_failed",
        What::Note { .. } => "note",
    }
}

/// What somebody said or wrote; None of what merely happened.
pub(super) fn said(what: &What) -> Option<String> {
    match what {
        What::Card { text, ask, .. } => Some(match ask {
            Ask::Choice { options } => {
                let options = options.iter().map(|option| format!("\n- {}", option.label));
                format!("{text}{}", options.collect::<String>())
            }
            _ => text.clone(),
        }),
        What::Answer { label, .. } => Some(label.clone()),
        What::Message { text, .. } | What::Note { text, .. } => Some(text.clone()),
        _ => None,
    }
}

/// What happened, in a sentence.
pub(super) fn happened(what: &What) -> String {
    match what {
        What::Started(started) => {
            let page = started.page.as_ref().map(|page| format!(" on {}", page.url)).unwrap_or_default();
            format!("The conversation begins{page}.")
        }
        What::Waiting { wait_ms, .. } => format!("Waits for an agent, {} s at most.", wait_ms / 1000),
        What::Missed { reason, .. } => format!("Missed: {}.", missed(*reason)),
        What::Assigned { to, from: None } => format!("Assigned to {}.", to.name),
        What::Assigned { to, from: Some(from) } => format!("Passed from {} to {}.", from.name, to.name),
        What::Unassigned { from } => format!("Given up by {}.", from.name),
        What::Rated { score, comment } => match comment {
            Some(comment) => format!("Rated {score} of 5: {comment}"),
            None => format!("Rated {score} of 5."),
        },
        What::Closed { reason } => format!("Closed: {}.", closed(*reason)),
        What::Qualified { .. } => "Qualified.".into(),
        What::Disqualified { .. } => "Disqualified.".into(),
        What::Details { changes } => {
            let mut changed = Vec::new();
            fields("", &serde_json::to_value(changes).unwrap_or_default(), &mut changed);
            format!("Details: {}", changed.join("; "))
        }
        What::Item(item) => match &item.external {
            Some(external) => {
                format!("{} \u{201c}{}\u{201d} is kept as {}.", item_kind(item.kind), item.title, external.id)
            }
            None => format!("{} \u{201c}{}\u{201d} was made.", item_kind(item.kind), item.title),
        },
        What::ItemFailed { kind, message, .. } => format!("{} was not handed on: {message}", item_kind(*kind)),
        What::Card { .. } | What::Answer { .. } | What::Message { .. } | What::Note { .. } => {
            said(what).unwrap_or_default()
        }
    }
}

/// What became of each field, by its path.
fn fields(path: &str, value: &Value, told: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                fields(&path, value, told);
            }
        }
        Value::Null => told.push(format!("{path} cleared")),
        Value::String(text) => told.push(format!("{path} = {text}")),
        other => told.push(format!("{path} = {other}")),
    }
}

fn missed(reason: MissedReason) -> &'static str {
    match reason {
        MissedReason::NobodyOnline => "nobody was online",
        MissedReason::WaitExpired => "nobody came in time",
        MissedReason::EveryoneLeft => "everybody left",
        MissedReason::NotInstalled => "the playbook was not installed or not active",
    }
}

fn closed(reason: ClosedReason) -> &'static str {
    match reason {
        ClosedReason::Agent => "by an agent",
        ClosedReason::Visitor => "by the visitor",
        ClosedReason::Finished => "the playbook came to its end",
        ClosedReason::Abandoned => "nothing was heard any more",
    }
}

fn item_kind(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Lead => "Lead",
        ItemKind::Deal => "Deal",
        ItemKind::Activity => "Activity",
    }
}
