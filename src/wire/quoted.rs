//! Strings as JSON, byte for byte as serde_json writes them, but looked at many bytes at a time.

/// How many bytes are looked at together.
const CHUNK: usize = 16;

/// Appends a string with its quotes.
pub(super) fn quoted(buf: &mut String, text: &str) {
    buf.push('"');
    let mut rest = text;
    loop {
        // What must be escaped is ASCII, so a text falls into whole characters there.
        let (plain, other) = rest.split_at(plain(rest));
        buf.push_str(plain);
        let Some(byte) = other.bytes().next() else { break };
        escaped(buf, byte);
        rest = &other[1..];
    }
    buf.push('"');
}

/// How many bytes stand in JSON as they stand here, from the beginning on: up to a quote, a backslash or a control
/// character.
pub(super) fn plain(text: &str) -> usize {
    let is_plain = |byte: &u8| *byte >= b' ' && *byte != b'"' && *byte != b'\\';
    let (chunks, _) = text.as_bytes().as_chunks::<CHUNK>();
    // Without a way out in its middle, the look at a chunk is a few instructions for all of it.
    let is_all_plain = |chunk: &&[u8; CHUNK]| chunk.iter().fold(true, |all, byte| all & is_plain(byte));
    let sure = CHUNK * chunks.iter().take_while(is_all_plain).count();
    sure + text.as_bytes()[sure..].iter().take_while(|byte| is_plain(byte)).count()
}

fn escaped(buf: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    buf.push('\\');
    match byte {
        b'"' | b'\\' => buf.push(byte.into()),
        b'\n' => buf.push('n'),
        b'\r' => buf.push('r'),
        b'\t' => buf.push('t'),
        0x08 => buf.push('b'),
        0x0c => buf.push('f'),
        _ => {
            buf.push_str("u00");
            buf.push(DIGITS[usize::from(byte >> 4)].into());
            buf.push(DIGITS[usize::from(byte & 0xf)].into());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Texts that are mostly plain, with all that is special to JSON, or looks as if it were, anywhere in them.
    fn any_text() -> impl Strategy<Value = String> {
        let special = prop_oneof![
            "[\\x00-\\x1f]",
            Just("\"".to_owned()),
            Just("\\".to_owned()),
            "[\\x7f-\\xa0\u{2028}\u{2029}\u{fffd}\u{1f600}/<>&]"
        ];
        prop::collection::vec(prop_oneof![3 => "[ -~]{0,40}", 1 => ".{0,9}", 2 => special], 0..9)
            .prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn p2_a_string_is_written_as_serde_writes_it(text in any_text()) {
            let mut buf = String::from("[");
            quoted(&mut buf, &text);
            let serde = serde_json::to_string(&text).expect("a string");
            prop_assert_eq!(&buf[1..], &serde);
            let special = |c: char| c < ' ' || c == '"' || c == '\\';
            prop_assert_eq!(plain(&text), text.find(special).unwrap_or(text.len()));
        }
    }

    #[test]
    fn p2_each_character_of_ascii_is_written_as_serde_writes_it() {
        for code in 0..=0x7f_u8 {
            // Alone, at the end of a chunk, and behind one.
            for before in [0, CHUNK - 1, CHUNK, 2 * CHUNK + 3] {
                let text = format!("{}{}é", "x".repeat(before), char::from(code));
                let mut buf = String::new();
                quoted(&mut buf, &text);
                assert_eq!(buf, serde_json::to_string(&text).expect("a string"));
            }
        }
    }
}
