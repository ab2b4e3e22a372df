use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn patch(json: Value) -> DetailsPatch {
    DetailsPatch::from_json(&json).unwrap()
}

fn wrong(json: Value) -> String {
    DetailsPatch::from_json(&json).unwrap_err().field
}

fn claim(field: &str, value: &str) -> Claim {
    Claim { field: field.into(), value: value.into() }
}

fn whole() -> Details {
    let mut details = Details::default();
    details.apply(&patch(json!({
        "deal": {"value": 1200, "currency": "eur", "expected_close_date": "2028-02-29"},
        "person": {"name": " Ada\u{0} Lovelace ", "email": "ada@example.com", "phone": "+44 (20) 7946-0958"},
        "organization": {"name": "Engines\nLtd", "address": "1 Mill Road\r\nLondon"},
        "note": " likes\n cats "
    })));
    details
}

#[test]
fn p5_details_travel_as_the_protocol_says_tidied() {
    assert_eq!(
        serde_json::to_value(whole()).unwrap(),
        json!({
            "deal": {"value": 1200, "currency": "EUR", "expected_close_date": "2028-02-29"},
            "person": {"name": "Ada Lovelace", "email": "ada@example.com", "phone": "+44 (20) 7946-0958"},
            "organization": {"name": "Engines Ltd", "address": "1 Mill Road\nLondon"},
            "note": "likes\n cats"
        })
    );
    assert_eq!(serde_json::from_value::<Details>(serde_json::to_value(whole()).unwrap()).unwrap(), whole());
    assert_eq!(
        serde_json::to_value(patch(json!({"deal": {"value": 12.5}}))).unwrap(),
        json!({"deal": {"value": 12.5}})
    );
    assert_eq!(serde_json::from_value::<Details>(json!({})).unwrap(), Details::default());
}

#[test]
fn p5_absent_stays_null_clears_a_value_sets() {
    let mut details = whole();
    details
        .apply(&patch(json!({"person": {"email": null, "name": "Ada King"}, "note": "  ", "deal": null, "more": 1})));
    assert_eq!(details.person.name.as_deref(), Some("Ada King"));
    assert_eq!(details.person.email, None);
    assert_eq!(details.person.phone, whole().person.phone);
    assert_eq!(details.deal, Deal::default());
    assert_eq!(details.note, None);
    assert_eq!(details.organization, whole().organization);
}

#[test]
fn p5_null_for_a_section_clears_all_of_it_however_it_is_read() {
    let json = json!({"deal": null, "person": null, "organization": null, "note": null});
    let read: DetailsPatch = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(read, patch(json));
    let mut details = whole();
    details.apply(&read);
    assert_eq!(details, Details::default());
}

#[test]
fn p5_a_wrong_type_names_its_field() {
    for (json, field) in [
        (json!(3), "details"),
        (json!({"deal": 3}), "deal"),
        (json!({"person": ["a"]}), "person"),
        (json!({"deal": {"value": "12"}}), "deal.value"),
        (json!({"deal": {"value": true}}), "deal.value"),
        (json!({"person": {"email": 3}}), "person.email"),
        (json!({"organization": {"address": {}}}), "organization.address"),
        (json!({"note": []}), "note"),
    ] {
        assert_eq!(wrong(json.clone()), field, "{json}");
    }
}

#[test]
fn p5_a_wrong_value_names_its_field() {
    let long = "x".repeat(MAX_SHORT + 1);
    for (json, field) in [
        (json!({"deal": {"value": -1}}), "deal.value"),
        (json!({"deal": {"currency": "EURO"}}), "deal.currency"),
        (json!({"deal": {"currency": "XYZ"}}), "deal.currency"),
        (json!({"deal": {"expected_close_date": "2027-02-29"}}), "deal.expected_close_date"),
        (json!({"deal": {"expected_close_date": "31.12.2026"}}), "deal.expected_close_date"),
        (json!({"person": {"name": long.clone()}}), "person.name"),
        (json!({"person": {"email": "ada"}}), "person.email"),
        (json!({"person": {"phone": "call me"}}), "person.phone"),
        (json!({"organization": {"name": long.clone()}}), "organization.name"),
        (json!({"organization": {"address": long}}), "organization.address"),
        (json!({"note": "x".repeat(MAX_NOTE + 1)}), "note"),
    ] {
        assert_eq!(wrong(json.clone()), field, "{json}");
    }
    assert_eq!(
        DetailsPatch::from_json(&json!({"person": {"email": "ada"}})).unwrap_err().to_string(),
        "person.email must be a valid e-mail address"
    );
    patch(json!({"note": "x".repeat(MAX_NOTE), "person": {"name": "x".repeat(MAX_SHORT)}}));
}

