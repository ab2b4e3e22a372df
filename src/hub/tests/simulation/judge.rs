//! What must hold, judged by the logs of the store alone.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    super::{
        super::{mailbox::Row, seat::Who},
        house::workspace,
        tab::Tab,
    },
    people::Kind,
    world::World,
};
use crate::{
    chat::{
        conversation::{Conversation, Sight, State},
        event::{Author, MissedReason, What},
        summary::StateName,
    },
    ids::{AgentId, ConversationId, Seq},
    store::{Counts, Store},
    wire::{entry::Entry, request::NotifyReason},
};

// === impl World ===

impl World {
    pub(super) fn head(&self, id: &ConversationId) -> Seq {
        self.store.log(id).last().map_or(Seq(0), |entry| entry.event().seq)
    }

    /// How far into a log an agent may look: the last place at which they could see it, and the event that took it.
    fn entitled(&self, at: usize, id: &ConversationId) -> Seq {
        let (agent, admin) = (AgentId::from(self.people[at].name.as_str()), self.people[at].is_admin());
        let sees = |sight: &Sight| sight.allows(&agent, admin, self.settings.admins_see_assigned);
        let (mut sight, mut last) = (Sight::Admins, Seq(0));
        for entry in self.store.log(id) {
            let before = sees(&sight);
            sight = sight.after(entry.event());
            if before || sees(&sight) {
                last = entry.event().seq;
            }
        }
        last
    }

    /// What a tab was just shown.
    pub(super) fn judge_shown(&mut self, at: usize, tab: &mut Tab) {
        let shown = std::mem::take(&mut tab.shown);
        let name = self.people[at].name.clone();
        let on = tab.hub.mesh().node().clone();
        for (id, entry) in &shown.events {
            self.trace.line(format_args!("{name} on {on} < {id} {}", entry.event().seq));
        }
        for row in &shown.upserts {
            self.trace.line(format_args!("{name} on {on} + {} {} {:?}", row.id, row.seq, row.state));
        }
        for (id, row) in &shown.removes {
            self.trace.line(format_args!("{name} on {on} - {id} {}", row.seq()));
        }
        for push in &shown.notifies {
            self.trace.line(format_args!("{name} on {on} ! {} {:?} {}", push.conversation, push.reason, push.ring));
        }
        if tab.counts != tab.traced {
            tab.traced = tab.counts;
            self.trace.line(format_args!("{name} on {on} # {:?}", tab.counts));
        }
        if !self.people[at].is_agent() {
            return self.judge_visitors(at, &shown.events);
        }
        let mut entitled: BTreeMap<ConversationId, Seq> = BTreeMap::new();
        let mut upto = |id: &ConversationId| *entitled.entry(id.clone()).or_insert_with(|| self.entitled(at, id));
        for (id, entry) in &shown.events {
            let seq = entry.event().seq;
            assert!(seq <= upto(id), "{name} is shown event {seq} of {id}");
        }
        for row in &shown.upserts {
            assert!(row.seq <= upto(&row.id), "{name} is shown the row of {} at {}", row.id, row.seq);
            if let Some(page) = &row.page {
                self.judge_moment(&name, &page.url, upto(&row.id));
            }
        }
        for (id, row) in &shown.removes {
            let Row::Remove { seq, assignee, .. } = row else { continue };
            assert!(*seq <= upto(id), "{name} is told by {seq} that {id} is gone");
            let log = self.store.log(id);
            let What::Assigned { to, .. } = &log[seq.0 as usize - 1].event().what else {
                panic!("{name} lost {id} at {seq}, where nobody got it")
            };
            assert_eq!(assignee.as_ref(), Some(to));
        }
        for push in &shown.notifies {
            let id = &push.conversation;
            let canary =
                |entry: &&Arc<Entry>| matches!(&entry.event().what, What::Message { text, .. } if *text == push.body);
            let of = self.store.log(id).iter().find(canary).map(|entry| entry.event().seq);
            assert!(of.is_none_or(|seq| seq <= upto(id)), "{name} is rung with {}", push.body);
        }
        for (id, typing) in &shown.typing {
            assert!(typing.seq <= upto(id), "{name} is shown that somebody types in {id}");
            if let Some(preview) = &typing.preview {
                self.judge_moment(&name, preview, upto(id));
            }
        }
        for moved in &shown.visitors {
            if let Some(page) = &moved.page {
                self.judge_moment(&name, &page.url, upto(&moved.conversation));
            }
        }
        for (id, _, mark) in &shown.seen {
            assert!(mark.received <= upto(id), "{name} is told of receipts in {id} up to {}", mark.received);
        }
        if let Some(push) = shown.notifies.iter().rfind(|push| push.ring) {
            tab.rang = Some(push.clone());
            *self.blocked.entry(push.conversation.clone()).or_default() += 1;
        }
        for push in shown.notifies {
            *tab.notified.entry((push.conversation, push.reason)).or_default() += 1;
        }
        self.judge_rings(&name, tab);
    }

