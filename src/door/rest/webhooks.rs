//! Webhooks and what became of their deliveries: admins only.

use std::collections::BTreeSet;

use axum::{extract::State, response::Response};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Problem, Rooms,
    ask::{Asked, Id, Ids, Text, object},
    bearer::Admin,
    list::{limit, list as listed, private},
};
use crate::{
    ids::{ConversationId, DeliveryId, Millis, Seq, WebhookId, WorkspaceId},
    outbox::{Target, signature},
    store::{
        Delivery, DeliveryQuery, DeliveryState, DeliveryStateName, Disabled, MAX_WEBHOOKS, Revived, Topic, Topics,
        Webhook,
    },
};

/// A webhook to be made.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct WebhookWanted {
    /// Where to send to: https, without user, password and fragment; at most 2 KiB.
    url: String,
    /// What to send; without it everything, later topics included.
    #[schemars(with = "Option<Vec<Topic>>")]
    topics: Option<Vec<String>>,
}

/// A webhook as it is read.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct WebhookRead {
    /// Its id.
    id: WebhookId,
    /// Where it leads.
    url: String,
    /// What it is told; null is everything.
    topics: Option<BTreeSet<Topic>>,
    /// When it was made.
    created_at: Millis,
    /// Since when and why nothing is sent to it any more.
    disabled: Option<Disabled>,
}

/// A webhook as it is told once, when it was made.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct WebhookMade {
    /// As it is read from now on.
    #[serde(flatten)]
    webhook: WebhookRead,
    /// With what messages are signed. It is not shown again.
    secret: String,
}

/// A delivery as it is read.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DeliveryRead {
    /// `webhook-id`, the same on every try.
    id: DeliveryId,
    /// Under which name it is sent.
    topic: Topic,
    /// Of which conversation.
    conversation: ConversationId,
    /// Which of its events.
    seq: Seq,
    /// When that happened.
    at: Millis,
    /// What has become of it.
    state: DeliveryStateName,
    /// How often it was tried.
    tries: u32,
    /// When it is tried next, or, while it is under way, when it would be taken over.
    next_at: Option<Millis>,
    /// Since when it is delivered or dead.
    done_at: Option<Millis>,
    /// The HTTP status of the last try that got one.
    status: Option<u16>,
    /// Why the last try failed.
    error: Option<String>,
}

/// The query of a list of deliveries.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    state: Option<DeliveryStateName>,
    before: Option<String>,
    limit: Option<u32>,
}

/// `GET /v1/webhooks`, oldest first.
pub(super) async fn list(State(rooms): State<Rooms>, Admin(bearer): Admin) -> Result<Response, Problem> {
    let webhooks = rooms.hub.store().webhooks(bearer.workspace()).await?;
    let shown: Vec<_> = webhooks.iter().map(WebhookRead::of).collect();
    Ok(listed("webhooks", &shown, None))
}

/// `POST /v1/webhooks`: the hub makes id and secret.
pub(super) async fn create(
    State(rooms): State<Rooms>,
    Admin(bearer): Admin,
    Text(body): Text,
) -> Result<Response, Problem> {
    let WebhookWanted { url, topics } = object(&body, "webhook")?;
    let target = Target::read(&url, rooms.outbox).map_err(|unfit| Problem::invalid(unfit.to_string()).of("url"))?;
    let webhook = Webhook {
        id: WebhookId::random(),
        workspace: bearer.workspace().clone(),
        url: target.url().to_string(),
        secret: signature::mint(),
        topics: chosen(topics)?,
        created_at: rooms.hub.store().now(),
        disabled: None,
    };
    if !rooms.hub.store().add_webhook(&webhook).await? {
        return Err(Problem::conflict(format!("there are {MAX_WEBHOOKS} webhooks already, which is the most")));
    }
    tracing::info!(webhook = %webhook.id, workspace = %webhook.workspace, "a webhook was made");
    let secret = webhook.secret.as_str().to_owned();
    let mut response = private(&WebhookMade { webhook: WebhookRead::of(&webhook), secret });
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// `DELETE /v1/webhooks/{id}`: what waits for it is forgotten.
pub(super) async fn remove(
    State(rooms): State<Rooms>,
    Admin(bearer): Admin,
    Id(id): Id<WebhookId>,
) -> Result<StatusCode, Problem> {
    match rooms.hub.store().delete_webhook(bearer.workspace(), &id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown()),
    }
}

/// `GET /v1/webhooks/{id}/deliveries?state=&before=&limit=`, newest first.
pub(super) async fn deliveries(
    State(rooms): State<Rooms>,
    Admin(bearer): Admin,
    Id(webhook): Id<WebhookId>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let store = rooms.hub.store();
    one(&rooms, bearer.workspace(), &webhook).await?;
    let Wanted { state, before, limit: asked } = wanted;
    let query = DeliveryQuery { workspace: bearer.workspace().clone(), webhook, state, before, limit: limit(asked)? };
    let page = store.deliveries(&query).await?;
    let shown: Vec<_> = page.deliveries.iter().map(DeliveryRead::of).collect();
    Ok(listed("deliveries", &shown, page.next))
}