#[test]
fn p5_plausible_addresses_numbers_and_dates() {
    for good in ["a@b.co", "first.last+tag@sub.example.com", "o'neil@example.ie", "jörg@müller.de", "用户@例子.公司"]
    {
        assert!(plausible::email(good), "{good}");
    }
    for bad in [
        "", "@", "a@", "@b.co", "a@b", "a b@c.de", "a@b..co", ".a@b.co", "a@-b.co", "a@b.c", "a@b.12", "a@@b.co",
        "a,b@c.de",
    ] {
        assert!(!plausible::email(bad), "{bad}");
    }
    for good in ["12345", "+1 (555) 010-9999", "030/123456", "+49.30.123456", "555-0100 ext. 12", "555-0100x7"] {
        assert!(plausible::phone(good), "{good}");
    }
    for bad in ["", "1234", "+", "12345678901234567", "55+50100", "555-CALL", "0100 ext.", "12345 x x"] {
        assert!(!plausible::phone(bad), "{bad}");
    }
    assert!(plausible::date("2026-12-31") && plausible::date("2000-02-29"));
    for bad in
        ["1900-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "0000-01-01", "2026-1-1", "20260101", "２０２６-01-01"]
    {
        assert!(!plausible::date(bad), "{bad}");
    }
    assert!(
        plausible::currency("USD")
            && !plausible::currency("usd")
            && !plausible::currency("US ")
            && !plausible::currency("XXX")
    );
}

#[test]
fn p5_only_what_changes_is_a_change() {
    let details = whole();
    let same = patch(serde_json::to_value(&details).unwrap());
    assert!(same.diff(&details).is_empty());
    let sent = patch(json!({"person": {"name": "Ada Lovelace", "email": "a@b.co"}, "deal": {"value": 1200.0}}));
    assert_eq!(sent.diff(&details).fields(), ["person.email"]);
    assert!(patch(json!({"person": {"email": null}})).diff(&Details::default()).is_empty());
    // A patch made without reading JSON is tidied, too.
    let raw = DetailsPatch { note: Some(Some(" likes\n cats ".into())), ..Default::default() };
    assert!(raw.diff(&details).is_empty());
}

#[test]
fn r15_a_claim_fills_what_is_empty_or_claimed_and_never_what_an_agent_entered() {
    let mut details = Details::default();
    let mut claimed = BTreeSet::new();
    let first = details.claim(&claim("person.email", "a@b.co"), &claimed);
    assert_eq!(first.fields(), ["person.email"]);
    details.apply(&first);
    claimed.insert("person.email".to_owned());
    // The visitor may correct themselves.
    assert_eq!(details.claim(&claim("person.email", "c@d.co"), &claimed).fields(), ["person.email"]);
    assert!(details.claim(&claim("person.email", "a@b.co"), &claimed).is_empty());
    // An agent's entry is no longer claimed: it stands.
    claimed.clear();
    assert!(details.claim(&claim("person.email", "c@d.co"), &claimed).is_empty());
    assert!(details.claim(&claim("person.shoe_size", "43"), &claimed).is_empty());
}

#[test]
fn r15_several_free_texts_share_the_note() {
    let claimed = BTreeSet::from(["note".to_owned()]);
    let details = Details { note: Some("first".into()), ..Default::default() };
    assert_eq!(details.claim(&claim("note", "second"), &claimed).note, Some(Some("first\nsecond".into())));
    assert!(details.claim(&claim("note", "first"), &claimed).is_empty());
    assert!(details.claim(&claim("note", "second"), &BTreeSet::new()).is_empty());
    let full = Details { note: Some("x".repeat(MAX_NOTE)), ..Default::default() };
    assert!(full.claim(&claim("note", "second"), &claimed).is_empty());
}

#[test]
fn p5_an_agent_who_enters_what_was_claimed_vouches_for_it() {
    let details = whole();
    let claimed = BTreeSet::from(["person.email".to_owned()]);
    let sent = patch(json!({"person": {"email": "ada@example.com", "name": "Ada Lovelace"}}));
    let mut changes = sent.diff(&details);
    changes.add_confirmed(&sent, &details, &claimed);
    assert_eq!(changes.fields(), ["person.email"]);
}

#[test]
fn p5_the_typescript_form_is_the_wire_form() {
    let config = ts_rs::Config::default();
    let details = <Details as TS>::decl(&config);
    assert!(details.contains("deal: Deal,") && details.contains("note?: string,"), "{details}");
    let deal = <Deal as TS>::decl(&config);
    assert!(deal.contains("value?: Amount,") && deal.contains("currency?: string,"), "{deal}");
    let changes = <DealPatch as TS>::decl(&config);
    assert!(changes.contains("value?: Amount | null,"), "{changes}");
    assert_eq!(<Amount as TS>::decl(&config), "type Amount = number;");
}

#[test]
fn p5_the_schema_lets_a_change_be_absent_null_or_a_value() {
    let schema = serde_json::to_value(schemars::schema_for!(DetailsPatch)).unwrap();
    assert_eq!(schema["required"], Value::Null);
    assert_eq!(schema["properties"]["note"]["type"], json!(["string", "null"]));
    assert_eq!(schema["$defs"]["DealPatch"]["properties"]["value"]["anyOf"][1], json!({"type": "null"}));
    assert_eq!(schema["$defs"]["Amount"]["type"], json!("number"));
}

fn change<T: Clone + std::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<Option<T>>> {
    proptest::option::of(proptest::option::of(value)).boxed()
}

prop_compose! {
    fn patches()(
        value in change((0.0..1e12f64).prop_map(|number| Amount::new(number).unwrap())),
        currency in change(prop_oneof![Just("EUR".to_owned()), Just("usd".into())]),
        name in change(any::<String>()),
        email in change("[a-z]{1,5}@[a-z]{1,5}\\.com"),
        address in change("[a-z\r\n ]{0,12}"),
        note in change(any::<String>()),
    ) -> DetailsPatch {
        DetailsPatch {
            deal: DealPatch { value, currency, ..Default::default() },
            person: PersonPatch { name, email, ..Default::default() },
            organization: OrganizationPatch { address, ..Default::default() },
            note,
        }
    }
}

/// Any small JSON.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from)
    ];
    let key = prop_oneof![
        Just("deal"),
        Just("person"),
        Just("organization"),
        Just("note"),
        Just("value"),
        Just("currency"),
        Just("email"),
        Just("name")
    ];
    leaf.prop_recursive(3, 20, 5, move |inner| {
        proptest::collection::vec((key.clone(), inner), 0..5).prop_map(|pairs| {
            pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<serde_json::Map<_, _>>().into()
        })
    })
}

proptest! {
    #[test]
    fn p5_what_changes_does_exactly_what_was_sent(first in patches(), second in patches()) {
        let mut details = Details::default();
        details.apply(&first.diff(&Details::default()));
        let changes = second.diff(&details);
        let mut after = details.clone();
        after.apply(&changes);
        prop_assert!(second.diff(&after).is_empty(), "nothing is left to change");
        prop_assert!(changes.diff(&after).is_empty());
        prop_assert_eq!(changes.is_empty(), after == details);
        let json = serde_json::to_value(&changes).unwrap();
        prop_assert_eq!(&serde_json::from_value::<DetailsPatch>(json.clone()).unwrap(), &changes);
        if changes.check().is_ok() {
            prop_assert_eq!(DetailsPatch::from_json(&json).unwrap(), changes);
        }
    }

    #[test]
    fn p5_any_json_is_a_change_or_a_named_field(json in anything()) {
        match DetailsPatch::from_json(&json) {
            Ok(patch) => prop_assert!(patch.check().is_ok()),
            Err(bad) => prop_assert!(bad.message.starts_with(&bad.field)),
        }
    }
}
