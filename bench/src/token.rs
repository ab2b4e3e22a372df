//! Agent tokens: a JWT with HS256, made the way any site's back end would make one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

/// A token for agent number `number`, good for an hour.
pub(crate) fn agent(number: usize, secret: &str) -> String {
    let hour = SystemTime::now() + Duration::from_secs(3600);
    let exp = hour.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let claims = json!({"sub": format!("agent{number}"), "name": format!("Agent {number}"), "exp": exp});
    sign(&claims.to_string(), secret)
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
