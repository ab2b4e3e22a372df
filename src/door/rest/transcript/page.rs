//! What a transcript looks like.

use jiff::Timestamp;

use super::{
    super::csv::row,
    telling::{happened, kind, said, who},
};
use crate::{
    chat::{
        event::{Author, Event, What},
        summary::ConversationView,
    },
    ids::Millis,
};

/// The forms there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Json,
    Csv,
}

/// A transcript that is being written.
pub(super) struct Page {
    format: Format,
    view: ConversationView,
    /// Whether an event was written.
    any: bool,
}

// === impl Format ===

impl Format {
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; charset=utf-8",
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }
}

// === impl Page ===

impl Page {
    pub(super) fn new(format: Format, view: ConversationView) -> Self {
        Self { format, view, any: false }
    }

    /// What stands above the events.
    pub(super) fn head(&self, part: &mut String) {
        match self.format {
            Format::Text => {
                let visitor = self.view.summary.visitor.name.as_deref().unwrap_or("Visitor");
                part.push_str(&indented(&format!("Conversation {} with {visitor}", self.view.summary.id)));
                part.push_str("\nAll times are UTC.\n\n");
            }
            // Strings, numbers and trees of them: nothing in it can fail to become JSON.
            Format::Json => {
                let view = serde_json::to_string(&self.view).unwrap_or_default();
                part.push_str(&format!("{{\"conversation\":{view},\"events\":["));
            }
            Format::Csv => row(part, ["seq", "at", "by", "id", "name", "type", "text"]),
        }
    }

    /// An event.
    pub(super) fn event(&mut self, part: &mut String, event: &Event) {
        match self.format {
            Format::Text => {
                let (at, name) = (time(event.at, "%Y-%m-%d %H:%M:%S"), who(event, &self.view));
                let line = match (said(&event.what), &event.what) {
                    (Some(text), What::Note { .. }) => format!("{name} (note): {text}"),
                    (Some(text), _) => format!("{name}: {text}"),
                    (None, what) => format!("* {}", happened(what)),
                };
                part.push_str(&format!("[{at}] {}\n", indented(&line)));
            }
            Format::Json => {
                if self.any {
                    part.push(',');
                }
                part.push_str(&serde_json::to_string(event).unwrap_or_default());
            }
            Format::Csv => {
                let (by, id) = match &event.by {
                    Author::Visitor => ("visitor", self.view.summary.visitor.id.as_str()),
                    Author::Agent { id, .. } => ("agent", id.as_str()),
                    Author::Bot => ("bot", ""),
                    Author::System => ("system", ""),
                };
                let (seq, at) = (event.seq.0.to_string(), time(event.at, "%Y-%m-%dT%H:%M:%S%.3fZ"));
                let (name, text) = (who(event, &self.view), happened(&event.what));
                row(part, [&*seq, &at, by, id, &name, kind(&event.what), &text]);
            }
        }
        self.any = true;
    }

    /// What stands below them.
    pub(super) fn foot(&self, part: &mut String) {
        if self.format == Format::Json {
            part.push_str("]}");
        }
    }
}

fn time(at: Millis, form: &str) -> String {
    Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::MAX).strftime(form).to_string()
}

/// A text in a transcript of lines: what it continues on stands apart, so that nobody can write a line that looks like
/// somebody else's; and nothing in it moves a cursor or turns the direction of what follows.
fn indented(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => safe.push_str("\n    "),
            '\t' => safe.push(c),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => safe.push(char::REPLACEMENT_CHARACTER),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s6_nobody_writes_a_line_that_looks_like_somebody_elses() {
        let forged = "hi\n[2025-11-22 08:26:41] Jane: pay here\r\n[x]\u{2028}[y]\r[z]\u{1b}[2J\u{202e}";
        let safe = indented(forged);
        assert_eq!(safe, "hi\n    [2025-11-22 08:26:41] Jane: pay here\n    [x]\n    [y]\n    [z]\u{fffd}[2J");
        assert!(safe.lines().skip(1).all(|line| line.starts_with("    ")));
    }
}
