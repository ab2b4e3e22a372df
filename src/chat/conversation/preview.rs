//! What a row of the inbox shows of a text: its words on one line, cut.

/// How many characters of the last text a preview holds.
const PREVIEW_CHARS: usize = 120;

/// Puts the preview of `text` in the place of what is in `preview`.
pub(super) fn write(preview: &mut String, text: &str) {
    preview.clear();
    match text.len() <= PREVIEW_CHARS && is_plain_line(text) {
        true => preview.push_str(text),
        false => write_words(preview, text),
    }
}

fn write_words(preview: &mut String, text: &str) {
    let mut room = PREVIEW_CHARS;
    for word in text.split_whitespace() {
        // A word may be cut, a space before it ends a preview that is full.
        for piece in [if preview.is_empty() { "" } else { " " }, word] {
            // Most pieces have fewer bytes than there may be characters.
            match Some(piece).filter(|piece| piece.len() > room).and_then(|piece| piece.char_indices().nth(room)) {
                Some((end, _)) => {
                    preview.push_str(&piece[..end]);
                    return preview.push('…');
                }
                None => preview.push_str(piece),
            }
            room -= piece.chars().count();
        }
    }
}

/// Whether a text is ASCII words with one space between each: then it is its own preview. Looked at without stopping, so
/// that many bytes are looked at together.
fn is_plain_line(text: &str) -> bool {
    let bytes = text.as_bytes();
    let odd = bytes.iter().fold(false, |odd, byte| odd | !(b' '..=b'~').contains(byte));
    let wide =
        bytes.iter().zip(&bytes[1.min(bytes.len())..]).fold(false, |wide, (a, b)| wide | (*a == b' ' && *b == b' '));
    let edge = |byte: Option<&u8>| byte == Some(&b' ');
    !(odd || wide || edge(bytes.first()) || edge(bytes.last()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn p4_a_plain_line_previews_as_its_words_do(text in "[ a-c\n\u{e9}~!]{0,130}") {
            let (mut quick, mut words) = (String::from("before"), String::new());
            write(&mut quick, &text);
            write_words(&mut words, &text);
            prop_assert_eq!(quick, words);
        }
    }
}
