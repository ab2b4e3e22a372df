//! The one road by which anything is written: load, decide, append, wake. A lost race reads the difference and
//! decides again.

use std::{sync::Arc, time::Duration};

use super::{
    Hub,
    doubt::UnderWay,
    error::{HubError, Result},
    mailbox::Leave,
    seat::{Seat, Who},
    stages::Stage,
    tail::{Tail, Turn},
};
use crate::{
    chat::{
        command::{Actor, Command, last_brought},
        conversation::{Conversation, Sight, State},
        decide::{Policy, Refusal, decide},
        event::{Event, MissedReason, What},
    },
    ids::{ConversationId, ItemId, Millis, Seq, VisitorId, WorkspaceId},
    store::{Append, Appended},
    wire::{code::CloseCode, entry::Entry},
};

/// How often a command is decided anew before the store is called too busy. Each loss means somebody else won.
const MAX_TRIES: usize = 256;
/// How long a command waits for its turn where many are written at once.
const PATIENCE: Duration = Duration::from_secs(5);
/// More events than one command makes: a playbook has 200 cards, and each ends in a few items at most.
const MOST_MADE: usize = 1024;
/// Events read at once when one of them is looked for.
const LOOK: usize = 200;
/// After how many events without a new row the fold is stored anyway, so that a cold load stays short. Not at the same
/// places everywhere: those who began together would have theirs written together.
const ROW_EVERY: u64 = 100;

/// On whose behalf a command is given.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A visitor, of their own conversations.
    Visitor(WorkspaceId, VisitorId),
    /// An agent, of their workspace's.
    Agent(WorkspaceId, Actor),
    /// The hub itself.
    System,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The last event it made, or the head when there was nothing to do.
    pub seq: Seq,
    /// When that was.
    pub at: Millis,
    /// Whether the same key had done it before.
    pub duplicate: bool,
    /// The item it made.
    pub item: Option<ItemId>,
    /// How many events it made.
    pub events: usize,
}

/// What the rest of the hub must know of a conversation as it was.
#[derive(Clone, Debug)]
pub(super) struct Face {
    pub(super) sight: Sight,
    pub(super) waiting: bool,
    pub(super) last_at: Millis,
}

// === impl Hub ===

impl Hub {
    /// Gives a command. Every refusal of [`decide`] may come back, `NotFound` for a conversation that is not the
    /// caller's, and `Unavailable`.
    pub async fn command(
        self: &Arc<Self>,
        conversation: &ConversationId,
        caller: &Caller,
        command: &Command,
    ) -> Result<Done> {
        self.command_of(conversation, caller, command, None).await
    }

    /// The same for a session to which the answer stands in for the event: it is not woken for what it did itself.
    pub(crate) async fn command_of(
        self: &Arc<Self>,
        conversation: &ConversationId,
        caller: &Caller,
        command: &Command,
        by: Option<&Seat>,
    ) -> Result<Done> {
        // A thousand of these wait at once for the disk: what is rare is boxed, and makes no room for itself in all of them.
        let mut watch = self.metrics.stages.stopwatch(&self.metrics.events);
        let tail = self.tail(conversation).await?;
        let actor = caller.actor();
        let owned = || tail.with(|hot| caller.owns(&hot.conversation).then(|| hot.conversation.playbook.clone()));
        // What another node committed may not have been heard of yet: no is said only upon the store's word. Whose it is,
        // also alone: adoption is no event, and its answer may have been lost.
        let (mut sure, mut looked) = (self.mesh.is_alone(), self.mesh.is_alone());
        let playbook = match owned().flatten() {
            Some(playbook) => playbook,
            None if Box::pin(self.make_sure(&tail)).await? => {
                sure = true;
                owned().flatten().ok_or_else(HubError::not_found)?
            }
            None => return Err(HubError::not_found()),
        };
        let row = self.playbook_at(&playbook).await?;
        let newest = self.playbook(&playbook.id).await?.unwrap_or_else(|| row.clone());
        let mut turn = if tail.is_queued_for() { Some(Box::pin(self.turn(&tail)).await?) } else { None };
        for _ in 0..MAX_TRIES {
            let policy = Policy {
                playbook: &row.playbook,
                available: self.policy_available(&newest),
                admins_see_assigned: self.settings.admins_see_assigned,
            };
            let now = self.store.now();
            let decided = tail.with(|hot| Decided::make(&hot.conversation, actor, command, &policy, now));
            let decided = decided.ok_or_else(HubError::not_found)?;
            let nothing_to_do = decided.as_ref().is_ok_and(|decided| decided.events.is_empty());
            if (nothing_to_do || decided.is_err())
                && !std::mem::replace(&mut sure, true)
                && Box::pin(self.make_sure(&tail)).await?
            {
                continue;
            }
            let Decided { head, at, before, events, row } = match decided {
                Ok(decided) => decided,
                Err(refusal) => return Box::pin(self.maybe_repeated(&tail, caller, command, refusal)).await,
            };
            if nothing_to_do {
                if let Command::Item { item, .. } = command {
                    return self.made_before(&tail, item).await;
                }
                return Ok(Done { seq: head, at, duplicate: false, item: None, events: 0 });
            }
            if events.iter().any(finds_nobody)
                && !std::mem::replace(&mut looked, true)
                && !Box::pin(self.finds_nobody(&newest.workspace)).await
            {
                continue;
            }
            let append = Append {
                conversation: conversation.clone(),
                after: head,
                entries: events.clone(),
                key: command.key().map(|key| (command.scope(actor), key.clone())),
                row,
            };
            let mut under_way = UnderWay::begin(&self.doubts, conversation, before, events);
            watch.lap(Stage::Received);
            let appended = self.store.append(append).await?;
            watch.lap(Stage::Stored);
            under_way.settled = true;
            match appended {
                Appended::Done { counts } => {
                    let UnderWay { before, entries, .. } = &under_way;
                    self.committed(&tail, before, entries, &counts, by);
                    watch.lap(Stage::FannedOut);
                    return Ok(Done::of(entries));
                }
                Appended::Stale { head: stored } => {
                    if stored < head {
                        self.lost_events(&tail, stored);
                    }
                    tail.hint(stored);
                    if turn.is_none() {
                        turn = Some(Box::pin(self.turn(&tail)).await?);
                    }
                    tail.catch_up(&*self.store).await?;
                }
                Appended::Repeated { event } => return self.repeated(&tail, command, &event).await,
                Appended::Unknown => return Err(HubError::not_found()),
            }
        }
        tracing::warn!(%conversation, "a command lost {MAX_TRIES} races in a row");
        Err(HubError::Unavailable)
    }

