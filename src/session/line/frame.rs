//! Frames that need none of the library's state: whole ones. Their headers are the library's own.

use std::io::Cursor;

use tokio_tungstenite::tungstenite::{
    Message, Result,
    protocol::frame::{
        FrameHeader,
        coding::{Control, Data, OpCode},
    },
};

/// The longest payload of a control frame, by RFC 6455.
const MOST_CONTROL: usize = 125;

/// From this many bytes on a frame is one of events: where one comes, more do. An answer comes alone.
const LARGE: usize = 192;
/// The room there is from the first such frame on, in bytes.
const ROOM: usize = 1000;
/// The longest header of a frame of the hub's.
const MOST_HEADER: usize = 10;

/// The message in `read`, where that is exactly one whole text of at most `longest` bytes, or an answer to a ping, or both
/// in this order, and nothing is wrong with it. Anything else is the library's to read, and to find fault with.
pub(super) fn message(read: &[u8], longest: usize) -> Option<Message> {
    let (Whole { opcode, mask, payload }, rest) = whole(read)?;
    match opcode {
        OpCode::Control(Control::Pong) if payload.len() > MOST_CONTROL => None,
        OpCode::Control(Control::Pong) if rest.is_empty() => Some(Message::Pong(unmasked(payload, mask).into())),
        OpCode::Control(Control::Pong) => message(rest, longest).filter(Message::is_text),
        OpCode::Data(Data::Text) if rest.is_empty() && payload.len() <= longest => {
            String::from_utf8(unmasked(payload, mask)).ok().map(Message::from)
        }
        _ => None,
    }
}

/// A client's frame that is a message of its own.
struct Whole<'a> {
    opcode: OpCode,
    mask: [u8; 4],
    /// Masked.
    payload: &'a [u8],
}

/// The first frame, if it is all there and a message of its own, and what comes behind it.
fn whole(read: &[u8]) -> Option<(Whole<'_>, &[u8])> {
    let mut cursor = Cursor::new(read);
    let (header, length) = FrameHeader::parse(&mut cursor).ok()??;
    let FrameHeader { is_final: true, rsv1: false, rsv2: false, rsv3: false, opcode, mask: Some(mask) } = header else {
        return None;
    };
    let behind = &read[usize::try_from(cursor.position()).ok()?..];
    let (payload, rest) = behind.split_at_checked(usize::try_from(length).ok()?)?;
    Some((Whole { opcode, mask, payload }, rest))
}

/// Appends a frame of the hub's.
///
/// # Errors
/// Never, as long as memory lasts.
pub(super) fn write(out: &mut Vec<u8>, opcode: OpCode, is_final: bool, payload: &[u8]) -> Result<()> {
    let header = FrameHeader { is_final, opcode, ..FrameHeader::default() };
    let length = payload.len() as u64;
    let room = if out.capacity() == 0 && payload.len() >= LARGE { ROOM } else { 0 };
    out.reserve(room.max(header.len(length) + payload.len()));
    header.format(length, out)?;
    out.extend_from_slice(payload);
    Ok(())
}

/// The room to make the first payload in: with enough for its header, and for the frames that will come behind it.
pub(super) fn room(payload: usize) -> usize {
    let needed = payload + MOST_HEADER;
    if payload >= LARGE { needed.max(ROOM) } else { needed }
}

/// A text as a frame, in its own room where that is large enough: only moved up by the length of the header.
///
/// # Errors
/// Never, as long as memory lasts.
pub(super) fn around(text: String) -> Result<Vec<u8>> {
    let header = FrameHeader { is_final: true, opcode: OpCode::Data(Data::Text), ..FrameHeader::default() };
    let mut frame = text.into_bytes();
    let length = frame.len();
    let mut head = Cursor::new([0; MOST_HEADER]);
    header.format(length as u64, &mut head)?;
    let (at, head) = (header.len(length as u64), head.into_inner());
    frame.resize(length + at, 0);
    frame.copy_within(..length, at);
    frame[..at].copy_from_slice(&head[..at]);
    Ok(frame)
}

