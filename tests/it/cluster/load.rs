//! Pairs of a visitor and an agent who write to each other without waiting, each at a hub of their own.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Agent, Cluster, Rein, Roamer, Sender, judge::judge, playbooks};

/// All of them: the visitor and the agent of a conversation stand side by side.
pub struct Load {
    /// Visitors at even places, their agents behind them.
    pub senders: Vec<Sender>,
}

/// What the store holds in the end.
#[derive(Debug, Default)]
pub struct Stored {
    /// Texts that were answered.
    pub acked: usize,
    /// Texts in the logs.
    pub stored: usize,
    /// Events in the logs.
    pub events: usize,
}

// === impl Load ===

impl Load {
    /// So many pairs, each of whom has so many texts under way.
    pub async fn start(cluster: &Cluster, pairs: usize, pipeline: usize) -> Self {
        let begin = |n: usize| async move {
            let mut visitor = Roamer::visitor(cluster.all_visitors(), n, playbooks::LIVE).await;
            let mut agent = Roamer::agent(cluster.all_agents(), n + 1, &format!("agent{n}")).await;
            agent.ok(json!({"type": "availability", "online": true})).await;
            let started = visitor.ok(json!({"type": "start"})).await;
            let chat = started["conversation"]["id"].as_str().expect("an id").to_owned();
            agent.ok(json!({"type": "claim", "conversation": chat})).await;
            [Sender::new(visitor, &chat, "v", pipeline), Sender::new(agent, &chat, "a", pipeline)]
        };
        let senders = join_all((0..pairs).map(begin)).await.into_iter().flatten().collect();
        Self { senders }
    }

    /// All write as long as the rein is given, and then until everything is answered.
    pub async fn run(&mut self, rein: &Rein) {
        join_all(self.senders.iter_mut().map(|sender| sender.run(rein))).await;
    }

    /// Reads every log back through one hub and judges it.
    pub async fn judge(&self, root: &Agent) -> Stored {
        let mut stored = Stored::default();
        for pair in self.senders.chunks(2) {
            let log = root.transcript(&pair[0].chat).await;
            judge(&log);
            stored.events += log.len();
            for sender in pair {
                stored.stored += sender.judge(&log);
                stored.acked += sender.acked.len();
                shown(sender, &log).await;
            }
        }
        stored
    }

    /// How many texts were refused for a moment, and how many connections ended on an unanswered one.
    pub fn setbacks(&self) -> (usize, usize) {
        self.senders.iter().fold((0, 0), |(refused, cut), sender| (refused + sender.refused, cut + sender.cut))
    }
}

/// Whoever is connected is shown the end of the log, and what their connection was shown is a part of it.
async fn shown(sender: &Sender, log: &[Value]) {
    let Some(client) = sender.who.current().filter(|client| client.seen().closed.is_none()) else { return };
    let head = log.last().and_then(|event| event["seq"].as_u64()).expect("a log");
    client.until("the end of the log", |seen| (seen.logs.head(&sender.chat) >= head).then_some(())).await;
    for event in client.events(&sender.chat) {
        let at = event["seq"].as_u64().expect("a seq") as usize;
        assert_eq!(event, log[at - 1], "one connection was shown something else than the log holds");
    }
}
