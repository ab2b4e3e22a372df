//! A session that has said hello: its place in the hub, its cursors, and what both roles do alike.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::{
    connection::{Connection, Incoming},
    end::End,
    held::Held,
    line::Stream,
    lobby::Lobby,
};
use crate::{
    chat::command::Command,
    hub::{
        append::{Caller, Done},
        boxed::boxed,
        error::HubError,
        follow::{Follow, ends},
        seat::{Seat, Seated},
        visitor::Shown,
    },
    ids::{ConversationId, Quick, Seq},
    wire::{
        audience::Audience,
        code::CloseCode,
        reply,
        request::{Malformed, RequestId},
        write,
    },
};

/// Malformed frames in a row that end a session.
const MOST_MALFORMED: u32 = 10;
/// Requests served before what they brought is written, where more have arrived already.
const MOST_AT_ONCE: u32 = 16;
/// Times in a row that mail is looked at before anything else.
const MOST_MAIL: u32 = 8;
/// What a frame of events takes besides its conversation's name and the events, in bytes.
const FRAME: usize = 64;
/// After how long events that could not be read are asked for again.
const AGAIN: Duration = Duration::from_millis(500);

/// A session under way.
pub(super) struct Live<S> {
    pub(super) connection: Connection<S>,
    pub(super) lobby: Arc<Lobby>,
    pub(super) seated: Seated,
    pub(super) caller: Caller,
    pub(super) follows: HashMap<ConversationId, Follow, Quick>,
    pub(super) audience: Audience,
    /// Conversations whose events the store could not give; asked for again at `again`.
    behind: HashSet<ConversationId>,
    again: Option<Instant>,
    /// The texts that were refused for now: later ones wait for them.
    pub(super) held: Held,
    malformed: u32,
}

/// What a role does with its frames.
pub(super) trait Role<S>: Sized {
    /// Serves one frame.
    async fn serve(&mut self, live: &mut Live<S>, frame: &str) -> Result<(), End>;

    /// When the session ends whatever happens: an agent's token.
    fn expires(&self) -> Option<Instant>;
}

// === impl Live ===

impl<S: Stream> Live<S> {
    pub(super) fn new(connection: Connection<S>, lobby: Arc<Lobby>, seated: Seated) -> Box<Self> {
        let who = &seated.seat().who;
        let audience = if who.agent().is_some() { Audience::Agents } else { Audience::Visitor };
        // Boxed, so that it has one place: a future holds room for its arguments and once more for what they become.
        Box::new(Self {
            caller: Caller::from(who),
            connection,
            lobby,
            audience,
            seated,
            follows: HashMap::default(),
            behind: HashSet::new(),
            again: None,
            held: Held::default(),
            malformed: 0,
        })
    }

    /// Talks until either side is done, and says goodbye.
    pub(super) async fn run(mut self: Box<Self>, mut role: Box<impl Role<S>>) {
        let end = match self.talk(&mut *role).await {
            Ok(never) => never,
            Err(end) => end,
        };
        let Self { connection, mut seated, .. } = *self;
        // The hub learns at once that nobody is here any more, whatever the peer takes to close.
        seated.clean = matches!(end, End::Gone { clean: true });
        drop(seated);
        boxed(|| connection.close(end)).await;
    }

    async fn talk(&mut self, role: &mut impl Role<S>) -> Result<End, End> {
        let seat = self.seated.seat().clone();
        let timer = tokio::time::sleep_until(self.next_look(role));
        tokio::pin!(timer);
        // An idle session is this future and nothing else: what is rare, or large, has room of its own while it lasts.
        let mut mailed = 0;
        loop {
            if seat.mail.is_waiting() {
                boxed(|| self.deliver()).await?;
            }
            self.connection.flush().await?;
            // Most of the time it is mail that wakes a session, and to find that nobody has said anything costs the most:
            // that is looked at last, but not for ever.
            tokio::select! {
                biased;
                () = seat.mail.rung(), if mailed < MOST_MAIL => mailed += 1,
                () = &mut timer => {
                    if role.expires().is_some_and(|at| at <= Instant::now()) {
                        return Err(End::code(CloseCode::Unauthorized));
                    }
                    Box::pin(self.connection.beat()).await?;
                    if self.again.is_some_and(|again| again <= Instant::now()) {
                        self.look_again();
                    }
                    timer.as_mut().reset(self.next_look(role));
                }
                incoming = self.connection.read() => {
                    mailed = 0;
                    let mut next = Some(incoming);
                    // Requests that came together are answered together, in one write.
                    for _ in 0..MOST_AT_ONCE {
                        let Some(incoming) = next else { break };
                        // The end of a connection is no sign of life: it may have come long ago.
                        let incoming = incoming?;
                        self.heard(&seat);
                        if let Incoming::Text(frame) = incoming {
                            boxed(|| role.serve(self, frame.as_str())).await?;
                        }
                        next = self.connection.read_now();
                    }
                    if let Some(Err(end)) = next {
                        return Err(end);
                    } else if let Some(Ok(Incoming::Text(frame))) = next {
                        boxed(|| role.serve(self, frame.as_str())).await?;
                    }
                }
                () = seat.mail.rung(), if mailed >= MOST_MAIL => mailed = 0,
            }
            if self.again.is_some_and(|again| again < timer.deadline()) {
                timer.as_mut().reset(self.next_look(role));
            }
        }
    }