fn unmasked(masked: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut plain = masked.to_vec();
    // Four at a time, of which the compiler takes as many together as the processor can.
    let (fours, rest) = plain.as_chunks_mut::<4>();
    for four in fours {
        *four = (u32::from_ne_bytes(*four) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
    }
    rest.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;

    use super::*;

    /// A frame as a client sends it.
    fn sent(payload: &[u8], mask: [u8; 4], change: impl FnOnce(&mut FrameHeader)) -> Vec<u8> {
        let mut header = FrameHeader { opcode: OpCode::Data(Data::Text), mask: Some(mask), ..FrameHeader::default() };
        change(&mut header);
        let mut bytes = Vec::new();
        Frame::from_payload(header, payload.to_vec().into()).format(&mut bytes).expect("into memory");
        bytes
    }

    proptest! {
        #[test]
        fn p1_a_whole_text_is_read_as_it_was_sent(text in ".{0,400}", mask in any::<[u8; 4]>(), cut in 1..10usize) {
            let bytes = sent(text.as_bytes(), mask, |_| {});
            let whole = Some(Message::text(&text));
            prop_assert_eq!(message(&bytes, text.len()), whole.clone());
            prop_assert_eq!(message(&bytes[..bytes.len().saturating_sub(cut)], 4096), None, "not whole");
            prop_assert_eq!(message(&[&bytes[..], b"x"].concat(), 4096), None, "more came with it");
            prop_assert_eq!(message(&[&bytes[..], &bytes].concat(), 4096), None, "two came together");
            let pong = sent(b"123", mask, |header| header.opcode = OpCode::Control(Control::Pong));
            prop_assert_eq!(message(&[&pong[..], &pong, &bytes].concat(), 4096), whole, "answers to pings before it");
        }

        #[test]
        fn s5_any_bytes_are_looked_at_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = message(&bytes, 100);
        }

        #[test]
        fn p1_a_frame_is_written_as_the_library_writes_it(payload in prop::collection::vec(any::<u8>(), 0..70_000), last: bool, first: bool) {
            let before: &[u8] = if first { b"" } else { b"before" };
            let mut out = before.to_vec();
            write(&mut out, OpCode::Data(Data::Continue), last, &payload).expect("into memory");
            let mut expected = before.to_vec();
            let frame = Frame::message(payload, OpCode::Data(Data::Continue), last);
            frame.format(&mut expected).expect("into memory");
            prop_assert!(out == expected);
        }

        #[test]
        fn p1_a_text_becomes_the_same_frame_in_its_own_room(text in ".{0,200}", times in prop::sample::select(vec![1, 30, 700]), spare in 0..20usize) {
            let text = text.repeat(times);
            let mut expected = Vec::new();
            write(&mut expected, OpCode::Data(Data::Text), true, text.as_bytes()).expect("into memory");
            let mut roomy = String::with_capacity(text.len() + spare);
            roomy.push_str(&text);
            prop_assert!(around(roomy).expect("into memory") == expected);
            prop_assert!(room(text.len()) >= expected.len());
        }
    }

    #[test]
    fn p1_what_is_not_a_whole_sound_text_is_left_to_the_library() {
        let mask = [1, 2, 3, 4];
        assert_eq!(message(&sent(b"hello", mask, |_| {}), 5), Some(Message::text("hello")));
        let pong = |header: &mut FrameHeader| header.opcode = OpCode::Control(Control::Pong);
        assert_eq!(message(&sent(b"hello", mask, pong), 5), Some(Message::Pong("hello".into())));
        type Change = fn(&mut FrameHeader);
        let others: [(&str, &[u8], Change); 9] = [
            ("a first part", b"hello", |header| header.is_final = false),
            ("binary", b"hello", |header| header.opcode = OpCode::Data(Data::Binary)),
            ("a ping", b"hello", |header| header.opcode = OpCode::Control(Control::Ping)),
            ("a close", b"", |header| header.opcode = OpCode::Control(Control::Close)),
            ("an extension", b"hello", |header| header.rsv1 = true),
            ("not masked", b"hello", |header| header.mask = None),
            ("too long", b"hello!", |_| {}),
            ("too long a pong", &[b'x'; 126], |header| header.opcode = OpCode::Control(Control::Pong)),
            ("no text", b"\xffabc", |_| {}),
        ];
        for (what, payload, change) in others {
            assert_eq!(message(&sent(payload, mask, change), 5), None, "{what}");
        }
    }
}