/// `POST /v1/webhooks/{id}/disable`: nothing is sent to it any more, and what waits is given up.
pub(super) async fn disable(
    State(rooms): State<Rooms>,
    Admin(bearer): Admin,
    Id(id): Id<WebhookId>,
) -> Result<Response, Problem> {
    let (store, workspace) = (rooms.hub.store(), bearer.workspace());
    one(&rooms, workspace, &id).await?;
    let disabled = Disabled { at: store.now(), reason: "an admin switched it off".into() };
    if store.disable_webhook(&id, &disabled).await? {
        tracing::info!(webhook = %id, %workspace, "a webhook was switched off");
        rooms.hub.outbox_bell().notify_one();
    }
    Ok(private(&WebhookRead::of(&one(&rooms, workspace, &id).await?)))
}

/// `POST /v1/webhooks/{id}/enable`: events are sent to it from now on.
pub(super) async fn enable(
    State(rooms): State<Rooms>,
    Admin(bearer): Admin,
    Id(id): Id<WebhookId>,
) -> Result<Response, Problem> {
    let workspace = bearer.workspace();
    if rooms.hub.store().enable_webhook(workspace, &id).await? {
        tracing::info!(webhook = %id, %workspace, "a webhook was switched on");
    }
    Ok(private(&WebhookRead::of(&one(&rooms, workspace, &id).await?)))
}

/// `POST /v1/webhooks/{id}/deliveries/{delivery}/retry`: one that is dead or waits for its next try is tried at once,
/// with all its tries.
pub(super) async fn retry(
    State(rooms): State<Rooms>,
    Admin(bearer): Admin,
    Ids(webhook, delivery): Ids<WebhookId, DeliveryId>,
) -> Result<Response, Problem> {
    let store = rooms.hub.store();
    match store.revive_delivery(bearer.workspace(), &webhook, &delivery, store.now()).await? {
        Revived::Done(delivery) => {
            rooms.hub.outbox_bell().notify_one();
            Ok(private(&DeliveryRead::of(&delivery)))
        }
        Revived::Alive(_) => Err(Problem::conflict("it is delivered, under way or about to be tried")),
        Revived::Disabled => Err(Problem::conflict("the webhook is switched off")),
        Revived::Unknown => Err(Problem::not_found("there is no such delivery")),
    }
}

/// What was chosen of the topics; each unknown one is named.
fn chosen(topics: Option<Vec<String>>) -> Result<Topics, Problem> {
    let Some(names) = topics else { return Ok(Topics::All) };
    if names.is_empty() {
        return Err(Problem::invalid("name a topic, or leave topics out for all of them").of("topics"));
    }
    let topic = |name: &String| {
        let known = Topic::ALL.map(Topic::as_str).join(", ");
        Topic::named(name).ok_or_else(|| Problem::invalid(format!("must be among {known}")).of("topics"))
    };
    Ok(Topics::Some(names.iter().map(topic).collect::<Result<_, _>>()?))
}

/// A webhook of this workspace.
async fn one(rooms: &Rooms, workspace: &WorkspaceId, id: &WebhookId) -> Result<Webhook, Problem> {
    let mut all = rooms.hub.store().webhooks(workspace).await?.into_iter();
    all.find(|webhook| webhook.id == *id).ok_or_else(unknown)
}

fn unknown() -> Problem {
    Problem::not_found("there is no such webhook")
}

// === impl WebhookRead ===

impl WebhookRead {
    fn of(webhook: &Webhook) -> Self {
        Self {
            id: webhook.id.clone(),
            url: webhook.url.clone(),
            topics: match &webhook.topics {
                Topics::All => None,
                Topics::Some(topics) => Some(topics.clone()),
            },
            created_at: webhook.created_at,
            disabled: webhook.disabled.clone(),
        }
    }
}

// === impl DeliveryRead ===

impl DeliveryRead {
    fn of(delivery: &Delivery) -> Self {
        let (next_at, done_at) = match delivery.state {
            DeliveryState::Waiting { next_at } => (Some(next_at), None),
            DeliveryState::Delivered { at } | DeliveryState::Dead { at } => (None, Some(at)),
        };
        Self {
            id: delivery.id.clone(),
            topic: delivery.topic,
            conversation: delivery.conversation.clone(),
            seq: delivery.seq,
            at: delivery.at,
            state: delivery.state.name(),
            tries: delivery.tries,
            next_at,
            done_at,
            status: delivery.status,
            error: delivery.error.clone(),
        }
    }
}
