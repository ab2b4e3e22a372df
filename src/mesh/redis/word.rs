//! The form of what travels: version, kind, sender, number, body.

use bytes::{BufMut, Bytes};

/// What other versions begin with, this one does not read, and the other way round.
const VERSION: u8 = 1;

/// Something said, as others hear it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// The sender's incarnation, UTF-8.
    from: Bytes,
    pub(super) kind: Kind,
    /// The sender's count of what it said to this workspace.
    pub(super) number: u64,
    pub(super) body: Bytes,
}

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Words of the hub.
    Said,
    /// The one with this number, and perhaps others before it, got lost with the sender.
    Lost,
    /// A message to oneself.
    Probe,
}

// === impl Word ===

impl Word {
    /// As bytes. Of a sender whose name is longer than 255 bytes only so many are told; those the hub makes have 22.
    pub(super) fn encode(from: &str, kind: Kind, number: u64, body: &[u8]) -> Vec<u8> {
        let length = u8::try_from(from.len()).unwrap_or(u8::MAX);
        let from = &from.as_bytes()[..usize::from(length)];
        let mut bytes = Vec::with_capacity(11 + from.len() + body.len());
        bytes.put_u8(VERSION);
        bytes.put_u8(kind.code());
        bytes.put_u8(length);
        bytes.put_slice(from);
        bytes.put_u64(number);
        bytes.put_slice(body);
        bytes
    }

    /// From bytes; None when they are none of ours.
    pub(super) fn decode(mut bytes: Bytes) -> Option<Self> {
        let [VERSION, kind, length, ..] = bytes[..] else { return None };
        let kind = Kind::of(kind)?;
        let end = 3 + usize::from(length);
        let number = u64::from_be_bytes(bytes.get(end..end + 8)?.try_into().ok()?);
        std::str::from_utf8(&bytes[3..end]).ok()?;
        let body = bytes.split_off(end + 8);
        Some(Self { from: bytes.slice(3..end), kind, number, body })
    }

    /// Whose words these are.
    pub(super) fn from(&self) -> &str {
        std::str::from_utf8(&self.from).unwrap_or_default()
    }
}

// === impl Kind ===

impl Kind {
    fn code(self) -> u8 {
        match self {
            Self::Said => 0,
            Self::Lost => 1,
            Self::Probe => 2,
        }
    }

    fn of(code: u8) -> Option<Self> {
        [Self::Said, Self::Lost, Self::Probe].into_iter().find(|kind| kind.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn d4_words_arrive_as_they_were_said(from in "[a-zA-Z0-9_é-]{0,60}", number: u64, body: Vec<u8>, code in 0..3u8) {
            let kind = Kind::of(code).expect("a kind");
            let word = Word::decode(Word::encode(&from, kind, number, &body).into()).expect("ours");
            prop_assert_eq!(word.from(), from);
            prop_assert_eq!((word.kind, word.number, &word.body[..]), (kind, number, &body[..]));
        }

        #[test]
        fn s5_bytes_of_others_are_no_words_and_no_panic(bytes: Vec<u8>) {
            let _ = Word::decode(bytes.clone().into());
            let word = Word::encode("n_1", Kind::Said, 1, b"body");
            let cut = bytes.len() % word.len();
            if cut < 14 {
                prop_assert_eq!(Word::decode(word[..cut].to_vec().into()), None);
            }
        }
    }

    #[test]
    fn s5_words_of_another_version_or_kind_are_left_alone() {
        let word = Word::encode("n_1", Kind::Said, 1, b"body");
        for (at, byte) in [(0, 2), (1, 3), (3, 0xff)] {
            let mut other = word.clone();
            other[at] = byte;
            assert_eq!(Word::decode(other.into()), None);
        }
    }
}