    fn judge_moment(&self, name: &str, moment: &str, upto: Seq) {
        if let Some((id, head)) = self.moments.get(moment) {
            assert!(
                *head <= upto,
                "{name} is shown {moment}, of {id} when its head was {head}, and may see up to {upto}"
            );
        }
    }

    /// Nobody is told twice of one event.
    fn judge_rings(&self, name: &str, tab: &Tab) {
        for ((id, reason), count) in &tab.notified {
            let rings = |entry: &&Arc<Entry>| match (&entry.event().what, reason) {
                (What::Waiting { .. } | What::Unassigned { .. }, NotifyReason::Unassigned) => true,
                (What::Assigned { to, .. }, NotifyReason::Assigned) => to.id.as_str() == name,
                (What::Message { .. }, NotifyReason::Message) => entry.event().by == Author::Visitor,
                _ => false,
            };
            let most = self.store.log(id).iter().filter(rings).count() + self.blocked.get(id).copied().unwrap_or(0);
            assert!(*count <= most, "{name} is rung {count} times of {most} for {reason:?} in {id}");
        }
    }

    fn judge_visitors(&self, at: usize, events: &[(ConversationId, Arc<Entry>)]) {
        let Kind::Visitor { id: visitor, was, .. } = &self.people[at].kind else { return };
        for (id, entry) in events {
            let owner = &self.row(id).visitor.id;
            assert!(owner == visitor || Some(owner) == was.as_ref(), "{id} is not {visitor}'s");
            assert!(entry.event().what.for_visitor(), "{visitor} is shown what is for agents");
        }
    }

    fn row(&self, id: &ConversationId) -> Conversation {
        self.store.rows().into_iter().find(|row| row.id == *id).expect("it is there")
    }

    /// When all is calm: everything that was promised.
    pub(super) async fn judge(&mut self) {
        self.judge_said();
        let rows = self.store.rows();
        rows.iter().for_each(|row| self.judge_waits(row));
        for at in 0..self.people.len() {
            let tabs = std::mem::take(&mut self.people[at].tabs);
            for open in &tabs {
                let name = format!("{} on {}", self.people[at].name, open.birth);
                match self.people[at].is_agent() {
                    true => self.judge_inbox(at, &name, &open.tab, &rows).await,
                    false => self.judge_widget(&name, &open.tab, &rows),
                }
            }
            self.people[at].tabs = tabs;
        }
    }

    /// What was acknowledged is stored once, and one sender's texts in their order.
    fn judge_said(&self) {
        for (id, key, text, seq) in &self.acknowledged {
            let log = self.store.log(id);
            let is_it = |entry: &&Arc<Entry>| matches!(&entry.event().what, What::Message { key: Some(of), text: said, .. } if of == key && said == text);
            let found: Vec<Seq> = log.iter().filter(is_it).map(|entry| entry.event().seq).collect();
            assert_eq!(found, [*seq], "{key} in {id}");
        }
        for id in &self.known {
            let mut last: BTreeMap<String, u64> = BTreeMap::new();
            for entry in self.store.log(id) {
                let What::Message { key: Some(key), .. } = &entry.event().what else { continue };
                let (name, number) = key.as_str().rsplit_once('-').expect("a name and a number");
                let number = number.parse().expect("a number");
                let was = last.insert(name.to_owned(), number);
                assert!(was.is_none_or(|was| was < number), "{name}'s texts overtook each other in {id}");
            }
        }
    }

