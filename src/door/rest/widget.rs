//! What a page's widget asks before it paints anything.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Problem, Rooms,
    ask::{Asked, Id},
    labels,
};
use crate::{
    door::peer::{is_own_origin, origin},
    ids::PlaybookId,
};

/// For how long a browser may keep the settings: a change of colour shows within a minute.
const KEPT: &str = "public, max-age=60";

/// In which dress the settings come.
#[derive(Deserialize)]
pub(super) struct Dress {
    /// `?module`: a JavaScript module whose default export they are. A site that allows our scripts and our socket, and
    /// nothing more, keeps the widget from fetching JSON; modules are scripts.
    module: Option<String>,
    /// What the site wants the widget to speak, as `pt-BR`: before the playbook's.
    locale: Option<String>,
    /// What the page is written in: after the playbook's.
    lang: Option<String>,
}

/// `GET /v1/widget/{playbook}`: how the launcher looks; 404 means that there is to be none.
pub(super) async fn settings(
    rooms: State<Rooms>,
    id: Id<PlaybookId>,
    Asked(dress): Asked<Dress>,
    headers: HeaderMap,
) -> Response {
    let shown = shown(rooms, id, &dress, &headers).await.map(|body| dressed(&body, &dress));
    // A page must be able to tell "there is to be none" from "not reached", so refusals are readable, too.
    everywhere(shown.unwrap_or_else(IntoResponse::into_response))
}

async fn shown(
    State(rooms): State<Rooms>,
    Id(id): Id<PlaybookId>,
    dress: &Dress,
    headers: &HeaderMap,
) -> Result<Value, Problem> {
    let row = rooms.hub.playbook(&id).await?;
    let row = row.filter(|row| row.playbook.active && !row.deleted).ok_or_else(none)?;
    let origin = origin(headers).map_err(|()| Problem::invalid("must be one origin").of("Origin"))?;
    let own = origin.is_some_and(|origin| is_own_origin(origin, headers));
    // A page of the hub's own asks without an Origin, and is no installation: the demo says `hello` with its page.
    let allowed = own || origin.is_none_or(|origin| row.playbook.allows_origin(origin));
    if !allowed {
        return Err(none());
    }
    if origin.is_some() && !own {
        rooms.hub.playbook_seen(&row).await?;
    }
    let wishes = [dress.locale.as_deref(), Some(row.playbook.locale.as_str()), dress.lang.as_deref()];
    let (language, labels) = labels::chosen(wishes.into_iter().flatten());
    Ok(json!({
        "appearance": row.playbook.appearance,
        "locale": row.playbook.locale,
        "open_after_ms": row.playbook.open_after_ms,
        "typing_preview": row.playbook.typing_preview,
        "language": language,
        "labels": labels,
    }))
}

fn dressed(body: &Value, dress: &Dress) -> Response {
    let mut response = match dress.module {
        // All JSON is JavaScript, since ECMAScript 2019.
        Some(_) => ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], format!("export default {body}"))
            .into_response(),
        None => axum::Json(body).into_response(),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(KEPT));
    response
}

fn none() -> Problem {
    Problem::not_found("there is no such playbook")
}

/// Pages of all sites may read it; what they get may differ.
fn everywhere(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    response
}
