//! Empties the letter box into frames: events first, then what is only about them.

use super::{end::End, line::Stream, live::Live};
use crate::{
    chat::{
        conversation::Sight,
        event::{Event, What},
        summary::Mark,
    },
    hub::{
        follow::{Follow, is_newer},
        mailbox::{CountsChange, Mail, Row, Typing},
    },
    ids::{ConversationId, Seq},
    wire::{
        audience::Audience,
        counts::CountsChanged,
        error::AgentName,
        push::{AgentPush, InboxPush, QueuePush, SeenPush, Side, TypingPush, VisitorPush},
        shared::{write_presence, write_upsert, write_watching},
        write,
    },
};

/// How far back an assignment is looked for that somebody has not been told of yet.
const GIVEN: usize = 50;

// === impl Live ===

impl<S: Stream> Live<S> {
    /// Writes what waits. Nothing is flushed yet.
    pub(super) async fn deliver(&mut self) -> Result<(), End> {
        while let Some(mail) = self.seated.seat().mail.take() {
            let leave = mail.leave.clone();
            self.write_mail(mail).await?;
            if let Some(leave) = leave {
                return Err(End::Close { code: leave.code, after_ms: leave.after_ms, because: leave.because });
            }
        }
        Ok(())
    }

    async fn write_mail(&mut self, mail: Box<Mail>) -> Result<(), End> {
        for (conversation, from) in mail.follow {
            self.follow_own(&conversation, from);
            self.pump(&conversation, None).await?;
        }
        if let Some(begun) = mail.begun.filter(|begun| is_newer(begun, self.follows.values())) {
            self.follow_own(&begun.conversation, Seq(0));
            self.follows.get_mut(&begun.conversation).into_iter().for_each(|follow| follow.theirs_since(begun.at));
            self.pump(&begun.conversation, None).await?;
        }
        for conversation in mail.news.iter() {
            self.pump(conversation, None).await?;
        }
        match self.audience {
            Audience::Visitor => {
                if let Some(available) = mail.available {
                    self.push(&VisitorPush::Available(available)).await?;
                }
                if let Some((conversation, position)) = mail.queue {
                    self.push(&VisitorPush::Queue(QueuePush { conversation, position })).await?;
                }
            }
            Audience::Agents => {
                if !(mail.rows.is_empty() && mail.counts.is_empty()) {
                    Box::pin(self.write_rows(mail.rows, mail.counts)).await?;
                }
                for push in mail.presence.into_values() {
                    let mut frame = String::new();
                    write_presence(&mut frame, &push);
                    self.connection.feed(frame).await?;
                }
                for push in mail.visitor.into_values() {
                    if self.follows.contains_key(&push.conversation) {
                        self.push(&AgentPush::Visitor(push)).await?;
                    }
                }
                for push in mail.watching.into_values() {
                    if self.follows.contains_key(&push.value().conversation) {
                        let mut frame = String::new();
                        write_watching(&mut frame, &push);
                        self.connection.feed(frame).await?;
                    }
                }
                for push in mail.notify {
                    if self.still_sees(&push.conversation) {
                        self.push(&AgentPush::Notify(push)).await?;
                    }
                }
            }
        }
        for ((conversation, side), mark) in mail.seen {
            self.write_seen(conversation, side, mark).await?;
        }
        for (conversation, typing) in mail.typing {
            self.write_typing(conversation, typing).await?;
        }
        Ok(())
    }

    /// A conversation became the agent's own, or the visitor began one in another tab.
    fn follow_own(&mut self, conversation: &ConversationId, from: Seq) {
        if let Some(follow) = self.follows.get_mut(conversation) {
            return follow.given(from);
        }
        if self.audience == Audience::Visitor {
            self.unfollow_others(conversation);
        }
        let tail = self.seated.follow(conversation);
        let mut follow = Follow::new(tail, from, from, Sight::Everybody);
        // A visitor's own lasts until the next one; they may still rate it.
        follow.opened = self.audience == Audience::Visitor;
        self.follows.insert(conversation.clone(), follow);
    }

