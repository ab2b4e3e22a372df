//! Canned answers: every agent of the workspace reads and changes them, all at once and behind the version they read.

use std::collections::BTreeSet;

use axum::{extract::State, response::Response};
use http::{HeaderMap, HeaderValue, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Problem, Rooms,
    ask::{Text, if_match, object},
    bearer::Bearer,
    list::private,
};
use crate::{
    chat::details::Object,
    store::{Canned, CannedAnswer, Saved},
};

/// Answers of one workspace at most.
const MAX_ANSWERS: usize = 200;
/// Characters of a name at most.
const MAX_NAME: usize = 64;
/// Bytes of a text at most: what a message may hold.
const MAX_TEXT: usize = 16 * 1024;
/// Bytes of all names and texts together at most.
const MAX_ALL: usize = 256 * 1024;

/// The canned answers as they are read.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CannedRead {
    /// In the order they were saved.
    canned: Vec<CannedAnswer>,
    /// Always null: they come all at once.
    next: Option<String>,
    /// For `If-Match`; 0 before they were saved for the first time.
    version: u32,
}

/// The canned answers as they are saved.
#[derive(Deserialize, JsonSchema)]
pub(super) struct CannedWanted {
    /// At most 200, 256 KiB in all, in the order they are to be shown.
    #[schemars(with = "Vec<CannedAnswer>")]
    canned: Vec<Object<CannedAnswer>>,
}

/// `GET /v1/canned`
pub(super) async fn read(State(rooms): State<Rooms>, bearer: Bearer) -> Result<Response, Problem> {
    Ok(shown(rooms.hub.store().canned(bearer.workspace()).await?))
}

/// `PUT /v1/canned` with `If-Match`: all of them, in place of those that were read.
pub(super) async fn save(
    State(rooms): State<Rooms>,
    bearer: Bearer,
    headers: HeaderMap,
    Text(body): Text,
) -> Result<Response, Problem> {
    let expected = if_match(&headers)?;
    let CannedWanted { canned } = object(&body, "canned answers")?;
    let answers = checked(canned.into_iter().map(|Object(answer)| answer).collect())?;
    match rooms.hub.store().save_canned(bearer.workspace(), &answers, expected).await? {
        Saved::Version(version) => Ok(shown(Canned { version, answers })),
        Saved::Stale(version) => Err(Problem::stale(version)),
        Saved::Unknown => Err(Problem::stale(0)),
    }
}

fn shown(Canned { version, answers }: Canned) -> Response {
    let mut response = private(&CannedRead { canned: answers, next: None, version });
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// The answers, their names without white space around them; a refusal names the first that cannot stand.
fn checked(mut answers: Vec<CannedAnswer>) -> Result<Vec<CannedAnswer>, Problem> {
    if answers.len() > MAX_ANSWERS {
        return Err(Problem::invalid(format!("at most {MAX_ANSWERS} canned answers")).of("canned"));
    }
    let (mut names, mut bytes) = (BTreeSet::new(), 0);
    for (nth, answer) in answers.iter_mut().enumerate() {
        let wrong = |what: &str, field: &str| Err(Problem::invalid(what).of(format!("canned.{nth}.{field}")));
        answer.name = answer.name.trim().to_owned();
        if !(1..=MAX_NAME).contains(&answer.name.chars().count()) || answer.name.chars().any(char::is_control) {
            return wrong("a name has 1 to 64 characters on one line", "name");
        }
        if !names.insert(answer.name.to_lowercase()) {
            return wrong("two answers are called alike", "name");
        }
        if answer.text.trim().is_empty() || answer.text.len() > MAX_TEXT || answer.text.contains('\0') {
            return wrong("a text has 1 byte to 16 KiB, and no NUL", "text");
        }
        bytes += answer.name.len() + answer.text.len();
    }
    match bytes > MAX_ALL {
        true => Err(Problem::too_large("the canned answers together hold more than 256 KiB").of("canned")),
        false => Ok(answers),
    }
}
