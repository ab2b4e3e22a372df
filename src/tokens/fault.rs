//! Why a token is refused.

use thiserror::Error;

/// Why a token is refused, in words that may be shown to whoever sent it. All
/// of them are the protocol's `unauthorized` and the close code 4502.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenFault {
    /// Longer than any honest token.
    #[error("the token is too long")]
    TooLong,
    /// Not three parts of base64 holding JSON, a claim twice, or a header that
    /// asks for something the hub does not know.
    #[error("the token is malformed")]
    Malformed,
    /// Not signed with the configured algorithm.
    #[error("the token is signed with another algorithm than the configured one")]
    Algorithm,
    /// The `kid` names no configured key, or the workspace has none.
    #[error("the token names no key the hub knows")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the token's signature is wrong")]
    Signature,
    /// Past its `exp` (or, for a visitor's, its thirty days).
    #[error("the token has expired")]
    Expired,
    /// Before its `nbf`.
    #[error("the token is not valid yet")]
    NotYet,
    /// Made for somebody else.
    #[error("the token is meant for another audience")]
    Audience,
    /// A required claim is missing or of the wrong shape.
    #[error("the token's claim `{0}` is missing or of the wrong shape")]
    Claim(&'static str),
}
