//! Webhooks of both, and what they are told.

use proptest::prelude::*;
use usher::{
    ids::{DeliveryId, Millis, NodeId, WebhookId, WorkspaceId},
    store::{
        DeliveryQuery, DeliveryStateName, Disabled, Settled, Take, Topic, Topics, Verdict, Webhook, WebhookSecret,
    },
};

use super::{Pair, WORKSPACES};

const NODES: [&str; 3] = ["n_1", "n_2", "n_3"];

/// Something a store is asked as an outbox.
#[derive(Clone, Debug)]
pub(super) enum Telling {
    Add {
        workspace: usize,
        topics: u8,
    },
    End {
        workspace: usize,
        nth: usize,
    },
    Disable {
        nth: usize,
    },
    Enable {
        workspace: usize,
        nth: usize,
    },
    Take {
        node: usize,
        limit: usize,
        per_webhook: usize,
        lease: i64,
    },
    /// What was taken, perhaps long ago, perhaps settled already.
    Settle {
        nth: usize,
        how: How,
    },
    Revive {
        workspace: usize,
        nth: usize,
    },
    Sweep {
        ago: i64,
        limit: usize,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum How {
    Delivered,
    Again(i64),
    Dead,
}

/// Something that a node had taken.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mine {
    webhook: WebhookId,
    delivery: DeliveryId,
    lease: u64,
}

pub(super) fn telling() -> impl Strategy<Value = Telling> {
    let workspace = || 0..WORKSPACES.len();
    let how = prop_oneof![
        3 => Just(How::Delivered),
        3 => (0..60i64).prop_map(How::Again),
        1 => Just(How::Dead),
    ];
    prop_oneof![
        3 => (workspace(), any::<u8>()).prop_map(|(workspace, topics)| Telling::Add { workspace, topics }),
        1 => (workspace(), 0..9usize).prop_map(|(workspace, nth)| Telling::End { workspace, nth }),
        1 => (0..9usize).prop_map(|nth| Telling::Disable { nth }),
        1 => (workspace(), 0..9usize).prop_map(|(workspace, nth)| Telling::Enable { workspace, nth }),
        8 => (0..NODES.len(), 1..5usize, 1..4usize, 5..90i64)
            .prop_map(|(node, limit, per_webhook, lease)| Telling::Take { node, limit, per_webhook, lease }),
        8 => (0..9usize, how).prop_map(|(nth, how)| Telling::Settle { nth, how }),
        2 => (workspace(), 0..9usize).prop_map(|(workspace, nth)| Telling::Revive { workspace, nth }),
        1 => (0..200i64, 1..4usize).prop_map(|(ago, limit)| Telling::Sweep { ago, limit }),
    ]
}

// === impl Pair ===

impl Pair<'_> {
    pub(super) async fn tell(&mut self, telling: Telling) {
        let now = Millis(self.at);
        match telling {
            Telling::Add { workspace, topics } => {
                let chosen = Topic::ALL.into_iter().enumerate().filter(|(nth, _)| topics & (1 << nth) != 0);
                let chosen: std::collections::BTreeSet<Topic> = chosen.map(|(_, topic)| topic).collect();
                let webhook = Webhook {
                    id: format!("wh_{}", self.at).into(),
                    workspace: WORKSPACES[workspace].into(),
                    url: format!("https://hooks.example/{}", self.at),
                    secret: WebhookSecret::new("whsec_x"),
                    topics: if chosen.len() < 2 { Topics::All } else { Topics::Some(chosen) },
                    created_at: now,
                    disabled: None,
                };
                if both!(self, store => store.add_webhook(&webhook).await.expect("answered")) {
                    self.webhooks.push(webhook.id);
                }
            }
            Telling::End { workspace, nth } => {
                let (workspace, webhook) = (WORKSPACES[workspace].into(), self.webhook(nth));
                both!(self, store => store.delete_webhook(&workspace, &webhook).await.expect("answered"));
            }
            Telling::Disable { nth } => {
                let (webhook, why) = (self.webhook(nth), Disabled { at: now, reason: format!("at {}", now.0) });
                both!(self, store => store.disable_webhook(&webhook, &why).await.expect("answered"));
            }
            Telling::Enable { workspace, nth } => {
                let (workspace, webhook) = (WORKSPACES[workspace].into(), self.webhook(nth));
                both!(self, store => store.enable_webhook(&workspace, &webhook).await.expect("answered"));
            }
            Telling::Take { node, limit, per_webhook, lease } => {
                let (node, until) = (NodeId::from(NODES[node]), now.plus(lease));
                let take = Take { node, now, until, limit, per_webhook };
                let taken = both!(self, store => {
                    let taken = store.take_deliveries(&take).await.expect("taken");
                    taken.into_iter().map(|taken| (taken.delivery, taken.webhook, taken.lease)).collect::<Vec<_>>()
                });
                let mine =
                    taken.into_iter().map(|(of, webhook, lease)| Mine { webhook: webhook.id, delivery: of.id, lease });
                self.taken.extend(mine);
            }
            Telling::Settle { nth, how } => self.settle(nth, how).await,
            Telling::Revive { workspace, nth } => {
                let Some(mine) = self.taken(nth) else { return };
                let workspace = WORKSPACES[workspace].into();
                both!(self, store => {
                    let revived = store.revive_delivery(&workspace, &mine.webhook, &mine.delivery, now).await;
                    revived.expect("answered")
                });
                let Some((conversation, _)) = mine.delivery.event() else { return };
                for topic in Topic::ALL {
                    both!(self, store => store.undelivered(&conversation, topic, 2).await.expect("undelivered"));
                }
            }
            Telling::Sweep { ago, limit } => {
                let before = now.plus(-ago);
                both!(self, store => store.sweep_deliveries(before, limit).await.expect("swept"));
            }
        }
    }

