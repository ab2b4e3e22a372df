//! One connection: HTTP until it is upgraded, then a task of its own that knows nothing of HTTP.

use std::{
    convert::Infallible,
    future::{poll_fn, ready},
    io,
    net::IpAddr,
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Request, header, request};
use hyper::{body::Incoming, service::Service};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use super::{
    accept::Door,
    addresses::Admission,
    handshake::shake,
    metrics::Reason,
    peer::{Peer, client_address, is_own_origin, origin},
    problem::Problem,
    socket::{Sessions, Side, socket},
};

/// A connection that still speaks HTTP is not kept for longer; a request under way is answered.
const HTTP_TIME: Duration = Duration::from_secs(120);
/// Everything the hub serves over HTTP is small: who is not done by then does not read.
const LAST_ANSWER: Duration = Duration::from_secs(10);
/// So long, and so much, is still taken from somebody who was answered before they had said everything.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 4 * 1024 * 1024;

type Answer = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

/// Answers the requests of one connection.
struct Requests<S> {
    door: Arc<Door<S>>,
    address: IpAddr,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Of a connection that came by no proxy.
    admission: Option<Admission>,
    /// Set by the request that is answered with 101.
    seat: Option<(Side, Peer)>,
}

/// Serves a connection until it ends or becomes a socket.
pub(super) async fn connection<S: Sessions>(
    door: Arc<Door<S>>,
    stream: TcpStream,
    address: IpAddr,
    admission: Option<Admission>,
) {
    let state = Mutex::new(State { admission, seat: None });
    let requests = Requests { door: door.clone(), address, state };
    let mut http = door.http.serve_connection(TokioIo::new(stream), requests);
    let sound = {
        let mut end = pin!(sleep(HTTP_TIME));
        let mut shed = pin!(door.shed.notified());
        let mut closed = pin!(door.shutdown.closed.cancelled());
        let mut closing = false;
        loop {
            tokio::select! {
                // Errors are the client's: a head that is too long, too late or none at all. hyper has answered them.
                done = poll_fn(|cx| http.poll_without_shutdown(cx)) => break done.is_ok(),
                () = &mut closed, if !closing => {}
                () = &mut shed, if !closing => {}
                () = &mut end => if closing { return },
            }
            closing = true;
            Pin::new(&mut http).graceful_shutdown();
            end.as_mut().reset(Instant::now() + LAST_ANSWER);
        }
    };
    let parts = http.into_parts();
    let stream = parts.io.into_inner();
    let state = parts.service.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    let Some((side, peer)) = state.seat.filter(|_| sound) else {
        return Box::pin(leave(stream)).await;
    };
    let Ok(socket) = socket(stream, door.settings.socket, &parts.read_buf) else {
        door.metrics.refused(Reason::Frames);
        return;
    };
    let open = door.metrics.opened(side);
    // A task of its own, so that this one, with all that HTTP needed, is freed now and not when the visitor leaves.
    // Mapped rather than awaited in a block, which would hold the room of the whole session twice.
    let done = move |()| drop(open);
    match side {
        Side::Visitor => door.sockets.spawn(door.sessions.visitor(socket, peer).map(done)),
        Side::Agent => door.sockets.spawn(door.sessions.agent(socket, peer).map(done)),
    };
}

/// Closes, and waits shortly for the other side to have read the answer: with what they sent still unread, closing would
/// be a reset, which discards it.
pub(super) async fn leave(mut stream: TcpStream) {
    let linger = async {
        stream.shutdown().await?;
        let mut scrap = [0; 2048];
        let mut left = LINGER_BYTES;
        while left > 0 {
            match stream.read(&mut scrap).await? {
                0 => break,
                read => left = left.saturating_sub(read),
            }
        }
        io::Result::Ok(())
    };
    let _ = timeout(LINGER, linger).await;
}

// === impl Requests ===

impl<S: Sessions> Service<Request<Incoming>> for Requests<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Answer {
        if let Some(side) = Side::of(request.uri().path()) {
            let (head, _body) = request.into_parts();
            let answer = self.upgrade(side, &head).unwrap_or_else(IntoResponse::into_response);
            return Box::pin(ready(Ok(answer)));
        }
        let draining = self.door.shutdown.draining.is_cancelled();
        let mut router = self.door.router.clone();
        Box::pin(async move {
            let answer = tower::Service::call(&mut router, request.map(Body::new)).await;
            answer.map(|answer| if draining { farewell(answer) } else { answer })
        })
    }
}

impl<S: Sessions> Requests<S> {
    fn upgrade(&self, side: Side, head: &request::Parts) -> Result<Response, Problem> {
        let metrics = &self.door.metrics;
        if self.door.shutdown.draining.is_cancelled() {
            metrics.refused(Reason::Draining);
            return Ok(farewell(Problem::unavailable("the hub is draining").into_response()));
        }
        let answer = shake(head).inspect_err(|_| metrics.refused(Reason::Handshake))?;
        let (origin, own_origin) = self.origin(&head.headers)?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let admission = match state.admission.take() {
            Some(admission) => admission,
            None => {
                let trusted = &self.door.settings.trusted_proxies;
                let client = client_address(self.address, &head.headers, trusted);
                self.door.addresses.admit(client).ok_or_else(|| {
                    metrics.refused(Reason::Address);
                    Problem::unavailable("too many connections from this address")
                })?
            }
        };
        state.seat = Some((side, Peer { origin, own_origin, admission }));
        Ok(answer)
    }

    fn origin(&self, headers: &HeaderMap) -> Result<(Option<Box<str>>, bool), Problem> {
        let origin = origin(headers).map_err(|()| Problem::invalid("must be one origin").of("Origin"))?;
        let own = origin.is_some_and(|origin| is_own_origin(origin, headers));
        Ok((origin.map(Into::into), own))
    }
}

/// The connection is not kept: the next one shall go to another node.
fn farewell(mut answer: Response) -> Response {
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}