    fn next_look(&self, role: &impl Role<S>) -> Instant {
        let settings = &self.lobby.settings;
        let heartbeat = match self.audience {
            Audience::Visitor => settings.visitor_heartbeat,
            Audience::Agents => settings.agent_heartbeat,
        };
        let beat = self.lobby.on_tick(self.connection.next_beat(), heartbeat);
        let look = self.again.map_or(beat, |again| beat.min(again));
        role.expires().map_or(look, |at| look.min(at))
    }

    /// Asks again for what the store could not give.
    fn look_again(&mut self) {
        self.again = None;
        let behind = std::mem::take(&mut self.behind);
        if !behind.is_empty() {
            self.seated.seat().mail.put(|mail| behind.iter().for_each(|id| mail.news.insert(id)));
        }
    }

    fn heard(&self, seat: &Seat) {
        seat.heard(self.lobby.hub.store().now());
    }

    /// A request was read: the ten in a row begin anew.
    pub(super) fn well_formed(&mut self) {
        self.malformed = 0;
    }

    /// Answers a frame that is no request; ten in a row end the session.
    pub(super) async fn ill_formed(&mut self, malformed: Malformed) -> Result<(), End> {
        self.malformed = if malformed.counts { self.malformed + 1 } else { 0 };
        self.refuse_as(malformed.id.as_ref(), &malformed.error).await?;
        match self.malformed < MOST_MALFORMED {
            true => Ok(()),
            false => Err(End::code(CloseCode::Abuse)),
        }
    }

    /// A command whose events are pushed to the one who gave it, too, before the answer.
    pub(super) async fn command(
        &mut self,
        id: Option<&RequestId>,
        conversation: &ConversationId,
        command: &Command,
    ) -> Result<(), End> {
        let done = Box::pin(self.lobby.hub.command(conversation, &self.caller, command)).await;
        self.done(id, done).await
    }

    /// Pushes what a request brought and answers it.
    pub(super) async fn done(&mut self, id: Option<&RequestId>, done: Result<Done, HubError>) -> Result<(), End> {
        match done {
            Err(error) => self.refuse(id, &error).await,
            Ok(done) => {
                boxed(|| self.deliver()).await?;
                // An answer may end in a lead: that is for agents.
                match &done.item {
                    Some(item) if self.audience == Audience::Agents => {
                        let made =
                            reply::Made { item: item.clone(), seq: done.seq, at: done.at, duplicate: done.duplicate };
                        self.answer(id, &made).await
                    }
                    _ => self.answer_done(id, &done).await,
                }
            }
        }
    }

    /// From now on a conversation that was just shown is followed from the page's end.
    pub(super) fn follow(&mut self, shown: &Shown) {
        let conversation = &shown.loaded.conversation;
        if self.audience == Audience::Visitor {
            self.unfollow_others(&conversation.id);
        }
        self.held.pass(&conversation.id, self.caller.actor(), &shown.page.events);
        let tail = self.seated.follow(&conversation.id);
        let mut follow = Follow::new(tail, shown.page.cursor, conversation.seq, conversation.sight());
        follow.opened = true;
        self.follows.insert(conversation.id.clone(), follow);
        // What the page did not hold, and what came since it was read.
        self.seated.seat().mail.put(|mail| {
            mail.news.insert(&conversation.id);
        });
    }

    /// A visitor has one conversation; the one before it is over.
    pub(super) fn unfollow_others(&mut self, conversation: &ConversationId) {
        let others: Vec<_> = self.follows.keys().filter(|other| *other != conversation).cloned().collect();
        others.iter().for_each(|other| self.unfollow(other));
    }

    /// And no longer.
    pub(super) fn unfollow(&mut self, conversation: &ConversationId) {
        self.follows.remove(conversation);
        self.behind.remove(conversation);
        self.held.release(conversation);
        self.seated.unfollow(conversation);
    }

    /// Writes the events of one conversation behind the cursor; only those before `until`, when given.
    pub(super) async fn pump(&mut self, conversation: &ConversationId, until: Option<Seq>) -> Result<(), End> {
        loop {
            let Some(follow) = self.follows.get_mut(conversation) else { return Ok(()) };
            let Ok(mut entries) = follow.tail.read(&**self.lobby.hub.store(), follow.cursor).await else {
                // Nothing is lost: they are in the log, and the cursor stays where it is.
                self.behind.insert(conversation.clone());
                self.again.get_or_insert(Instant::now() + AGAIN);
                return Ok(());
            };
            if let Some(until) = until {
                entries.retain(|entry| entry.event().seq < until);
            }
            if entries.is_empty() {
                return Ok(());
            }
            let hub = &self.lobby.hub;
            let seat = self.seated.seat();
            let (events, lost) = match self.audience {
                Audience::Visitor => (follow.take_all(entries), false),
                Audience::Agents => {
                    let cut = follow.take(entries, |sight| hub.may_see(seat, sight));
                    (cut.events, cut.lost)
                }
            };
            self.held.pass(conversation, self.caller.actor(), &events);
            let shown = self.audience.of(&events);
            let length = shown.clone().map(|entry| entry.json().len() + 1).sum::<usize>();
            if length > 0 {
                let length = FRAME + conversation.as_str().len() + length;
                let mut frame = String::with_capacity(self.connection.room(length));
                write::write_events(&mut frame, conversation, shown);
                self.connection.feed(frame).await?;
            }
            let over = self.follows.get(conversation).is_some_and(|follow| !follow.opened && ends(&events));
            if lost || over {
                self.unfollow(conversation);
                return Ok(());
            }
        }
    }
}
