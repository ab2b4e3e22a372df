//! A tab as its session would serve it: it reads its letter box, follows what it is told to, and keeps everything it
//! was ever shown.

use std::{collections::BTreeMap, sync::Arc};

use super::super::{
    Hub,
    append::{Caller, Done},
    error::Result,
    follow::{Follow, ends, is_newer},
    mailbox::{Mail, Row, Typing},
    seat::{Seat, Seated},
    visitor::Shown,
};
use crate::{
    chat::{
        command::Command,
        conversation::Sight,
        event::What,
        summary::{Mark, StateName, Summary},
    },
    ids::{AgentId, ConversationId, Seq},
    store::Counts,
    wire::{
        agent::{AgentStatus, PresenceReason},
        entry::Entry,
        push::{Available, NotifyPush, PresencePush, Side, VisitorMoved, Watching},
        request::NotifyReason,
    },
};

/// One connection.
pub(super) struct Tab {
    pub(super) hub: Arc<Hub>,
    pub(super) seated: Seated,
    pub(super) follows: BTreeMap<ConversationId, Follow>,
    /// What was shown since the last look.
    pub(super) shown: Shelf,
    /// The inbox as a client folds it.
    pub(super) rows: BTreeMap<ConversationId, (Seq, Option<Arc<Summary>>)>,
    pub(super) counts: Counts,
    /// Those that stand in a trace.
    pub(super) traced: Counts,
    pub(super) presence: BTreeMap<AgentId, AgentStatus>,
    /// What it was told of agents, and why.
    pub(super) flips: Vec<(AgentId, AgentStatus, PresenceReason)>,
    pub(super) available: Option<Available>,
    pub(super) place: Option<(ConversationId, u32)>,
    /// The events of each conversation, as they came.
    pub(super) logs: BTreeMap<ConversationId, Vec<Arc<Entry>>>,
    /// How often it was notified of what.
    pub(super) notified: BTreeMap<(ConversationId, NotifyReason), usize>,
    /// What it rang for last.
    pub(super) rang: Option<NotifyPush>,
    /// The hub sent it away.
    pub(super) left: bool,
}

/// What a tab was shown at one look.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    pub(super) events: Vec<(ConversationId, Arc<Entry>)>,
    pub(super) upserts: Vec<Arc<Summary>>,
    pub(super) removes: Vec<(ConversationId, Row)>,
    pub(super) notifies: Vec<NotifyPush>,
    pub(super) typing: Vec<(ConversationId, Typing)>,
    pub(super) seen: Vec<(ConversationId, Side, Mark)>,
    pub(super) visitors: Vec<VisitorMoved>,
    pub(super) watching: Vec<Watching>,
}

// === impl Tab ===

impl Tab {
    pub(super) fn new(hub: Arc<Hub>, seated: Seated) -> Self {
        Self {
            hub,
            seated,
            follows: BTreeMap::new(),
            shown: Shelf::default(),
            rows: BTreeMap::new(),
            counts: Counts::default(),
            traced: Counts::default(),
            presence: BTreeMap::new(),
            flips: Vec::new(),
            available: None,
            place: None,
            logs: BTreeMap::new(),
            notified: BTreeMap::new(),
            rang: None,
            left: false,
        }
    }

    pub(super) fn seat(&self) -> &Arc<Seat> {
        self.seated.seat()
    }

    /// A conversation that was asked for: its page, and what comes behind.
    pub(super) fn show(&mut self, shown: &Shown) {
        let conversation = &shown.loaded.conversation;
        let (id, for_agent) = (&conversation.id, self.seat().who.agent().is_some());
        if !for_agent {
            let others: Vec<_> = self.follows.keys().filter(|other| *other != id).cloned().collect();
            others.iter().for_each(|other| self.unfollow(other));
        }
        let log = self.logs.entry(id.clone()).or_default();
        if !shown.page.recovered {
            log.clear();
        }
        log.retain(|entry| shown.page.events.first().is_none_or(|first| entry.event().seq < first.event().seq));
        for entry in shown.page.events.iter().filter(|entry| for_agent || entry.event().what.for_visitor()) {
            log.push(entry.clone());
            self.shown.events.push((id.clone(), entry.clone()));
        }
        let tail = self.seated.follow(id);
        let mut follow = Follow::new(tail, shown.page.cursor, conversation.seq, conversation.sight());
        follow.opened = true;
        self.follows.insert(id.clone(), follow);
        self.seat().mail.put(|mail| {
            mail.news.insert(id);
        });
    }