    /// The store has less of a conversation than this node saw committed: it came back without its last moments (a standby
    /// took over, a copy was restored). What is known is read anew, and who follows comes back to what there is.
    fn lost_events(&self, tail: &Tail, stored: Seq) {
        tracing::error!(conversation = %tail.id(), %stored, "the store has lost events; the conversation is read anew");
        tail.begin_anew();
        self.board.followers(tail.id(), |seat| {
            seat.mail.put(|mail| {
                mail.leave.get_or_insert(Leave { code: CloseCode::Draining, after_ms: Some(0), because: None });
            });
        });
    }

    /// Where two sides write without a pause, whoever loses a race would lose the next ones, too.
    async fn turn<'a>(&self, tail: &'a Tail) -> Result<Turn<'a>> {
        tokio::time::timeout(PATIENCE, tail.turn()).await.map_err(|_| {
            tracing::warn!(conversation = %tail.id(), "a command waited in vain for its turn");
            HubError::Unavailable
        })
    }

    /// A tail of the conversation, brought up to date: the board's, or one for this moment only.
    pub(super) async fn tail(&self, conversation: &ConversationId) -> Result<Arc<Tail>> {
        let anew = || Tail::new(conversation.clone(), self.board.budget().clone());
        let tail = self.board.tail(conversation).unwrap_or_else(anew);
        match tail.catch_up(&*self.store).await? {
            true => Ok(tail),
            false => Err(HubError::not_found()),
        }
    }

    /// Asks the store whether the tail is as it stands there, and catches up. True when it was not.
    pub(super) async fn make_sure(&self, tail: &Tail) -> Result<bool> {
        let heads = self.store.heads(std::slice::from_ref(tail.id())).await?;
        let Some(head) = heads.first() else { return Ok(false) };
        let was = tail.with(|hot| (hot.conversation.seq, hot.conversation.visitor.id.clone()));
        if was.as_ref().is_some_and(|(seq, visitor)| *seq >= head.seq && *visitor == head.visitor) {
            return Ok(false);
        }
        tail.hint(head.seq);
        if was.is_some_and(|(_, visitor)| visitor != head.visitor) {
            self.look_whose(tail).await?;
        }
        tail.catch_up(&*self.store).await?;
        Ok(true)
    }

    /// An item that was there already: made with the same key, by an agent or by the playbook.
    async fn made_before(&self, tail: &Tail, item: &ItemId) -> Result<Done> {
        let mut after = Seq(0);
        loop {
            let page = self.store.events_after(tail.id(), after, LOOK, usize::MAX).await?;
            let made = |entry: &&Arc<Entry>| matches!(&entry.event().what, What::Item(made) if made.item == *item);
            if let Some(first) = page.iter().find(made) {
                let Event { seq, at, .. } = *first.event();
                return Ok(Done { seq, at, duplicate: true, item: Some(item.clone()), events: 0 });
            }
            after = page.last().ok_or_else(HubError::not_found)?.event().seq;
        }
    }

    /// A refused command may be the repetition of one that was done when the world was another: then the first
    /// answer stands. One who no longer sees the conversation learns nothing.
    async fn maybe_repeated(&self, tail: &Tail, caller: &Caller, command: &Command, refusal: Refusal) -> Result<Done> {
        let Some(key) = command.key().filter(|_| refusal != Refusal::NotFound) else { return Err(refusal.into()) };
        match self.store.keyed(tail.id(), &command.scope(caller.actor()), key).await? {
            Some(event) => self.repeated(tail, command, &event).await,
            None => Err(refusal.into()),
        }
    }

    /// What a command of this key was answered the first time; `first` is the first event it made.
    async fn repeated(&self, tail: &Tail, command: &Command, first: &Entry) -> Result<Done> {
        let first = first.event();
        if !command.made(first) {
            return Err(HubError::invalid("key", "this key was used for something else"));
        }
        let then = match command {
            Command::Answer { .. } => self.store.events_after(tail.id(), first.seq, MOST_MADE, usize::MAX).await?,
            _ => Vec::new(),
        };
        let Event { seq, at, .. } = *last_brought(first, then.iter().map(|entry| entry.event()));
        let item = match &first.what {
            What::Item(item) => Some(item.item.clone()),
            _ => None,
        };
        Ok(Done { seq, at, duplicate: true, item, events: 0 })
    }
}

