//! A visitor's session.

use std::{net::IpAddr, sync::Arc};

use tokio::time::{Instant, timeout};

use super::{
    connection::{Connection, Incoming},
    end::End,
    line::{Line, Stream},
    live::{Live, Role},
    lobby::{Entrance, Lobby},
};
use crate::{
    hub::{
        boxed::boxed,
        error::HubError,
        page::Recover,
        visitor::{Greeting, Guest},
    },
    wire::{
        code::{CloseCode, ErrorCode},
        error::ErrorBody,
        reply::{Limits, Nothing, VisitorHelloReply},
        request::{Malformed, Request, RequestId, VisitorAsk, parse_visitor},
        write,
    },
};

mod asks;
mod guest;

use self::guest::recognise;

/// The longest first frame, in bytes.
pub(super) const MAX_HELLO: usize = 8 * 1024;
/// What whoever sends a longer one is told: it came in time.
const LONG_HELLO: &str = "the hello is longer than 8 KiB";

/// A visitor who said hello.
struct Visiting {
    guest: Guest,
    address: IpAddr,
}

/// A first frame that was not good enough: what to answer, and how to close.
struct Turned {
    error: ErrorBody,
    code: CloseCode,
}

/// Talks with a visitor until either side is done. `admitted` is called once they have said who they are; what it gives
/// is held until the end.
pub fn run<S: Stream, G: Send>(
    line: Line<S>,
    entrance: Entrance,
    admitted: impl FnOnce() -> G + Send,
    lobby: Arc<Lobby>,
) -> impl Future<Output = ()> + Send {
    // What it takes to come in is soon over: it is not to be a part of every idle session.
    let knocking = boxed(|| knock(line, entrance, admitted, lobby));
    async move {
        if let Some((live, visiting, _held)) = knocking.await {
            live.run(visiting).await;
        }
    }
}

/// From the upgrade to the answer to `hello`. None when it ended there.
async fn knock<S: Stream, G>(
    line: Line<S>,
    entrance: Entrance,
    admitted: impl FnOnce() -> G,
    lobby: Arc<Lobby>,
) -> Option<(Box<Live<S>>, Box<Visiting>, G)> {
    let mut connection = Connection::new(line, lobby.settings.visitor_heartbeat);
    let end = match timeout(lobby.settings.hello_timeout, connection.knock()).await {
        // Boxed where it begins: all of it would be copied from place to place before.
        Ok(Ok(frame)) => match boxed(|| greet(&mut connection, &frame, &entrance, &lobby)).await {
            Ok(((seated, greeting), visiting)) => {
                let held = admitted();
                let mut live = Live::new(connection, lobby, seated);
                if let Some(shown) = &greeting.conversation {
                    live.follow(shown);
                }
                return Some((live, Box::new(visiting), held));
            }
            Err(end) => end,
        },
        Ok(Err(end)) => end,
        Err(_) => End::code(CloseCode::NoHello),
    };
    Box::pin(connection.close(end)).await;
    None
}

type Greeted = (crate::hub::seat::Seated, Greeting);

/// Answers the first frame.
async fn greet<S: Stream>(
    connection: &mut Connection<S>,
    frame: &str,
    entrance: &Entrance,
    lobby: &Arc<Lobby>,
) -> Result<(Greeted, Visiting), End> {
    let (id, hello) = match parse_visitor(frame) {
        Ok(Request { id, ask: VisitorAsk::Hello(hello) }) => (id, hello),
        Ok(Request { id, .. }) => return connection.turn(id.as_ref(), Turned::not_hello()).await,
        Err(Malformed { id, error, .. }) => {
            return connection.turn(id.as_ref(), Turned { error: *error, code: CloseCode::NotHello }).await;
        }
    };
    let guest = match recognise(&hello, entrance, lobby).await {
        Ok(guest) => guest,
        Err(turned) => return connection.turn(id.as_ref(), turned).await,
    };
    let recover = hello
        .after
        .as_ref()
        .map(|after| (after.conversation.clone(), Recover { epoch: after.epoch.clone(), seq: after.seq }));
    let (seated, greeting) = match lobby.hub.greet(&guest, recover.as_ref()).await {
        Ok(greeted) => greeted,
        Err(error) => return connection.turn(id.as_ref(), Turned::of(&error)).await,
    };
    tracing::debug!(session = %seated.seat().session, visitor = %guest.visitor, "a visitor said hello");
    if let Some(id) = &id {
        let mut frame = String::with_capacity(1024);
        write::write_ok(&mut frame, id, &hello_reply(lobby, &guest, &seated, &greeting));
        connection.feed(frame).await?;
    }
    Ok(((seated, greeting), Visiting { guest, address: entrance.address }))
}

