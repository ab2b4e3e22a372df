//! Texts: said, refused for now, answered at their place in the order.

use super::{end::End, line::Stream, live::Live};
use crate::{
    chat::command::Command,
    hub::append::Done,
    ids::{ConversationId, MessageKey, Seq},
    wire::{
        error::ErrorBody,
        request::{RequestId, Say},
    },
};

/// Why a text is not tried.
enum Unsaid {
    /// An earlier one of its conversation was refused for now, and so is this one.
    Behind(Box<ErrorBody>),
    /// It comes so many milliseconds too soon.
    Early(u64),
}

// === impl Live ===

impl<S: Stream> Live<S> {
    /// `send` and `note`: the answer stands in for the event, at its place in the order.
    ///
    /// What has to wait for an earlier one is not `paced`: it would take the very turn that one waits for.
    pub(super) fn say<'a>(
        &'a mut self,
        id: Option<&'a RequestId>,
        say: Say,
        paced: impl FnOnce(&Self) -> Result<(), u64>,
        command: fn(MessageKey, String) -> Command,
    ) -> impl Future<Output = Result<(), End>> {
        let Say { conversation, key, text } = say;
        let asked = match self.held.refusal(&conversation, &key) {
            Some(error) => Err(Unsaid::Behind(Box::new(error.clone()))),
            None => paced(self).map(|()| command(key.clone(), text)).map_err(Unsaid::Early),
        };
        // Not an `async fn`: that would have room for what it was called with, and once more for what it makes of it.
        async move {
            let done = match &asked {
                Err(Unsaid::Behind(error)) => return self.refuse(id, (**error).clone()).await,
                Err(Unsaid::Early(ms)) => Err(ErrorBody::rate_limited(*ms)),
                Ok(command) => {
                    let answered = id.map(|_| &**self.seated.seat());
                    let done = self.lobby.hub.command_of(&conversation, &self.caller, command, answered).await;
                    done.map_err(|error| ErrorBody::from(&error))
                }
            };
            self.said(id, conversation, key, done).await
        }
    }

    /// Answers a text.
    async fn said(
        &mut self,
        id: Option<&RequestId>,
        conversation: ConversationId,
        key: MessageKey,
        done: Result<Done, ErrorBody>,
    ) -> Result<(), End> {
        match done {
            Err(error) => {
                // What this session does not follow is not its to write in: names somebody makes up are not kept.
                let hold = error.code.retryable() && self.follows.contains_key(&conversation);
                self.refuse_say(id, conversation, key, error, hold).await
            }
            Ok(done) => {
                if id.is_some() && !done.duplicate && !self.stand_in(&conversation, done.seq).await? {
                    // It is in the log, but what led there cannot be read now. Whoever sends it again is answered
                    // that it is there, and gets the event itself at its place.
                    return self.refuse_say(id, conversation, key, ErrorBody::unavailable(), true).await;
                }
                self.held.release(&conversation);
                self.answer_done(id, &done).await
            }
        }
    }

    /// Refuses a text; while it is held, later ones of its conversation wait for it.
    fn refuse_say(
        &mut self,
        id: Option<&RequestId>,
        conversation: ConversationId,
        key: MessageKey,
        error: ErrorBody,
        hold: bool,
    ) -> impl Future<Output = Result<(), End>> {
        match hold {
            true => self.held.hold(conversation, key, error.clone()),
            false => self.held.release(&conversation),
        }
        self.refuse(id, error)
    }

    /// Writes everything before `seq`, and counts `seq` itself as written. False when the store could not be read.
    async fn stand_in(&mut self, conversation: &ConversationId, seq: Seq) -> Result<bool, End> {
        // Sight may be lost on the way to `seq`, and given back: then from there, once more.
        for _ in 0..2 {
            if !self.follows.contains_key(conversation) && Box::pin(self.follow_given(conversation, seq)).await.is_err()
            {
                return Ok(false);
            }
            // On the usual road nothing lies between: no reading, no frame.
            if self.follows.get(conversation).is_some_and(|follow| follow.cursor.next() < seq) {
                Box::pin(self.pump(conversation, Some(seq))).await?;
            }
            if let Some(follow) = self.follows.get_mut(conversation) {
                if follow.cursor.next() == seq {
                    follow.cursor = seq;
                }
                return Ok(follow.cursor >= seq);
            }
        }
        Ok(true)
    }
}
