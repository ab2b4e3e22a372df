use serde_json::json;

use super::{super::*, demo, playbook, with};
use crate::chat::event::ItemKind;

fn texts(walk: &Walk) -> Vec<&str> {
    walk.shown.iter().map(|shown| shown.text.as_str()).collect()
}

#[test]
fn r1_a_choice_branches_to_the_card_of_its_answer() {
    let demo = playbook(demo());
    let walk = demo.begin();
    assert_eq!(walk.then, Next::Asking("hello".into()));
    assert_eq!(texts(&walk), ["Hi! What brings you here?"]);
    let talk = demo.answer(&"hello".into(), &Reply::Option("talk".into())).unwrap();
    assert_eq!(
        (talk.label.as_str(), talk.option, talk.value, talk.claim),
        ("Talk to someone", Some("talk".into()), None, None)
    );
    assert_eq!(talk.walk, Walk { shown: vec![], then: Next::Live("live".into()) });
    let look = demo.answer(&"hello".into(), &Reply::Option("look".into())).unwrap();
    assert_eq!(texts(&look.walk), ["Enjoy your visit."]);
    assert_eq!(look.walk.shown[0].ask, Ask::End);
    assert_eq!(look.walk.then, Next::Ended { card: "bye".into(), qualified: false, create: vec![] });
}

#[test]
fn r3_the_offline_flow_begins_at_its_card_and_ends_with_items() {
    let demo = playbook(demo());
    let live = demo.live_chat(&"live".into()).unwrap();
    assert_eq!(live.online_message.plain(), "One moment, we are finding somebody for you.");
    assert_eq!((live.wait_ms, live.offline_message.plain().as_str()), (60_000, "Nobody is free right now."));
    assert_eq!(demo.live_chat(&"hello".into()), None);
    let walk = demo.offline(&"live".into());
    assert_eq!(walk.then, Next::Asking("email".into()));
    let done = demo.answer(&"email".into(), &Reply::Value(" Ada@Example.COM ".into())).unwrap();
    assert_eq!((done.label.as_str(), done.value.as_deref()), ("Ada@example.com", Some("Ada@example.com")));
    assert_eq!(done.claim, Some(Claim { field: "person.email".into(), value: "Ada@example.com".into() }));
    let plan = |kind, title: &str, key: &str| ItemPlan {
        kind,
        title: title.into(),
        key: key.into(),
        fields: ItemFields::default(),
    };
    let create = vec![plan(ItemKind::Lead, "Demo lead", "done-0"), plan(ItemKind::Activity, "Write back", "done-1")];
    assert_eq!(done.walk.then, Next::Ended { card: "done".into(), qualified: true, create });
}

#[test]
fn r1_messages_flow_on_to_the_next_question() {
    let walk = playbook(with("/cards/live", json!({"kind": "message", "text": "*So* it is.", "next": "email"})));
    let walk = walk.answer(&"hello".into(), &Reply::Option("talk".into())).unwrap().walk;
    assert_eq!(texts(&walk), ["So it is.", "Where can we write to you?"]);
    assert_eq!(walk.shown[0].ask, Ask::Message);
    assert_eq!(walk.then, Next::Asking("email".into()));
}