fn hello_reply(
    lobby: &Lobby,
    guest: &Guest,
    seated: &crate::hub::seat::Seated,
    greeting: &Greeting,
) -> VisitorHelloReply {
    let rate = lobby.settings.visitor_rate;
    let audience = crate::wire::audience::Audience::Visitor;
    let shown = greeting.conversation.as_ref();
    VisitorHelloReply {
        session: seated.seat().session.clone(),
        visitor: guest.visitor.clone(),
        token: lobby.gate.issue_visitor(&guest.playbook.workspace, &guest.visitor),
        epoch: lobby.hub.store().epoch(),
        heartbeat_ms: u64::try_from(lobby.settings.visitor_heartbeat.as_millis()).unwrap_or(u64::MAX),
        server_time: lobby.hub.store().now(),
        limits: Limits::with_rate(rate.per_second, rate.burst),
        playbook: lobby.view_of(&guest.playbook),
        available: greeting.available.available,
        reason: greeting.available.reason,
        conversation: shown.map(|shown| shown.loaded.conversation.visitor_view(&shown.loaded.beside, shown.position)),
        recovered: shown.is_some_and(|shown| shown.page.recovered),
        events: shown.map(|shown| audience.collect(&shown.page.events)).unwrap_or_default(),
    }
}

// === impl Visiting ===

impl<S: Stream> Role<S> for Visiting {
    async fn serve(&mut self, live: &mut Live<S>, frame: &str) -> Result<(), End> {
        let Request { id, ask } = match parse_visitor(frame) {
            Ok(request) => request,
            Err(malformed) => return Box::pin(live.ill_formed(malformed)).await,
        };
        live.well_formed();
        let id = id.as_ref();
        live.lobby.hub.asked(live.seated.seat());
        // A thousand texts wait for the disk at once: what is rarer is boxed, and makes no room for itself in all of them.
        match ask {
            VisitorAsk::Send(say) => self.say(live, id, say).await,
            ask if self.note(live, &ask) => live.answer(id, &Nothing {}).await,
            ask => Box::pin(self.oblige(live, id, ask)).await,
        }
    }

    fn expires(&self) -> Option<Instant> {
        None
    }
}

// === impl Turned ===

impl Turned {
    fn not_hello() -> Self {
        Self { error: ErrorBody::invalid("type", "the first frame must be hello"), code: CloseCode::NotHello }
    }

    fn unauthorized(what: &str) -> Self {
        let error = ErrorBody::new(ErrorCode::Unauthorized, format!("the {what} is invalid or has expired"));
        Self { error, code: CloseCode::Unauthorized }
    }

    fn not_offered(code: ErrorCode) -> Self {
        let error = ErrorBody::new(code, "this playbook is not offered on this page");
        Self { error, code: CloseCode::NotAllowed }
    }

    fn of(error: &HubError) -> Self {
        let code = match error {
            HubError::NotOffered => CloseCode::NotAllowed,
            HubError::Revoked => CloseCode::Unauthorized,
            HubError::Unavailable
            | HubError::Damaged
            | HubError::RateLimited { .. }
            | HubError::Refused(_)
            | HubError::NoAgent => CloseCode::Unavailable,
        };
        Self { error: error.into(), code }
    }
}

// === impl Connection ===

impl<S: Stream> Connection<S> {
    /// The first frame.
    pub(super) async fn knock(&mut self) -> Result<String, End> {
        loop {
            match self.read().await? {
                Incoming::Text(frame) if frame.len() > MAX_HELLO => {
                    return Err(End::Close { code: CloseCode::NoHello, after_ms: None, because: Some(LONG_HELLO) });
                }
                Incoming::Text(frame) => return Ok(frame.as_str().to_owned()),
                Incoming::Alive => {}
            }
        }
    }

    /// Answers a first frame that was not good enough.
    async fn turn<T>(&mut self, id: Option<&RequestId>, turned: Turned) -> Result<T, End> {
        self.turn_away(id, &turned.error, turned.code).await
    }

    /// Answers, and says how to close.
    pub(super) async fn turn_away<T>(
        &mut self,
        id: Option<&RequestId>,
        error: &ErrorBody,
        code: CloseCode,
    ) -> Result<T, End> {
        let mut frame = String::with_capacity(192);
        write::write_error(&mut frame, id, error);
        self.feed(frame).await?;
        Err(End::code(code))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::DuplexStream;

    use super::*;

    /// The size of what `make` makes, which is not called.
    fn size<A, F>(_make: impl FnOnce(A) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn l1_an_idle_session_is_small_whatever_it_does_when_it_wakes() {
        type Arguments = (Line<DuplexStream>, Entrance, Arc<Lobby>);
        let task = size(|(line, entrance, lobby): Arguments| run(line, entrance, || (), lobby));
        let (live, visiting) = (size_of::<Live<DuplexStream>>(), size_of::<Visiting>());
        assert!(task <= 800 && live <= 700 && visiting <= 256, "{task} + {live} + {visiting} bytes");
    }

    #[test]
    fn l1_whoever_comes_in_takes_little_room_until_they_say_hello() {
        type Arguments = (Line<DuplexStream>, Entrance, Arc<Lobby>);
        let knocking = size(|(line, entrance, lobby): Arguments| knock(line, entrance, || (), lobby));
        assert!(knocking <= 700, "{knocking} bytes");
    }

    #[test]
    fn l1_a_text_under_way_is_small() {
        type Arguments = (&'static mut Visiting, &'static mut Live<DuplexStream>, &'static str);
        let serving = size(|(visiting, live, frame): Arguments| visiting.serve(live, frame));
        // A thousand of these wait at once for the disk, each of them cold when its turn comes again.
        // Up to a kilobyte is what the allocator finds at once.
        assert!(serving <= 1024, "{serving} bytes");
    }
}
