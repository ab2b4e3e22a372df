//! What a visitor may ask for.

use super::Visiting;
use crate::{
    chat::{command::Command, event::Page},
    hub::error::HubError,
    session::{end::End, line::Stream, live::Live},
    wire::{
        error::ErrorBody,
        reply::{HistoryReply, Nothing, StartReply},
        request::{RequestId, Say, VisitorAsk},
    },
};

// === impl Visiting ===

impl Visiting {
    pub(super) fn say<'a, S: Stream>(
        &self,
        live: &'a mut Live<S>,
        id: Option<&'a RequestId>,
        say: Say,
    ) -> impl Future<Output = Result<(), End>> {
        live.say(id, say, |live| self.pace(live), |key, text| Command::Send { key, text })
    }

    /// Takes note of what asks for nothing else. False when there is more to do.
    pub(super) fn note<S: Stream>(&mut self, live: &Live<S>, ask: &VisitorAsk) -> bool {
        let (hub, seat) = (&live.lobby.hub, live.seated.seat());
        match ask {
            VisitorAsk::Pong => {}
            VisitorAsk::Typing(typing) => hub.typing(seat, &typing.conversation, typing.on, typing.preview.clone()),
            VisitorAsk::Seen(seen) => hub.seen(seat, &seen.conversation, seen.received, seen.read),
            VisitorAsk::Page(moved) => {
                let page = Page { url: moved.url.clone(), title: moved.title.clone(), referrer: None };
                self.guest.page = Some(page.clone());
                if let Some(conversation) = live.follows.keys().next() {
                    hub.moved_to(conversation, page);
                }
            }
            _ => return false,
        }
        true
    }

    /// Does whatever is asked. Texts, and what is only to be noted, are done before they come here: without this room.
    pub(super) async fn oblige<S: Stream>(
        &mut self,
        live: &mut Live<S>,
        id: Option<&RequestId>,
        ask: VisitorAsk,
    ) -> Result<(), End> {
        match ask {
            VisitorAsk::Send(say) => self.say(live, id, say).await,
            VisitorAsk::Pong | VisitorAsk::Typing(_) | VisitorAsk::Seen(_) | VisitorAsk::Page(_) => {
                self.note(live, &ask);
                live.answer(id, &Nothing {}).await
            }
            VisitorAsk::Hello(_) => live.refuse(id, ErrorBody::invalid("type", "hello has been said")).await,
            VisitorAsk::Answer(answer) => {
                if let Err(ms) = self.pace(live) {
                    return live.refuse(id, ErrorBody::rate_limited(ms)).await;
                }
                let reply = answer.reply();
                let command = Command::Answer { card: answer.card, reply, key: answer.key };
                live.command(id, &answer.conversation, &command).await
            }
            VisitorAsk::Rate(rate) => {
                if let Err(ms) = self.pace(live) {
                    return live.refuse(id, ErrorBody::rate_limited(ms)).await;
                }
                let command = Command::Rate { score: rate.score, comment: rate.comment };
                live.command(id, &rate.conversation, &command).await
            }
            VisitorAsk::End(which) => live.command(id, &which.conversation, &Command::End).await,
            VisitorAsk::Start => Box::pin(self.start(live, id)).await,
            VisitorAsk::History(history) => {
                if let Err(ms) = self.look(live) {
                    return live.refuse(id, ErrorBody::rate_limited(ms)).await;
                }
                let who = live.seated.seat().who.clone();
                let read = live.lobby.hub.history(&who, &history.conversation, history.before, history.limit());
                let read = Box::pin(read).await;
                match read {
                    Ok(events) => live.answer(id, &HistoryReply { events: live.audience.collect(&events) }).await,
                    Err(error) => live.refuse(id, &error).await,
                }
            }
        }
    }

    fn pace<S>(&self, live: &Live<S>) -> Result<(), u64> {
        live.lobby.rates.visitor(self.guest.visitor.as_str())
    }

    fn look<S>(&self, live: &Live<S>) -> Result<(), u64> {
        live.lobby.rates.look(self.guest.visitor.as_str())
    }

    async fn start<S: Stream>(&mut self, live: &mut Live<S>, id: Option<&RequestId>) -> Result<(), End> {
        let lobby = live.lobby.clone();
        if let Err(ms) = self.look(live) {
            return live.refuse(id, ErrorBody::rate_limited(ms)).await;
        }
        let paced =
            || lobby.rates.start(self.address).map_err(|retry_after_ms| HubError::RateLimited { retry_after_ms });
        let shown = match lobby.hub.start(&mut live.seated, &self.guest, paced).await {
            Ok(shown) => shown,
            Err(error) => return live.refuse(id, &error).await,
        };
        let conversation = &shown.loaded.conversation;
        let body = StartReply {
            conversation: conversation.visitor_view(&shown.loaded.beside, shown.position),
            events: live.audience.collect(&shown.page.events),
        };
        if let (Some(page), None) = (&self.guest.page, &conversation.page) {
            lobby.hub.moved_to(&conversation.id, page.clone());
        }
        live.follow(&shown);
        live.answer(id, &body).await
    }
}
