//! Agent tokens: a JWT with HS256, made the way any site's back end would make one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

/// Whom a token is for.
#[derive(Debug, Clone, Copy)]
pub struct Bearer<'a> {
    /// The agent's id.
    pub sub: &'a str,
    /// What visitors read.
    pub name: &'a str,
    /// Left out for the default one.
    pub workspace: Option<&'a str>,
    /// With the rights of an admin.
    pub admin: bool,
}

// === impl Bearer ===

impl Bearer<'_> {
    /// A token signed with `secret`, good for `life`.
    pub fn token(&self, secret: &str, life: Duration) -> String {
        let end = SystemTime::now() + life;
        let exp = end.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let mut claims = json!({"sub": self.sub, "name": self.name, "exp": exp});
        if let Some(workspace) = self.workspace {
            claims["workspace"] = json!(workspace);
        }
        if self.admin {
            claims["role"] = json!("admin");
        }
        sign(&claims.to_string(), secret)
    }
}

/// Base64 with padding, as SASL wants it.
pub fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn sign(claims: &str, secret: &str) -> String {
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let body = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body.as_bytes());
    format!("{body}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p1_an_agents_token_is_a_jwt_signed_with_hs256() {
        // The example of jwt.io, whose signature is widely published.
        let claims = r#"{"sub":"1234567890","name":"John Doe","iat":1516239022}"#;
        let token = sign(claims, "your-256-bit-secret");
        assert!(token.ends_with(".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"), "{token}");
    }
}
