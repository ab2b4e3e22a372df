//! What an agent may ask for.

use super::{Working, claims, expiry, refused_token, rows};
use crate::{
    chat::command::Command,
    hub::{error::HubError, follow::Follow, page::Recover},
    ids::{AgentId, ItemId},
    session::{end::End, line::Stream, live::Live},
    tokens::Role as Right,
    wire::{
        audience::Audience,
        code::{CloseCode, ErrorCode},
        error::ErrorBody,
        push::RENAMED,
        reply::{HistoryReply, ListReply, Nothing, OpenReply, SettingsReply},
        request::{AgentAsk, AgentHello, List, Open, RequestId, Say},
        settings::Settings,
    },
};

/// Conversations one connection may have open, its own aside.
const MOST_OPEN: usize = 1_000;

// === impl Working ===

impl Working {
    pub(super) fn say<'a, S: Stream>(
        &self,
        live: &'a mut Live<S>,
        id: Option<&'a RequestId>,
        say: Say,
    ) -> impl Future<Output = Result<(), End>> {
        live.say(id, say, |live| self.count(live), |key, text| Command::Send { key, text })
    }

    /// Takes note of what asks for nothing else. False when there is more to do.
    pub(super) fn note<S: Stream>(&self, live: &Live<S>, ask: &AgentAsk) -> bool {
        let (hub, seat) = (&live.lobby.hub, live.seated.seat());
        match ask {
            AgentAsk::Pong => {}
            AgentAsk::Typing(typing) => hub.typing(seat, &typing.conversation, typing.on, None),
            AgentAsk::Seen(seen) => hub.seen(seat, &seen.conversation, seen.received, seen.read),
            AgentAsk::Notified(receipt) => hub.notified(seat, &receipt.conversation, receipt.reason, receipt.outcome),
            _ => return false,
        }
        true
    }

    /// Does whatever is asked. Texts, and what is only to be noted, are done before they come here: without this room.
    pub(super) async fn oblige<S: Stream>(
        &mut self,
        live: &mut Live<S>,
        id: Option<&RequestId>,
        ask: AgentAsk,
    ) -> Result<(), End> {
        let paced = self.pace(live, &ask);
        match (ask, paced) {
            (AgentAsk::Send(say), _) => self.say(live, id, say).await,
            (_, Err(ms)) => live.refuse(id, ErrorBody::rate_limited(ms)).await,
            (ask @ (AgentAsk::Pong | AgentAsk::Typing(_) | AgentAsk::Seen(_) | AgentAsk::Notified(_)), _) => {
                self.note(live, &ask);
                live.answer(id, &Nothing {}).await
            }
            (AgentAsk::Hello(hello), _) => Box::pin(self.renew(live, id, &hello)).await,
            (AgentAsk::Note(say), _) => {
                live.say(id, say, |live| self.count(live), |key, text| Command::Note { key, text }).await
            }
            (AgentAsk::Claim(which), _) => live.command(id, &which.conversation, &Command::Claim).await,
            (AgentAsk::Close(which), _) => live.command(id, &which.conversation, &Command::Close).await,
            (AgentAsk::Assign(assign), _) => {
                let who = live.seated.seat().who.clone();
                let done = Box::pin(live.lobby.hub.assign(&who, &assign.conversation, assign.to.as_ref())).await;
                live.done(id, done).await
            }
            (AgentAsk::Details(change), _) => {
                live.command(id, &change.conversation, &Command::Details(Box::new(change.details))).await
            }
            (AgentAsk::Item(item), _) => {
                let command = Command::Item {
                    item: ItemId::made_by(&item.conversation, &item.key),
                    kind: item.kind,
                    title: item.title,
                    key: item.key,
                    fields: Box::new(item.fields.unwrap_or_default()),
                };
                live.command(id, &item.conversation, &command).await
            }
            (AgentAsk::Availability(wish), _) => {
                Box::pin(self.switch(live, id, wish.agent.as_ref(), wish.online)).await
            }
            (AgentAsk::Settings(wish), _) => {
                let notify = wish.notify.over(self.notify);
                let who = live.seated.seat().who.clone();
                match live.lobby.hub.set_notify(&who, notify).await {
                    Ok(()) => {
                        self.notify = notify;
                        live.answer(id, &SettingsReply { settings: Settings { notify } }).await
                    }
                    Err(error) => live.refuse(id, &error).await,
                }
            }
            (AgentAsk::List(list), _) => Box::pin(self.list(live, id, list)).await,
            (AgentAsk::Open(open), _) => Box::pin(self.open(live, id, &open)).await,
            (AgentAsk::Leave(which), _) => {
                match live.follows.get_mut(&which.conversation) {
                    // One's own keeps coming.
                    Some(follow) if self.owns(follow) => follow.opened = false,
                    _ => live.unfollow(&which.conversation),
                }
                live.answer(id, &Nothing {}).await
            }
            (AgentAsk::History(history), _) => {
                let who = live.seated.seat().who.clone();
                let read = live.lobby.hub.history(&who, &history.conversation, history.before, history.limit());
                let read = Box::pin(read).await;
                match read {
                    Ok(events) => live.answer(id, &HistoryReply { events }).await,
                    Err(error) => live.refuse(id, &error).await,
                }
            }
        }
    }

    /// What is about the moment only is not counted, and texts only when it is their turn.
    fn pace<S>(&self, live: &Live<S>, ask: &AgentAsk) -> Result<(), u64> {
        match ask {
            AgentAsk::Pong | AgentAsk::Typing(_) | AgentAsk::Seen(_) | AgentAsk::Notified(_) => Ok(()),
            AgentAsk::Send(_) | AgentAsk::Note(_) => Ok(()),
            _ => self.count(live),
        }
    }

    fn count<S>(&self, live: &Live<S>) -> Result<(), u64> {
        live.lobby.rates.agent(self.workspace.as_str(), self.agent.id.as_str())
    }

    /// A newer token of the same agent lets the session live on.
    async fn renew<S: Stream>(
        &mut self,
        live: &mut Live<S>,
        id: Option<&RequestId>,
        hello: &AgentHello,
    ) -> Result<(), End> {
        let lobby = live.lobby.clone();
        let newer =
            claims(&lobby, hello).filter(|claims| claims.workspace == self.workspace && claims.agent == self.agent.id);
        let Some(newer) = newer else { return live.refuse(id, refused_token()).await };
        if let Err(error) = lobby.hub.vouch(&self.workspace, &self.agent.id, newer.issued_at).await {
            return live.refuse(id, &error).await;
        }
        let desk = match lobby.hub.desk(&self.workspace, &self.agent.id).await {
            Ok(desk) => desk,
            Err(error) => return live.refuse(id, &error).await,
        };
        self.expires = self.expires.max(expiry(&newer, &lobby));
        live.seated.seat().mail.counted(desk.sizes);
        let reply = self.hello_reply(&lobby, &live.seated, &desk);
        live.answer(id, &reply).await?;
        // What a session may do, and what others call it, was decided when it began: with another role, name or picture
        // it begins anew.
        let as_before = (newer.role == Right::Admin) == self.admin
            && (&newer.name, &newer.avatar) == (&self.agent.name, &self.agent.avatar);
        match as_before {
            true => Ok(()),
            false => Err(End::Close { code: CloseCode::Draining, after_ms: Some(0), because: Some(RENAMED) }),
        }
    }

    async fn switch<S: Stream>(
        &mut self,
        live: &mut Live<S>,
        id: Option<&RequestId>,
        of: Option<&AgentId>,
        online: bool,
    ) -> Result<(), End> {
        let who = live.seated.seat().who.clone();
        match live.lobby.hub.set_online(&who, of, online).await {
            Ok(()) => {
                live.deliver().await?;
                live.answer(id, &Nothing {}).await
            }
            Err(error) => live.refuse(id, &error).await,
        }
    }

    async fn list<S: Stream>(&mut self, live: &mut Live<S>, id: Option<&RequestId>, list: List) -> Result<(), End> {
        let who = live.seated.seat().who.clone();
        let limit = list.limit();
        match live.lobby.hub.list(&who, list.folder, list.before, limit, list.query).await {
            Ok(page) => {
                let conversations = rows(&live.lobby, &page.conversations);
                live.answer(id, &ListReply { conversations, next: page.next }).await
            }
            Err(error) => live.refuse(id, &error).await,
        }
    }

    async fn open<S: Stream>(&mut self, live: &mut Live<S>, id: Option<&RequestId>, open: &Open) -> Result<(), End> {
        let opened = live.follows.values().filter(|follow| follow.opened).count();
        if opened >= MOST_OPEN && !live.follows.contains_key(&open.conversation) {
            return live
                .refuse(id, ErrorBody::new(ErrorCode::Forbidden, "too many open at once; leave some first"))
                .await;
        }
        let recover = open.after.as_ref().map(|after| Recover { epoch: after.epoch.clone(), seq: after.seq });
        let shown = match live.lobby.hub.open(&mut live.seated, &open.conversation, recover.as_ref()).await {
            Ok(shown) => shown,
            Err(error) => {
                // A follow that ended with the sight of it is ended here, too, with what ended it: nobody may have told of
                // that yet, and the client would wait for more.
                if matches!(error, HubError::Refused(_)) && live.follows.contains_key(&open.conversation) {
                    live.pump(&open.conversation, None).await?;
                    live.unfollow(&open.conversation);
                }
                return live.refuse(id, &error).await;
            }
        };
        let body = OpenReply {
            conversation: shown.loaded.conversation.view(&shown.loaded.beside, shown.position),
            recovered: shown.page.recovered,
            events: Audience::Agents.collect(&shown.page.events),
        };
        live.follow(&shown);
        live.answer(id, &body).await
    }

    fn owns(&self, follow: &Follow) -> bool {
        let owner = follow.tail.with(|hot| hot.conversation.assignee().is_some_and(|owner| owner.id == self.agent.id));
        owner.unwrap_or(false)
    }
}
