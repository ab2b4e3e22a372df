//! How long people waited, how late waits ended, and when they were answered.

use serde_json::{Value, json};

use crate::support::{Hub, Settings, playbooks, token};

/// All days of a range together, or of today.
async fn stats(hub: &Hub, sub: &str, role: &str, query: &str) -> Value {
    let request = hub.request("GET", &format!("/v1/stats{query}")).bearer(&token::agent(sub, role));
    request.send().await.expect("an answer").ok()
}

/// Adds one member up over all days: the test may see midnight.
fn sum(stats: &Value, pointer: &str) -> i64 {
    let days = stats["stats"].as_array().expect("days");
    days.iter()
        .map(|day| day.pointer(pointer).and_then(Value::as_i64).unwrap_or_else(|| panic!("{pointer}: {day}")))
        .sum()
}

fn most(stats: &Value, pointer: &str) -> Option<i64> {
    let days = stats["stats"].as_array().expect("days");
    days.iter().filter_map(|day| day.pointer(pointer).and_then(Value::as_i64)).max()
}

#[tokio::test]
async fn b_stats_tell_waits_lateness_missed_and_responses_by_day() {
    let hub = Hub::start().await;
    let empty = stats(&hub, "jane", "agent", "").await;
    assert_eq!((empty["stats"].as_array().map(Vec::len), &empty["complete"]), (Some(7), &json!(true)));
    assert_eq!((sum(&empty, "/conversations"), &empty["stats"][6]["wait_ms"]["p50"]), (0, &Value::Null));
    // Nobody is online.
    hub.visitor(playbooks::LIVE).await.start().await;
    let jane = hub.online("jane").await;
    // One waits in vain.
    let patient = hub.visitor(playbooks::QUICK).await;
    let waited = patient.start().await;
    // One is taken and answered.
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    jane.say(&chat, "k", "Hello").await;
    jane.finish(&chat).await;
    // One talks with the bot.
    hub.visitor(playbooks::TALK).await.start().await;
    patient.event_of(&waited, "missed").await;
    let told = stats(&hub, "root", "admin", "").await;
    assert_eq!((sum(&told, "/conversations"), sum(&told, "/waits"), sum(&told, "/assigned")), (4, 2, 1));
    let missed = |reason: &str| sum(&told, &format!("/missed/{reason}"));
    assert_eq!((missed("nobody_online"), missed("wait_expired"), missed("everyone_left")), (1, 1, 0));
    for (measure, most_ms) in [("wait_ms", 60_000), ("late_ms", 10_000), ("response_ms", 60_000)] {
        assert_eq!(sum(&told, &format!("/{measure}/count")), 1, "{measure}: {told}");
        let max = most(&told, &format!("/{measure}/max"));
        assert!(max.is_some_and(|max| (0..most_ms).contains(&max)), "{measure}: {told}");
        assert_eq!(most(&told, &format!("/{measure}/p50")), max);
    }
    // The days that were asked for, in order.
    let days = stats(&hub, "root", "admin", "?from=2025-02-27&to=2025-03-01").await;
    let days: Vec<&Value> = days["stats"].as_array().expect("days").iter().map(|day| &day["day"]).collect();
    assert_eq!(days, ["2025-02-27", "2025-02-28", "2025-03-01"]);
    for (query, field) in [
        ("?from=2025-01-01&to=2025-02-01", "from"),
        ("?from=2025-01-02&to=2025-01-01", "to"),
        ("?from=today", "from"),
        ("?to=2025-13-01", "to"),
        ("?to=9999-12-31T", "to"),
    ] {
        let problem = hub.get(&format!("/v1/stats{query}"), "jane").await.problem(400, "invalid");
        assert_eq!(problem["field"], field, "{query}");
    }
    hub.request("GET", "/v1/stats").send().await.expect("an answer").problem(401, "unauthorized");
}

#[tokio::test]
async fn r13_stats_count_only_what_the_agent_may_see() {
    for see in [true, false] {
        let hub = Settings::new().set("USHER_INBOX__ADMINS_SEE_ASSIGNED", &see.to_string()).start().await;
        let (jane, _max) = (hub.online("jane").await, hub.online("max").await);
        let visitor = hub.visitor(playbooks::LIVE).await;
        let chat = visitor.start().await;
        let bot = hub.visitor(playbooks::TALK).await;
        bot.start().await;
        let count = async |sub: &str, role: &str| sum(&stats(&hub, sub, role, "").await, "/conversations");
        assert_eq!(
            (count("jane", "agent").await, count("max", "agent").await, count("root", "admin").await),
            (1, 1, 2)
        );
        jane.claim(&chat).await;
        let root = if see { 2 } else { 1 };
        assert_eq!(
            (count("jane", "agent").await, count("max", "agent").await, count("root", "admin").await),
            (1, 0, root)
        );
        jane.say(&chat, "k", "Hello").await;
        jane.finish(&chat).await;
        assert_eq!((count("max", "agent").await, count("root", "admin").await), (1, 2));
        let mut claims = token::claims("spy", "admin");
        claims["workspace"] = json!("elsewhere");
        let spy = hub.request("GET", "/v1/stats").bearer(&token::signed(token::SECRET, &claims));
        assert_eq!(sum(&spy.send().await.expect("an answer").ok(), "/conversations"), 0);
    }
}
