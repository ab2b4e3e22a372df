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
    chat::{event::AgentRef, summary::Summary},
    hub::{agent::Desk, boxed::boxed, error::HubError, follow::Follow, seat::Seated},
    ids::WorkspaceId,
    store::Loaded,
    tokens::{AgentClaims, Role as Right},
    wire::{
        agent::{Me, Role as RoleName},
        code::{CloseCode, ErrorCode},
        error::ErrorBody,
        reply::{AgentHelloReply, Limits, Nothing},
        request::{AgentAsk, AgentHello, Malformed, Request, parse_agent},
        settings::{NotifySettings, Settings},
        write,
    },
};

mod asks;

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
    let knocking = boxed(|| knock(line, admitted, lobby));
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
        Ok(Ok(frame)) => match boxed(|| welcome(&mut connection, &frame, &lobby)).await {
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
        // What is rarer than a text is boxed, and makes no room for itself where one waits for the disk.
        match ask {
            AgentAsk::Send(say) => self.say(live, id, say).await,
            ask if self.note(live, &ask) => live.answer(id, &Nothing {}).await,
            ask => Box::pin(self.oblige(live, id, ask)).await,
        }
    }

    fn expires(&self) -> Option<Instant> {
        Some(self.expires)
    }
}

impl Working {
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