    /// One's own conversation, from its row's place on.
    pub(super) fn follow_mine(&mut self, id: &ConversationId, seq: Seq, sight: Sight) {
        let follow = Follow::new(self.seated.follow(id), seq, seq, sight);
        self.follows.insert(id.clone(), follow);
        self.seat().mail.put(|mail| {
            mail.news.insert(id);
        });
    }

    /// What became theirs, or began in another tab, unless it is followed already.
    fn follow_own(&mut self, id: &ConversationId, from: Seq, opened: bool) {
        match self.follows.get_mut(id) {
            Some(follow) => follow.given(from),
            None => {
                let mut follow = Follow::new(self.seated.follow(id), from, from, Sight::Everybody);
                follow.opened = opened;
                self.follows.insert(id.clone(), follow);
            }
        }
    }

    /// Gives a command on behalf of whoever sits here.
    pub(super) async fn give(&self, id: &ConversationId, command: Command) -> Result<Done> {
        self.hub.asked(self.seat());
        self.hub.command(id, &Caller::from(&self.seat().who), &command).await
    }

    /// Writes; the key is the text.
    pub(super) async fn say(&self, id: &ConversationId, text: &str) -> Result<Done> {
        self.give(id, Command::Send { key: text.into(), text: text.into() }).await
    }

    /// The texts people wrote, as they came.
    pub(super) fn texts(&self, id: &ConversationId) -> Vec<String> {
        let text = |entry: &Arc<Entry>| match &entry.event().what {
            What::Message { key: Some(_), text, .. } => Some(text.clone()),
            _ => None,
        };
        self.logs.get(id).into_iter().flatten().filter_map(text).collect()
    }

    /// The state of a row, as the inbox shows it.
    pub(super) fn state(&self, id: &ConversationId) -> Option<StateName> {
        self.rows.get(id)?.1.as_ref().map(|row| row.state)
    }

    pub(super) fn unfollow(&mut self, id: &ConversationId) {
        self.follows.remove(id);
        self.seated.unfollow(id);
    }

