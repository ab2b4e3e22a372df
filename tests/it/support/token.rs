//! Agents' tokens, good and bad.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::wait;

/// The agents' key of every hub under test.
pub const SECRET: &str = "the agents' key of the tests, long enough for HS256";

/// The sites' key of workspace `default`.
pub const SITE_SECRET: &str = "the site's key of the tests, long enough for HS256 too";

/// A token of an agent for an hour.
pub fn agent(sub: &str, role: &str) -> String {
    signed(SECRET, &claims(sub, role))
}

/// The claims of a good token.
pub fn claims(sub: &str, role: &str) -> Value {
    let name = sub.chars().take(1).flat_map(char::to_uppercase).chain(sub.chars().skip(1)).collect::<String>();
    json!({"sub": sub, "name": name, "role": role, "exp": wait::now() / 1000 + 3600})
}

/// Claims signed with HS256.
pub fn signed(secret: &str, claims: &Value) -> String {
    encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(secret.as_bytes())).expect("a token")
}

/// A visitor's identity as their site vouches for it.
pub fn identity(sub: &str, name: &str) -> String {
    let claims = json!({"aud": "usher-visitor", "sub": sub, "name": name, "email": format!("{sub}@site.example"), "exp": wait::now() / 1000 + 3600});
    signed(SITE_SECRET, &claims)
}
