//! One delivery, seen through: said, judged, told in the conversation, settled. In this order: whoever dies on the way
//! leaves a lease that runs out, and the next one to take it finds nothing that would be done twice.

use std::{sync::Arc, time::Duration};

use super::{
    Settings, Target,
    answer::{self, Meaning},
    courier::{Courier, Letter, Reply, Silence},
    message,
    metrics::{OutboxMetrics, Outcome},
    schedule, signature,
    telling::{News, TOLD_AFTER, sentence},
};
use crate::{
    chat::{conversation::Conversation, event::What},
    hub::{Hub, error::HubError},
    ids::{ItemId, Millis, Seq},
    store::{Disabled, Settled, StoreError, Taken, Verdict},
    wire::entry::Entry,
};

/// What errands need.
pub(super) struct Errands {
    pub(super) hub: Arc<Hub>,
    pub(super) courier: Courier,
    pub(super) settings: Settings,
    pub(super) metrics: OutboxMetrics,
}

/// What came of a try.
#[derive(Debug)]
pub(super) enum Tried {
    /// The receiver was asked.
    Asked(Result<Reply, Silence>),
    /// It must not be asked, and why.
    Barred(String),
    /// This program made a mistake.
    Stumbled,
}

/// What follows from a try.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Conclusion {
    status: Option<u16>,
    verdict: Verdict,
    /// What the conversation of an item is told.
    news: Option<News>,
    /// The receiver wants nothing any more.
    gone: bool,
}

// === impl Errands ===

impl Errands {
    /// Sees a delivery through. The moment it is due again, if it is.
    pub(super) async fn run(&self, taken: &Taken) -> Option<Millis> {
        match self.try_once(taken).await {
            Ok(due) => due,
            Err(cause) => {
                let delivery = &taken.delivery.id;
                tracing::warn!(%delivery, error = %cause, "a delivery could not be settled; its lease runs out");
                None
            }
        }
    }

    /// After a panic of [`Errands::run`].
    pub(super) async fn stumbled(&self, taken: &Taken) -> Option<Millis> {
        self.conclude(taken, None, Tried::Stumbled).await.ok().flatten()
    }

    async fn try_once(&self, taken: &Taken) -> Result<Option<Millis>, HubError> {
        let (entry, conversation) = match self.read(taken).await? {
            Some(read) => read,
            None => {
                let nothing = Tried::Barred("there is nothing left to tell".into());
                return self.conclude(taken, None, nothing).await;
            }
        };
        let tried = match self.letter(taken, &entry, &conversation) {
            Ok((target, letter)) => Tried::Asked(self.courier.send(&target, letter).await),
            Err(why) => Tried::Barred(why),
        };
        let item = match &entry.event().what {
            What::Item(item) => Some(&item.item),
            _ => None,
        };
        self.conclude(taken, item, tried).await
    }

    async fn read(&self, taken: &Taken) -> Result<Option<(Arc<Entry>, Conversation)>, StoreError> {
        let (store, delivery) = (self.hub.store(), &taken.delivery);
        let before = Seq(delivery.seq.0.saturating_sub(1));
        let mut events = store.events_after(&delivery.conversation, before, 1, usize::MAX).await?;
        let loaded = store.load(&delivery.conversation).await?;
        let entry = events.pop().filter(|entry| entry.event().seq == delivery.seq);
        Ok(entry.zip(loaded.map(|loaded| loaded.conversation)))
    }

    /// What to send where; an error says why it must not be sent.
    fn letter(&self, taken: &Taken, entry: &Entry, of: &Conversation) -> Result<(Target, Letter), String> {
        let Taken { delivery, webhook, .. } = taken;
        if let Some(Disabled { reason, .. }) = &webhook.disabled {
            return Err(format!("the webhook is switched off: {reason}"));
        }
        let target = Target::read(&webhook.url, self.settings.rules).map_err(|unfit| format!("its address {unfit}"))?;
        let body = message::body(delivery.topic, entry, of);
        let seconds = self.hub.store().now().0 / 1000;
        let signature = signature::sign(&webhook.secret, &delivery.id, seconds, &body)
            .ok_or_else(|| "its secret cannot be read".to_owned())?;
        let headers = [
            ("webhook-id", delivery.id.to_string()),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-signature", signature),
        ];
        Ok((target, Letter { headers, body }))
    }