    async fn settle(&self, nth: usize, how: How) {
        let Some(Mine { webhook, delivery, lease }) = self.taken(nth) else { return };
        let at = Millis(self.at);
        let error = || format!("it failed at {}", at.0);
        let (status, verdict) = match how {
            How::Delivered => (Some(204), Verdict::Delivered),
            How::Again(after) => (None, Verdict::Again { next_at: at.plus(after), error: error() }),
            How::Dead => (Some(500), Verdict::Dead { error: error() }),
        };
        let settled = Settled { webhook, delivery, lease, at, status, verdict };
        both!(self, store => store.settle_delivery(&settled).await.expect("answered"));
    }

    /// One that was added, or one that never was.
    fn webhook(&self, nth: usize) -> WebhookId {
        self.webhooks.get(nth).cloned().unwrap_or_else(|| "wh_never".into())
    }

    /// One of the last that were taken.
    fn taken(&self, nth: usize) -> Option<Mine> {
        self.taken.iter().rev().nth(nth).cloned()
    }

    /// Everything that can be read of it.
    pub(super) async fn look_outside(&self) {
        both!(self, store => store.backlog().await.expect("backlog"));
        for workspace in WORKSPACES.map(WorkspaceId::from) {
            both!(self, store => store.webhooks(&workspace).await.expect("webhooks"));
            for webhook in &self.webhooks {
                for state in [None, Some(DeliveryStateName::Waiting), Some(DeliveryStateName::Dead)] {
                    both!(self, store => {
                        let (workspace, webhook) = (workspace.clone(), webhook.clone());
                        let mut query = DeliveryQuery { workspace, webhook, state, before: None, limit: 3 };
                        let mut pages = Vec::new();
                        loop {
                            let page = store.deliveries(&query).await.expect("deliveries");
                            pages.push(page.deliveries);
                            let Some(next) = page.next else { break pages };
                            query.before = Some(next);
                        }
                    });
                }
            }
        }
    }
}
