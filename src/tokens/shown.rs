//! What a token says that is only there to be shown: it is made fit or left out, and keeps nobody out.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};
use serde_json::value::RawValue;

/// The longest name and e-mail, in characters.
const TEXT_CHARS: usize = 256;
/// The longest picture address, in bytes.
const URL_BYTES: usize = 1024;

/// A claim of any JSON type, not looked at yet. People type such things into the systems of whoever signs the token, and
/// nobody at the keyboard could mend what is odd about them.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Shown(Box<RawValue>);

/// Reads a string, also one in which a character stands half.
struct Text;

// === impl Shown ===

impl Shown {
    /// A name: on one line, without what cannot be printed, and cut where it is too long. None when nothing is left.
    pub(super) fn name(&self) -> Option<String> {
        let text = self.text()?;
        let printed = |word: &str| word.chars().filter(|c| !is_odd(*c)).collect::<String>();
        let words: Vec<String> = text.split_whitespace().map(printed).filter(|word| !word.is_empty()).collect();
        let name: String = words.join(" ").chars().take(TEXT_CHARS).collect();
        Some(name.trim_end().to_owned()).filter(|name| !name.is_empty())
    }

    /// An e-mail address, as it is or not at all: a part of one is somebody else's.
    pub(super) fn email(&self) -> Option<String> {
        let text = self.text()?;
        let email = text.trim();
        let fits = !email.is_empty() && email.chars().count() <= TEXT_CHARS && !email.contains(is_odd);
        fits.then(|| email.to_owned())
    }

    /// The address of a picture. Pictures come by https or not at all.
    pub(super) fn picture(&self) -> Option<String> {
        let is_https = |url: &str| url::Url::parse(url).is_ok_and(|url| url.scheme() == "https");
        self.text().filter(|url| url.len() <= URL_BYTES && !url.contains(is_odd) && is_https(url))
    }

    fn text(&self) -> Option<String> {
        serde_json::Deserializer::from_str(self.0.get()).deserialize_bytes(Text).ok()
    }
}

/// What no store has to keep and nobody can read: control characters, and what stands for half a character.
fn is_odd(c: char) -> bool {
    c.is_control() || c == char::REPLACEMENT_CHARACTER
}

// === impl Text ===

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    /// JavaScript cuts a long name in the middle of an emoji, and writes the half that is left as `\ud83d`. As bytes it
    /// can be read.
    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<String, E> {
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str) -> Shown {
        serde_json::from_str(json).expect("JSON")
    }

    fn quoted(text: &str) -> Shown {
        shown(&serde_json::Value::from(text).to_string())
    }

    #[test]
    fn p1_a_name_is_made_fit_to_be_shown() {
        for (text, name) in [
            ("Jane", "Jane"),
            ("  Jane   Smith ", "Jane Smith"),
            ("Erika\nMuster", "Erika Muster"),
            ("Erika\r\n\tMuster\u{2028}", "Erika Muster"),
            ("Eri\u{0}ka \u{1b} Muster\u{7f}", "Erika Muster"),
            ("Zoë \u{1f469}\u{200d}\u{1f52c}", "Zoë \u{1f469}\u{200d}\u{1f52c}"),
        ] {
            assert_eq!(quoted(text).name().as_deref(), Some(name), "{text:?}");
        }
        for (text, name) in [
            ("x".repeat(257), "x".repeat(256)),
            ("é".repeat(5000), "é".repeat(256)),
            ("\u{1f600}".repeat(257), "\u{1f600}".repeat(256)),
            (format!("{} Smith", "x".repeat(255)), "x".repeat(255)),
        ] {
            assert_eq!(quoted(&text).name(), Some(name));
        }
        for nothing in ["", "  ", "\n", "\u{0}", "\u{0} \t\u{7f}"] {
            assert_eq!(quoted(nothing).name(), None, "{nothing:?}");
        }
    }

    #[test]
    fn p1_a_name_that_was_cut_in_the_middle_of_a_character_does_without_it() {
        assert_eq!(shown(r#""Zo\u00eb \ud83d""#).name().as_deref(), Some("Zoë"));
        assert_eq!(shown(r#""Zo\u00eb \ud83d\ude00""#).name().as_deref(), Some("Zoë \u{1f600}"));
        assert_eq!(shown(r#""\ude00""#).name(), None);
        assert_eq!(shown(r#""zo\ud83d@site.example""#).email(), None);
    }

    #[test]
    fn p1_an_address_is_taken_as_it_is_or_not_at_all() {
        let email = |text: &str| quoted(text).email();
        assert_eq!(email("a@b.example").as_deref(), Some("a@b.example"));
        assert_eq!(email(" a@b.example\r\n").as_deref(), Some("a@b.example"));
        for odd in ["", " ", "a@b.example\nb@b.example", "a\u{0}@b.example", &format!("{}@b.example", "a".repeat(593))]
        {
            assert_eq!(email(odd), None, "{odd:?}");
        }
        let picture = |text: &str| quoted(text).picture();
        assert_eq!(picture("https://x.example/y.png").as_deref(), Some("https://x.example/y.png"));
        let long = format!("https://x.example/{}", "y".repeat(1024));
        for odd in
            ["", "y.png", "http://x.example/y.png", "https://x.example/\u{0}.png", "https://x.example/\ny", &long]
        {
            assert_eq!(picture(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn p1_what_is_to_be_shown_and_is_no_text_is_left_out() {
        for json in ["7", "-1.5e9", "true", "[]", r#"["Jane"]"#, "[74,97]", r#"{"first":"Jane"}"#] {
            let shown = shown(json);
            assert_eq!((shown.name(), shown.email(), shown.picture()), (None, None, None), "{json}");
        }
    }
}
