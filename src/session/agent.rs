//! An agent's session.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, timeout};

use super::{
    connection::Connection,
    end::End,
    line::{Line, Stream},
    live::{Live, Role},
    lobby::Lobby,
};
use crate::{
    chat::{command::Command, event::AgentRef, summary::Summary},
    hub::{agent::Desk, error::HubError, follow::Follow, page::Recover, seat::Seated},
    ids::{AgentId, ItemId, WorkspaceId},
    store::Loaded,
    tokens::{AgentClaims, Role as Right},
    wire::{
        agent::{Me, Role as RoleName},
        audience::Audience,
        code::{CloseCode, ErrorCode},
        error::ErrorBody,
        push::RENAMED,
        reply::{AgentHelloReply, HistoryReply, Limits, ListReply, Nothing, OpenReply, SettingsReply},
        request::{AgentAsk, AgentHello, List, Malformed, Open, Request, RequestId, Say, parse_agent},
        settings::{NotifySettings, Settings},
        write,
    },
};

/// Conversations one connection may have open, its own aside.
const MOST_OPEN: usize = 1_000;

/// An agent who said hello.
struct Working {
    workspace: WorkspaceId,
    agent: AgentRef,
    admin: bool,
    notify: NotifySettings,
    expires: Instant,
}

/// Talks with an agent until either side is done. `admitted` is called once they have said who they are; what it gives is
/// held until the end.
pub fn run<S: Stream, G: Send>(
    line: Line<S>,
    admitted: impl FnOnce() -> G + Send,
    lobby: Arc<Lobby>,
) -> impl Future<Output = ()> + Send {
    let knocking = Box::pin(knock(line, admitted, lobby));
    async move {
        if let Some((live, working, _held)) = knocking.await {
            live.run(working).await;
        }
    }
}

/// From the upgrade to the answer to `hello`. None when it ended there.
async fn knock<S: Stream, G>(
    line: Line<S>,
    admitted: impl FnOnce() -> G,
    lobby: Arc<Lobby>,
) -> Option<(Box<Live<S>>, Box<Working>, G)> {
    let mut connection = Connection::new(line, lobby.settings.agent_heartbeat);
    let end = match timeout(lobby.settings.hello_timeout, connection.knock()).await {
        Ok(Ok(frame)) => match Box::pin(welcome(&mut connection, &frame, &lobby)).await {
            Ok((seated, desk, working)) => {
                let held = admitted();
                let mut live = Live::new(connection, lobby, seated);
                live.follow_mine(&desk);
                return Some((live, Box::new(working), held));
            }
            Err(end) => end,
        },
        Ok(Err(end)) => end,
        Err(_) => End::code(CloseCode::NoHello),
    };
    Box::pin(connection.close(end)).await;
    None
}

/// Answers the first frame.
async fn welcome<S: Stream>(
    connection: &mut Connection<S>,
    frame: &str,
    lobby: &Arc<Lobby>,
) -> Result<(Seated, Desk, Working), End> {
    let (id, hello) = match parse_agent(frame) {
        Ok(Request { id, ask: AgentAsk::Hello(hello) }) => (id, hello),
        Ok(Request { id, .. }) => {
            let error = ErrorBody::invalid("type", "the first frame must be hello");
            return connection.turn_away(id.as_ref(), &error, CloseCode::NotHello).await;
        }
        Err(Malformed { id, error, .. }) => {
            return connection.turn_away(id.as_ref(), &error, CloseCode::NotHello).await;
        }
    };
    let Some(claims) = claims(lobby, &hello) else {
        return connection.turn_away(id.as_ref(), &refused_token(), CloseCode::Unauthorized).await;
    };
    let mut working = Working::new(&claims, lobby);
    let met = lobby.hub.welcome(&working.workspace, &working.agent, working.admin, claims.issued_at).await;
    let (seated, desk) = match met {
        Ok(met) => met,
        Err(error) => {
            let code = match error {
                HubError::Revoked => CloseCode::Unauthorized,
                _ => CloseCode::Unavailable,
            };
            return connection.turn_away(id.as_ref(), &ErrorBody::from(&error), code).await;
        }
    };
    working.notify = desk.row.notify;
    tracing::debug!(session = %seated.seat().session, agent = %working.agent.id, "an agent said hello");
    if let Some(id) = &id {
        let mut frame = String::with_capacity(4096);
        write::write_ok(&mut frame, id, &working.hello_reply(lobby, &seated, &desk));
        connection.feed(frame).await?;
    }
    Ok((seated, desk, working))
}

