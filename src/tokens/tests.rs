use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::*;

mod identity;
mod pair;

use self::pair::{Pair, pem};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const SITE: &[u8] = b"the site's own secret, 32 bytes or so";

fn gate_of(agents: Keyring) -> Gate {
    let sites = HashMap::from([("shop".into(), Keyring::hs256(SITE).expect("a key"))]);
    Gate::new(agents, None, b"the visitors' secret, 32 bytes long", sites)
}

fn gate() -> Gate {
    gate_of(Keyring::hs256(SECRET).expect("a key"))
}

fn claims() -> Value {
    json!({"sub": "jane", "name": "Jane", "exp": now_seconds() + 600})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().expect("an object").remove(name);
    claims
}

fn part(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// HS256 over any header and claims, however malformed.
fn sign_text(header: &str, claims: &str, secret: &[u8]) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    let seal = aws_lc_rs::hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(seal))
}

fn sign(claims: &Value) -> String {
    sign_text(r#"{"alg":"HS256"}"#, &claims.to_string(), SECRET)
}

#[test]
fn p1_an_agent_token_says_who_they_are() {
    let exp = now_seconds() + 600;
    let token = sign(&json!({
        "sub": "jane", "name": "Jane", "workspace": "shop", "role": "admin", "exp": exp,
        "email": "jane@shop.example", "avatar": "https://shop.example/jane.png",
    }));
    let claims = gate().agent(&token).expect("valid");
    assert_eq!(claims.agent.as_str(), "jane");
    assert_eq!(claims.workspace.as_str(), "shop");
    assert_eq!(claims.role, Role::Admin);
    assert_eq!(claims.email.as_deref(), Some("jane@shop.example"));
    assert_eq!(claims.avatar.as_deref(), Some("https://shop.example/jane.png"));
    assert_eq!(claims.expires_at as u64, (exp + 10) * 1000);
}

#[test]
fn s2_a_token_says_when_it_was_made_or_counts_as_of_no_time() {
    let now = now_seconds();
    let issued_at = |claims: &Value| gate().agent(&sign(claims)).expect("valid").issued_at.map(|at| at.0);
    assert_eq!(issued_at(&claims()), None);
    assert_eq!(issued_at(&with("iat", Value::Null)), None);
    assert_eq!(issued_at(&with("iat", json!(now - 60))), Some((now as i64 - 60) * 1000));
    assert_eq!(issued_at(&with("iat", json!(1_763_800_000.25))), Some(1_763_800_000_250));
    assert_eq!(issued_at(&with("iat", json!(now + 9))), Some((now as i64 + 9) * 1000));
    // Made in the future, or in milliseconds: that proves nothing.
    assert_eq!(issued_at(&with("iat", json!(now + 60))), None);
    assert_eq!(issued_at(&with("iat", json!(now * 1000))), None);
    assert_eq!(gate().agent(&sign(&with("iat", json!("now")))), Err(TokenFault::Malformed));
}

#[test]
fn p1_workspace_and_role_have_defaults_and_a_picture_comes_by_https_only() {
    let claims = gate().agent(&sign(&with("avatar", json!("http://x/y.png"))));
    let claims = claims.expect("valid");
    assert_eq!(claims.workspace.as_str(), "default");
    assert_eq!(claims.role, Role::Agent);
    assert_eq!(claims.avatar, None);
}

#[test]
fn p1_no_odd_name_address_or_picture_keeps_an_agent_out() {
    for (name, shown) in [("Jane\tSmith\n", "Jane Smith"), ("Ja\u{0}ne", "Jane"), (&"x".repeat(257), &"x".repeat(256))]
    {
        let claims = gate().agent(&sign(&with("name", json!(name)))).expect("valid");
        assert_eq!(claims.name, shown);
    }
    for odd in [json!("a\nb"), json!("x".repeat(1025)), json!(7), json!(["https://x.example/y.png"]), json!({})] {
        let mut claims = with("email", odd.clone());
        claims["avatar"] = odd.clone();
        let claims = gate().agent(&sign(&claims)).expect("valid");
        assert_eq!((claims.email, claims.avatar), (None, None), "{odd}");
    }
}

#[test]
fn p1_a_clock_may_be_ten_seconds_off() {
    let now = now_seconds();
    assert!(gate().agent(&sign(&with("exp", json!(now - 5)))).is_ok());
    assert!(gate().agent(&sign(&with("nbf", json!(now + 5)))).is_ok());
    assert!(gate().agent(&sign(&with("exp", json!(now as f64 + 0.5)))).is_ok());
}

#[test]
fn s2_every_forged_claim_is_refused() {
    let now = now_seconds();
    let long = "x".repeat(129);
    let table = [
        ("no exp", without("exp"), TokenFault::Claim("exp")),
        ("exp null", with("exp", Value::Null), TokenFault::Claim("exp")),
        ("exp string", with("exp", json!((now + 600).to_string())), TokenFault::Malformed),
        ("exp past", with("exp", json!(now - 11)), TokenFault::Expired),
        ("exp zero", with("exp", json!(0)), TokenFault::Expired),
        ("exp negative", with("exp", json!(-1)), TokenFault::Claim("exp")),
        ("exp huge", with("exp", json!(1e300)), TokenFault::Claim("exp")),
        ("exp array", with("exp", json!([now + 600])), TokenFault::Malformed),
        ("exp true", with("exp", json!(true)), TokenFault::Malformed),
        ("nbf future", with("nbf", json!(now + 60)), TokenFault::NotYet),
        ("nbf string", with("nbf", json!("0")), TokenFault::Claim("nbf")),
        ("visitor aud", with("aud", json!("usher-visitor")), TokenFault::Audience),
        ("visitor aud in a list", with("aud", json!(["a", "usher-visitor"])), TokenFault::Audience),
        ("aud number", with("aud", json!(1)), TokenFault::Malformed),
        ("no sub", without("sub"), TokenFault::Claim("sub")),
        ("empty sub", with("sub", json!("")), TokenFault::Claim("sub")),
        ("long sub", with("sub", json!(long)), TokenFault::Claim("sub")),
        ("sub with a line end", with("sub", json!("a\nb")), TokenFault::Claim("sub")),
        ("sub number", with("sub", json!(7)), TokenFault::Malformed),
        ("sub object", with("sub", json!({"jane": 1})), TokenFault::Malformed),
        ("no name", without("name"), TokenFault::Claim("name")),
        ("blank name", with("name", json!("  ")), TokenFault::Claim("name")),
        ("name of nothing", with("name", json!("\u{0}\n")), TokenFault::Claim("name")),
        ("name number", with("name", json!(7)), TokenFault::Claim("name")),
        ("unknown role", with("role", json!("owner")), TokenFault::Claim("role")),
        ("role in capitals", with("role", json!("Admin")), TokenFault::Claim("role")),
        ("role list", with("role", json!(["admin"])), TokenFault::Malformed),
        ("empty workspace", with("workspace", json!("")), TokenFault::Claim("workspace")),
        ("long workspace", with("workspace", json!(long)), TokenFault::Claim("workspace")),
    ];
    for (case, claims, fault) in table {
        assert_eq!(gate().agent(&sign(&claims)), Err(fault), "{case}");
    }
}

#[test]
fn s2_every_forged_shape_is_refused() {
    let good = sign(&claims());
    let (message, seal) = good.rsplit_once('.').expect("three parts");
    let (header, body) = message.split_once('.').expect("three parts");
    let text = claims().to_string();
    let other = b"another secret of thirty-two bytes";
    let head = |alg: &str| format!(r#"{{"alg":"{alg}"}}"#);
    let twice = format!(r#"{{"role":"agent","role":"admin",{}"#, &text[1..]);
    let exp_twice = format!(r#"{{"exp":1,{}"#, &text[1..]);
    // A length that no base64 has, whatever the seal is.
    let cut = &seal[..seal.len() - 2];
    let table = [
        ("empty", String::new(), TokenFault::Malformed),
        ("dots only", "..".to_owned(), TokenFault::Malformed),
        ("one part", header.to_owned(), TokenFault::Malformed),
        ("two parts", message.to_owned(), TokenFault::Malformed),
        ("no seal", format!("{message}."), TokenFault::Signature),
        ("a dot behind", format!("{good}."), TokenFault::Malformed),
        ("a dot before", format!(".{good}"), TokenFault::Malformed),
        ("five parts", format!("{good}.a.b"), TokenFault::Malformed),
        ("padded", format!("{good}="), TokenFault::Malformed),
        ("a line end behind", format!("{good}\n"), TokenFault::Malformed),
        ("a space before", format!(" {good}"), TokenFault::Malformed),
        ("bad base64", format!("{header}.{body}.$$$"), TokenFault::Malformed),
        ("cut seal", format!("{message}.{cut}"), TokenFault::Malformed),
        ("another's seal", sign_text(&head("HS256"), &text, other), TokenFault::Signature),
        ("another body", format!("{header}.{}.{seal}", part(&twice)), TokenFault::Signature),
        ("alg none", format!("{}.{body}.", part(&head("none"))), TokenFault::Malformed),
        ("alg None", format!("{}.{body}.", part(&head("None"))), TokenFault::Malformed),
        ("alg NONE", format!("{}.{body}.{seal}", part(&head("NONE"))), TokenFault::Malformed),
        ("alg empty", sign_text(&head(""), &text, SECRET), TokenFault::Malformed),
        ("alg hs256", sign_text(&head("hs256"), &text, SECRET), TokenFault::Malformed),
        ("alg HS384", sign_text(&head("HS384"), &text, SECRET), TokenFault::Algorithm),
        ("alg RS256", sign_text(&head("RS256"), &text, SECRET), TokenFault::Algorithm),
        ("alg EdDSA", sign_text(&head("EdDSA"), &text, SECRET), TokenFault::Algorithm),
        ("no alg", sign_text("{}", &text, SECRET), TokenFault::Malformed),
        ("alg twice", sign_text(r#"{"alg":"HS256","alg":"none"}"#, &text, SECRET), TokenFault::Malformed),
        ("alg list", sign_text(r#"{"alg":["HS256"]}"#, &text, SECRET), TokenFault::Malformed),
        (
            "critical member",
            sign_text(r#"{"alg":"HS256","crit":["b64"],"b64":false}"#, &text, SECRET),
            TokenFault::Malformed,
        ),
        ("header no object", sign_text("[]", &text, SECRET), TokenFault::Malformed),
        ("claims no object", sign_text(&head("HS256"), "[]", SECRET), TokenFault::Malformed),
        ("claims null", sign_text(&head("HS256"), "null", SECRET), TokenFault::Malformed),
        ("claims no JSON", sign_text(&head("HS256"), "jane", SECRET), TokenFault::Malformed),
        ("claims twice", sign_text(&head("HS256"), &twice, SECRET), TokenFault::Malformed),
        ("exp twice", sign_text(&head("HS256"), &exp_twice, SECRET), TokenFault::Malformed),
        ("no UTF-8", format!("{header}.{}.{seal}", URL_SAFE_NO_PAD.encode([b'"', 0xff, b'"'])), TokenFault::Signature),
        ("100 KB", sign(&with("x", json!("x".repeat(100_000)))), TokenFault::TooLong),
        ("100 KB of dots", ".".repeat(100_000), TokenFault::TooLong),
        ("deep", sign_text(&head("HS256"), &"[".repeat(4000), SECRET), TokenFault::Malformed),
    ];
    for (case, token, fault) in table {
        assert_eq!(gate().agent(&token), Err(fault), "{case}");
    }
    assert!(gate().agent(&good).is_ok());
}

#[test]
fn s2_a_public_key_verifies_only_its_own_algorithm() {
    for pair in [Pair::rsa(), Pair::ec(), Pair::ed()] {
        let gate = gate_of(Keyring::pem(pair.public.as_bytes()).expect("a key"));
        let token = pair.sign(None, &claims());
        assert!(gate.agent(&token).is_ok(), "{:?}", pair.algorithm);
        // The classic: the public key's text used as a shared secret.
        let text = claims().to_string();
        let forged = sign_text(r#"{"alg":"HS256"}"#, &text, pair.public.as_bytes());
        assert_eq!(gate.agent(&forged), Err(TokenFault::Algorithm));
        let (message, _) = token.rsplit_once('.').expect("three parts");
        for seal in ["", "AAAA", &"A".repeat(86)] {
            let refused = gate.agent(&format!("{message}.{seal}"));
            assert_eq!(refused, Err(TokenFault::Signature), "{:?}", pair.algorithm);
        }
        assert!(!gate.agents.signs());
        assert_eq!(gate.mint(&minting()), None);
    }
    let (ours, theirs) = (Pair::ec(), Pair::ec());
    let gate = gate_of(Keyring::pem(ours.public.as_bytes()).expect("a key"));
    let refused = gate.agent(&theirs.sign(None, &claims()));
    assert_eq!(refused, Err(TokenFault::Signature));
}

#[test]
fn p1_a_key_set_is_searched_by_kid() {
    let (rsa, ec, ed) = (Pair::rsa(), Pair::ec(), Pair::ed());
    let set = json!({"keys": [
        rsa.jwk("one"), ec.jwk("two"), ed.jwk("three"),
        {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA", "kid": "four"},
        {"kty": "RSA", "use": "enc", "n": "AA", "e": "AQAB", "kid": "five"},
    ]});
    let gate = gate_of(Keyring::jwks(set.to_string().as_bytes()).expect("a set"));
    assert!(gate.agent(&rsa.sign(Some("one"), &claims())).is_ok());
    assert!(gate.agent(&ec.sign(Some("two"), &claims())).is_ok());
    assert!(gate.agent(&ed.sign(Some("three"), &claims())).is_ok());
    let table = [
        ("another key's kid", rsa.sign(Some("two"), &claims()), TokenFault::Algorithm),
        ("unknown kid", rsa.sign(Some("six"), &claims()), TokenFault::UnknownKey),
        ("no kid", rsa.sign(None, &claims()), TokenFault::UnknownKey),
        ("a kid of a key left out", rsa.sign(Some("five"), &claims()), TokenFault::UnknownKey),
        ("a path as kid", rsa.sign(Some("../../dev/null"), &claims()), TokenFault::UnknownKey),
    ];
    for (case, token, fault) in table {
        assert_eq!(gate.agent(&token), Err(fault), "{case}");
    }
}

#[test]
fn o_unusable_keys_are_refused_with_the_reason() {
    let pair = Pair::rsa();
    let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).expect("a key");
    let p384 = AsDer::<PublicKeyX509Der>::as_der(p384.public_key()).expect("der");
    let p384 = pem("PUBLIC KEY", p384.as_ref());
    let fault = |ring: Result<Keyring, KeyFault>| ring.err();
    assert_eq!(fault(Keyring::hs256(b"short")), Some(KeyFault::Short));
    assert_eq!(fault(Keyring::pem(pair.private.as_bytes())), Some(KeyFault::Private));
    assert_eq!(fault(Keyring::pem(b"no key")), Some(KeyFault::Unknown));
    assert_eq!(fault(Keyring::pem(p384.as_bytes())), Some(KeyFault::Unknown));
    assert_eq!(fault(Keyring::jwks(br#"{"keys":[]}"#)), Some(KeyFault::Empty));
    let secret = br#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#;
    assert_eq!(fault(Keyring::jwks(secret)), Some(KeyFault::Secret));
    let twins = json!({"keys": [pair.jwk("one"), Pair::ec().jwk("one")]}).to_string();
    assert_eq!(fault(Keyring::jwks(twins.as_bytes())), Some(KeyFault::Ambiguous));
    assert!(matches!(fault(Keyring::jwks(b"{")), Some(KeyFault::NotASet(_))));
}

#[test]
fn o_the_same_key_is_known_again_whatever_it_is_written_in() {
    for pair in [Pair::rsa(), Pair::ec(), Pair::ed()] {
        let pem = Keyring::pem(pair.public.as_bytes()).expect("a key");
        let set = json!({"keys": [Pair::ed().jwk("a"), pair.jwk("b")]}).to_string();
        let set = Keyring::jwks(set.as_bytes()).expect("a set");
        assert!(pem.shares_a_key_with(&set), "{:?}", pair.algorithm);
        let other = Keyring::pem(Pair::ec().public.as_bytes()).expect("a key");
        assert!(!pem.shares_a_key_with(&other));
    }
    let secret = Keyring::hs256(SECRET).expect("a key");
    assert!(secret.shares_a_key_with(&secret.clone()));
    assert!(!secret.shares_a_key_with(&Keyring::hs256(SITE).expect("a key")));
}

#[test]
fn p1_a_configured_audience_must_match() {
    let mut gate = gate();
    assert!(gate.agent(&sign(&with("aud", json!("anything")))).is_ok());
    gate.audience = Some("usher".to_owned());
    let table = [
        ("none", claims(), Some(TokenFault::Audience)),
        ("another", with("aud", json!("other")), Some(TokenFault::Audience)),
        ("null", with("aud", Value::Null), Some(TokenFault::Audience)),
        ("empty list", with("aud", json!([])), Some(TokenFault::Audience)),
        ("others", with("aud", json!(["a", "b"])), Some(TokenFault::Audience)),
        ("ours among others", with("aud", json!(["a", "usher"])), None),
        ("ours", with("aud", json!("usher")), None),
        ("ours and the visitors'", with("aud", json!(["usher", "usher-visitor"])), Some(TokenFault::Audience)),
    ];
    for (case, claims, fault) in table {
        assert_eq!(gate.agent(&sign(&claims)).err(), fault, "{case}");
    }
    assert!(gate.agent(&gate.mint(&minting()).expect("a secret")).is_ok());
}

#[test]
fn s1_one_kind_of_token_is_no_other_kind() {
    let gate = gate();
    let visitor = gate.issue_visitor(&"shop".into(), &"v_1".into());
    let agent = sign(&claims());
    assert!(gate.visitor(&visitor).is_ok());
    assert!(gate.visitor(&agent).is_err());
    assert!(gate.agent(&visitor).is_err());
    assert!(gate.identity(&"shop".into(), &visitor).is_err());
}

fn minting() -> Minting {
    Minting {
        sub: "jane".to_owned(),
        name: "Jane".to_owned(),
        workspace: "default".to_owned(),
        role: Role::Admin,
        email: None,
        life_seconds: 60,
    }
}

#[test]
fn o_a_minted_token_opens_the_gate() {
    let token = gate().mint(&minting()).expect("a secret");
    let claims = gate().agent(&token).expect("valid");
    assert_eq!(claims.role, Role::Admin);
    assert_eq!(claims.name, "Jane");
    assert!(claims.issued_at.is_some(), "a removal would be for good");
    assert!(claims.expires_at as u64 <= (now_seconds() + 70) * 1000);
}
