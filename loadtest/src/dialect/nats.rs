//! As much of NATS' client protocol as texts need, and of JetStream's answers: a text is published with a subject to
//! answer to, and JetStream answers there once it has stored it. Core subscribers are shown it meanwhile.

use std::borrow::Cow;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::json;

use super::Word;

/// The stream that keeps the texts.
const STREAM: &str = "TEXTS";
/// Subjects of texts begin with this …
const TEXTS: &str = "t.";
/// … and those that answers come to with this.
const INBOX: &str = "_I.";
/// The most bytes of a line: the server tells about itself in one.
const LINE: usize = 1 << 16;
/// The most bytes of a payload: what servers take by default.
const PAYLOAD: usize = 1 << 20;

/// What JetStream answers: where the text stands, or why it does not.
#[derive(Deserialize)]
struct Answer<'a> {
    seq: Option<u64>,
    #[serde(default)]
    duplicate: bool,
    /// In answer to who wanted a stream.
    #[serde(default)]
    did_create: bool,
    #[serde(borrow)]
    error: Option<Failure<'a>>,
}

#[derive(Deserialize)]
struct Failure<'a> {
    #[serde(borrow, default)]
    description: Cow<'a, str>,
}

/// Where texts of a visitor go; numbers are unique among all generators.
pub fn of_visitor(number: u64) -> String {
    format!("{TEXTS}v{number}")
}

/// Where texts to a room go.
pub fn of_room(room: u64) -> String {
    format!("{TEXTS}r{room}")
}

/// Where answers to somebody come, each under the id of what it answers.
pub fn inbox(worker: u32, person: u32) -> String {
    format!("{INBOX}{worker}.{person}")
}

/// Texts to there, answered to here.
pub fn with_reply(subject: &str, inbox: &str) -> String {
    format!("{subject} {inbox}")
}

/// The first words of a client: who has an inbox, and the subjects they follow. Answered with `PONG`.
pub fn hello(inbox: &str, followed: &[String]) -> String {
    let connect =
        json!({"verbose": false, "pedantic": false, "echo": false, "lang": "rust", "version": "0", "protocol": 1});
    let mut hello = format!("CONNECT {connect}\r\nSUB {inbox}.* 0\r\n");
    for (subject, sid) in followed.iter().zip(1..) {
        hello.push_str(&format!("SUB {subject} {sid}\r\n"));
    }
    hello.push_str("PING\r\n");
    hello
}

/// Asks for a stream in a file that keeps all texts; see [`made_stream`].
pub fn make_stream(inbox: &str) -> String {
    let config = json!({
        "name": STREAM, "subjects": [format!("{TEXTS}>")], "storage": "file", "retention": "limits",
        "discard": "old", "num_replicas": 1, "max_msgs": -1, "max_bytes": -1, "max_age": 0,
    })
    .to_string();
    format!("PUB $JS.API.STREAM.CREATE.{STREAM} {inbox}.0 {}\r\n{config}\r\n", config.len())
}

/// Whether this answer says that the stream is there.
///
/// # Errors
/// It does not: the server's words.
pub fn made_stream(answer: &str) -> Result<()> {
    let (_, body) = answer.split_once("\r\n").context("an answer without a body")?;
    let answer: Answer<'_> = serde_json::from_str(body).context("an answer that is no JSON")?;
    let why = answer.error.map_or(Cow::Borrowed("no reason"), |failure| failure.description);
    ensure!(answer.did_create, "JetStream would not make a stream: {why}");
    Ok(())
}

/// See [`crate::messages::Cut`]: a line, and where it is that of a text, so many bytes and a line's end.
///
/// # Errors
/// What came is nothing such a server may send.
pub fn cut(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") else {
        ensure!(bytes.len() <= LINE, "the server sent a line without an end");
        return Ok(None);
    };
    let (line, head) = (&bytes[..end], end + 2);
    if !line.starts_with(b"MSG ") {
        return Ok(Some(head));
    }
    let size = line.rsplit(|byte| *byte == b' ').next().and_then(|size| std::str::from_utf8(size).ok()?.parse().ok());
    let size: usize = size.context("the server sent a text without its length")?;
    ensure!(size <= PAYLOAD, "the server sent a text of {size} bytes");
    let whole = head + size + 2;
    if bytes.len() < whole {
        return Ok(None);
    }
    ensure!(bytes[whole - 2..].starts_with(b"\r\n"), "the server sent a text that is longer than it says");
    Ok(Some(whole))
}

pub(super) fn hear<'a>(message: &'a str, word: &mut impl FnMut(Word<'a>)) {
    let Some((line, body)) = message.split_once("\r\n") else { return word(Word::Garbled) };
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    match verb {
        "MSG" => {
            let subject = rest.split(' ').next().unwrap_or_default();
            match (subject.strip_prefix(INBOX), body.strip_suffix("\r\n")) {
                (Some(inbox), Some(body)) => word(answer(inbox, body).unwrap_or(Word::Garbled)),
                (None, Some(text)) => word(Word::Text { text: text.into(), seq: None, page: false, origin: None }),
                (_, None) => word(Word::Garbled),
            }
        }
        "PING" => word(Word::Beat("PONG\r\n")),
        "-ERR" => word(Word::Reply { id: None, refused: Some(rest.into()), seq: None, duplicate: false }),
        "INFO" | "PONG" | "+OK" => {}
        _ => word(Word::Garbled),
    }
}

