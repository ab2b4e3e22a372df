//! The form of what travels: version, kind, sender, number, body.
//!
//! Words that follow each other may travel as one: its number is that of the first, its body holds theirs, each behind
//! its length. The versions before know no such kind and pass it over, so it is sent only where everybody who was heard
//! reads it. That is told by the highest bit of the number, which to them is but a high number.

use bytes::{Buf, BufMut, Bytes};

/// What other versions begin with, this one does not read, and the other way round.
const VERSION: u8 = 1;
/// Of a number: its sender reads words that travel as one.
const READS_RUNS: u64 = 1 << 63;

/// Something said, as others hear it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// The sender's incarnation, UTF-8.
    from: Bytes,
    pub(super) kind: Kind,
    /// The sender's count of what it said to this workspace.
    pub(super) number: u64,
    /// Whether the sender reads words that travel as one.
    pub(super) reads_runs: bool,
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
    /// Words of the hub that follow each other.
    Run,
}

// === impl Word ===

impl Word {
    /// As bytes. Of a sender whose name is longer than 255 bytes only so many are told; those the hub makes have 22.
    pub(super) fn encode(from: &str, kind: Kind, number: u64, body: &[u8]) -> Vec<u8> {
        let mut bytes = head(from, kind, number, body.len());
        bytes.put_slice(body);
        bytes
    }

    /// Words that follow each other, the first with this number.
    pub(super) fn encode_run<'a>(from: &str, number: u64, bodies: impl Iterator<Item = &'a Bytes> + Clone) -> Vec<u8> {
        let mut bytes = head(from, Kind::Run, number, bodies.clone().map(|body| 4 + body.len()).sum());
        for body in bodies {
            // What waits to be said is a few megabytes at most.
            bytes.put_u32(u32::try_from(body.len()).unwrap_or(u32::MAX));
            bytes.put_slice(body);
        }
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
        let (reads_runs, number) = (number & READS_RUNS != 0, number & !READS_RUNS);
        Some(Self { from: bytes.slice(3..end), kind, number, reads_runs, body })
    }

    /// The words one by one: those that travelled as one come apart. What is cut off in the middle is left out.
    pub(super) fn each(self) -> impl Iterator<Item = Self> {
        let Self { from, kind, mut number, reads_runs, body } = self;
        let (mut rest, mut whole) = match kind {
            Kind::Run => (body, None),
            _ => (Bytes::new(), Some(body)),
        };
        let kind = if kind == Kind::Run { Kind::Said } else { kind };
        std::iter::from_fn(move || {
            let body = match whole.take() {
                Some(body) => body,
                None => {
                    let length = usize::try_from(rest.try_get_u32().ok()?).ok()?;
                    (length <= rest.len()).then(|| rest.split_to(length))?
                }
            };
            let word = Self { from: from.clone(), kind, number, reads_runs, body };
            number += 1;
            Some(word)
        })
    }

    /// Whose words these are.
    pub(super) fn from(&self) -> &str {
        std::str::from_utf8(&self.from).unwrap_or_default()
    }
}

/// What stands before the body; of this node's, which reads what travels as one.
fn head(from: &str, kind: Kind, number: u64, body: usize) -> Vec<u8> {
    let length = u8::try_from(from.len()).unwrap_or(u8::MAX);
    let from = &from.as_bytes()[..usize::from(length)];
    let mut bytes = Vec::with_capacity(11 + from.len() + body);
    bytes.put_u8(VERSION);
    bytes.put_u8(kind.code());
    bytes.put_u8(length);
    bytes.put_slice(from);
    bytes.put_u64(number | READS_RUNS);
    bytes
}

// === impl Kind ===

impl Kind {
    fn code(self) -> u8 {
        match self {
            Self::Said => 0,
            Self::Lost => 1,
            Self::Probe => 2,
            Self::Run => 3,
        }
    }

    fn of(code: u8) -> Option<Self> {
        [Self::Said, Self::Lost, Self::Probe, Self::Run].into_iter().find(|kind| kind.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn d4_words_arrive_as_they_were_said(
            from in "[a-zA-Z0-9_é-]{0,60}", number in 0..READS_RUNS, body: Vec<u8>, code in 0..3u8,
        ) {
            let kind = Kind::of(code).expect("a kind");
            let word = Word::decode(Word::encode(&from, kind, number, &body).into()).expect("ours");
            prop_assert_eq!(word.from(), from);
            prop_assert_eq!((word.kind, word.number, &word.body[..]), (kind, number, &body[..]));
            prop_assert!(word.reads_runs);
            prop_assert_eq!(word.clone().each().collect::<Vec<_>>(), [word]);
        }

        #[test]
        fn d4_words_that_travel_as_one_arrive_as_if_each_had_come_alone(
            number in 0..READS_RUNS - 100, bodies in prop::collection::vec(any::<Vec<u8>>(), 0..20), cut: prop::sample::Index,
        ) {
            let bodies: Vec<Bytes> = bodies.into_iter().map(Bytes::from).collect();
            let run = Word::encode_run("n_1", number, bodies.iter());
            let alone = |(body, number): (&Bytes, u64)| {
                Word::decode(Word::encode("n_1", Kind::Said, number, body).into()).expect("ours")
            };
            let alone: Vec<Word> = bodies.iter().zip(number..).map(alone).collect();
            let each = |bytes: &[u8]| {
                let word = Word::decode(bytes.to_vec().into());
                word.into_iter().flat_map(Word::each).collect::<Vec<_>>()
            };
            prop_assert_eq!(each(&run), &alone[..]);
            // Of one that was cut off the beginning is heard; what is missing shows with the next one.
            let part = each(&run[..cut.index(run.len())]);
            prop_assert_eq!(&part[..], &alone[..part.len()]);
        }

        #[test]
        fn s5_bytes_of_others_are_no_words_and_no_panic(bytes: Vec<u8>) {
            let _ = Word::decode(bytes.clone().into()).map(|word| word.each().count());
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
        for (at, byte) in [(0, 2), (1, 4), (3, 0xff)] {
            let mut other = word.clone();
            other[at] = byte;
            assert_eq!(Word::decode(other.into()), None);
        }
    }
}
