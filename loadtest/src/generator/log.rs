//! Logs of conversations, read back when all is over.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::scene::Scene;
use super::writer::Writer;
use crate::client::{Client, Refused};
use crate::dialect::Origin;
use crate::judge::{Entry, Log, Said};
use crate::tag::Tag;

/// Events asked for at once.
const PAGE: u64 = 100;
/// Anything beyond the head means "from the head".
const HEAD: u64 = 1 << 52;
/// How often a page is asked for where that is refused as too often, and how long is waited before each.
const TRIES: usize = 40;
const BREATH: Duration = Duration::from_millis(250);
/// What a visitor's own log never holds.
const FOR_AGENTS: [&str; 6] = ["qualified", "disqualified", "details", "item", "item_failed", "note"];

/// A conversation whose log is read.
pub(super) struct Pages<'a> {
    pub(super) conversation: &'a str,
    /// Those who write in it.
    pub(super) writers: [&'a Rc<Writer>; 2],
}

/// Asks, and again where that is too often for a hub.
async fn patiently(client: &Rc<Client>, ask: &Value) -> Result<Value> {
    for _ in 0..TRIES {
        let answer = client.request(ask.clone()).await;
        let refused = answer.as_ref().err().and_then(|error| error.downcast_ref::<Refused>());
        if refused.is_none_or(|refused| refused.code != "rate_limited") {
            return answer;
        }
        sleep(BREATH).await;
    }
    client.request(ask.clone()).await
}

// === impl Pages ===

impl Pages<'_> {
    /// An agent reads it to its beginning, and every text in it is counted.
    pub(super) async fn count(&self, scene: &Scene, client: &Rc<Client>) -> Result<()> {
        let mut log = self.log();
        let mut before = HEAD;
        loop {
            let entries = self.page(scene, client, before, false).await?;
            scene.judge.borrow_mut().log_page(&mut log, &entries);
            match entries.first() {
                Some(first) if first.seq > 1 => {
                    ensure!(first.seq < before, "history does not go back");
                    before = first.seq;
                }
                _ => break,
            }
        }
        scene.judge.borrow_mut().log_read(&log);
        Ok(())
    }

    /// Its visitor looks at its newest page: they may ask for few of them, and what they must not see would be anywhere.
    pub(super) async fn look(&self, scene: &Scene, client: &Rc<Client>) -> Result<()> {
        let entries = self.page(scene, client, HEAD, true).await?;
        scene.judge.borrow_mut().log_page(&mut self.log(), &entries);
        Ok(())
    }

    fn log(&self) -> Log {
        Log::of(&self.writers.map(|writer| writer.lane()))
    }

    async fn page(&self, scene: &Scene, client: &Rc<Client>, before: u64, visitor: bool) -> Result<Vec<Entry>> {
        let ask = json!({"type": "history", "conversation": self.conversation, "before": before, "limit": PAGE});
        let page = patiently(client, &ask).await?;
        let events = page["events"].as_array().context("`history` without events")?;
        events.iter().map(|event| self.entry(scene, event, visitor).context("an event without a seq")).collect()
    }

    fn entry(&self, scene: &Scene, event: &Value, visitor: bool) -> Option<Entry> {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (kind, by) = (word(&event["type"]), word(&event["by"]["kind"]));
        let said = match &*kind {
            "message" if by != "bot" => {
                let origin = Origin { conversation: "".into(), kind: by.into(), id: word(&event["by"]["id"]).into() };
                self.said(scene, &word(&event["text"]), &origin)
            }
            hidden if visitor && FOR_AGENTS.contains(&hidden) => Said::Hidden,
            _ => Said::Event,
        };
        Some(Entry { seq: event["seq"].as_u64()?, said })
    }

    fn said(&self, scene: &Scene, text: &str, origin: &Origin<'_>) -> Said {
        let Some((tag, rest)) = Tag::split(text) else { return Said::Foreign };
        if (tag.run, tag.worker) != (scene.order.run, scene.order.worker) {
            return Said::Foreign;
        }
        let writer = self.writers.iter().find(|writer| writer.lane() == tag.lane);
        if let Some((fault, how)) = writer.and_then(|writer| writer.belied(origin, rest)) {
            scene.blame(fault, || format!("lane {}: text {} is in the log {how}", tag.lane, tag.number));
        }
        Said::Text(tag.lane, tag.number)
    }
}