#[test]
fn r1_captures_are_validated_in_words_a_visitor_can_read() {
    let asking = |field: &str, required: bool| {
        let mut json = with("/cards/email/field", json!(field));
        json["cards"]["email"]["required"] = json!(required);
        playbook(json)
    };
    let answer = |field: &str, required: bool, typed: &str| {
        asking(field, required).answer(&"email".into(), &Reply::Value(typed.into()))
    };
    for (field, typed, told) in [
        ("email", "ada", "Please enter a valid e-mail address."),
        ("email", "", "Please enter a valid e-mail address."),
        ("phone", "call me", "Please enter a valid phone number."),
        ("name", " ", "Please enter your name."),
        ("name", "?!", "Please enter your name."),
        ("organization", "", "Please enter the name of your organisation."),
        ("text", "\n", "Please write something."),
    ] {
        let refused = answer(field, true, typed).unwrap_err();
        assert_eq!((refused.field, refused.message.as_str(), refused.stale), ("value", told, false), "{field} {typed}");
    }
    assert_eq!(answer("name", true, &"x".repeat(1025)).unwrap_err().message, "That is too long. Please shorten it.");
    assert_eq!(
        answer("text", true, &"x".repeat(16 * 1024 + 1)).unwrap_err().message,
        "That is too long. Please shorten it."
    );
    for (field, typed, value, path) in [
        ("phone", " +1  555 0100 ", "+1 555 0100", "person.phone"),
        ("name", "Ada\nLovelace", "Ada Lovelace", "person.name"),
        ("organization", "Engines", "Engines", "organization.name"),
        ("text", " one\r\ntwo ", "one\ntwo", "note"),
        ("text", "👍", "👍", "note"),
    ] {
        let answered = answer(field, true, typed).unwrap();
        assert_eq!(answered.value.as_deref(), Some(value));
        assert_eq!(answered.claim.unwrap().field, path);
    }
    // What need not be answered may be left empty, but not answered wrongly.
    for field in ["email", "phone", "name", "organization", "text"] {
        let skipped = answer(field, false, " ").unwrap();
        assert_eq!((skipped.value.as_deref(), skipped.label.as_str(), skipped.claim), (Some(""), "", None));
    }
    assert!(answer("email", false, "ada").is_err());
}

#[test]
fn p2_ask_travels_as_the_protocol_says() {
    let demo = playbook(demo());
    assert_eq!(
        serde_json::to_value(&demo.begin().shown[0].ask).unwrap(),
        json!({"kind": "choice", "options": [{"id": "talk", "label": "Talk to someone"}, {"id": "look", "label": "Just looking"}]})
    );
    assert_eq!(
        serde_json::to_value(&demo.offline(&"live".into()).shown[0].ask).unwrap(),
        json!({"kind": "capture", "field": "email", "input": "email", "required": true})
    );
    assert_eq!(serde_json::to_value([Ask::Message, Ask::End]).unwrap(), json!([{"kind": "message"}, {"kind": "end"}]));
    let inputs = [CaptureField::Name, CaptureField::Phone, CaptureField::Organization, CaptureField::Text]
        .map(CaptureField::input);
    assert_eq!(serde_json::to_value(inputs).unwrap(), json!(["text", "tel", "text", "textarea"]));
}

#[test]
fn p2_the_typescript_form_is_the_wire_form() {
    let config = ts_rs::Config::default();
    let item = <ItemFields as TS>::decl(&config);
    assert!(item.contains("value?: Amount,") && item.contains("note?: string,"), "{item}");
    let create = <Create as TS>::decl(&config);
    assert!(
        create.contains("kind: ItemKind,")
            && create.contains("subject?: string,")
            && create.contains("currency?: string"),
        "{create}"
    );
    let ask = <Ask as TS>::decl(&config);
    assert!(ask.contains(r#"{ "kind": "message" }"#) && ask.contains("options: Array<AskOption>"), "{ask}");
    let card = <Card as TS>::decl(&config);
    assert!(card.contains(r#""kind": "live_chat""#) && card.contains("wait_ms: number"), "{card}");
    let playbook = <Playbook as TS>::decl(&config);
    assert!(
        playbook.contains("open_after_ms: number | null") && playbook.contains("cards: Record<string, Card>"),
        "{playbook}"
    );
}

#[test]
fn r1_an_answer_of_the_wrong_kind_to_the_wrong_card_is_refused_not_taken() {
    let demo = playbook(demo());
    let option = |card: &str, id: &str| demo.answer(&card.into(), &Reply::Option(id.into())).unwrap_err();
    let value = |card: &str| demo.answer(&card.into(), &Reply::Value("x@y.zz".into())).unwrap_err();
    assert_eq!((option("hello", "x").stale, option("hello", "x").field), (false, "option"));
    assert_eq!((value("hello").stale, value("hello").field), (false, "option"));
    assert_eq!((option("email", "talk").stale, option("email", "talk").field), (false, "value"));
    for card in ["nowhere", "done", "live"] {
        assert!(value(card).stale && option(card, "talk").stale, "{card}");
    }
}
