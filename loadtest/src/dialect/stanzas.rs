//! As much of XMPP's stanzas as texts need. Ours hold nothing that XML would escape.

use super::Word;

/// The domain the peer serves.
pub const DOMAIN: &str = "localhost";
/// The resource everybody binds.
pub const BOX: &str = "load";

pub(super) fn hear<'a>(frame: &'a str, word: &mut impl FnMut(Word<'a>)) {
    if !frame.starts_with("<message") {
        return;
    }
    if frame.contains("type='error'") || frame.contains("type=\"error\"") {
        return word(Word::Reply { id: None, refused: Some("error".into()), seq: None, duplicate: false });
    }
    let body = frame.split_once("<body>").and_then(|(_, rest)| rest.split_once("</body>"));
    if let Some((text, _)) = body {
        word(Word::Text { text: text.into(), seq: None, page: false, origin: None });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j4_messages_of_xmpp_are_heard() {
        let mut all = Vec::new();
        hear("<presence from='a@b'/>", &mut |word| all.push(word));
        hear("<message xml:lang='en' to='a'><archived/><body>hi</body></message>", &mut |word| all.push(word));
        assert_eq!(all, [Word::Text { text: "hi".into(), seq: None, page: false, origin: None }]);
    }
}
