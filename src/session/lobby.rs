//! What all sessions of a node share.

use std::{net::IpAddr, sync::Arc, time::Duration};

use dashmap::DashMap;
use tokio::time::Instant;

use super::rates::{Rate, Rates};
use crate::{
    hub::Hub,
    ids::{PlaybookId, Quick},
    store::PlaybookRow,
    tokens::Gate,
    wire::{reply::PlaybookView, shared::Shared},
};

/// The hub, the keys and the rates.
pub struct Lobby {
    /// The hub behind.
    pub hub: Arc<Hub>,
    /// Who somebody is.
    pub gate: Gate,
    /// What an operator may set.
    pub settings: Settings,
    /// How often somebody may ask.
    pub rates: Rates,
    /// What visitors were last shown of each playbook, with the version that was.
    views: DashMap<PlaybookId, (u32, Arc<Shared<PlaybookView>>), Quick>,
    /// From when ticks are counted: see [`Lobby::on_tick`].
    began: Instant,
}

/// A heartbeat is put off by this part of it at most.
const TICKS: u32 = 200;

/// What an operator may set about sessions.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// From the upgrade to `hello`.
    pub hello_timeout: Duration,
    /// The heartbeat of visitors.
    pub visitor_heartbeat: Duration,
    /// The heartbeat of agents.
    pub agent_heartbeat: Duration,
    /// How often one visitor may write.
    pub visitor_rate: Rate,
    /// How often one agent may ask.
    pub agent_rate: Rate,
    /// Conversations started per address and minute.
    pub starts_per_minute: u32,
}

/// How somebody came in.
#[derive(Clone, Debug)]
pub struct Entrance {
    /// The page's `Origin`, if one was sent.
    pub origin: Option<Box<str>>,
    /// Whether that is the hub's own.
    pub own_origin: bool,
    /// The address that counts.
    pub address: IpAddr,
}

// === impl Lobby ===

impl Lobby {
    /// A lobby before this hub.
    pub fn new(hub: Arc<Hub>, gate: Gate, settings: Settings) -> Arc<Self> {
        let rates = Rates::new(settings.visitor_rate, settings.agent_rate, settings.starts_per_minute);
        Arc::new(Self { hub, gate, settings, rates, views: DashMap::default(), began: Instant::now() })
    }

    /// A playbook as its visitors are shown it. It is a good part of what they are greeted with, and the same for all of
    /// them, so it is made into JSON once.
    pub(super) fn view_of(&self, row: &PlaybookRow) -> Arc<Shared<PlaybookView>> {
        let playbook = &row.playbook;
        if let Some(known) = self.views.get(&playbook.id).filter(|known| known.0 == row.version) {
            return known.1.clone();
        }
        let view = Arc::new(Shared::new(PlaybookView {
            id: playbook.id.clone(),
            name: playbook.name.clone(),
            appearance: playbook.appearance.clone(),
            locale: playbook.locale.clone(),
            open_after_ms: playbook.open_after_ms,
            typing_preview: playbook.typing_preview,
        }));
        self.views.insert(playbook.id.clone(), (row.version, view.clone()));
        view
    }

    /// The first tick at or after `at`; there are two hundred to a `heartbeat`. Sessions that beat on ticks beat
    /// together: the process wakes for many of them once, and their peers' answers come together, too.
    pub fn on_tick(&self, at: Instant, heartbeat: Duration) -> Instant {
        next_tick(self.began, at, heartbeat / TICKS)
    }
}

/// The first of the ticks since `began` that is not before `at`.
fn next_tick(began: Instant, at: Instant, tick: Duration) -> Instant {
    let past = at.saturating_duration_since(began);
    let over = past.as_nanos() % tick.as_nanos().max(1);
    match u64::try_from(over) {
        Ok(over @ 1..) => at + (tick - Duration::from_nanos(over)),
        _ => at,
    }
}

// === impl Settings ===

impl Default for Settings {
    fn default() -> Self {
        Self {
            hello_timeout: Duration::from_secs(10),
            visitor_heartbeat: Duration::from_secs(20),
            agent_heartbeat: Duration::from_secs(10),
            visitor_rate: Rate { per_second: 1, burst: 10 },
            agent_rate: Rate { per_second: 10, burst: 50 },
            starts_per_minute: 60,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p1_beats_fall_on_common_ticks_never_early_and_less_than_one_tick_late() {
        let (began, tick) = (Instant::now(), Duration::from_millis(100));
        for after in [0, 1, 99, 100, 101, 20_050, 86_400_000] {
            let at = began + Duration::from_millis(after);
            let beat = next_tick(began, at, tick);
            assert!(at <= beat && beat < at + tick);
            assert_eq!((beat - began).as_millis() % 100, 0, "after {after} ms");
        }
        assert_eq!(next_tick(began, began + tick / 3, Duration::ZERO), began + tick / 3);
    }
}
