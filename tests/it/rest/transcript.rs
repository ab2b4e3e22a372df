//! A whole conversation to keep: for whom, in which forms, and safe to open.

use serde_json::{Value, json};

use super::table::cells;
use crate::support::{Agent, Hub, Settings, Visitor, http::Answer, playbooks, token};

/// A conversation of Jane's, of more than one page, with everything in it that can happen.
async fn janes(hub: &Hub) -> (Agent, Visitor, String) {
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    visitor.say(&chat, "k", "=HYPERLINK(\"https://evil.example\")").await;
    visitor.say(&chat, "f", "canary-text\n[2025-11-22 08:26:41] jane: send me the money\u{1b}[2J").await;
    let details = json!({"person": {"name": "Anna", "email": "anna@example.com"}, "note": "canary-panel"});
    jane.ok(json!({"type": "details", "conversation": chat, "details": details})).await;
    jane.ok(json!({"type": "note", "conversation": chat, "key": "n", "text": "canary-note"})).await;
    jane.ok(json!({"type": "item", "conversation": chat, "kind": "deal", "title": "canary-deal", "key": "i"})).await;
    let texts = (0..250).map(|n| json!({"type": "send", "conversation": chat, "key": format!("m{n}"), "text": "x"}));
    let sent = jane.post_all(texts).await;
    jane.reply(*sent.last().expect("one")).await;
    (jane, visitor, chat)
}

async fn transcript(hub: &Hub, chat: &str, token: &str, accept: &str) -> Answer {
    let request = hub.request("GET", &format!("/v1/conversations/{chat}/transcript")).bearer(token);
    request.header("accept", accept).send().await.expect("an answer")
}

#[tokio::test]
async fn b_a_transcript_holds_all_events_as_json_text_and_table() {
    let hub = Hub::start().await;
    let (jane, _visitor, chat) = janes(&hub).await;
    jane.finish(&chat).await;
    let token = token::agent("jane", "agent");
    let log = jane.transcript(&chat).await;
    assert!(log.len() > 250);
    let answer = transcript(&hub, &chat, &token, "application/json").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let told = answer.ok();
    assert_eq!(told["events"].as_array().expect("events"), &log);
    let view = &told["conversation"];
    assert_eq!((&view["id"], &view["state"], &view["seq"]), (&json!(chat), &json!("closed"), &json!(log.len())));
    assert_eq!(view["details"]["person"]["email"], "anna@example.com");

    let answer = transcript(&hub, &chat, &token, "text/csv").await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/csv")), "{answer:?}");
    let rows = cells(&answer.body);
    assert_eq!(rows[0], ["seq", "at", "by", "id", "name", "type", "text"]);
    assert_eq!(rows.len(), log.len() + 1);
    for (row, event) in rows[1..].iter().zip(&log) {
        let of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        assert_eq!(
            (&row[0], &row[2], &row[5]),
            (&event["seq"].to_string(), &of(&event["by"]["kind"]), &of(&event["type"]))
        );
        if let (true, Some(text)) = (matches!(event["type"].as_str(), Some("message" | "note")), event["text"].as_str())
        {
            assert_eq!(row[6].trim_start_matches('\''), text);
        }
    }

    // Without a word about it, a text.
    for accept in ["*/*", "text/plain", "text/*;q=0.5, application/json;q=0.1"] {
        let answer = transcript(&hub, &chat, &token, accept).await;
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"), "{accept}");
        assert_eq!(answer.header("vary"), Some("Accept"));
        assert_eq!(answer.body.lines().filter(|line| line.starts_with('[')).count(), log.len());
        for words in [
            "(note): canary-note",
            "Deal \u{201c}canary-deal\u{201d} was made",
            "email = anna@example.com",
            "Closed: by an agent",
        ] {
            assert!(answer.body.contains(words), "{words} in {}", answer.body);
        }
    }
    transcript(&hub, &chat, &token, "image/png").await.problem(406, "unsupported");
}

#[tokio::test]
async fn s6_in_a_transcript_no_cell_is_a_formula_and_no_line_somebody_elses() {
    let hub = Hub::start().await;
    let (_jane, _visitor, chat) = janes(&hub).await;
    let token = token::agent("jane", "agent");
    let table = transcript(&hub, &chat, &token, "text/csv").await;
    let rows = cells(&table.body);
    assert!(rows.iter().any(|row| row[6] == "'=HYPERLINK(\"https://evil.example\")"));
    for cell in rows.iter().flatten() {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
    }
    let text = transcript(&hub, &chat, &token, "text/plain").await;
    let forged: Vec<&str> = text.body.lines().filter(|line| line.contains("send me the money")).collect();
    assert_eq!(forged.len(), 1);
    assert!(forged[0].starts_with("    ["), "{forged:?}");
    assert!(!text.body.contains('\u{1b}'));
}

#[tokio::test]
async fn r13_a_transcript_is_for_those_who_see_the_conversation() {
    let hub = Hub::start().await;
    let (jane, visitor, chat) = janes(&hub).await;
    let _max = hub.online("max").await;
    let (max, root) = (token::agent("max", "agent"), token::agent("root", "admin"));
    let elsewhere = {
        let mut claims = token::claims("spy", "admin");
        claims["workspace"] = json!("elsewhere");
        token::signed(token::SECRET, &claims)
    };
    let never = transcript(&hub, "c_000000000000000000000000", &max, "*/*").await.problem(404, "not_found");
    for token in [&max, &elsewhere] {
        let refused = transcript(&hub, &chat, token, "application/json").await;
        assert!(!refused.body.contains("canary") && !refused.body.contains(&chat), "{refused:?}");
        assert_eq!(refused.problem(404, "not_found"), never);
    }
    for forged in ["c_x", "%00", "c_%27%20OR%201=1--", "c_..%2f..", &chat[..chat.len() - 1]] {
        transcript(&hub, forged, &root, "*/*").await.problem(404, "not_found");
    }
    assert!(transcript(&hub, &chat, &root, "*/*").await.body.contains("canary-text"));
    for bad in ["", visitor.token().as_str().expect("a token"), &format!("{root}x")] {
        transcript(&hub, &chat, bad, "*/*").await.problem(401, "unauthorized");
    }
    // What has not reached an agent is the admins'.
    let bot = hub.visitor(playbooks::TALK).await.start().await;
    transcript(&hub, &bot, &max, "*/*").await.problem(404, "not_found");
    assert_eq!(transcript(&hub, &bot, &root, "*/*").await.status, 200);
    // Closed ones are everybody's of the workspace.
    jane.finish(&chat).await;
    assert!(transcript(&hub, &chat, &max, "*/*").await.body.contains("canary-text"));
    transcript(&hub, &chat, &elsewhere, "*/*").await.problem(404, "not_found");
}

#[tokio::test]
async fn r13_with_the_switch_off_not_even_admins_get_the_transcript_of_what_is_assigned() {
    let hub = Settings::new().set("USHER_INBOX__ADMINS_SEE_ASSIGNED", "false").start().await;
    let (_jane, _visitor, chat) = janes(&hub).await;
    transcript(&hub, &chat, &token::agent("root", "admin"), "*/*").await.problem(404, "not_found");
}