    /// Every wait ended once, and by its deadline not before it.
    fn judge_waits(&self, row: &Conversation) {
        let mut waits = None;
        for entry in self.store.log(&row.id) {
            let event = entry.event();
            match &event.what {
                What::Waiting { deadline, .. } => {
                    assert_eq!(waits.replace(*deadline), None, "{} waits twice", row.id);
                }
                What::Missed { reason, .. } => {
                    let deadline = waits.take();
                    if let (MissedReason::WaitExpired, Some(deadline)) = (reason, deadline) {
                        assert!(event.at >= deadline, "{} was missed too early", row.id);
                    }
                }
                What::Assigned { .. } | What::Closed { .. } => waits = None,
                _ => {}
            }
        }
        assert_eq!(waits, None, "{} waits for ever", row.id);
        assert!(!matches!(row.state, State::Waiting { .. }));
    }

    /// A visitor's tab shows the open conversation, whole and in order.
    fn judge_widget(&self, name: &str, tab: &Tab, rows: &[Conversation]) {
        let Who::Visitor { visitor, .. } = &tab.seat().who else { return };
        for (id, log) in &tab.logs {
            let all = self.store.log(id);
            let shown: Vec<&Arc<Entry>> = all.iter().filter(|entry| entry.event().what.for_visitor()).collect();
            let first = log.first().and_then(|first| shown.iter().position(|entry| ***entry == **first));
            let from = first.unwrap_or(shown.len());
            let here = tab.follows.contains_key(id);
            let until = if here { shown.len() } else { from + log.len() };
            assert!(
                shown.get(from..until).is_some_and(|part| log.iter().eq(part.iter().copied())),
                "{name}: {id} is not as it was written: {log:?} instead of {shown:?}"
            );
        }
        let open = rows.iter().find(|row| row.visitor.id == *visitor && row.closed_at().is_none());
        if let Some(open) = open {
            let began_as = self.store.log(&open.id).first().and_then(|entry| match &entry.event().what {
                What::Started(started) => Some(started.visitor.id.clone()),
                _ => None,
            });
            // Adoption is no event: tabs that were there before are told by a hint, which may be lost.
            if began_as.as_ref() != Some(visitor) && !tab.follows.is_empty() {
                return;
            }
            assert!(tab.follows.contains_key(&open.id), "{name} does not show {}", open.id);
        }
    }

    /// An agent's tab shows folders and counters as a recount of the store makes them, and what is theirs to its end.
    async fn judge_inbox(&self, at: usize, name: &str, tab: &Tab, rows: &[Conversation]) {
        let agent = AgentId::from(self.people[at].name.as_str());
        let sizes = self.store.sizes(&workspace(), Some(&agent)).await.expect("sizes");
        assert_eq!(tab.counts, Counts::of(&sizes, &agent), "{name}");
        for row in rows {
            let sight = row.sight();
            let sees = sight.allows(&agent, self.people[at].is_admin(), self.settings.admins_see_assigned);
            let shown = tab.rows.get(&row.id).and_then(|(_, shown)| shown.as_ref());
            if !sees || sight == Sight::Admins {
                assert!(shown.is_none(), "{name} keeps the row of {}", row.id);
            } else if let Some(shown) = shown {
                assert_eq!(
                    (shown.state, shown.assignee.as_ref()),
                    (StateName::from(&row.state), row.assignee()),
                    "{name}: {}",
                    row.id
                );
            } else {
                // What was closed before they came is found by looking into the folder.
                assert!(
                    row.closed_at().is_some() || row.assignee().is_some_and(|owner| owner.id != agent),
                    "{name} has no row of {}",
                    row.id
                );
            }
            let mine = row.assignee().is_some_and(|owner| owner.id == agent);
            let reached = tab.logs.get(&row.id).and_then(|log| log.last()).map(|entry| entry.event().seq);
            if mine {
                let follow = tab.follows.get(&row.id);
                assert_eq!(follow.map(|follow| follow.cursor), Some(row.seq), "{name} is behind in {}", row.id);
            } else if sees && tab.follows.contains_key(&row.id) {
                assert_eq!(reached, Some(row.seq), "{name} is behind in {}, which they have open", row.id);
            }
        }
        for (id, log) in &tab.logs {
            for pair in log.windows(2) {
                let (one, two) = (pair[0].event(), pair[1].event());
                let again = matches!(&two.what, What::Assigned { to, .. } if to.id == agent) && one.seq < two.seq;
                assert!(
                    one.seq.next() == two.seq || again,
                    "{name}: {id} has a hole between {} and {}",
                    one.seq,
                    two.seq
                );
            }
        }
    }
}
