//! Whom a site vouches for.

use super::*;

#[test]
fn p1_a_site_vouches_for_its_own_visitors_only() {
    let gate = gate();
    let exp = now_seconds() + 600;
    let person = json!({"sub": "u7", "name": "Ann", "email": "a@b.example",
        "aud": "usher-visitor", "exp": exp});
    let by = |secret: &[u8], claims: &Value| sign_text(r#"{"alg":"HS256"}"#, &claims.to_string(), secret);
    let identity = gate.identity(&"shop".into(), &by(SITE, &person)).expect("valid");
    assert_eq!(identity.subject, "u7");
    assert_eq!(identity.name.as_deref(), Some("Ann"));
    assert_eq!(identity.email.as_deref(), Some("a@b.example"));
    let no_audience = json!({"sub": "u7", "exp": exp});
    let no_subject = json!({"aud": "usher-visitor", "exp": exp});
    let no_end = json!({"sub": "u7", "aud": "usher-visitor"});
    let table = [
        ("another workspace", "default", by(SITE, &person), TokenFault::UnknownKey),
        ("the agents' key", "shop", by(SECRET, &person), TokenFault::Signature),
        ("no aud", "shop", by(SITE, &no_audience), TokenFault::Audience),
        ("no sub", "shop", by(SITE, &no_subject), TokenFault::Claim("sub")),
        ("no exp", "shop", by(SITE, &no_end), TokenFault::Claim("exp")),
        ("an agent's token", "shop", by(SITE, &claims()), TokenFault::Audience),
    ];
    for (case, workspace, token, fault) in table {
        assert_eq!(gate.identity(&workspace.into(), &token), Err(fault), "{case}");
    }
    assert!(gate.agent(&by(SITE, &claims())).is_err(), "a site makes no agents");
}

#[test]
fn p1_no_name_or_address_makes_an_identity_a_bad_one() {
    let identity = |name: &Value, email: &Value| {
        let claims =
            json!({"sub": "u7", "name": name, "email": email, "aud": "usher-visitor", "exp": now_seconds() + 600});
        let token = sign_text(r#"{"alg":"HS256"}"#, &claims.to_string(), SITE);
        let identity = gate().identity(&"shop".into(), &token).expect("valid");
        (identity.name, identity.email)
    };
    let (long, none) = ("x".repeat(257), json!(format!("{}@site.example", "x".repeat(592))));
    for (name, shown) in [(long.as_str(), &long[1..]), ("Erika\nMuster", "Erika Muster"), ("E\u{0}rika", "Erika")] {
        assert_eq!(identity(&json!(name), &json!("a@b.example")), (Some(shown.into()), Some("a@b.example".into())));
    }
    assert_eq!(identity(&json!("Erika"), &none), (Some("Erika".into()), None));
    for wrong in [json!(7), json!(true), json!(["Erika"]), json!({"first": "Erika"}), Value::Null, json!(" ")] {
        assert_eq!(identity(&wrong, &wrong), (None, None), "{wrong}");
    }
    // Half an emoji, as JavaScript leaves it behind where it cuts.
    let half = format!(r#"{{"sub":"u7","name":"Erika \ud83d","aud":"usher-visitor","exp":{}}}"#, now_seconds() + 600);
    let half = gate().identity(&"shop".into(), &sign_text(r#"{"alg":"HS256"}"#, &half, SITE)).expect("valid");
    assert_eq!(half.name.as_deref(), Some("Erika"));
}

#[test]
fn s2_who_an_identity_speaks_for_is_never_made_fit() {
    let long = "x".repeat(129);
    for (sub, fault) in [
        (json!("u\n7"), TokenFault::Claim("sub")),
        (json!("u\u{0}7"), TokenFault::Claim("sub")),
        (json!(""), TokenFault::Claim("sub")),
        (json!(long), TokenFault::Claim("sub")),
        (json!(7), TokenFault::Malformed),
    ] {
        let claims = json!({"sub": sub, "aud": "usher-visitor", "exp": now_seconds() + 600});
        let token = sign_text(r#"{"alg":"HS256"}"#, &claims.to_string(), SITE);
        assert_eq!(gate().identity(&"shop".into(), &token), Err(fault), "{sub}");
    }
}
