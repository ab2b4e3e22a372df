//! Finding conversations by words: those that visitors and agents wrote, names, addresses and pages.
//!
//! Words are taken in behind the log, many at a time, by whichever node comes first: the batches that wait stand in a
//! table, and whoever takes some in deletes them in the same transaction.

use std::{borrow::Cow, time::Duration};

use tokio::time::{sleep, timeout};
use tokio_postgres::{Row, Transaction};
use tokio_util::sync::CancellationToken;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::{
    fault::Fault,
    pool::{Pool, REPLY},
};
use crate::store::words::{self, Words};

/// How often a node looks what waits.
const EVERY: Duration = Duration::from_secs(1);
/// How many batches of appends are taken in at once. What a conversation said in them is one row of the index, so that
/// many at once cost far less than one by one.
const BATCHES: i64 = 256;
/// How many appends are, about: a transaction must not take long.
const APPENDS: i64 = 4096;
/// How many events are read at once.
const EVENTS: i64 = 1024;
/// The longest a word counts.
const MAX_WORD: usize = 64;
/// How many words one row holds at most.
const MAX_WORDS: usize = 4096;
/// How many rows are written at once.
const ROWS: usize = 256;
/// How many events or rows are gone through before others have their turn: somebody waits for what they do.
const STRETCH: usize = 64;

/// A query without a single word in it.
#[derive(Debug)]
pub(super) struct NoWords;

/// What a transaction took in.
struct Taken {
    any: bool,
    /// Whether more may wait.
    more: bool,
}

/// Takes words in until `stop`; what was begun is ended.
pub(super) async fn run(pool: Pool, stop: CancellationToken) {
    let mut failing = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(EVERY.mul_f64(rand::random_range(0.8..1.2))) => {}
        }
        let filled = fill_all(&pool, &stop).await;
        if let (Err(fault), false) = (&filled, failing) {
            tracing::error!(?fault, "the search cannot be filled; it keeps trying");
        }
        failing = filled.is_err();
    }
}

async fn fill_all(pool: &Pool, stop: &CancellationToken) -> Result<(), Fault> {
    while !stop.is_cancelled() && timeout(REPLY, fill(pool)).await.unwrap_or_else(|_| Err(Fault::silent()))? {
        // A backlog is worked off between other things.
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// Takes in what waits, a part of it, in one transaction. True when there may be more.
async fn fill(pool: &Pool) -> Result<bool, Fault> {
    let mut client = pool.client().await?;
    let tx = client.transaction().await?;
    match take_in(&tx).await {
        Ok(Taken { any: false, .. }) => {
            tx.rollback().await?;
            Ok(false)
        }
        Ok(Taken { more, .. }) => {
            tx.commit().await?;
            Ok(more)
        }
        Err(fault) => {
            // Left to itself it would still be open when the process ends.
            let _ = tx.rollback().await;
            Err(fault)
        }
    }
}

async fn take_in(tx: &Transaction<'_>) -> Result<Taken, Fault> {
    // Whoever erases waits for those who have read what is to be erased, and lets nobody read it after.
    tx.batch_execute("LOCK TABLE search IN ROW EXCLUSIVE MODE").await?;
    let taken = tx
        .query(
            "WITH waiting AS MATERIALIZED (
                 SELECT id, cardinality(conversations) AS appends
                 FROM unsearched ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
             )
             DELETE FROM unsearched WHERE id IN (
                 SELECT id
                 FROM (SELECT id, sum(appends) OVER (ORDER BY id) - appends AS before FROM waiting) w
                 WHERE before < $2
             ) RETURNING conversations, firsts, lasts",
            &[&BATCHES, &APPENDS],
        )
        .await?;
    if taken.is_empty() {
        return Ok(Taken { any: false, more: false });
    }
    let (mut ids, mut firsts, mut lasts) = (Vec::new(), Vec::new(), Vec::new());
    for row in &taken {
        ids.extend(row.try_get::<_, Vec<i64>>(0)?);
        firsts.extend(row.try_get::<_, Vec<i64>>(1)?);
        lasts.extend(row.try_get::<_, Vec<i64>>(2)?);
    }
    let mut words = Words::default();
    // Range by range: which of them a page has come to, it tells by its last row.
    let mut at = 0;
    while at < ids.len() {
        let rows = read(tx, (&ids[at..], &firsts[at..], &lasts[at..])).await?;
        for some in rows.chunks(STRETCH) {
            for row in some {
                words.take_event(row.try_get(0)?, row.try_get(1)?);
            }
            tokio::task::yield_now().await;
        }
        let Some(last) = rows.last().filter(|_| rows.len() as i64 == EVENTS) else { break };
        at += usize::try_from(last.try_get::<_, i64>(2)?).unwrap_or_default() - 1;
        firsts[at] = last.try_get::<_, i64>(3)? + 1;
    }
    let more = taken.len() as i64 == BATCHES || ids.len() as i64 >= APPENDS;
    let (mut of, mut rows) = (Vec::new(), Vec::new());
    for (nth, (conversation, text)) in words.by_conversation().enumerate() {
        for words in folded(&text).chunks(MAX_WORDS) {
            of.push(conversation);
            rows.push(words.join(" "));
        }
        if nth % STRETCH == STRETCH - 1 {
            tokio::task::yield_now().await;
        }
    }
    for (of, rows) in of.chunks(ROWS).zip(rows.chunks(ROWS)) {
        put(tx, of, rows).await?;
    }
    Ok(Taken { any: true, more })
}

/// The first events of these ranges, with the number of each one's range from 1, and its own.
async fn read(tx: &Transaction<'_>, (ids, firsts, lasts): (&[i64], &[i64], &[i64])) -> Result<Vec<Row>, Fault> {
    // The limit within keeps the planner from reading the whole log for ranges that it takes to be wide.
    let sql = "SELECT g.conversation, l.body, g.nth, l.seq
               FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
                   WITH ORDINALITY AS g (conversation, first, last, nth)
               CROSS JOIN LATERAL (
                   SELECT seq, body FROM log
                   WHERE conversation = g.conversation AND seq BETWEEN g.first AND g.last
                   ORDER BY seq LIMIT $4) l
               ORDER BY g.nth, l.seq LIMIT $4";
    Ok(tx.query(sql, &[&ids, &firsts, &lasts, &EVENTS]).await?)
}

/// Rows of a conversation and its words each, which hold no space: one statement, as a way there costs more than a row.
async fn put(tx: &Transaction<'_>, conversations: &[i64], words: &[String]) -> Result<(), Fault> {
    let sql = "INSERT INTO search (conversation, words)
               SELECT g.conversation, array_to_tsvector(string_to_array(g.words, ' '))
               FROM unnest($1::bigint[], $2::text[]) AS g (conversation, words)";
    tx.execute(sql, &[&conversations, &words]).await?;
    Ok(())
}

/// The words of a query, each as the beginning of one. Nothing a person types reaches the index's own language: words
/// are letters and digits.
pub(super) fn query(text: &str) -> Result<Vec<String>, NoWords> {
    let words = words::divided(text);
    let words: Vec<String> =
        words.split_whitespace().take(words::MAX_QUERY).map(|word| format!("'{}':*", fold(word))).collect();
    match words.is_empty() && !text.trim().is_empty() {
        true => Err(NoWords),
        false => Ok(words),
    }
}

/// The condition that conversation `c` holds the word in parameter `nth`, anywhere.
pub(super) fn condition(nth: usize) -> String {
    format!(" AND c.id IN (SELECT s.conversation FROM search s WHERE s.words @@ ${nth}::text::tsquery)")
}

/// The words of a divided text as the index keeps them, each once.
pub(super) fn folded(text: &str) -> Vec<Cow<'_, str>> {
    let mut words: Vec<Cow<'_, str>> = text.split(' ').map(fold).filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// A word without regard to case and accents.
fn fold(word: &str) -> Cow<'_, str> {
    // Of Latin letters and digits alone most words are what they are to become.
    match word.is_ascii() {
        true => {
            let word = &word[..word.len().min(MAX_WORD)];
            match word.bytes().any(|letter| letter.is_ascii_uppercase()) {
                true => word.to_ascii_lowercase().into(),
                false => word.into(),
            }
        }
        false => fold_any(word).into(),
    }
}

