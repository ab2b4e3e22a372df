//! A visitor who was erased at one hub is forgotten at the others, also at one that heard nothing of it.

use serde_json::{Value, json};

use crate::support::{Agent, Cluster, Visitor, playbooks, proxy::Fault, token, wait};

/// A closed conversation with canaries, opened at hub 1, whose tail is then in memory there.
async fn talk(cluster: &Cluster, jane: &Agent) -> (Visitor, String) {
    let visitor = cluster.visitor(1, playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    for n in 0..5 {
        visitor.say(&chat, &format!("k{n}"), &format!("canary {n}")).await;
    }
    let details = json!({"person": {"name": "canary"}});
    jane.ok(json!({"type": "details", "conversation": chat, "details": details})).await;
    jane.finish(&chat).await;
    jane.open(&chat).await;
    (visitor, chat)
}

async fn erase(cluster: &Cluster, visitor: &Visitor) {
    let path = format!("/v1/visitors/{}", visitor.id());
    assert_eq!(cluster.hubs[0].rest("DELETE", &path, None).await.status, 204);
}

/// All that hub 1 tells of a conversation.
async fn told(cluster: &Cluster, jane: &Agent, chat: &str) -> String {
    let log = jane.transcript(chat).await;
    let opened = jane.open(chat).await;
    let again = jane
        .ok(json!({"type": "open", "conversation": chat, "after": {"epoch": jane.welcome["epoch"], "seq": 1}}))
        .await;
    let request = cluster.hubs[1].request("GET", &format!("/v1/conversations/{chat}"));
    let read = request.bearer(&token::agent("jane", "agent")).send().await.expect("an answer").ok();
    json!([log, opened, again, read, jane.folder("closed").await]).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b2_a_visitor_erased_at_one_hub_is_forgotten_at_the_others() {
    let cluster = Cluster::start(2).await;
    let jane = cluster.online(1, "jane").await;
    let (visitor, chat) = talk(&cluster, &jane).await;
    assert!(told(&cluster, &jane, &chat).await.contains("canary"));
    erase(&cluster, &visitor).await;
    let code = wait::until("the tab's end", async || visitor.seen().closed).await;
    assert_eq!(code, Some(4502));
    wait::until("the others to forget", async || {
        (!told(&cluster, &jane, &chat).await.contains("canary")).then_some(())
    })
    .await;

    // One that heard nothing finds it by itself.
    let (visitor, chat) = talk(&cluster, &jane).await;
    cluster.meshes[1].set(Fault::SwallowPushes { percent: 100 });
    erase(&cluster, &visitor).await;
    wait::until("who heard nothing to forget", async || {
        (!told(&cluster, &jane, &chat).await.contains("canary")).then_some(())
    })
    .await;
    // What an agent adds to what is left brings nothing back.
    jane.ok(json!({"type": "note", "conversation": chat, "key": "after", "text": "it was erased"})).await;
    jane.ok(json!({"type": "details", "conversation": chat, "details": {"note": "nothing"}})).await;
    let left: Value = cluster.hubs[0].rest("GET", &format!("/v1/conversations/{chat}"), None).await.ok();
    assert!(!left.to_string().contains("canary"), "{left}");
}
