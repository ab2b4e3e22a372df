//! Pings, and what becomes of those who do not answer.

use std::time::Instant;

use serde_json::json;

use crate::support::{
    Settings, Visitor, playbooks,
    raw::{Frame, Raw},
    token,
};

#[tokio::test]
async fn p1_a_quiet_connection_is_pinged_both_ways_and_any_answer_keeps_it() {
    let hub = Settings::new().limit("AGENT_HEARTBEAT_MS", 200).limit("VISITOR_HEARTBEAT_MS", 200).start().await;
    let jane = hub.agent("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    assert_eq!((&jane.welcome["heartbeat_ms"], &visitor.welcome["heartbeat_ms"]), (&json!(200), &json!(200)));
    // The library answers the WebSocket pings; nobody answers the JSON ones.
    for client in [&jane.client, &visitor.client] {
        client.until("ten pings", |seen| (seen.pings >= 10).then_some(())).await;
        let told = client.seen().raw.iter().filter(|frame| *frame == r#"{"type":"ping"}"#).count();
        assert!(told >= 9, "{told}");
        assert!(client.seen().closed.is_none());
    }
}

#[tokio::test]
async fn p1_a_json_pong_is_a_sign_of_life_too() {
    let hub = Settings::new().limit("AGENT_HEARTBEAT_MS", 300).start().await;
    let mut raw = Raw::open(&hub.agents()).await;
    raw.text(&json!({"type": "hello", "id": 1, "token": token::agent("jane", "agent")}).to_string()).await;
    let mut pings = 0;
    while pings < 8 {
        match raw.next().await {
            Some(Frame::Text(value)) if value["type"] == "ping" => {
                pings += 1;
                raw.text(r#"{"type":"pong"}"#).await;
            }
            Some(Frame::Close(code)) => panic!("closed with {code:?} after {pings} pings"),
            None => panic!("cut after {pings} pings"),
            Some(_) => {}
        }
    }
}

#[tokio::test]
async fn p1_a_peer_silent_for_two_heartbeats_is_closed_with_4003() {
    let hub = Settings::new().limit("AGENT_HEARTBEAT_MS", 500).limit("VISITOR_HEARTBEAT_MS", 500).start().await;
    let agent = json!({"type": "hello", "id": 1, "token": token::agent("jane", "agent")});
    let mut visitor = Visitor::greeting(playbooks::LIVE);
    visitor["id"] = json!(1);
    for (dial, hello) in [(hub.agents(), agent), (hub.visitors(), visitor)] {
        let mut raw = Raw::open(&dial).await;
        let heard = Instant::now();
        raw.text(&hello.to_string()).await;
        raw.until(|frame| frame["ok"] == true).await;
        let goodbye = raw.until(|frame| frame["type"] == "goodbye").await;
        assert_eq!((&goodbye["code"], &goodbye["reconnect"]), (&json!(4003), &json!(true)));
        assert_eq!(raw.closing().await, Some(4003));
        let after = heard.elapsed().as_millis();
        assert!((900..5_000).contains(&after), "closed {after} ms after the last sign of life");
    }
}
