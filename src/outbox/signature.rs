//! How a receiver knows that a message is ours and whole: Standard Webhooks (standardwebhooks.com), symmetric.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{ids::DeliveryId, store::WebhookSecret};

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// A new secret: 32 random bytes.
pub fn mint() -> WebhookSecret {
    let key: [u8; 32] = rand::random();
    WebhookSecret::new(format!("{PREFIX}{}", STANDARD.encode(key)))
}

/// The value of `webhook-signature` for a message sent at `seconds` (since 1970); None when the secret is none.
pub fn sign(secret: &WebhookSecret, id: &DeliveryId, seconds: i64, body: &str) -> Option<String> {
    let key = STANDARD.decode(secret.as_str().strip_prefix(PREFIX)?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body.as_bytes());
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r18_a_message_is_signed_as_standard_webhooks_says() {
        // The vector of the specification's own libraries.
        let secret = WebhookSecret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let id = DeliveryId::from("msg_p5jXN8AQM9LWM0D4loKWxJek");
        let signed = sign(&secret, &id, 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn r18_every_secret_is_new_and_signs() {
        let (one, two) = (mint(), mint());
        assert_ne!(one, two);
        let signed = |secret| sign(secret, &"msg_a_1".into(), 1, "{}").expect("it signs");
        assert_ne!(signed(&one), signed(&two));
        assert_eq!(sign(&WebhookSecret::new("sesame"), &"msg_a_1".into(), 1, "{}"), None);
    }
}
