//! Why a session ends.

use tokio_tungstenite::tungstenite::{
    Error,
    error::{CapacityError, ProtocolError},
};

use crate::wire::code::CloseCode;

/// How a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The peer is gone; `clean` when it said so.
    Gone {
        /// Whether there was a close frame or the end of the stream, not silence or a reset.
        clean: bool,
    },
    /// The hub closes.
    Close {
        /// Why.
        code: CloseCode,
        /// When to come back, in milliseconds.
        after_ms: Option<u64>,
        /// In better words than the code's own.
        because: Option<&'static str>,
    },
    /// The peer sent what is no WebSocket frame: it is told so in the close (1002), and nothing else, as it may not
    /// understand more.
    Broken(&'static str),
}

// === impl End ===

impl End {
    /// The hub closes with this code.
    pub fn code(code: CloseCode) -> Self {
        Self::Close { code, after_ms: None, because: None }
    }
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        match error {
            Error::ConnectionClosed | Error::AlreadyClosed => Self::Gone { clean: true },
            Error::Utf8(_) => Self::code(CloseCode::BadUtf8),
            Error::Capacity(CapacityError::MessageTooLong { .. }) => Self::code(CloseCode::TooBig),
            Error::WriteBufferFull(_) => Self::code(CloseCode::TooSlow),
            // The meter below speaks in kinds of I/O errors: see `door::meter`.
            Error::Io(error) if error.kind() == std::io::ErrorKind::QuotaExceeded => Self::code(CloseCode::Abuse),
            Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => Self::code(CloseCode::Fragments),
            // Most browsers that go away just close the TCP connection.
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Gone { clean: true },
            Error::Protocol(fault) => Self::Broken(broken(&fault)),
            _ => Self::Gone { clean: false },
        }
    }
}

/// What is wrong with a frame, in words for whoever writes a client.
fn broken(fault: &ProtocolError) -> &'static str {
    match fault {
        ProtocolError::UnmaskedFrameFromClient => "the frames of a client must be masked",
        ProtocolError::NonZeroReservedBits => "no extension was agreed on: reserved bits must be zero",
        ProtocolError::FragmentedControlFrame => "control frames must not be fragmented",
        ProtocolError::ControlFrameTooBig => "control frames hold at most 125 bytes",
        ProtocolError::UnexpectedContinueFrame => "there is nothing to continue",
        ProtocolError::ExpectedFragment(_) => "a message must end before the next one begins",
        ProtocolError::UnknownControlFrameType(_)
        | ProtocolError::UnknownDataFrameType(_)
        | ProtocolError::InvalidOpcode(_) => "there is no such opcode",
        ProtocolError::InvalidCloseSequence => "that is no close frame",
        _ => "that is no WebSocket frame",
    }
}
