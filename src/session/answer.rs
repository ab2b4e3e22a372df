//! Answers to requests, and what errors are called in them.

use super::{end::End, line::Stream, live::Live};
use crate::{
    hub::{append::Done, error::HubError},
    wire::{code::ErrorCode, error::ErrorBody, request::RequestId, write},
};

// === impl Live ===

impl<S: Stream> Live<S> {
    /// Answers that it was done. A request without an id wants no answer.
    pub(super) async fn answer<T: serde::Serialize>(&mut self, id: Option<&RequestId>, body: &T) -> Result<(), End> {
        let Some(id) = id else { return Ok(()) };
        let mut frame = String::with_capacity(256);
        write::write_ok(&mut frame, id, body);
        self.connection.feed(frame).await
    }

    /// Answers that it was not.
    pub(super) async fn refuse(&mut self, id: Option<&RequestId>, error: impl Into<ErrorBody>) -> Result<(), End> {
        match id {
            Some(_) => self.refuse_as(id, &error.into()).await,
            None => Ok(()),
        }
    }

    pub(super) async fn refuse_as(&mut self, id: Option<&RequestId>, error: &ErrorBody) -> Result<(), End> {
        let mut frame = String::with_capacity(192);
        write::write_error(&mut frame, id, error);
        self.connection.feed(frame).await
    }

    /// Answers with the place in the log that it came to.
    pub(super) async fn answer_done(&mut self, id: Option<&RequestId>, done: &Done) -> Result<(), End> {
        let Some(id) = id else { return Ok(()) };
        let mut frame = String::with_capacity(96);
        write::write_ok_seq(&mut frame, id, done.seq, done.at, done.duplicate);
        self.connection.feed(frame).await
    }
}

impl From<&HubError> for ErrorBody {
    fn from(error: &HubError) -> Self {
        match error {
            HubError::Refused(refusal) => refusal.into(),
            HubError::NoAgent => Self::new(ErrorCode::NotFound, error.to_string()),
            HubError::Revoked => Self::new(ErrorCode::Unauthorized, error.to_string()),
            HubError::Unavailable => Self::unavailable(),
            HubError::NotOffered => Self::new(ErrorCode::Forbidden, error.to_string()),
            HubError::RateLimited { retry_after_ms } => Self::rate_limited(*retry_after_ms),
        }
    }
}
