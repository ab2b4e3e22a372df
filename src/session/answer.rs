//! Answers to requests, and what errors are called in them.

use super::{end::End, line::Stream, live::Live};
use crate::{
    hub::{append::Done, error::HubError},
    wire::{code::ErrorCode, error::ErrorBody, request::RequestId, write},
};

// === impl Live ===

impl<S: Stream> Live<S> {
    /// Answers that it was done. A request without an id wants no answer.
    pub(super) fn answer<T: serde::Serialize>(
        &mut self,
        id: Option<&RequestId>,
        body: &T,
    ) -> impl Future<Output = Result<(), End>> {
        self.reply(id.map(|id| {
            let mut frame = String::with_capacity(256);
            write::write_ok(&mut frame, id, body);
            frame
        }))
    }

    /// Answers that it was not.
    pub(super) fn refuse(
        &mut self,
        id: Option<&RequestId>,
        error: impl Into<ErrorBody>,
    ) -> impl Future<Output = Result<(), End>> {
        self.reply(id.map(|_| refusal(id, &error.into())))
    }

    pub(super) fn refuse_as(
        &mut self,
        id: Option<&RequestId>,
        error: &ErrorBody,
    ) -> impl Future<Output = Result<(), End>> {
        self.reply(Some(refusal(id, error)))
    }

    /// Answers with the place in the log that it came to.
    pub(super) fn answer_done(&mut self, id: Option<&RequestId>, done: &Done) -> impl Future<Output = Result<(), End>> {
        self.reply(id.map(|id| {
            let mut frame = String::with_capacity(112);
            write::write_ok_seq(&mut frame, id, done.seq, done.at, done.duplicate);
            frame
        }))
    }

    /// Holds nothing but the frame while that waits for its turn.
    async fn reply(&mut self, frame: Option<String>) -> Result<(), End> {
        match frame {
            Some(frame) => self.connection.feed(frame).await,
            None => Ok(()),
        }
    }
}

fn refusal(id: Option<&RequestId>, error: &ErrorBody) -> String {
    let mut frame = String::with_capacity(192);
    write::write_error(&mut frame, id, error);
    frame
}

impl From<&HubError> for ErrorBody {
    fn from(error: &HubError) -> Self {
        match error {
            HubError::Refused(refusal) => refusal.into(),
            HubError::NoAgent => Self::new(ErrorCode::NotFound, error.to_string()),
            HubError::Revoked => Self::new(ErrorCode::Unauthorized, error.to_string()),
            HubError::Unavailable | HubError::Damaged => Self::unavailable(),
            HubError::NotOffered => Self::new(ErrorCode::Forbidden, error.to_string()),
            HubError::RateLimited { retry_after_ms } => Self::rate_limited(*retry_after_ms),
        }
    }
}
