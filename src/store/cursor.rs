//! Where a page ended, opaque to clients. A place in an order, never a count of rows: rows may move meanwhile.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// The cursor behind a row of this list.
pub(super) fn cursor(list: &str, rank: i64, id: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("{list}:{rank}:{id}"))
}

/// The row a cursor stands behind; None when it is none of this list.
pub(super) fn read_cursor(list: &str, cursor: &str) -> Option<(i64, i64)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (rank, id) = text.strip_prefix(list)?.strip_prefix(':')?.split_once(':')?;
    Some((rank.parse().ok()?, id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn s5_any_text_may_come_as_a_cursor(text in ".*") {
            let _ = read_cursor("mine", &text);
        }

        #[test]
        fn p4_a_cursor_is_good_for_its_own_list_only(rank: i64, id: i64) {
            let cursor = cursor("mine", rank, id);
            prop_assert_eq!(read_cursor("mine", &cursor), Some((rank, id)));
            prop_assert_eq!(read_cursor("closed", &cursor), None);
        }
    }
}
