//! A node as far as the mesh goes: it says and hears, and what it has heard is judged.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio_util::sync::{CancellationToken, DropGuard};
use usher::{
    ids::WorkspaceId,
    mesh::{
        Health, Heard, Mesh,
        redis::{Address, Redis, Settings, Times},
    },
};

use crate::support::wait;

/// Everything a little quicker than in life.
pub const TIMES: Times = Times {
    every: Duration::from_millis(200),
    patience: Duration::from_millis(700),
    command: Duration::from_millis(1_000),
    backoff: Duration::from_millis(300),
    check: Duration::from_millis(500),
    lease: Duration::from_millis(1_500),
};

/// A node that listens all the time.
pub struct Node {
    pub mesh: Arc<Redis>,
    log: Arc<Mutex<Vec<(Instant, Heard)>>>,
    /// When everything heard before was forgotten.
    forgot: Mutex<Instant>,
    _stop: DropGuard,
}

/// Somebody who said numbers, 0, 1, 2 …, and when.
#[derive(Default)]
pub struct Teller {
    said: Vec<Instant>,
}

// === impl Node ===

impl Node {
    /// A node with everything quick.
    pub fn start(url: &str) -> Self {
        Self::with(settings(url))
    }

    /// A node with these settings.
    pub fn with(settings: Settings) -> Self {
        let mesh = Redis::new(settings);
        let log = Arc::new(Mutex::new(Vec::new()));
        let stop = CancellationToken::new();
        let (running, token) = (mesh.clone(), stop.clone());
        tokio::spawn(async move { running.run(token).await.expect("no panic in the mesh") });
        let (listening, heard, token) = (mesh.clone(), log.clone(), stop.clone());
        tokio::spawn(token.run_until_cancelled_owned(async move {
            loop {
                let next = listening.heard().await;
                heard.lock().expect("the log").push((Instant::now(), next));
            }
        }));
        Self { mesh, log, forgot: Mutex::new(Instant::now()), _stop: stop.drop_guard() }
    }

    /// One that is well, and has joined these.
    pub async fn well(url: &str, workspaces: &[&str]) -> Self {
        let node = Self::start(url);
        node.is(Health::Well).await;
        for workspace in workspaces {
            assert!(node.join(workspace).await, "{workspace} could not be joined");
        }
        node
    }

    pub async fn join(&self, workspace: &str) -> bool {
        self.mesh.join(&workspace.into()).await
    }

    pub fn say(&self, workspace: &str, body: &str) {
        self.mesh.say(&workspace.into(), Bytes::copy_from_slice(body.as_bytes()));
    }

    /// All that was heard so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.log.lock().expect("the log").iter().map(|(_, heard)| heard.clone()).collect()
    }

    /// The texts heard in a workspace.
    pub fn texts(&self, in_workspace: &str) -> Vec<String> {
        let in_workspace = WorkspaceId::from(in_workspace);
        let text = |heard: Heard| match heard {
            Heard::Said { workspace, body, .. } if workspace == in_workspace => {
                Some(String::from_utf8_lossy(&body).into_owned())
            }
            _ => None,
        };
        self.heard().into_iter().filter_map(text).collect()
    }

    /// Everything heard so far is forgotten.
    pub fn forget(&self) {
        *self.forgot.lock().expect("a time") = Instant::now();
        self.log.lock().expect("the log").clear();
    }

    /// Waits until this has been heard.
    pub async fn hears(&self, wanted: &Heard) {
        wait::until(&format!("{wanted:?}"), async || self.heard().contains(wanted).then_some(())).await;
    }

    /// Waits until this text has been heard.
    pub async fn hears_text(&self, workspace: &str, text: &str) {
        wait::until(text, async || self.texts(workspace).iter().any(|heard| heard == text).then_some(())).await;
    }

    /// Waits until it is so well.
    pub async fn is(&self, health: Health) {
        wait::until(&format!("{health:?}"), async || (self.mesh.health() == health).then_some(())).await;
    }

    /// How many gaps it has heard of.
    pub fn gaps(&self) -> usize {
        self.heard().iter().filter(|heard| **heard == Heard::Gap).count()
    }

    /// Waits until what `teller` says now is heard, so that nothing is under way. Then: what it said was heard in order
    /// and once, and for whatever was not heard there was a gap afterwards. What was said before the last forgetting
    /// does not count.
    /// How many were not heard.
    pub async fn judges(&self, workspace: &str, teller: &mut Teller, speaker: &Node) -> usize {
        teller.talks(speaker, self, workspace).await;
        let last = (teller.count() - 1).to_string();
        self.hears_text(workspace, &last).await;
        let log = self.log.lock().expect("the log").clone();
        let forgot = *self.forgot.lock().expect("a time");
        let mut heard = vec![false; teller.said.len()];
        let mut last = None;
        for (_, event) in &log {
            let Heard::Said { workspace: said_to, body, .. } = event else { continue };
            if said_to.as_str() == workspace {
                let number: usize = String::from_utf8_lossy(body).parse().expect("a number");
                assert!(last < Some(number), "{number} after {last:?}");
                last = Some(number);
                heard[number] = true;
            }
        }
        let last_gap = log.iter().rev().find(|(_, heard)| *heard == Heard::Gap).map(|(at, _)| *at);
        let missing: Vec<usize> =
            (0..heard.len()).filter(|number| !heard[*number] && teller.said[*number] > forgot).collect();
        for number in &missing {
            assert!(last_gap > Some(teller.said[*number]), "{number} was missed and nobody was told");
        }
        missing.len()
    }
}

// === impl Teller ===

impl Teller {
    /// The next number.
    pub fn tells(&mut self, node: &Node, workspace: &str) {
        let number = self.said.len();
        self.said.push(Instant::now());
        node.say(workspace, &number.to_string());
    }

    /// Goes on telling until something told after now is heard: a word may still be lost where another was just made.
    pub async fn talks(&mut self, speaker: &Node, listener: &Node, workspace: &str) {
        let from = self.count();
        let heard = |text: &String| text.parse::<usize>().expect("a number") >= from;
        self.tells_until(speaker, workspace, async || listener.texts(workspace).last().is_some_and(heard)).await;
    }

    /// How many numbers were said.
    pub fn count(&self) -> usize {
        self.said.len()
    }

    /// Goes on telling, a number a moment, until `enough`.
    pub async fn tells_until(&mut self, node: &Node, workspace: &str, mut enough: impl AsyncFnMut() -> bool) {
        wait::until("an end of the telling", async || {
            self.tells(node, workspace);
            enough().await.then_some(())
        })
        .await;
    }
}

/// Quick settings.
pub fn settings(url: &str) -> Settings {
    let address = Address::parse(url).unwrap_or_else(|faults| panic!("{faults:?}"));
    let mut settings = Settings::new(address, "test");
    settings.times = TIMES;
    settings
}
