//! The token by which a visitor is known again: opaque to clients, sealed by
//! the hub, good for one visitor of one workspace and nothing else.
//!
//! `uv1_` + base64url of: 32 bytes HMAC-SHA-256, 4 bytes end (seconds since the
//! epoch, big endian), 2 bytes length of the workspace, workspace, visitor. The
//! seal covers everything behind it, and a name of its own before it, so that
//! nothing else signed with the same secret could ever pass for one.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{claims::TOKEN_BYTES, fault::TokenFault};
use crate::ids::{VisitorId, WorkspaceId};

/// How long a visitor is known without coming back, in seconds: 30 days.
const LIFE_SECONDS: u64 = 30 * 24 * 60 * 60;
const PREFIX: &str = "uv1_";
const SEAL_BYTES: usize = 32;
const PURPOSE: &[u8] = b"usher visitor token 1\0";

/// A visitor, as their own token describes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitorClaims {
    /// The workspace they are a visitor of.
    pub workspace: WorkspaceId,
    /// Who they are.
    pub visitor: VisitorId,
    /// When the token ends, in milliseconds since the epoch.
    pub expires_at: i64,
}

/// Makes and checks visitors' tokens.
#[derive(Clone)]
pub(super) struct VisitorSeal {
    mac: Hmac<Sha256>,
}

// === impl VisitorSeal ===

impl VisitorSeal {
    pub(super) fn new(secret: &[u8]) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length is a key");
        mac.update(PURPOSE);
        Self { mac }
    }

    /// A token that ends thirty days after `now` (seconds since the epoch).
    pub(super) fn issue(&self, workspace: &WorkspaceId, visitor: &VisitorId, now: u64) -> String {
        let workspace = workspace.as_str().as_bytes();
        let end = u32::try_from(now + LIFE_SECONDS).unwrap_or(u32::MAX);
        let length = u16::try_from(workspace.len()).expect("ids are bounded");
        let mut bytes = vec![0; SEAL_BYTES];
        bytes.extend_from_slice(&end.to_be_bytes());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(workspace);
        bytes.extend_from_slice(visitor.as_str().as_bytes());
        let mut mac = self.mac.clone();
        mac.update(&bytes[SEAL_BYTES..]);
        bytes[..SEAL_BYTES].copy_from_slice(&mac.finalize().into_bytes());
        let mut token = String::with_capacity(PREFIX.len() + bytes.len().div_ceil(3) * 4);
        token.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(&bytes, &mut token);
        token
    }

    /// What `token` says, if the hub made it and it has not ended by `now`.
    pub(super) fn open(&self, token: &str, now: u64) -> Result<VisitorClaims, TokenFault> {
        if token.len() > TOKEN_BYTES {
            return Err(TokenFault::TooLong);
        }
        let bytes = token
            .strip_prefix(PREFIX)
            .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
            .filter(|bytes| bytes.len() > SEAL_BYTES + 6)
            .ok_or(TokenFault::Malformed)?;
        let (seal, body) = bytes.split_at(SEAL_BYTES);
        let mut mac = self.mac.clone();
        mac.update(body);
        // In constant time: a guesser learns nothing from how long it took.
        mac.verify_slice(seal).map_err(|_| TokenFault::Signature)?;
        let end = u32::from_be_bytes([body[0], body[1], body[2], body[3]]);
        let length = usize::from(u16::from_be_bytes([body[4], body[5]]));
        let (workspace, visitor) = body[6..]
            .split_at_checked(length)
            .and_then(|(workspace, visitor)| Some((str::from_utf8(workspace).ok()?, str::from_utf8(visitor).ok()?)))
            .ok_or(TokenFault::Malformed)?;
        if u64::from(end) <= now {
            return Err(TokenFault::Expired);
        }
        Ok(VisitorClaims { workspace: workspace.into(), visitor: visitor.into(), expires_at: i64::from(end) * 1000 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_763_800_000;

    fn seal() -> VisitorSeal {
        VisitorSeal::new(b"a secret of thirty-two bytes, or so")
    }

    #[test]
    fn p1_a_visitor_token_says_workspace_and_visitor_for_thirty_days() {
        let token = seal().issue(&"shop".into(), &"v_1".into(), NOW);
        let claims = seal().open(&token, NOW).expect("ours");
        assert_eq!(claims.workspace.as_str(), "shop");
        assert_eq!(claims.visitor.as_str(), "v_1");
        assert_eq!(claims.expires_at as u64, (NOW + LIFE_SECONDS) * 1000);
        assert!(seal().open(&token, NOW + LIFE_SECONDS - 1).is_ok());
        let late = seal().open(&token, NOW + LIFE_SECONDS);
        assert_eq!(late, Err(TokenFault::Expired));
    }

    #[test]
    fn s2_every_changed_character_of_a_visitor_token_is_refused() {
        let token = seal().issue(&"shop".into(), &"v_1".into(), NOW);
        for at in 0..token.len() {
            for letter in ["A", "b", "_", ".", "=", ""] {
                let mut forged = token.clone();
                forged.replace_range(at..=at, letter);
                if forged != token {
                    assert!(seal().open(&forged, NOW).is_err(), "{forged}");
                }
            }
        }
    }

    #[test]
    fn s2_a_visitor_token_of_another_secret_or_shape_is_refused() {
        let other = VisitorSeal::new(b"another secret of thirty-two bytes");
        let token = other.issue(&"shop".into(), &"v_1".into(), NOW);
        assert_eq!(seal().open(&token, NOW), Err(TokenFault::Signature));
        for text in ["", "uv1_", "uv1_AAAA", "uv2_AAAA", "a.b.c", "uv1_\u{e9}"] {
            assert_eq!(seal().open(text, NOW), Err(TokenFault::Malformed), "{text}");
        }
        let long = format!("uv1_{}", "A".repeat(100_000));
        assert_eq!(seal().open(&long, NOW), Err(TokenFault::TooLong));
    }

    #[test]
    fn s1_the_border_between_workspace_and_visitor_cannot_be_moved() {
        let one = seal().issue(&"ab".into(), &"c".into(), NOW);
        let two = seal().issue(&"a".into(), &"bc".into(), NOW);
        assert_ne!(one, two);
        assert_eq!(seal().open(&two, NOW).expect("ours").visitor.as_str(), "bc");
    }
}