    pub(super) async fn conclude(
        &self,
        taken: &Taken,
        item: Option<&ItemId>,
        tried: Tried,
    ) -> Result<Option<Millis>, HubError> {
        let (store, at) = (self.hub.store(), self.hub.store().now());
        let Conclusion { status, verdict, news, gone } =
            Conclusion::of(taken.delivery.tries + 1, tried, at, self.settings.first_retry);
        let about = item.zip(news.as_ref());
        let told = match about {
            Some((item, news)) => self.tell(taken, item, news).await?,
            None => false,
        };
        let Taken { delivery, webhook, lease } = taken;
        if gone {
            let disabled = Disabled { at, reason: "it answered 410 Gone".into() };
            if store.disable_webhook(&webhook.id, &disabled).await? {
                tracing::warn!(webhook = %webhook.id, "a webhook is switched off: it answered 410 Gone");
            }
        }
        let (webhook, delivery) = (webhook.id.clone(), delivery.id.clone());
        let settled = Settled { webhook, delivery, lease: *lease, at, status, verdict };
        let is_settled = store.settle_delivery(&settled).await?;
        if let Some((item, news)) = about.filter(|(_, news)| told || matches!(news, News::Failed(_)))
            && let Err(cause) = self.agree(taken, item, news).await
        {
            tracing::debug!(delivery = %settled.delivery, %cause, "a conversation could not be looked at once more");
        }
        if !is_settled {
            tracing::debug!(delivery = %settled.delivery, "a delivery was taken over, or its webhook is gone");
            return Ok(None);
        }
        Ok(self.count(&settled))
    }

    fn count(&self, settled: &Settled) -> Option<Millis> {
        let Settled { webhook, delivery, .. } = settled;
        match &settled.verdict {
            Verdict::Delivered => {
                self.metrics.tried(Outcome::Delivered);
                None
            }
            Verdict::Again { next_at, error } => {
                self.metrics.tried(Outcome::Failed);
                tracing::debug!(%webhook, %delivery, error, "a delivery failed and is tried again");
                Some(*next_at)
            }
            Verdict::Dead { error } => {
                self.metrics.tried(Outcome::Dead);
                tracing::warn!(%webhook, %delivery, error, "a delivery was given up");
                None
            }
        }
    }
}

// === impl Conclusion ===

