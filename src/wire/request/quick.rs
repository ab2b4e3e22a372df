//! The short way for what is asked most: a `send` that begins as every client of ours writes it is read in one pass. What
//! is not quite as it should be goes the long way, which says what is wrong with it.

use serde_json::Deserializer;

use super::{check::Check, id::RequestId, talk::Say};
use crate::wire::quoted;

/// The most digits of an id that is certain to be a `u64`.
const MOST_DIGITS: usize = 18;

/// What is left of a frame.
struct Rest<'a>(&'a str);

/// The request in this frame, where nothing speaks against it.
pub(super) fn send(frame: &str) -> Option<(RequestId, Say)> {
    let mut rest = Rest(frame);
    rest.skip(r#"{"type":"send""#)?;
    let (mut id, mut conversation, mut key, mut text) = (None, None, None, None);
    while rest.skip(r#",""#).is_some() {
        match rest.member()? {
            "id" if id.is_none() => id = Some(rest.number()?),
            "conversation" if conversation.is_none() => conversation = Some(rest.name()?),
            "key" if key.is_none() => key = Some(rest.name()?),
            "text" if text.is_none() => text = Some(rest.string()?),
            _ => return None,
        }
    }
    rest.skip("}")?;
    let mut say = Say { conversation: conversation?.into(), key: key?.into(), text: text? };
    say.check().ok()?;
    let id = RequestId::from(id?);
    rest.0.is_empty().then_some((id, say))
}

// === impl Rest ===

impl<'a> Rest<'a> {
    fn skip(&mut self, expected: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    /// What stands before the quote and the colon behind a member's name.
    fn member(&mut self) -> Option<&'a str> {
        let end = self.0.bytes().position(|byte| byte == b'"')?;
        let (name, rest) = self.0.split_at(end);
        self.0 = rest.strip_prefix("\":")?;
        Some(name)
    }

    /// An integer with one spelling.
    fn number(&mut self) -> Option<u64> {
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.0.split_at(digits);
        if digits > MOST_DIGITS || (digits > 1 && number.starts_with('0')) {
            return None;
        }
        self.0 = rest;
        number.parse().ok()
    }

    /// A string behind its first quote, in which nothing is escaped.
    fn plain(&mut self) -> Option<&'a str> {
        let (text, rest) = self.0.split_at(quoted::plain(self.0));
        self.0 = rest.strip_prefix('"')?;
        Some(text)
    }

    /// A string in which nothing is escaped.
    fn name(&mut self) -> Option<&'a str> {
        self.skip(r#"""#)?;
        self.plain()
    }

    /// Any string.
    fn string(&mut self) -> Option<String> {
        let mut inside = Rest(self.0.strip_prefix('"')?);
        if let Some(text) = inside.plain() {
            self.0 = inside.0;
            return Some(text.to_owned());
        }
        let mut values = Deserializer::from_str(self.0).into_iter::<String>();
        let text = values.next()?.ok()?;
        self.0 = &self.0[values.byte_offset()..];
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        ids::{ConversationId, MessageKey},
        wire::request::{Request, VisitorAsk, parse_visitor},
    };

    /// The frame as clients write it: with the id before the rest or behind.
    fn frame(id: &Value, conversation: &str, key: &str, text: &str, last: bool) -> String {
        let [conversation, key, text] = [conversation, key, text].map(Value::from);
        let say = format!(r#""conversation":{conversation},"key":{key},"text":{text}"#);
        match last {
            true => format!(r#"{{"type":"send",{say},"id":{id}}}"#),
            false => format!(r#"{{"type":"send","id":{id},{say}}}"#),
        }
    }

    proptest! {
        #[test]
        fn p1_a_send_is_read_the_short_way_as_the_long_way_reads_it(
            id in prop_oneof![(0..u64::MAX).prop_map(Value::from), Just(json!("seven")), Just(json!(-1)), Just(json!(1.5))],
            conversation in "(c_[a-z]{0,20}|.{0,9})", key in "([a-z0-9-]{0,70}|.{0,9})", text in "(?s)(.{0,90}|[ -~]{0,90})",
            last: bool,
        ) {
            let frame = frame(&id, &conversation, &key, &text, last);
            // A blank in front of it, which says nothing, leads the long way.
            let long = parse_visitor(&format!(" {frame}"));
            match send(&frame) {
                Some((id, say)) => {
                    let Ok(Request { id: Some(known), ask: VisitorAsk::Send(as_well) }) = long else {
                        panic!("refused the long way: {frame}");
                    };
                    prop_assert_eq!((id, say), (known, as_well));
                }
                None => {
                    let plain = |text: &str| quoted::plain(text) == text.len();
                    let sound = long.is_ok() && id.as_u64().is_some_and(|id| id < 10_u64.pow(18));
                    prop_assert!(!(sound && plain(&conversation) && plain(&key)), "went the long way: {}", frame);
                }
            }
        }

        #[test]
        fn p1_a_send_bent_anywhere_is_never_read_as_another(
            text in "[a-z\\n\"]{0,9}", at in any::<prop::sample::Index>(), byte in any::<u8>(), cut: bool, last: bool,
        ) {
            let mut bytes = frame(&json!(7), "c_1", "k", &text, last).into_bytes();
            let at = at.index(bytes.len());
            if cut {
                let _ = bytes.remove(at);
            } else {
                bytes[at] = byte;
            }
            let Ok(frame) = String::from_utf8(bytes) else { return Ok(()) };
            if let Some((id, say)) = send(&frame) {
                let Ok(Request { id: Some(known), ask: VisitorAsk::Send(as_well) }) = parse_visitor(&format!(" {frame}")) else {
                    panic!("refused the long way: {frame}");
                };
                prop_assert_eq!((id, say), (known, as_well));
            }
        }
    }

    #[test]
    fn p1_what_clients_of_ours_send_goes_the_short_way() {
        let text = "Hello, \"you\"\nthere \u{1f600}";
        for last in [true, false] {
            let (id, say) = send(&frame(&json!(12), "c_abc", "k-1", text, last)).expect("the short way");
            assert_eq!(id, RequestId::from(12));
            let (conversation, key) = (ConversationId::from("c_abc"), MessageKey::from("k-1"));
            assert_eq!(say, Say { conversation, key, text: text.into() });
        }
        for other in ["", "{", r#"{"type":"send","id":007,"conversation":"c","key":"k","text":"t"}"#] {
            assert!(send(other).is_none(), "{other}");
        }
    }
}
