//! The store is stopped, and connections to it die inside a commit: nothing is acknowledged that is lost, and nobody has
//! to be restarted.

use std::time::Duration;

use serde_json::json;

use super::load::Load;
use crate::support::{
    Cluster, Rein, playbooks,
    proxy::{Cut, Fault},
    size, wait,
};

const PAIRS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l5_three_hubs_outlive_their_store_and_deaths_inside_a_commit_and_lose_nothing() {
    let (stops, commits) = (size(2, 20), size(10, 200));
    let mut cluster = Cluster::start(3).await;
    let mut load = Load::start(&cluster, PAIRS, 4).await;
    // Those who only read, and ask for what the hub still knows: an admin, to whom all is shown; a visitor and the agent
    // they talked to, who closed the chat; and a colleague with an open one that somebody may take meanwhile.
    let reader = cluster.admin(0, "root").await;
    let chat = load.senders[0].chat.clone();
    reader.open(&chat).await;
    let keeper = cluster.online(0, "keeper").await;
    let visitors = [cluster.visitor(0, playbooks::LIVE).await, cluster.visitor(0, playbooks::LIVE).await];
    let (over, open) = (visitors[0].start().await, visitors[1].start().await);
    visitors[0].say(&over, "k", "Good bye").await;
    keeper.claim(&over).await;
    keeper.finish(&over).await;
    for chat in [&over, &open] {
        keeper.open(chat).await;
    }
    let head = visitors[1].say(&open, "k", "Is anybody there?").await["seq"].clone();
    keeper.event(&open, |event| event["key"] == "k").await;
    let rein = Rein::new();
    let (mut held, mut reads) = (0, 0);
    let troubles = async {
        for n in 0..commits {
            rein.more(20).await;
            let store = &cluster.stores[n % 3];
            // A statement that writes is a transaction of its own: when its reply comes, it is committed.
            store.set(Fault::HoldReply { tag: "SELECT" });
            let caught = wait::try_within(Duration::from_secs(5), async || (store.holding() > 0).then_some(())).await;
            held += usize::from(caught.is_some());
            store.cut_held(Cut::Reset);
            store.heal();
        }
        for _ in 0..stops {
            rein.more(40).await;
            cluster.postgres.stop().await;
            wait::until("a hub that says it has no store", async || {
                let ready = cluster.hubs[0].request("GET", "/readyz").send().await.ok()?;
                (ready.status == 503).then_some(())
            })
            .await;
            // Whoever reads is served from memory; whoever cannot be sure to may be told to ask again; nobody is sent away.
            for (who, chat) in [(&reader, &chat), (&reader, &open), (&keeper, &over)] {
                let page = who.open(chat).await;
                assert!(!page["events"].as_array().expect("events").is_empty(), "{page}");
                reads += 1;
            }
            let mine = json!({"type": "history", "conversation": open, "before": head});
            let older = visitors[1].ok(mine).await;
            reads += usize::from(older["events"].as_array().is_some_and(|events| !events.is_empty()));
            // Another tab of theirs, or the same one reloaded.
            let seq = head.as_u64().expect("a seq");
            let again = visitors[1].resume(&cluster.visitors(0), playbooks::LIVE, &open, seq).await;
            reads += usize::from(again.welcome["recovered"] == true);
            keeper.refused(json!({"type": "open", "conversation": open}), "unavailable").await;
            assert!([&reader, &keeper].iter().all(|who| who.seen().closed.is_none()));
            cluster.postgres.start_again().await;
            cluster.well().await;
        }
        rein.more(40).await;
        rein.stop();
    };
    tokio::join!(troubles, load.run(&rein));
    let stored = load.judge(&cluster.admin(1, "judge").await).await;
    let (refused, cut) = load.setbacks();
    assert!(refused > 0, "no text was refused while the store was gone");
    assert_eq!(reads, 5 * stops, "not everything was read that was in memory");
    assert!(held > commits / 2, "only {held} of {commits} commits were caught");
    println!(
        "figure L5 hubs=3 store_stops={stops} killed_inside_commit={held} acked={} stored={} refused={refused} \
         connections_lost={cut} reads_without_store={reads} lost=0 doubled=0",
        stored.acked, stored.stored
    );
}