impl Conclusion {
    /// What follows from the `tries`th try, at `now`.
    fn of(tries: u32, tried: Tried, now: Millis, first_retry: Duration) -> Self {
        let (status, error, last, at_once) = match tried {
            Tried::Asked(Ok(reply)) => {
                let (status, words) = (reply.status.as_u16(), format!("it answered {}", reply.status));
                match answer::read(reply.status, &reply.body) {
                    Meaning::Taken(external) => {
                        let news = Some(News::Handed(external));
                        return Self { status: Some(status), verdict: Verdict::Delivered, news, gone: false };
                    }
                    Meaning::Failed => (Some(status), words, false, reply.status.is_client_error()),
                    Meaning::Refused | Meaning::Gone => (Some(status), words, true, true),
                }
            }
            Tried::Asked(Err(silence)) => (None, silence.to_string(), false, false),
            Tried::Barred(why) => (None, why, true, true),
            Tried::Stumbled => (None, "the hub made a mistake".into(), false, false),
        };
        let wait = schedule::wait(tries, first_retry).filter(|_| !last);
        let gone = status == Some(410);
        let shown = match wait {
            Some(_) if tries != TOLD_AFTER && (tries != 1 || !at_once) => None,
            again => Some(sentence(&error, again.is_some())),
        };
        let verdict = match wait {
            Some(wait) => {
                let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
                Verdict::Again { next_at: now.plus(wait), error }
            }
            None => Verdict::Dead { error },
        };
        Self { status, verdict, news: shown.map(News::Failed), gone }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::chat::event::External;

    const NOW: Millis = Millis(1_000_000);

    fn answered(tries: u32, status: u16, body: &str) -> Conclusion {
        let reply = Reply { status: StatusCode::from_u16(status).unwrap(), body: body.into() };
        Conclusion::of(tries, Tried::Asked(Ok(reply)), NOW, Duration::from_secs(5))
    }

    fn silent(tries: u32) -> Conclusion {
        Conclusion::of(tries, Tried::Asked(Err(Silence::TimedOut)), NOW, Duration::from_secs(5))
    }

    #[test]
    fn w2_a_failure_is_tried_again_and_the_eighth_is_the_last() {
        for tries in 1..schedule::TRIES {
            for conclusion in [silent(tries), answered(tries, 503, ""), answered(tries, 302, "")] {
                assert!(matches!(conclusion.verdict, Verdict::Again { next_at, .. } if next_at > NOW), "{tries}");
            }
        }
        for conclusion in [silent(schedule::TRIES), answered(schedule::TRIES, 503, "")] {
            assert!(matches!(conclusion.verdict, Verdict::Dead { .. }));
        }
        assert_eq!(answered(1, 503, "").status, Some(503));
        assert_eq!(silent(1).status, None);
    }

    #[test]
    fn r18_a_failure_shows_when_it_lasts_or_is_a_refusal_and_when_it_is_final() {
        let told = |conclusion: Conclusion| match conclusion.news {
            Some(News::Failed(words)) => words,
            Some(News::Handed(_)) => panic!("handed"),
            None => String::new(),
        };
        assert_eq!([1, 2, 4, 5, 6, 7].map(|tries| told(silent(tries))), [""; 6]);
        assert_eq!(told(silent(3)), "it did not answer within 10 seconds. It is tried again.");
        assert!(told(silent(8)).ends_with("within 10 seconds. It is not tried again, unless somebody asks for it."));
        assert_eq!(told(answered(1, 503, "")), "");
        assert_eq!(told(answered(1, 401, "")), "it answered 401 Unauthorized. It is tried again.");
        assert_eq!(told(answered(2, 401, "")), "");
        let refused = answered(1, 422, "");
        assert!(matches!(refused.verdict, Verdict::Dead { .. }) && !refused.gone);
        assert!(told(refused).starts_with("it answered 422 Unprocessable Entity. It is not tried again"));
    }

    #[test]
    fn r18_a_good_answer_is_news_with_what_the_crm_said() {
        let external = External { id: "47".into(), url: None };
        for tries in [1, 8] {
            let plain = answered(tries, 204, "");
            assert_eq!((plain.verdict, plain.news), (Verdict::Delivered, Some(News::Handed(None))));
            let linked = answered(tries, 200, r#"{"external":{"id":"47"}}"#);
            assert_eq!(linked.news, Some(News::Handed(Some(external.clone()))));
        }
    }

    #[test]
    fn w2_gone_and_barred_are_final() {
        let gone = answered(1, 410, "");
        assert!(gone.gone && matches!(gone.verdict, Verdict::Dead { .. }));
        let barred = Conclusion::of(1, Tried::Barred("its address is odd".into()), NOW, Duration::from_secs(5));
        assert!(!barred.gone && matches!(barred.verdict, Verdict::Dead { error } if error == "its address is odd"));
        let stumbled = Conclusion::of(1, Tried::Stumbled, NOW, Duration::from_secs(5));
        assert!(matches!(stumbled.verdict, Verdict::Again { .. }));
    }
}
