//! What a server says, message by message: a frame each, or cut out of bytes that know no frames.

use anyhow::Result;
use bytes::BytesMut;

use crate::frame::{Code, Kind, Reader};

/// How long the first message of these bytes is; `None` when it is not all there yet.
pub type Cut = fn(&[u8]) -> Result<Option<usize>>;

/// What is spoken with a server: bytes where there is a way to cut them, else texts.
pub fn spoken(cut: Option<Cut>) -> Code {
    if cut.is_some() { Code::Binary } else { Code::Text }
}

/// Takes messages out of what came from one server.
#[derive(Debug)]
pub struct Messages {
    frames: Reader,
    cut: Option<Cut>,
    /// Of bytes: what is not taken yet.
    rest: BytesMut,
}

// === impl Messages ===

impl Messages {
    /// Of a server, see [`spoken`].
    pub fn of(cut: Option<Cut>) -> Messages {
        Messages { frames: Reader::of(spoken(cut)), cut, rest: BytesMut::new() }
    }

    /// Takes the next message, ping, pong or close off `input`; `None` when it is not all there yet.
    ///
    /// # Errors
    /// What came is nothing this server may send.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Option<(Kind, BytesMut)>> {
        loop {
            if let Some(cut) = self.cut
                && let Some(length) = cut(&self.rest)?
            {
                return Ok(Some((Kind::Message, self.rest.split_to(length))));
            }
            match self.frames.next(input)? {
                Some((Kind::Message, payload)) if self.cut.is_some() => {
                    if self.rest.is_empty() {
                        self.rest = payload;
                    } else {
                        self.rest.extend_from_slice(&payload);
                    }
                }
                other => return Ok(other),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Result<Option<usize>> {
        Ok(bytes.iter().position(|byte| *byte == b'\n').map(|end| end + 1))
    }

    fn all(cut: Option<Cut>, bytes: &[u8]) -> Result<Vec<(Kind, String)>> {
        let (mut messages, mut input, mut heard) = (Messages::of(cut), BytesMut::new(), Vec::new());
        // However the network cuts it.
        for byte in bytes {
            input.extend_from_slice(&[*byte]);
            while let Some((kind, payload)) = messages.next(&mut input)? {
                heard.push((kind, String::from_utf8(payload.to_vec())?));
            }
        }
        Ok(heard)
    }

    #[test]
    fn j4_a_frame_of_bytes_holds_several_messages_or_a_part_of_one() {
        let heard = all(Some(lines), b"\x82\x06a\nbb\nc\x89\x01p\x82\x01c\x02\x01c\x80\x02\nd\x82\x01\n").unwrap();
        let said = |text: &str| (Kind::Message, text.to_owned());
        let expected = [said("a\n"), said("bb\n"), (Kind::Ping, "p".into()), said("ccc\n"), said("d\n")];
        assert_eq!(heard, expected);
    }

    #[test]
    fn j4_texts_are_a_message_each_and_nobody_speaks_in_both() {
        assert_eq!(all(None, b"\x81\x03a\nb").unwrap(), [(Kind::Message, "a\nb".to_owned())]);
        assert!(all(None, b"\x82\x03a\nb").is_err());
        assert!(all(Some(lines), b"\x81\x02a\n").is_err());
    }
}
