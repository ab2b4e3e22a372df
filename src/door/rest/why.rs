//! Why a widget is, or is not, offered live chat now.

use axum::{extract::State, response::Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Problem, Rooms, ask::Asked, bearer::Bearer, list::private};
use crate::{
    ids::PlaybookId,
    wire::{agent::AgentStatus, push::AvailableReason},
};

/// The query.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    playbook: PlaybookId,
}

/// The answer: every condition, not only the first that does not hold.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Why {
    /// Of which playbook.
    playbook: PlaybookId,
    /// Whether live chat is offered now.
    available: bool,
    /// Why (not): the first condition that does not hold.
    reason: AvailableReason,
    /// All of them.
    conditions: Vec<Condition>,
}

/// One thing that must hold.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Condition {
    /// Its name.
    name: &'static str,
    /// Whether it holds.
    ok: bool,
    /// What it is now.
    value: Value,
    /// The same for people.
    message: String,
}

/// `GET /v1/why?playbook=`
pub(super) async fn why(
    State(rooms): State<Rooms>,
    bearer: Bearer,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let unknown = || Problem::not_found("there is no such playbook");
    let row = rooms.hub.playbook(&wanted.playbook).await?.filter(|row| row.workspace == *bearer.workspace());
    let row = row.filter(|row| !row.deleted).ok_or_else(unknown)?;
    let agents = rooms.hub.agents(bearer.workspace()).await?;
    let online = agents.iter().filter(|(_, status)| *status == AgentStatus::Online).count();
    let listed: Vec<_> = agents
        .iter()
        .map(|(row, status)| json!({"id": row.agent.id, "name": row.agent.name, "status": status}))
        .collect();
    let live_chat = row.playbook.has_live_chat();
    let say = |ok: bool, yes: &str, no: &str| (if ok { yes } else { no }).to_owned();
    let conditions = vec![
        Condition {
            name: "live_chat_card",
            ok: live_chat,
            value: json!(live_chat),
            message: say(live_chat, "The playbook has a Live Chat card.", "The playbook has no Live Chat card."),
        },
        Condition {
            name: "active",
            ok: row.playbook.active,
            value: json!(row.playbook.active),
            message: say(row.playbook.active, "The playbook is active.", "The playbook is switched off."),
        },
        Condition {
            name: "installed",
            ok: row.installed_at.is_some(),
            value: json!({"installed_at": row.installed_at, "last_seen_at": row.last_seen_at}),
            message: say(
                row.installed_at.is_some(),
                "Its widget has been seen on one of its pages.",
                "Its widget has never been seen on one of its pages: put the embed code on a page and open it.",
            ),
        },
        Condition {
            name: "agents_online",
            ok: online > 0,
            value: json!({"online": online, "agents": listed}),
            message: match online {
                0 => "No agent is switched on and connected.".into(),
                1 => "One agent is switched on and connected.".into(),
                more => format!("{more} agents are switched on and connected."),
            },
        },
    ];
    let available = rooms.hub.available(&row);
    Ok(private(&Why {
        playbook: wanted.playbook,
        available: available.available,
        reason: available.reason,
        conditions,
    }))
}
