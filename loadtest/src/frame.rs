//! WebSocket frames as a client writes and reads them, by hand: the generator has one core and must not be the limit.

use anyhow::{Result, bail, ensure};
use bytes::{Buf, BytesMut};

/// The key every frame of ours is masked with. Masking protects proxies from scripts; here there are neither.
const MASK: [u8; 4] = [0x5a, 0x17, 0xc3, 0x8e];

/// The most bytes of a message that are read.
const MOST: usize = 1 << 24;

/// What a frame from the server is, apart from its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What is said: one JSON object of a hub's, and of its peers' whatever they put into a message.
    Message,
    /// The server ends the connection.
    Close,
    /// To be answered with the same payload.
    Ping,
    /// Of no interest.
    Pong,
}

/// The operation code of a frame we write.
#[derive(Debug, Clone, Copy)]
pub enum Code {
    /// A JSON object, or another text.
    Text = 0x1,
    /// Bytes.
    Binary = 0x2,
    /// The answer to a ping.
    Pong = 0xa,
}

/// Appends one whole frame to `out`.
pub fn write(out: &mut Vec<u8>, code: Code, payload: &[u8]) {
    out.push(0x80 | code as u8);
    match payload.len() {
        short @ ..126 => out.push(0x80 | short as u8),
        medium @ 126..65536 => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(medium as u16).to_be_bytes());
        }
        long => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&MASK);
    let start = out.len();
    out.extend_from_slice(payload);
    for (byte, key) in out[start..].iter_mut().zip(MASK.iter().cycle()) {
        *byte ^= key;
    }
}

/// Reads frames of a server that may send a message in several of them.
#[derive(Debug)]
pub struct Reader {
    /// What its messages are made of; any other kind of them is an error.
    spoken: Code,
    /// The beginning of a message whose end has not come.
    begun: Option<BytesMut>,
}

/// One frame as it came.
struct Raw {
    code: u8,
    last: bool,
    payload: BytesMut,
}

/// Takes the first whole frame off `input`; `None` when it is not all there yet. For servers that send each message in
/// one frame: a part of one is an error.
///
/// # Errors
/// What came is nothing a server may send.
pub fn read(input: &mut BytesMut) -> Result<Option<(Kind, BytesMut)>> {
    let Some(raw) = take(input)? else { return Ok(None) };
    ensure!(raw.last, "the server sent a fragment");
    Ok(Some((Kind::of(raw.code, Code::Text)?, raw.payload)))
}

fn take(input: &mut BytesMut) -> Result<Option<Raw>> {
    let (Some(&first), Some(&second)) = (input.first(), input.get(1)) else { return Ok(None) };
    ensure!(first & 0x70 == 0, "the server set a reserved bit");
    ensure!(second & 0x80 == 0, "the server masked a frame");
    let (head, length) = match second & 0x7f {
        126 if input.len() < 4 => return Ok(None),
        126 => (4, u64::from(u16::from_be_bytes([input[2], input[3]]))),
        127 if input.len() < 10 => return Ok(None),
        127 => (10, input[2..10].iter().fold(0, |length, &byte| length << 8 | u64::from(byte))),
        short => (2, u64::from(short)),
    };
    ensure!(length <= MOST as u64, "the server sent a frame of {length} bytes");
    let length = length as usize;
    if input.len() < head + length {
        input.reserve(head + length - input.len());
        return Ok(None);
    }
    input.advance(head);
    Ok(Some(Raw { code: first & 0x0f, last: first & 0x80 != 0, payload: input.split_to(length) }))
}

// === impl Kind ===

impl Kind {
    fn of(code: u8, spoken: Code) -> Result<Kind> {
        Ok(match code {
            _ if code == spoken as u8 => Kind::Message,
            0x8 => Kind::Close,
            0x9 => Kind::Ping,
            0xa => Kind::Pong,
            other => bail!("the server sent a frame of kind {other:#x}"),
        })
    }
}

// === impl Reader ===

impl Default for Reader {
    /// Of a server that speaks in texts.
    fn default() -> Self {
        Reader::of(Code::Text)
    }
}

impl Reader {
    /// Of a server whose messages are these.
    pub fn of(spoken: Code) -> Reader {
        Reader { spoken, begun: None }
    }

