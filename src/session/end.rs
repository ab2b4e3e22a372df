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
    },
}

// === impl End ===

impl End {
    /// The hub closes with this code.
    pub fn code(code: CloseCode) -> Self {
        Self::Close { code, after_ms: None }
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
            _ => Self::Gone { clean: false },
        }
    }
}
