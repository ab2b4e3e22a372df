//! Socket.IO's packets: a digit of Engine.IO, a digit of Socket.IO, perhaps an id, and JSON.

use std::borrow::Cow;

use serde::Deserialize;

use super::Word;

/// The payload of an event we know.
#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

pub(super) fn hear<'a>(frame: &'a str, word: &mut impl FnMut(Word<'a>)) {
    if frame == "2" {
        return word(Word::Beat("3"));
    }
    if let Some(answer) = frame.strip_prefix("43") {
        let digits = answer.find('[').unwrap_or(answer.len());
        return match answer[..digits].parse() {
            Ok(id) => word(Word::Reply { id: Some(id), refused: None, seq: None, duplicate: false }),
            Err(_) => word(Word::Garbled),
        };
    }
    if let Some(event) = frame.strip_prefix("42") {
        match serde_json::from_str::<(Cow<'a, str>, Said<'a>)>(event) {
            Ok((name, said)) if name == "send" => {
                word(Word::Text { text: said.text, seq: None, page: false, origin: None })
            }
            _ => word(Word::Garbled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j4_packets_of_socket_io_are_heard() {
        let mut all = Vec::new();
        for frame in ["2", "0{\"sid\":\"x\"}", "40{\"sid\":\"y\"}", "4342[]", "42[\"send\",{\"text\":\"hi\"}]"] {
            hear(frame, &mut |word| all.push(word));
        }
        assert_eq!(
            all,
            [
                Word::Beat("3"),
                Word::Reply { id: Some(42), refused: None, seq: None, duplicate: false },
                Word::Text { text: "hi".into(), seq: None, page: false, origin: None },
            ]
        );
    }
}
