//! Keys that signatures are checked with, and the one that makes them.
//!
//! A key knows its only algorithm. What a token's header says about algorithms
//! can therefore only agree or be refused, never choose.

use std::fmt;

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde::Serialize;
use thiserror::Error;

/// A shared secret must be this long, in bytes: HS256 is only as good as it.
pub const SECRET_BYTES: usize = 32;

/// Keys of one issuer: a shared secret, one public key, or a JWKS.
#[derive(Clone)]
pub struct Keyring {
    keys: Vec<Key>,
    signing: Option<EncodingKey>,
}

/// Why a key is not usable. Says nothing of the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyFault {
    /// The secret is too short.
    #[error("must be at least {SECRET_BYTES} bytes long")]
    Short,
    /// Not a key of a kind the hub knows.
    #[error("holds no public key of a kind the hub knows (RSA, EC on P-256 or Ed25519, in PEM)")]
    Unknown,
    /// A private key where only the public one belongs.
    #[error("holds a private key; the hub must only be given the public one")]
    Private,
    /// Not a JWKS.
    #[error("is no JWKS: {0}")]
    NotASet(String),
    /// No key of the set can be used.
    #[error("holds no key for RS256, ES256 or EdDSA")]
    Empty,
    /// A shared secret in a JWKS.
    #[error("holds a shared secret (kty \"oct\"); give it as hs256_secret instead")]
    Secret,
    /// Two keys that cannot be told apart.
    #[error("holds several keys, but they do not all have a kid of their own")]
    Ambiguous,
}

/// One key and the only algorithm it may be used with.
#[derive(Clone)]
pub(super) struct Key {
    kid: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

// === impl Keyring ===

impl Keyring {
    /// A shared secret for HS256, of 32 bytes or more.
    pub fn hs256(secret: &[u8]) -> Result<Self, KeyFault> {
        if secret.len() < SECRET_BYTES {
            return Err(KeyFault::Short);
        }
        let key = Key { kid: None, algorithm: Algorithm::HS256, key: DecodingKey::from_secret(secret) };
        Ok(Self { keys: vec![key], signing: Some(EncodingKey::from_secret(secret)) })
    }

    /// One public key in PEM: RSA (RS256), P-256 (ES256) or Ed25519 (EdDSA).
    pub fn pem(pem: &[u8]) -> Result<Self, KeyFault> {
        if pem.windows(11).any(|window| window == b"PRIVATE KEY") {
            return Err(KeyFault::Private);
        }
        let (algorithm, key) = if let Ok(key) = DecodingKey::from_rsa_pem(pem) {
            (Algorithm::RS256, key)
        } else if let Ok(key) = DecodingKey::from_ed_pem(pem) {
            (Algorithm::EdDSA, key)
        } else if let Ok(key) = DecodingKey::from_ec_pem(pem) {
            (Algorithm::ES256, key)
        } else {
            return Err(KeyFault::Unknown);
        };
        Ok(Self { keys: vec![Key::new(None, algorithm, key).ok_or(KeyFault::Unknown)?], signing: None })
    }

    /// A JSON Web Key Set. Keys for encryption or of other kinds are left out.
    pub fn jwks(json: &[u8]) -> Result<Self, KeyFault> {
        #[derive(serde::Deserialize)]
        struct Set {
            keys: Vec<Jwk>,
        }
        let set: Set = serde_json::from_slice(json).map_err(|error| KeyFault::NotASet(error.to_string()))?;
        if set.keys.iter().any(|jwk| matches!(jwk.algorithm, AlgorithmParameters::OctetKey(_))) {
            return Err(KeyFault::Secret);
        }
        let keys: Vec<Key> = set.keys.iter().filter_map(Key::from_jwk).collect();
        if keys.is_empty() {
            return Err(KeyFault::Empty);
        }
        let distinct = keys
            .iter()
            .enumerate()
            .all(|(at, key)| key.kid.is_some() && keys[..at].iter().all(|other| other.kid != key.kid));
        if keys.len() > 1 && !distinct {
            return Err(KeyFault::Ambiguous);
        }
        Ok(Self { keys, signing: None })
    }

    /// True when one key stands in both rings: whoever can sign for one could
    /// then sign for the other.
    pub fn shares_a_key_with(&self, other: &Self) -> bool {
        self.keys.iter().any(|key| other.keys.iter().any(|theirs| key.material() == theirs.material()))
    }

    /// A signed token, or `None` when only public keys are known.
    pub fn sign(&self, claims: &impl Serialize) -> Option<String> {
        let signing = self.signing.as_ref()?;
        jsonwebtoken::encode(&Header::new(self.keys[0].algorithm), claims, signing).ok()
    }

    /// True when tokens can be made with this ring.
    pub fn signs(&self) -> bool {
        self.signing.is_some()
    }

    /// The key a token names: by its `kid`, or the only one there is.
    pub(super) fn find(&self, kid: Option<&str>) -> Option<&Key> {
        match (kid, self.keys.as_slice()) {
            (_, [only]) if only.kid.is_none() || kid.is_none() => Some(only),
            (Some(kid), keys) => keys.iter().find(|key| key.kid.as_deref() == Some(kid)),
            (None, _) => None,
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} keys)", self.keys.len())
    }
}

// === impl Key ===

impl Key {
    fn new(kid: Option<String>, algorithm: Algorithm, key: DecodingKey) -> Option<Self> {
        // A point of another curve would load and then never verify anything.
        let usable = match (algorithm, key.try_get_as_bytes()) {
            (Algorithm::ES256, Ok(point)) => point.len() == 65 && point[0] == 4,
            (Algorithm::EdDSA, Ok(point)) => point.len() == 32,
            _ => true,
        };
        usable.then_some(Self { kid, algorithm, key })
    }

    fn from_jwk(jwk: &Jwk) -> Option<Self> {
        if matches!(&jwk.common.public_key_use, Some(purpose) if *purpose != PublicKeyUse::Signature) {
            return None;
        }
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::RS256,
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
            _ => return None,
        };
        match jwk.common.key_algorithm {
            Some(named) if named != KeyAlgorithm::from(algorithm) => return None,
            _ => {}
        }
        let key = DecodingKey::from_jwk(jwk).ok()?;
        Self::new(jwk.common.key_id.clone(), algorithm, key)
    }

    /// What makes two keys the same, whatever they are written in.
    fn material(&self) -> Vec<u8> {
        let jwk = Jwk::from_decoding_key(&self.key, None).map(|jwk| jwk.algorithm);
        match jwk {
            Ok(AlgorithmParameters::RSA(key)) => key.n.into_bytes(),
            Ok(AlgorithmParameters::EllipticCurve(key)) => (key.x + &key.y).into_bytes(),
            Ok(AlgorithmParameters::OctetKeyPair(key)) => key.x.into_bytes(),
            Ok(AlgorithmParameters::OctetKey(key)) => key.value.into_bytes(),
            _ => Vec::new(),
        }
    }
}