    /// Takes the next message off `input`, put together from its fragments; `None` when it is not all there yet.
    ///
    /// # Errors
    /// What came is nothing a server may send.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Option<(Kind, BytesMut)>> {
        while let Some(raw) = take(input)? {
            match (raw.code, self.begun.take()) {
                // Pings may come between two fragments.
                (0x8.., begun) => {
                    ensure!(raw.last, "the server sent a ping, pong or close in fragments");
                    self.begun = begun;
                    return Ok(Some((Kind::of(raw.code, self.spoken)?, raw.payload)));
                }
                (0x0, Some(mut begun)) => {
                    ensure!(begun.len() + raw.payload.len() <= MOST, "the server sent a message without an end");
                    begun.extend_from_slice(&raw.payload);
                    if raw.last {
                        return Ok(Some((Kind::Message, begun)));
                    }
                    self.begun = Some(begun);
                }
                (code, None) => {
                    let kind = Kind::of(code, self.spoken)?;
                    if raw.last {
                        return Ok(Some((kind, raw.payload)));
                    }
                    self.begun = Some(raw.payload);
                }
                (_, Some(_)) => bail!("the server began a message within another"),
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a server would send for this payload.
    fn from_server(payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x81];
        match payload.len() {
            short @ ..126 => bytes.push(short as u8),
            medium @ 126..65536 => {
                bytes.push(126);
                bytes.extend_from_slice(&(medium as u16).to_be_bytes());
            }
            long => {
                bytes.push(127);
                bytes.extend_from_slice(&(long as u64).to_be_bytes());
            }
        }
        bytes.extend_from_slice(payload);
        bytes
    }

    #[test]
    fn p1_frames_of_every_length_are_read_whole_however_they_are_cut() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 100_000] {
            let payload: Vec<u8> = (0..length).map(|n: usize| n as u8).collect();
            let bytes = from_server(&payload);
            let mut input = BytesMut::new();
            for piece in bytes.chunks(bytes.len().div_ceil(7)) {
                assert_eq!(read(&mut input).unwrap(), None, "length {length}");
                input.extend_from_slice(piece);
            }
            let (kind, read_back) = read(&mut input).unwrap().unwrap();
            assert_eq!((kind, &read_back[..]), (Kind::Message, &payload[..]));
            assert!(input.is_empty());
        }
    }

    #[test]
    fn p1_frames_we_write_are_masked_and_carry_their_length() {
        for length in [0, 5, 125, 126, 65_536] {
            let payload = vec![b'x'; length];
            let mut out = Vec::new();
            write(&mut out, Code::Text, &payload);
            let head = out.len() - length - 4;
            assert_eq!(out[0], 0x81);
            assert_eq!(out[1] & 0x80, 0x80);
            assert_eq!(head, [2, 4, 10][usize::from(length > 125) + usize::from(length > 65_535)]);
            let unmasked: Vec<u8> =
                out[head + 4..].iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
            assert_eq!(unmasked, payload);
        }
    }

    #[test]
    fn p1_a_fragment_or_a_masked_frame_from_a_server_is_an_error() {
        assert!(read(&mut BytesMut::from(&[0x01, 0x00][..])).is_err());
        assert!(read(&mut BytesMut::from(&[0x81, 0x80][..])).is_err());
        assert!(read(&mut BytesMut::from(&[0x82, 0x00][..])).is_err());
    }

    #[test]
    fn p1_a_message_in_fragments_is_put_together_around_a_ping() {
        let mut reader = Reader::default();
        let mut input = BytesMut::from(&b"\x01\x02Hi\x89\x01p\x00\x01 \x80\x05there\x81\x01x"[..]);
        let mut heard = Vec::new();
        while let Some((kind, payload)) = reader.next(&mut input).unwrap() {
            heard.push((kind, payload.to_vec()));
        }
        let expected =
            [(Kind::Ping, b"p".to_vec()), (Kind::Message, b"Hi there".to_vec()), (Kind::Message, b"x".to_vec())];
        assert_eq!(heard, expected);
        for broken in [&b"\x80\x01x"[..], b"\x01\x01a\x81\x01b", b"\x09\x00", b"\x82\x00", b"\xc1\x00"] {
            assert!(Reader::default().next(&mut BytesMut::from(broken)).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn j4_a_server_that_speaks_in_bytes_is_read_and_its_texts_are_an_error() {
        let mut reader = Reader::of(Code::Binary);
        let mut input = BytesMut::from(&b"\x82\x02\xff\x00\x02\x01a\x80\x01b\x81\x01x"[..]);
        assert_eq!(reader.next(&mut input).unwrap(), Some((Kind::Message, BytesMut::from(&b"\xff\x00"[..]))));
        assert_eq!(reader.next(&mut input).unwrap(), Some((Kind::Message, BytesMut::from(&b"ab"[..]))));
        assert!(reader.next(&mut input).is_err());
    }
}
