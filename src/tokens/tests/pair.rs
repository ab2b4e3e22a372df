use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rand::SystemRandom,
    rsa,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use serde_json::Value;

/// A key pair of one kind, as the PEM texts an operator would have.
pub(super) struct Pair {
    pub(super) algorithm: Algorithm,
    pub(super) public: String,
    pub(super) private: String,
}

impl Pair {
    fn new(algorithm: Algorithm, public: &[u8], private: &[u8]) -> Self {
        let public = pem("PUBLIC KEY", public);
        let private = pem("PRIVATE KEY", private);
        Self { algorithm, public, private }
    }

    pub(super) fn rsa() -> Self {
        let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect("a key");
        let public = AsDer::<PublicKeyX509Der>::as_der(pair.public_key()).expect("der");
        let private = AsDer::<Pkcs8V1Der>::as_der(&pair).expect("der");
        Self::new(Algorithm::RS256, public.as_ref(), private.as_ref())
    }

    pub(super) fn ec() -> Self {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let private = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new());
        let private = private.expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, private.as_ref()).expect("a key");
        let public = AsDer::<PublicKeyX509Der>::as_der(pair.public_key()).expect("der");
        Self::new(Algorithm::ES256, public.as_ref(), private.as_ref())
    }

    pub(super) fn ed() -> Self {
        let private = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).expect("a key");
        let pair = Ed25519KeyPair::from_pkcs8(private.as_ref()).expect("a key");
        let public = AsDer::<PublicKeyX509Der>::as_der(pair.public_key()).expect("der");
        Self::new(Algorithm::EdDSA, public.as_ref(), private.as_ref())
    }

    pub(super) fn signing(&self) -> EncodingKey {
        let private = self.private.as_bytes();
        match self.algorithm {
            Algorithm::RS256 => EncodingKey::from_rsa_pem(private),
            Algorithm::ES256 => EncodingKey::from_ec_pem(private),
            _ => EncodingKey::from_ed_pem(private),
        }
        .expect("a private key")
    }

    pub(super) fn sign(&self, kid: Option<&str>, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = kid.map(str::to_owned);
        encode(&header, claims, &self.signing()).expect("signed")
    }

    pub(super) fn jwk(&self, kid: &str) -> Value {
        let jwk = Jwk::from_encoding_key(&self.signing(), self.algorithm).expect("a jwk");
        let mut jwk = serde_json::to_value(jwk).expect("json");
        jwk["kid"] = kid.into();
        jwk
    }
}

pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
