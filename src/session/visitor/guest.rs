//! Who says hello, and whether they are met from that page.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::Turned;
use crate::{
    chat::event::Page,
    hub::{Hub, visitor::Guest},
    ids::{Millis, VisitorId, WorkspaceId},
    session::lobby::{Entrance, Lobby},
    store::{PlaybookRow, StoreError},
    wire::{code::ErrorCode, request::VisitorHello},
};

/// What the id of a visitor begins with whom a site vouches for. No random id has a dot in it.
const IDENTIFIED: &str = "v_i.";

/// Finds out who says hello, and whether they may from this page.
pub(super) async fn recognise(hello: &VisitorHello, entrance: &Entrance, lobby: &Lobby) -> Result<Guest, Turned> {
    let hub = &lobby.hub;
    let row = hub.playbook(&hello.playbook).await.map_err(|cause| Turned::of(&cause.into()))?;
    let row = row.ok_or_else(|| Turned::not_offered(ErrorCode::NotFound))?;
    let workspace = row.workspace.clone();
    let allowed = entrance.own_origin
        || match &entrance.origin {
            Some(origin) => row.playbook.allows_origin(origin),
            None => row.playbook.origins.is_empty(),
        };
    if !allowed {
        return Err(Turned::not_offered(ErrorCode::Forbidden));
    }
    let token = match &hello.token {
        None => None,
        Some(token) => {
            let claims = lobby.gate.visitor(token).map_err(|_| Turned::unauthorized("visitor token"))?;
            // One of another workspace says nothing here.
            (claims.workspace == workspace).then_some(claims.visitor)
        }
    };
    let identity = match &hello.identity {
        None => None,
        Some(jwt) => Some(lobby.gate.identity(&workspace, jwt).map_err(|_| Turned::unauthorized("identity"))?),
    };
    // A token of somebody a site vouched for is worth nothing without the site's word.
    let anonymous = token.filter(|visitor| !visitor.as_str().starts_with(IDENTIFIED));
    let visitor = match &identity {
        Some(identity) => identified(&workspace, &identity.subject),
        None => anonymous.clone().unwrap_or_else(VisitorId::random),
    };
    let both: Vec<_> = std::iter::once(&visitor).chain(&anonymous).collect();
    let row = offered(hub, row, &workspace, &both, hello.page.as_ref(), entrance.own_origin).await?;
    Ok(Guest {
        playbook: row,
        is_new: identity.is_none() && anonymous.is_none(),
        visitor,
        anonymous: anonymous.filter(|_| identity.is_some()),
        verified: identity.is_some(),
        name: identity.as_ref().and_then(|identity| identity.name.clone()),
        email: identity.and_then(|identity| identity.email),
        page: hello.page.clone(),
        locale: hello.locale.clone(),
    })
}

/// Whether the playbook meets this visitor: active, or the one their open conversation runs on, be it that of the
/// anonymous visitor they were, which becomes theirs. Seen on one of its pages, it counts as installed from here on.
async fn offered(
    hub: &Arc<Hub>,
    row: Arc<PlaybookRow>,
    workspace: &WorkspaceId,
    visitors: &[&VisitorId],
    page: Option<&Page>,
    own_origin: bool,
) -> Result<Arc<PlaybookRow>, Turned> {
    let unavailable = |cause: StoreError| Turned::of(&cause.into());
    if !row.playbook.active || row.deleted {
        for visitor in visitors {
            let open = hub.store().of_visitor(workspace, visitor, Millis(i64::MAX)).await;
            if let Some(open) = open.map_err(unavailable)?.filter(|open| open.conversation.closed_at().is_none()) {
                // Whoever has one of their own adopts no other.
                return match open.conversation.playbook.id == row.playbook.id {
                    true => Ok(row),
                    false => Err(Turned::not_offered(ErrorCode::NotFound)),
                };
            }
        }
        return Err(Turned::not_offered(ErrorCode::NotFound));
    }
    let seen = page.is_some_and(|page| !own_origin || is_demo(&page.url));
    if !seen {
        return Ok(row);
    }
    hub.playbook_seen(&row).await.map_err(unavailable)?;
    Ok(hub.playbook(&row.playbook.id).await.map_err(unavailable)?.unwrap_or(row))
}

fn is_demo(page: &str) -> bool {
    url::Url::parse(page).is_ok_and(|url| url.path() == "/demo")
}

/// The visitor a site's subject is: the same at every visit, in no other workspace, and no site can choose another's.
fn identified(workspace: &WorkspaceId, subject: &str) -> VisitorId {
    let digest = Sha256::digest(format!("{}\n{workspace}\n{subject}", workspace.as_str().len()));
    VisitorId::from(format!("{IDENTIFIED}{}", URL_SAFE_NO_PAD.encode(&digest[..18])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r5_only_the_page_itself_is_the_demonstration() {
        for page in ["http://hub/demo", "https://hub:8080/demo?lang=de", "http://[::1]/demo#top"] {
            assert!(is_demo(page), "{page}");
        }
        for page in [
            "http://hub/",
            "http://hub",
            "http://hub?to=/demo",
            "http://hub#/demo",
            "http://hub/x/demo",
            "http://hub/demo/",
            "demo",
            "http:/hub/pay?back=https://shop/demo",
        ] {
            assert!(!is_demo(page), "{page}");
        }
    }
}
