//! A whole conversation to keep or to hand on: as a text, as a table, as JSON. For agents: notes, details and items are
//! in it.

use std::{io, sync::Arc};

use axum::{body::Body, extract::State, response::Response};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, header};

mod page;
mod telling;

use self::page::{Format, Page};
use super::{
    Problem, Rooms,
    accept::{Accept, CSV, JSON, TEXT},
    ask::Id,
    bearer::Bearer,
};
use crate::{
    ids::{ConversationId, Seq},
    store::Store,
    wire::audience,
};

/// How far a transcript has come.
struct Reading {
    store: Arc<dyn Store>,
    conversation: ConversationId,
    page: Page,
    /// The last event told.
    after: Seq,
    /// The last one to tell: what was visible when it was asked for. Whatever comes later may be somebody else's.
    until: Seq,
    /// What stands in front of the next event.
    begun: bool,
}

/// `GET /v1/conversations/{id}/transcript`, as `text/plain`, `application/json` or `text/csv`.
pub(super) async fn read(
    State(rooms): State<Rooms>,
    bearer: Bearer,
    Id(id): Id<ConversationId>,
    accept: Accept,
) -> Result<Response, Problem> {
    let kind = accept.choose(&[TEXT, JSON, CSV])?;
    let mut loaded = rooms.hub.sighted(&bearer.who, &id).await?;
    rooms.hub.freshen(&mut loaded);
    let format = match kind {
        JSON => Format::Json,
        CSV => Format::Csv,
        _ => Format::Text,
    };
    let view = loaded.conversation.view(&loaded.beside, rooms.hub.queue().position(&id));
    let until = loaded.conversation.seq;
    let page = Page::new(format, view);
    let store = rooms.hub.store().clone();
    let reading = Reading { store, conversation: id, page, after: Seq(0), until, begun: false };
    let mut response = Response::new(Body::from_stream(stream::try_unfold(Some(reading), next)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    if matches!(format, Format::Csv) {
        headers
            .insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"transcript.csv\""));
    }
    Ok(response)
}

/// The next part of a transcript: a page of events is in memory at a time, however long the conversation.
async fn next(reading: Option<Reading>) -> io::Result<Option<(Bytes, Option<Reading>)>> {
    let Some(mut reading) = reading else { return Ok(None) };
    let Reading { store, conversation, after, until, .. } = &reading;
    let events = store.events_after(conversation, *after, audience::PAGE_EVENTS, audience::PAGE_BYTES).await;
    let events = events.map_err(|cause| {
        tracing::warn!(%conversation, error = %cause, "a transcript breaks off");
        io::Error::other("the store does not answer")
    })?;
    let events: Vec<_> = events.iter().map(|entry| entry.event()).take_while(|event| event.seq <= *until).collect();
    let Some(last) = events.last().map(|event| event.seq) else {
        return Err(io::Error::other("the log ends before its time"));
    };
    let mut part = String::new();
    if !reading.begun {
        reading.page.head(&mut part);
    }
    for event in events {
        reading.page.event(&mut part, event);
    }
    (reading.begun, reading.after) = (true, last);
    if last < reading.until {
        return Ok(Some((part.into(), Some(reading))));
    }
    reading.page.foot(&mut part);
    Ok(Some((part.into(), None)))
}