fn claims(lobby: &Lobby, hello: &AgentHello) -> Option<AgentClaims> {
    // Which check failed is for the log, not for whoever tries tokens.
    lobby.gate.agent(&hello.token).inspect_err(|fault| tracing::info!(%fault, "an agent's token was refused")).ok()
}

fn refused_token() -> ErrorBody {
    ErrorBody::new(ErrorCode::Unauthorized, "the token is missing, invalid or has expired")
}

// === impl Working ===

impl<S: Stream> Role<S> for Working {
    async fn serve(&mut self, live: &mut Live<S>, frame: &str) -> Result<(), End> {
        let Request { id, ask } = match parse_agent(frame) {
            Ok(request) => request,
            Err(malformed) => return Box::pin(live.ill_formed(malformed)).await,
        };
        live.well_formed();
        let id = id.as_ref();
        live.lobby.hub.asked(live.seated.seat());
        match ask {
            AgentAsk::Send(say) => self.say(live, id, say).await,
            // Boxed, as what is rare is not to make room for itself in every text's future.
            ask => Box::pin(self.oblige(live, id, ask)).await,
        }
    }

    fn expires(&self) -> Option<Instant> {
        Some(self.expires)
    }
}

impl Working {
    fn say<S: Stream>(
        &self,
        live: &mut Live<S>,
        id: Option<&RequestId>,
        say: Say,
    ) -> impl Future<Output = Result<(), End>> {
        live.say(id, say, |live| self.count(live), |key, text| Command::Send { key, text })
    }