    /// Takes out what waits, in the order a session writes it.
    pub(super) async fn read(&mut self) {
        // Whoever reads is alive.
        self.seat().heard(self.hub.store().now());
        while let Some(mail) = self.seat().mail.take() {
            let Mail { news, follow, begun, rows, counts, presence, notify, typing, seen, visitor, watching, .. } =
                *mail;
            let mut follow: Vec<_> = follow.into_iter().collect();
            follow.sort();
            for (id, from) in follow {
                self.follow_own(&id, from, false);
                self.pump(&id).await;
            }
            if let Some(begun) = begun.filter(|begun| is_newer(begun, self.follows.values())) {
                let others: Vec<_> = self.follows.keys().filter(|id| **id != begun.conversation).cloned().collect();
                others.iter().for_each(|other| self.unfollow(other));
                self.follow_own(&begun.conversation, Seq(0), true);
                self.follows.get_mut(&begun.conversation).into_iter().for_each(|follow| follow.theirs_since(begun.at));
                self.pump(&begun.conversation).await;
            }
            let mut news: Vec<_> = news.iter().cloned().collect();
            news.sort();
            for id in news {
                self.pump(&id).await;
            }
            self.read_rows(rows.into_iter().collect());
            self.counts.unassigned = counts.unassigned.map_or(self.counts.unassigned, |(count, _)| count);
            self.counts.mine = counts.mine.map_or(self.counts.mine, |(count, _)| count);
            self.counts.closed = counts.closed.map_or(self.counts.closed, |(count, _)| count);
            let mut presence: Vec<_> = presence.into_values().collect();
            presence.sort_by(|one, two| one.value().agent.id.cmp(&two.value().agent.id));
            for push in presence {
                let PresencePush { agent, reason } = push.value().clone();
                self.presence.insert(agent.id.clone(), agent.status);
                self.flips.push((agent.id, agent.status, reason));
            }
            self.available = mail.available.or(self.available);
            self.place = mail.queue.or(self.place.take());
            let mut shown = std::mem::take(&mut self.shown);
            let still = |id: &ConversationId| self.still_sees(id);
            let follows = |id: &ConversationId| self.follows.contains_key(id);
            shown.visitors.extend(visitor.into_values().filter(|push| follows(&push.conversation)));
            let watching = watching.into_values().map(|push| push.value().clone());
            shown.watching.extend(watching.filter(|push| follows(&push.conversation)));
            shown.notifies.extend(notify.into_iter().filter(|push| still(&push.conversation)));
            let seen = seen.into_iter().filter(|((id, _), _)| follows(id));
            shown.seen.extend(seen.map(|((id, side), mark)| (id, side, mark)));
            let mut typing: Vec<_> = typing.into_iter().collect();
            typing.sort_by(|one, two| one.0.cmp(&two.0));
            let caught_up = |id: &ConversationId, at: Seq| self.follows.get(id).is_some_and(|own| own.cursor >= at);
            let typing = typing.into_iter().filter(|(id, typing)| caught_up(id, typing.seq) && still(id));
            shown.typing.extend(typing);
            self.shown = shown;
            self.left |= mail.leave.is_some();
        }
    }

    fn read_rows(&mut self, mut rows: Vec<(ConversationId, Row)>) {
        rows.sort_by(|one, two| one.0.cmp(&two.0));
        for (id, row) in rows {
            let summary = match &row {
                Row::Upsert(summary) => Some(Arc::new(summary.value().clone())),
                Row::Remove { .. } => None,
            };
            // An older row changes nothing, of equal ones the latest counts.
            if self.rows.get(&id).is_none_or(|(was, _)| *was <= row.seq()) {
                self.rows.insert(id.clone(), (row.seq(), summary.clone()));
            }
            match summary {
                Some(summary) => self.shown.upserts.push(summary),
                None => self.shown.removes.push((id, row)),
            }
        }
    }

    /// Whether a letter box that may be older than the last event read is still for this one.
    fn still_sees(&self, id: &ConversationId) -> bool {
        if self.seat().who.agent().is_none() {
            return true;
        }
        let sight = self.hub.board().tail(id).and_then(|tail| tail.with(|hot| hot.conversation.sight()));
        sight.is_none_or(|sight| self.hub.may_see(self.seat(), &sight))
    }

    async fn pump(&mut self, id: &ConversationId) {
        loop {
            let (hub, seat) = (self.hub.clone(), self.seat().clone());
            let Some(follow) = self.follows.get_mut(id) else { return };
            let Ok(entries) = follow.tail.read(&**hub.store(), follow.cursor).await else {
                // As a session does: it asks again, from where it stands.
                let id = id.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
                    seat.mail.put(|mail| {
                        mail.news.insert(&id);
                    });
                });
                return;
            };
            if entries.is_empty() {
                return;
            }
            let (events, lost) = match seat.who.agent() {
                None => (follow.take_all(entries), false),
                Some(_) => {
                    let cut = follow.take(entries, |sight| hub.may_see(&seat, sight));
                    (cut.events, cut.lost)
                }
            };
            let over = !follow.opened && ends(&events);
            let for_agent = seat.who.agent().is_some();
            for entry in events.into_iter().filter(|entry| for_agent || entry.event().what.for_visitor()) {
                self.logs.entry(id.clone()).or_default().push(entry.clone());
                self.shown.events.push((id.clone(), entry));
            }
            if lost || over {
                self.unfollow(id);
                return;
            }
        }
    }
}