/// The place in the log is that in the stream of everybody's texts: of one author's it rises all the same.
fn answer<'a>(inbox: &str, body: &'a str) -> Option<Word<'a>> {
    let id = inbox.rsplit('.').next()?.parse().ok()?;
    let answer: Answer<'a> = serde_json::from_str(body).ok()?;
    let refused = answer.error.map(|failure| failure.description);
    if refused.is_none() && answer.seq.is_none() {
        return None;
    }
    Some(Word::Reply { id: Some(id), refused, seq: answer.seq, duplicate: answer.duplicate })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;

    fn words(message: &str) -> Vec<Word<'_>> {
        let mut all = Vec::new();
        hear(message, &mut |word| all.push(word));
        all
    }

    #[test]
    fn j4_messages_of_nats_are_cut_out_of_bytes_and_wait_for_their_end() {
        let said = "INFO {\"port\":1}\r\nMSG t.v1 1 5\r\nhi\r\n!\r\nPING\r\nMSG t.v1 1 0\r\n\r\n";
        let bytes = said.as_bytes();
        let mut found = Vec::new();
        let mut from = 0;
        for to in 0..=bytes.len() {
            while let Some(length) = cut(&bytes[from..to]).unwrap() {
                found.push(&said[from..from + length]);
                from += length;
            }
        }
        assert_eq!(found, ["INFO {\"port\":1}\r\n", "MSG t.v1 1 5\r\nhi\r\n!\r\n", "PING\r\n", "MSG t.v1 1 0\r\n\r\n"]);
        assert_eq!(cut(b"").unwrap(), None);
        for broken in ["MSG t.v1 1 x\r\n", "MSG t.v1 1 9999999\r\n", "MSG t.v1 1 2\r\nhi!\r\n", &"x".repeat(LINE + 1)] {
            assert!(cut(broken.as_bytes()).is_err(), "{broken}");
        }
    }

    #[test]
    fn j4_messages_of_nats_are_heard() {
        let text = Word::Text { text: "hi".into(), seq: None, page: false, origin: None };
        assert_eq!(words("MSG t.v1 1 _I.2.7.5 2\r\nhi\r\n"), [text]);
        assert_eq!(words("PING\r\n"), [Word::Beat("PONG\r\n")]);
        let refused = Some("'Unknown Protocol Operation'".into());
        assert_eq!(
            words("-ERR 'Unknown Protocol Operation'\r\n"),
            [Word::Reply { id: None, refused, seq: None, duplicate: false }]
        );
        for known in ["INFO {}\r\n", "PONG\r\n", "+OK\r\n"] {
            assert!(words(known).is_empty(), "{known}");
        }
        for strange in ["HMSG t.v1 1 0 0\r\n\r\n", "", "MSG t.v1 1 2\r\nhi"] {
            assert_eq!(words(strange), [Word::Garbled], "{strange}");
        }
    }

    #[test]
    fn j4_answers_of_jetstream_tell_which_text_they_answer_and_where_it_stands() {
        assert_eq!(
            words("MSG _I.2.7.4294967297 0 27\r\n{\"stream\":\"TEXTS\", \"seq\":9}\r\n"),
            [Word::Reply { id: Some(4_294_967_297), refused: None, seq: Some(9), duplicate: false }]
        );
        assert_eq!(
            words("MSG _I.2.7.5 0 53\r\n{\"error\":{\"code\":503,\"description\":\"no space\"},\"seq\":0}\r\n"),
            [Word::Reply { id: Some(5), refused: Some("no space".into()), seq: Some(0), duplicate: false }]
        );
        for strange in
            ["MSG _I.2.7.x 0 9\r\n{\"seq\":9}\r\n", "MSG _I.2.7.5 0 2\r\n{}\r\n", "MSG _I.2.7.5 0 2\r\nok\r\n"]
        {
            assert_eq!(words(strange), [Word::Garbled], "{strange}");
        }
    }

    #[test]
    fn j4_a_text_on_nats_names_where_it_goes_and_where_it_is_answered() {
        let head = Dialect::Nats.head(&with_reply(&of_visitor(3), &inbox(2, 7)));
        assert_eq!(Dialect::Nats.say(&head, 5, 1, "hi"), "PUB t.v3 _I.2.7.5 2\r\nhi\r\n");
        let hello = hello(&inbox(2, 7), &[of_room(2)]);
        assert!(hello.ends_with("}\r\nSUB _I.2.7.* 0\r\nSUB t.r2 1\r\nPING\r\n"), "{hello}");
    }

    #[test]
    fn j4_a_stream_that_jetstream_would_not_make_is_an_error_in_its_words() {
        made_stream("MSG _I.0.0.0 0 20\r\n{\"did_create\":true}\r\n").unwrap();
        let refused = made_stream("MSG _I.0.0.0 0 9\r\n{\"error\":{\"description\":\"no space\"}}\r\n").unwrap_err();
        assert!(refused.to_string().contains("no space"), "{refused}");
        assert!(made_stream("MSG _I.0.0.0 0 9\r\n{\"did_create\":false}\r\n").is_err());
    }
}
