//! Finding conversations by words: those that visitors and agents wrote, names, addresses and pages. Filled behind.

use rusqlite::{Connection, params};
use serde_json::Value;

use crate::{
    chat::event::{Author, Event, What},
    store::Result,
    wire::entry::Entry,
};

/// How many words of a query count.
const MAX_WORDS: usize = 8;

/// How far the search has come.
#[derive(Debug)]
pub(super) struct Search {
    /// The last row of the log that it knows, this transaction's included.
    known: i64,
    /// The same as of the last commit.
    kept: i64,
}

/// A query without a single word in it.
#[derive(Debug)]
pub(super) struct NoWords;

// === impl Search ===

impl Search {
    pub(super) fn new(conn: &Connection) -> Result<Self> {
        let known = conn.query_row("SELECT searched FROM hub", [], |row| row.get(0))?;
        Ok(Self { known, kept: known })
    }

    /// Whether it knows the log up to this row.
    pub(super) fn knows(&self, pos: i64) -> bool {
        self.known >= pos
    }

    /// Takes in the next rows, at most `limit`. True when there were any.
    pub(super) fn fill(&mut self, conn: &Connection, limit: i64) -> Result<bool> {
        let mut select = conn.prepare_cached("SELECT pos, body FROM log WHERE pos > ?1 ORDER BY pos LIMIT ?2")?;
        let mut insert = conn.prepare_cached("INSERT INTO words (rowid, text) VALUES (?1, ?2)")?;
        let mut rows = select.query([self.known, limit])?;
        let was = self.known;
        while let Some(row) = rows.next()? {
            self.known = row.get(0)?;
            // What cannot be read cannot be found; whoever opens it is told.
            if let Ok(entry) = Entry::stored(row.get(1)?)
                && let Some(text) = text(entry.event())
            {
                insert.execute(params![self.known, text])?;
            }
        }
        if self.known > was {
            conn.prepare_cached("UPDATE hub SET searched = ?1")?.execute([self.known])?;
        }
        Ok(self.known > was)
    }

    /// The transaction was committed.
    pub(super) fn committed(&mut self) {
        self.kept = self.known;
    }

    /// The transaction failed.
    pub(super) fn failed(&mut self) {
        self.known = self.kept;
    }
}

/// Notes a visitor's name that no event tells.
pub(super) fn name_visitor(conn: &Connection, conversation: i64, name: &str) -> Result<()> {
    conn.prepare_cached("INSERT OR REPLACE INTO words (rowid, text) VALUES (?1, ?2)")?
        .execute(params![-conversation, name])?;
    Ok(())
}

/// The words of a query as the index is asked for them: each may be the beginning of one. Nothing a person types
/// reaches the index's own language.
pub(super) fn words(query: &str) -> std::result::Result<Vec<String>, NoWords> {
    let words = query.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<String> = words.take(MAX_WORDS).map(|word| format!("\"{word}\"*")).collect();
    match words.is_empty() && !query.trim().is_empty() {
        true => Err(NoWords),
        false => Ok(words),
    }
}

/// The condition that conversation `c` holds the word in parameter `nth`, anywhere.
pub(super) fn condition(nth: usize) -> String {
    format!(
        " AND c.id IN (
            SELECT CASE WHEN rowid < 0 THEN -rowid ELSE (SELECT l.conversation FROM log l WHERE l.pos = words.rowid) END
            FROM words WHERE words MATCH ?{nth})"
    )
}

/// What can be found of an event. The bot says the same to everybody, so its words find nothing.
fn text(event: &Event) -> Option<String> {
    let parts: Vec<&str> = match &event.what {
        What::Message { text, .. } if event.by != Author::Bot => vec![text],
        What::Note { text, .. } => vec![text],
        What::Answer { label, value, .. } => {
            [Some(label), value.as_ref()].into_iter().flatten().map(|s| &**s).collect()
        }
        What::Item(item) => vec![&item.title],
        What::Started(started) => {
            let page = started.page.as_ref();
            [started.visitor.name.as_ref(), page.map(|page| &page.url), page.and_then(|page| page.title.as_ref())]
                .into_iter()
                .flatten()
                .map(|s| &**s)
                .collect()
        }
        What::Details { changes } => {
            let mut found = Vec::new();
            strings(&serde_json::to_value(changes).ok()?, &mut found);
            return (!found.is_empty()).then(|| found.join("\n"));
        }
        _ => return None,
    };
    (!parts.is_empty()).then(|| parts.join("\n"))
}

fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| strings(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| strings(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p4_a_query_is_words_whatever_people_type() {
        let words = |query| words(query).unwrap_or_default();
        assert_eq!(words("Jane's anna@example.com"), ["\"Jane\"*", "\"s\"*", "\"anna\"*", "\"example\"*", "\"com\"*"]);
        assert_eq!(words("a NEAR(\"b\" c*) OR -d"), ["\"a\"*", "\"NEAR\"*", "\"b\"*", "\"c\"*", "\"OR\"*", "\"d\"*"]);
        assert_eq!(words("  "), Vec::<String>::new());
        assert!(super::words("?!").is_err());
    }
}
