//! The short way for what is asked most: a `send` that begins as every client of ours writes it is read in one pass. What
//! is not quite as it should be goes the long way, which says what is wrong with it.

use serde_json::Deserializer;

use super::{check::Check, id::RequestId, talk::Say};
use crate::wire::scan::Scan;

/// The most digits of an id that is certain to be a `u64`.
const MOST_DIGITS: usize = 18;

/// The request in this frame, where nothing speaks against it.
pub(super) fn send(frame: &str) -> Option<(RequestId, Say)> {
    let mut scan = Scan::of(frame);
    scan.pass(r#"{"type":"send""#)?;
    let (mut id, mut conversation, mut key, mut text) = (None, None, None, None);
    while scan.pass(",").is_some() {
        match scan.member()? {
            "id" if id.is_none() => id = Some(number(scan.number()?)?),
            "conversation" if conversation.is_none() => conversation = Some(scan.string()?),
            "key" if key.is_none() => key = Some(scan.string()?),
            "text" if text.is_none() => text = Some(string(&mut scan)?),
            _ => return None,
        }
    }
    scan.pass("}")?;
    let mut say = Say { conversation: conversation?.into(), key: key?.into(), text: text? };
    say.check().ok()?;
    let id = RequestId::from(id?);
    scan.rest().is_empty().then_some((id, say))
}

/// A number with one spelling.
fn number(digits: &str) -> Option<u64> {
    let is_sure = digits.len() <= MOST_DIGITS && (digits == "0" || !digits.starts_with('0'));
    is_sure.then(|| digits.parse().ok())?
}

/// Any string, also one in which something is escaped.
fn string(scan: &mut Scan<'_>) -> Option<String> {
    if let Some(plain) = scan.string() {
        return Some(plain.to_owned());
    }
    let mut values = Deserializer::from_str(scan.rest()).into_iter::<String>();
    let text = values.next()?.ok()?;
    *scan = Scan::of(&scan.rest()[values.byte_offset()..]);
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        ids::{ConversationId, MessageKey},
        wire::{
            quoted,
            request::{Request, VisitorAsk, parse_visitor},
        },
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
