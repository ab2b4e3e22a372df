//! Items as a table.

use serde_json::json;

use super::table::cells;
use crate::support::{Hub, http::Answer, playbooks, token};

async fn table(hub: &Hub, sub: &str, query: &str) -> Answer {
    let request = hub.request("GET", &format!("/v1/items{query}")).bearer(&token::agent(sub, "agent"));
    request.header("accept", "text/csv").send().await.expect("an answer")
}

#[tokio::test]
async fn b_items_come_as_a_table_in_pages_and_no_cell_is_a_formula() {
    let hub = Hub::start().await;
    let (jane, _max) = (hub.online("jane").await, hub.online("max").await);
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    let person =
        json!({"person": {"name": "=cmd|' /C calc'!A0", "email": "anna@example.com"}, "deal": {"value": 1200.5}});
    jane.ok(json!({"type": "details", "conversation": chat, "details": person})).await;
    for n in 0..3 {
        let title = format!("+{n}, \"quoted\"\nand long");
        jane.ok(json!({"type": "item", "conversation": chat, "kind": "deal", "title": title, "key": n.to_string()}))
            .await;
    }
    let (mut rows, mut before, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = table(&hub, "jane", &format!("?kind=deal&limit=2{before}")).await;
        assert_eq!(page.status, 200, "{page:?}");
        assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/csv")), "{page:?}");
        let mut found = cells(&page.body);
        assert_eq!(found.remove(0)[..4], ["id", "kind", "title", "at"]);
        rows.extend(found);
        pages += 1;
        let Some(next) = page.header("usher-next") else { break };
        before = format!("&before={next}");
    }
    assert_eq!((rows.len(), pages), (3, 2));
    for (row, n) in rows.iter().zip([2, 1, 0]) {
        assert_eq!((&*row[1], &*row[2]), ("deal", &*format!("'+{n}, \"quoted\"\nand long")));
        assert_eq!(
            (&*row[4], &*row[6], &*row[7], &*row[11]),
            (&*chat, "'=cmd|' /C calc'!A0", "anna@example.com", "1200.5")
        );
        assert_eq!(row.len(), 19);
    }
    // The same visibility, and JSON for whoever says nothing.
    assert_eq!(cells(&table(&hub, "max", "").await.body).len(), 1);
    table(&hub, "max", &format!("?conversation={chat}")).await.problem(404, "not_found");
    assert_eq!(hub.get("/v1/items", "jane").await.ok()["items"].as_array().map(Vec::len), Some(3));
    let odd = hub.request("GET", "/v1/items").bearer(&token::agent("jane", "agent")).header("accept", "image/png");
    odd.send().await.expect("an answer").problem(406, "unsupported");
}
