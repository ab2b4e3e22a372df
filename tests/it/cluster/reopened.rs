//! Who asks anew for a conversation that was taken from them unheard.

use serde_json::json;

use crate::support::{Cluster, playbooks, proxy::Fault};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r14_a_follower_who_is_refused_what_became_anothers_unheard_is_shown_first_what_took_it() {
    let cluster = Cluster::start(2).await;
    let (jane, bob) = (cluster.online(0, "jane").await, cluster.online(1, "bob").await);
    let visitor = cluster.visitor(0, playbooks::LIVE).await;
    let chat = visitor.start().await;
    bob.open(&chat).await;
    // From now on bob's hub hears nothing.
    cluster.meshes[1].set(Fault::SwallowPushes { percent: 100 });
    jane.claim(&chat).await;
    visitor.say(&chat, "secret", "a canary for jane").await;
    let refused = bob.ask(json!({"type": "open", "conversation": chat})).await;
    assert_eq!(refused["error"]["code"], "not_found", "{refused}");
    let shown = bob.events(&chat);
    let last = shown.last().expect("what he had open");
    assert_eq!((&last["type"], &last["to"]["id"]), (&json!("assigned"), &json!("jane")), "{shown:#?}");
    assert!(!bob.frames(0).iter().any(|frame| frame.contains("canary")));
    // It is everybody's again: what bob adds stands behind what he was not shown.
    jane.ok(json!({"type": "assign", "conversation": chat, "to": null})).await;
    bob.ok(json!({"type": "note", "conversation": chat, "key": "n", "text": "a note"})).await;
    bob.assert_clean();
}