    /// For a conversation that is not followed. What somebody was given a moment ago they may write in before the letter that
    /// says so is here: then it is followed from the assignment on, so that what they wrote at `seq` does not overtake it.
    ///
    /// # Errors
    /// When the store cannot say who was given it.
    pub(super) async fn follow_given(&mut self, conversation: &ConversationId, seq: Seq) -> crate::store::Result<()> {
        if self.audience == Audience::Visitor {
            return Ok(());
        }
        let store = self.lobby.hub.store();
        let before = store.events_before(conversation, Some(seq), GIVEN, usize::MAX, false).await?;
        let mut moves = before.iter().rev().map(|entry| entry.event());
        let last = moves
            .find(|event| matches!(event.what, What::Assigned { .. } | What::Unassigned { .. } | What::Closed { .. }));
        if let Some(Event { seq: at, what: What::Assigned { to, .. }, .. }) = last
            && self.seated.seat().who.agent() == Some(&to.id)
        {
            self.follow_own(conversation, Seq(at.0 - 1));
        }
        Ok(())
    }

    /// The letter box may be older than the last event that was read: what an agent lost meanwhile is not for them.
    fn still_sees(&self, conversation: &ConversationId) -> bool {
        let hub = &self.lobby.hub;
        let sight = hub.board().tail(conversation).and_then(|tail| tail.with(|hot| hot.conversation.sight()));
        sight.is_none_or(|sight| hub.may_see(self.seated.seat(), &sight))
    }

    async fn write_rows(
        &mut self,
        rows: std::collections::HashMap<ConversationId, Row>,
        counts: CountsChange,
    ) -> Result<(), End> {
        let mut counts = CountsChanged {
            unassigned: counts.unassigned.map(|(count, _)| count),
            mine: counts.mine.map(|(count, _)| count),
            closed: counts.closed.map(|(count, _)| count),
        };
        for (conversation, row) in rows {
            // The counts travel with the first row; they are absolute, so which one does not matter.
            let counts = std::mem::take(&mut counts);
            let mut frame = String::with_capacity(512);
            match row {
                Row::Upsert(summary) => write_upsert(&mut frame, &summary, counts),
                Row::Remove { seq, assignee, at } => {
                    let assignee = assignee.as_ref().map(AgentName::from);
                    let push = InboxPush::remove(conversation, seq, assignee, at).with_counts(counts);
                    write::write_push(&mut frame, &AgentPush::Inbox(Box::new(push)));
                }
            }
            self.connection.feed(frame).await?;
        }
        match counts.is_empty() {
            true => Ok(()),
            false => self.push(&AgentPush::Inbox(Box::new(InboxPush::default().with_counts(counts)))).await,
        }
    }

    async fn write_seen(&mut self, conversation: ConversationId, by: Side, mark: Mark) -> Result<(), End> {
        if !self.follows.contains_key(&conversation) {
            return Ok(());
        }
        self.push(&AgentPush::Seen(SeenPush { conversation, by, received: mark.received, read: mark.read })).await
    }

    async fn write_typing(&mut self, conversation: ConversationId, typing: Typing) -> Result<(), End> {
        // Typed when the log stood at `seq`: whoever has not come so far, or has lost sight, is not shown it.
        let behind = self.follows.get(&conversation).is_none_or(|follow| follow.cursor < typing.seq);
        if behind || (self.audience == Audience::Agents && !self.still_sees(&conversation)) {
            return Ok(());
        }
        let by = match self.audience {
            Audience::Visitor => Side::Agent,
            Audience::Agents => Side::Visitor,
        };
        self.push(&AgentPush::Typing(TypingPush { conversation, by, on: typing.on, preview: typing.preview })).await
    }

    pub(super) async fn push<T: serde::Serialize>(&mut self, push: &T) -> Result<(), End> {
        let mut frame = String::with_capacity(192);
        write::write_push(&mut frame, push);
        self.connection.feed(frame).await
    }
}