/// A command decided, ready to be appended.
struct Decided {
    head: Seq,
    at: Millis,
    before: Face,
    events: Vec<Arc<Entry>>,
    row: Option<Box<Conversation>>,
}

impl Decided {
    fn make(
        was: &Conversation,
        actor: &Actor,
        command: &Command,
        policy: &Policy<'_>,
        now: Millis,
    ) -> std::result::Result<Self, Refusal> {
        let events = decide(was, actor, command, policy, now)?;
        let due = (was.seq.0 + phase(&was.id)).is_multiple_of(ROW_EVERY);
        let row = (due || events.iter().any(moves_row)).then(|| {
            let mut row = was.clone();
            events.iter().for_each(|event| row.apply(event));
            Box::new(row)
        });
        // Not in the events' own place: they are much larger, and what is made here lives until the store has answered.
        let mut entries = Vec::with_capacity(events.len());
        entries.extend(events.into_iter().map(Entry::new));
        Ok(Self { head: was.seq, at: was.last_at, before: Face::of(was), events: entries, row })
    }
}

/// A number of the conversation's own: ids end in chance.
fn phase(conversation: &ConversationId) -> u64 {
    conversation.as_str().bytes().rev().take(2).fold(0, |sum, byte| sum * 62 + u64::from(byte))
}

/// Whether an event says that there was nobody at the Live Chat card.
pub(super) fn finds_nobody(entry: &Arc<Entry>) -> bool {
    matches!(entry.event().what, What::Missed { reason: MissedReason::NobodyOnline, .. })
}

/// Whether an event changes more of the fold than the last text.
pub(super) fn moves_row(event: &Event) -> bool {
    !matches!(event.what, What::Message { .. } | What::Note { .. })
}

// === impl Caller ===

impl Caller {
    /// The author of the command.
    pub fn actor(&self) -> &Actor {
        match self {
            Self::Visitor(..) => &Actor::Visitor,
            Self::Agent(_, actor) => actor,
            Self::System => &Actor::System,
        }
    }

    /// Whether a conversation is this caller's to name at all; what they may do with it is decided later.
    pub(super) fn owns(&self, conversation: &Conversation) -> bool {
        match self {
            Self::Visitor(workspace, visitor) => {
                conversation.workspace == *workspace && conversation.visitor.id == *visitor
            }
            Self::Agent(workspace, _) => conversation.workspace == *workspace,
            Self::System => true,
        }
    }
}

impl From<&Who> for Caller {
    fn from(who: &Who) -> Self {
        match who {
            Who::Visitor { workspace, visitor, .. } => Self::Visitor(workspace.clone(), visitor.clone()),
            Who::Agent { workspace, .. } => Self::Agent(workspace.clone(), who.actor()),
        }
    }
}

// === impl Done ===

impl Done {
    fn of(entries: &[Arc<Entry>]) -> Self {
        let last = entries.last().map(|entry| entry.event());
        let item = entries.iter().find_map(|entry| match &entry.event().what {
            What::Item(item) => Some(item.item.clone()),
            _ => None,
        });
        Self {
            seq: last.map(|event| event.seq).unwrap_or_default(),
            at: last.map(|event| event.at).unwrap_or_default(),
            duplicate: false,
            item,
            events: entries.len(),
        }
    }
}

// === impl Face ===

impl Face {
    pub(super) fn of(conversation: &Conversation) -> Self {
        Self {
            sight: conversation.sight(),
            waiting: matches!(conversation.state, State::Waiting { .. }),
            last_at: conversation.last_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn d5_conversations_that_began_together_do_not_store_their_folds_together() {
        let phases: HashSet<u64> = (0..2_000).map(|_| phase(&ConversationId::random()) % ROW_EVERY).collect();
        assert!(phases.len() > 80, "{} places of {ROW_EVERY}", phases.len());
    }
}