/// The same for any script.
fn fold_any(word: &str) -> String {
    let mut folded = String::with_capacity(word.len());
    for letter in word.chars().flat_map(char::to_lowercase).take(MAX_WORD) {
        // Only what is a letter and marks upon it comes apart: syllables stay whole.
        let mut parts = std::iter::once(letter).nfd();
        let base = parts.next().unwrap_or(letter);
        let is_marked = parts.all(is_latin_mark);
        match letter {
            'ς' => folded.push('σ'),
            mark if is_latin_mark(mark) => {}
            _ => folded.push(if is_marked { base } else { letter }),
        }
    }
    folded
}

/// The marks that fall away, whether written as such or as parts of letters.
fn is_latin_mark(mark: char) -> bool {
    is_combining_mark(mark) && ('\u{300}'..='\u{36f}').contains(&mark)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn p4_latin_words_are_folded_like_any_other(word in "[ -~]{0,80}", longer in ".{0,80}") {
            prop_assert_eq!(fold(&word), fold_any(&word));
            prop_assert_eq!(fold(&longer), fold_any(&longer));
        }

        #[test]
        fn p4_a_text_gives_each_of_its_words_once_and_in_order(text in "[a-cA-CéÉ\u{301} ]{0,60}") {
            let text = words::divided(&text);
            let words: BTreeSet<String> =
                text.split_whitespace().map(fold_any).filter(|word| !word.is_empty()).collect();
            prop_assert_eq!(folded(&text), words.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn p4_words_are_compared_without_case_and_accents() {
        for (one, other) in
            [("Müll", "mull"), ("ÉCOLE", "ecole"), ("Ελλάς", "ελλασ"), ("İstanbul", "istanbul"), ("ệ", "e")]
        {
            assert_eq!(fold(one), fold(other));
        }
        for word in ["日本", "한국", "नमस्ते", "ß", "ø"] {
            assert_eq!(fold(word), word);
        }
    }

    #[test]
    fn p4_a_query_is_words_whatever_people_type() {
        let words = |text| query(text).unwrap_or_default();
        assert_eq!(words("Jane's anna@EXAMPLE"), ["'jane':*", "'s':*", "'anna':*", "'example':*"]);
        assert_eq!(words("a & !b | 'c' <-> d:*"), ["'a':*", "'b':*", "'c':*", "'d':*"]);
        assert_eq!(words("  "), Vec::<String>::new());
        assert!(query("?!").is_err());
    }
}
