//! W2: a receiver that honours the key acts once for each item, whatever is killed when.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rand::RngExt;

use super::{LEAD, lead, settings, settled};
use crate::support::{Hub, Receiver, receiver::Manner, wait};

/// How often the hub is killed; a run before a release raises it.
const KILLS: usize = 20;
/// Leads made for each of them.
const LEADS: usize = 4;

/// Kills the hub that is there now, at most once.
#[derive(Clone, Default)]
struct Killer(Arc<Mutex<Option<Blow>>>);

type Blow = Box<dyn Fn() + Send>;

impl Killer {
    fn aim(&self, hub: &Hub) {
        *self.0.lock().expect("nobody panicked") = Some(Box::new(hub.killer()));
    }

    fn strike(&self) -> bool {
        let kill = self.0.lock().expect("nobody panicked").take();
        kill.map(|kill| kill()).is_some()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w2_a_receiver_that_honours_the_key_acts_once_though_the_hub_is_killed_between_its_act_and_the_mark() {
    let mut hub = settings().start().await;
    let killer = Killer::default();
    let (strike, nth) = (killer.clone(), AtomicUsize::new(0));
    // It has acted by the time it decides. Then the hub dies: before the answer, right behind it, or a moment later,
    // when it may just be writing down that it is done.
    let receiver = Receiver::with(move |_| {
        match nth.fetch_add(1, Ordering::SeqCst) % 3 {
            0 => {
                strike.strike();
                return Manner::Cut;
            }
            1 => drop(strike.strike()),
            _ => {
                let (strike, wait) = (strike.clone(), rand::rng().random_range(0..4_000));
                std::thread::spawn(move || {
                    std::thread::park_timeout(Duration::from_micros(wait));
                    strike.strike();
                });
            }
        }
        Manner::fine()
    })
    .await;
    let webhook = receiver.hooked(&hub, Some(&["item.created"])).await;
    let mut expected = BTreeSet::new();
    let mut kills = 0;
    while kills < KILLS {
        let visitor = hub.visitor(LEAD).await;
        for _ in 0..LEADS {
            let (_, item) = lead(&visitor).await;
            expected.insert(format!("item.created {item}"));
        }
        // What was left from the last kill may be delivered before this one is aimed: one more makes sure.
        let more = hub.visitor(LEAD).await;
        killer.aim(&hub);
        let begun = more.post(serde_json::json!({"type": "start"})).await;
        let reply = more.try_reply(begun).await;
        if let Some(chat) = reply.as_ref().and_then(|reply| reply["conversation"]["id"].as_str()) {
            expected.insert(format!("item.created i_{}_done-0", chat.strip_prefix("c_").expect("a conversation")));
        }
        let status = hub.exit(Duration::from_secs(20)).await;
        assert!(!status.success(), "it ended by itself");
        kills += 1;
        hub.restart().await;
    }
    wait::within(Duration::from_secs(60), "the rest", async || {
        super::deliveries(&hub, &webhook, "&state=waiting").await.is_empty().then_some(())
    })
    .await;
    assert!(super::deliveries(&hub, &webhook, "&state=dead").await.is_empty());
    let acts = receiver.acts();
    let once: BTreeSet<String> = acts.iter().cloned().collect();
    // A start whose answer was swallowed by the kill may have been committed all the same.
    assert!(once.is_superset(&expected), "never acted on: {:?}", expected.difference(&once).collect::<Vec<_>>());
    assert!(once.len() <= expected.len() + KILLS);
    assert_eq!(acts.len(), once.len(), "acted on twice");
    let messages = receiver.messages().len();
    assert!(messages > acts.len(), "no kill fell between an act and its mark: this tested nothing");
    println!(
        "figure W2 kills={kills} items={} messages={messages} repeated={} acted_twice=0 bound_95={:.3}",
        acts.len(),
        messages - acts.len(),
        3.0 / kills as f64
    );
}

#[tokio::test]
async fn w2_a_receiver_that_times_out_after_acting_acts_once() {
    let hub = settings().start().await;
    let receiver = Receiver::with(|message| if message.before == 0 { Manner::Hang } else { Manner::fine() }).await;
    let webhook = receiver.hooked(&hub, Some(&["item.created"])).await;
    let visitor = hub.visitor(LEAD).await;
    let mut expected = Vec::new();
    for _ in 0..4 {
        expected.push(format!("item.created {}", lead(&visitor).await.1));
    }
    expected.sort();
    receiver.got(4, "the first tries", |_| true).await;
    let began = std::time::Instant::now();
    receiver.got(4, "the second tries", |message| message.before == 1).await;
    println!("the first tries were given up after {:?}", began.elapsed());
    settled(&hub, &webhook, "delivered", 4).await;
    assert_eq!(receiver.acts(), expected);
    assert_eq!(receiver.messages().len(), 8);
}