    /// Does whatever is asked.
    async fn oblige<S: Stream>(
        &mut self,
        live: &mut Live<S>,
        id: Option<&RequestId>,
        ask: AgentAsk,
    ) -> Result<(), End> {
        let paced = self.pace(live, &ask);
        match (ask, paced) {
            (AgentAsk::Send(say), _) => self.say(live, id, say).await,
            (_, Err(ms)) => live.refuse(id, ErrorBody::rate_limited(ms)).await,
            (AgentAsk::Pong, _) => live.answer(id, &Nothing {}).await,
            (AgentAsk::Hello(hello), _) => self.renew(live, id, &hello).await,
            (AgentAsk::Note(say), _) => {
                live.say(id, say, |live| self.count(live), |key, text| Command::Note { key, text }).await
            }
            (AgentAsk::Claim(which), _) => live.command(id, &which.conversation, &Command::Claim).await,
            (AgentAsk::Close(which), _) => live.command(id, &which.conversation, &Command::Close).await,
            (AgentAsk::Assign(assign), _) => {
                let who = live.seated.seat().who.clone();
                let done = live.lobby.hub.assign(&who, &assign.conversation, assign.to.as_ref()).await;
                live.done(id, done).await
            }
            (AgentAsk::Details(change), _) => {
                live.command(id, &change.conversation, &Command::Details(change.details)).await
            }
            (AgentAsk::Item(item), _) => {
                let command = Command::Item {
                    item: ItemId::made_by(&item.conversation, &item.key),
                    kind: item.kind,
                    title: item.title,
                    key: item.key,
                    fields: item.fields.unwrap_or_default(),
                };
                live.command(id, &item.conversation, &command).await
            }
            (AgentAsk::Typing(typing), _) => {
                live.lobby.hub.typing(live.seated.seat(), &typing.conversation, typing.on, None);
                live.answer(id, &Nothing {}).await
            }
            (AgentAsk::Seen(seen), _) => {
                live.lobby.hub.seen(live.seated.seat(), &seen.conversation, seen.received, seen.read);
                live.answer(id, &Nothing {}).await
            }
            (AgentAsk::Notified(receipt), _) => {
                let seat = live.seated.seat();
                live.lobby.hub.notified(seat, &receipt.conversation, receipt.reason, receipt.outcome);
                live.answer(id, &Nothing {}).await
            }
            (AgentAsk::Availability(wish), _) => self.switch(live, id, wish.agent.as_ref(), wish.online).await,
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
            (AgentAsk::List(list), _) => self.list(live, id, list).await,
            (AgentAsk::Open(open), _) => self.open(live, id, &open).await,
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
                match read.await {
                    Ok(events) => live.answer(id, &HistoryReply { events }).await,
                    Err(error) => live.refuse(id, &error).await,
                }
            }
        }
    }

    fn new(claims: &AgentClaims, lobby: &Lobby) -> Self {
        let agent = AgentRef { id: claims.agent.clone(), name: claims.name.clone(), avatar: claims.avatar.clone() };
        Self {
            workspace: claims.workspace.clone(),
            agent,
            admin: claims.role == Right::Admin,
            notify: NotifySettings::default(),
            expires: expiry(claims, lobby),
        }
    }

    fn hello_reply(&self, lobby: &Lobby, seated: &Seated, desk: &Desk) -> AgentHelloReply {
        let rate = lobby.settings.agent_rate;
        let role = if self.admin { RoleName::Admin } else { RoleName::Agent };
        AgentHelloReply {
            session: seated.seat().session.clone(),
            agent: Me { id: self.agent.id.clone(), name: self.agent.name.clone(), role },
            epoch: lobby.hub.store().epoch(),
            heartbeat_ms: u64::try_from(lobby.settings.agent_heartbeat.as_millis()).unwrap_or(u64::MAX),
            server_time: lobby.hub.store().now(),
            limits: Limits::with_rate(rate.per_second, rate.burst),
            online: desk.row.online,
            settings: Settings { notify: desk.row.notify },
            agents: desk.agents.iter().map(|(row, status)| crate::hub::presence::shown(&row.agent, *status)).collect(),
            counts: desk.counts,
            unassigned: rows(lobby, &desk.unassigned),
            mine: rows(lobby, desk.mine_shown()),
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
                // A follow that ended with the sight of it is ended here, too.
                if matches!(error, HubError::Refused(_)) && live.follows.contains_key(&open.conversation) {
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

fn rows(lobby: &Lobby, loaded: &[Loaded]) -> Vec<Summary> {
    let row = |loaded: &Loaded| {
        let conversation = &loaded.conversation;
        conversation.summary(&loaded.beside, lobby.hub.queue().position(&conversation.id))
    };
    loaded.iter().map(row).collect()
}

/// When a token's session ends.
fn expiry(claims: &AgentClaims, lobby: &Lobby) -> Instant {
    let left = claims.expires_at.saturating_sub(lobby.hub.store().now().0);
    // A timer has its own horizon; a token of years is looked at again after one.
    let left = left.clamp(0, 365 * 24 * 60 * 60 * 1000);
    Instant::now() + Duration::from_millis(left.unsigned_abs())
}

// === impl Live ===

impl<S: Stream> Live<S> {
    /// Events of one's own conversations are pushed from each row's `seq` on.
    fn follow_mine(&mut self, desk: &Desk) {
        for loaded in &desk.mine {
            let conversation = &loaded.conversation;
            let tail = self.seated.follow(&conversation.id);
            let follow = Follow::new(tail, conversation.seq, conversation.seq, conversation.sight());
            self.follows.insert(conversation.id.clone(), follow);
            // Somebody may have written between the row and now.
            self.seated.seat().mail.put(|mail| {
                mail.news.insert(&conversation.id);
            });
        }
    }
}
