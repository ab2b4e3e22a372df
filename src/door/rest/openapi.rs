//! The description of REST, from the same types as everything else. schemars makes the frames' schema already; a
//! second schema library for the same types would only drift.

use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, header};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    Problem,
    agents::AgentRead,
    canned::{CannedRead, CannedWanted},
    inbox::InboxRead,
    items::ItemRead,
    labels::Labels,
    playbooks::PlaybookRead,
    stats::Stats,
    webhooks::{DeliveryRead, WebhookMade, WebhookRead, WebhookWanted},
    why::Why,
};
use crate::{
    chat::{
        event::Event,
        playbook::{Appearance, Playbook, Template},
        summary::{ConversationView, Summary},
    },
    wire::schema::schema,
};

/// One route, for people and programs.
struct Route {
    method: &'static str,
    path: &'static str,
    about: &'static str,
    /// Who may: nobody in particular, an agent, an admin.
    who: &'static str,
    /// Of the query string.
    query: &'static [&'static str],
    /// The status of success.
    status: &'static str,
}

const fn route(
    method: &'static str,
    path: &'static str,
    who: &'static str,
    query: &'static [&'static str],
    status: &'static str,
    about: &'static str,
) -> Route {
    Route { method, path, about, who, query, status }
}

/// Every route, in the order people look for them.
const ROUTES: &[Route] = &[
    route(
        "get",
        "/v1/widget/{playbook}",
        "anybody",
        &["module", "locale", "lang"],
        "200",
        "How a playbook's launcher looks",
    ),
    route("get", "/v1/playbooks", "agent", &[], "200", "The playbooks of the workspace"),
    route("post", "/v1/playbooks", "admin", &[], "201", "Make a playbook; the hub makes its id"),
    route("get", "/v1/playbooks/templates", "agent", &[], "200", "Playbooks to start from"),
    route("get", "/v1/playbooks/{id}", "agent", &[], "200", "One playbook"),
    route("put", "/v1/playbooks/{id}", "admin", &[], "200", "Save a new version (If-Match: the version read)"),
    route("delete", "/v1/playbooks/{id}", "admin", &[], "204", "Hide a playbook"),
    route(
        "get",
        "/v1/conversations",
        "agent",
        &["folder", "query", "before", "limit"],
        "200",
        "A page of a folder: unassigned, mine, closed, all (admins)",
    ),
    route("get", "/v1/conversations/{id}", "agent", &[], "200", "One conversation with its newest events"),
    route(
        "get",
        "/v1/conversations/{id}/transcript",
        "agent",
        &[],
        "200",
        "All of a conversation to keep: notes, details and items too (Accept: text/plain, application/json, text/csv)",
    ),
    route(
        "post",
        "/v1/conversations/{id}/items/{item}/retry",
        "agent",
        &[],
        "204",
        "Hand an item on again, to the webhooks it did not reach",
    ),
    route(
        "get",
        "/v1/items",
        "agent",
        &["kind", "conversation", "before", "limit"],
        "200",
        "Leads, deals and activities, newest first (Accept: application/json, text/csv)",
    ),
    route("delete", "/v1/visitors/{id}", "admin", &[], "204", "Erase what is known of a visitor; their tabs end"),
    route("get", "/v1/agents", "agent", &[], "200", "The agents of the workspace"),
    route("delete", "/v1/agents/{id}", "admin", &[], "204", "Remove an agent: sessions end, chats are freed"),
    route("get", "/v1/webhooks", "admin", &[], "200", "The webhooks of the workspace"),
    route("post", "/v1/webhooks", "admin", &[], "201", "Make a webhook; its secret is told this once"),
    route("delete", "/v1/webhooks/{id}", "admin", &[], "204", "End a webhook; what waits for it is forgotten"),
    route("post", "/v1/webhooks/{id}/disable", "admin", &[], "200", "Switch a webhook off; what waits is given up"),
    route("post", "/v1/webhooks/{id}/enable", "admin", &[], "200", "Switch a webhook on again"),
    route(
        "get",
        "/v1/webhooks/{id}/deliveries",
        "admin",
        &["state", "before", "limit"],
        "200",
        "What became of each event, newest first, for seven days",
    ),
    route(
        "post",
        "/v1/webhooks/{id}/deliveries/{delivery}/retry",
        "admin",
        &[],
        "200",
        "Try a failed delivery again, now",
    ),
    route("get", "/v1/inbox", "anybody", &[], "200", "Which applications may hand the inbox tokens"),
    route("get", "/v1/canned", "agent", &[], "200", "The canned answers of the workspace"),
    route("put", "/v1/canned", "agent", &[], "200", "Save all canned answers (If-Match: the version read)"),
    route(
        "get",
        "/v1/stats",
        "agent",
        &["from", "to"],
        "200",
        "Waits, lateness, missed and response times by day, of conversations the agent may see",
    ),
    route("get", "/v1/why", "agent", &["playbook"], "200", "Why live chat is, or is not, offered now"),
    route("get", "/healthz", "anybody", &[], "200", "Whether the process answers"),
    route("get", "/readyz", "anybody", &[], "200", "Whether it should get traffic"),
    route("get", "/metrics", "anybody", &[], "200", "What it counts (OpenMetrics)"),
    route("get", "/openapi.json", "anybody", &[], "200", "This description"),
    route("get", "/schema.json", "anybody", &[], "200", "The JSON Schema of the WebSocket's frames"),
    route("get", "/docs", "anybody", &[], "200", "This description for people"),
];

/// `GET /openapi.json`
pub(super) async fn document() -> Response {
    public(axum::Json(openapi()).into_response())
}

/// `GET /schema.json`
pub(super) async fn frames() -> Response {
    public(axum::Json(schema()).into_response())
}

/// `GET /docs`
pub(super) async fn page() -> Response {
    let mut html = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Usher: REST</title><h1>Usher: REST</h1>\
         <p>For programs: <a href=\"/openapi.json\">openapi.json</a>; the WebSocket's frames: \
         <a href=\"/schema.json\">schema.json</a>.</p><table><tr><th>Request<th>Who<th>What</tr>",
    );
    for route in ROUTES {
        let (method, path, who, about) = (route.method.to_uppercase(), route.path, route.who, route.about);
        html.push_str(&format!("<tr><td><code>{method} {path}</code><td>{who}<td>{about}</tr>"));
    }
    html.push_str("</table></html>");
    let mut response = public(Html(html).into_response());
    let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// The OpenAPI 3.1 document.
pub fn openapi() -> Value {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for route in ROUTES {
        let operation = operation(route, &mut generator);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method] = operation;
    }
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Usher",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A live chat hub for websites. The live part is a WebSocket: see /schema.json.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"agent": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    })
}

fn operation(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let in_path = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let path_parameters =
        in_path.map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
    let query_parameters = route.query.iter().map(|name| parameter(name, *name == "playbook"));
    let mut parameters: Vec<Value> = path_parameters.chain(query_parameters).collect();
    if route.method == "put" {
        let header = json!({"name": "If-Match", "in": "header", "required": true, "schema": {"type": "string"}});
        parameters.push(header);
    }
    let problem = reference::<Problem>(generator);
    let mut success = json!({"description": route.about});
    if let Some(body) = answer(route, generator) {
        success["content"] = body;
    }
    let refused = json!({
        "description": "Refused: RFC 9457, with the codes of the WebSocket protocol",
        "content": {"application/problem+json": {"schema": problem}},
    });
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.about,
        "parameters": parameters,
        "responses": {route.status: success, "default": refused},
    });
    if route.who != "anybody" {
        operation["security"] = json!([{"agent": []}]);
    }
    if let Some(schema) = body(route, generator) {
        operation["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": schema}}});
    }
    operation
}

/// What is to be sent along.
fn body(route: &Route, generator: &mut SchemaGenerator) -> Option<Value> {
    match (route.method, route.path) {
        ("put", "/v1/canned") => Some(reference::<CannedWanted>(generator)),
        ("post", "/v1/playbooks") | ("put", _) => Some(reference::<Playbook>(generator)),
        ("post", "/v1/webhooks") => Some(reference::<WebhookWanted>(generator)),
        _ => None,
    }
}

/// `get /v1/playbooks/{id}` is `get_playbooks_id`.
fn operation_id(route: &Route) -> String {
    let path = route.path.trim_start_matches("/v1").replace(['{', '}'], "").replace(['/', '.'], "_");
    format!("{}{path}", route.method)
}

fn parameter(name: &str, required: bool) -> Value {
    let schema = match name {
        "limit" => json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 50}),
        "folder" => json!({"type": "string", "enum": ["unassigned", "mine", "closed", "all"]}),
        "state" => json!({"type": "string", "enum": ["waiting", "delivered", "dead"]}),
        "from" | "to" => json!({"type": "string", "format": "date"}),
        "kind" => json!({"type": "string", "enum": ["lead", "deal", "activity"]}),
        _ => json!({"type": "string"}),
    };
    json!({"name": name, "in": "query", "required": required, "schema": schema})
}

fn answer(route: &Route, generator: &mut SchemaGenerator) -> Option<Value> {
    let schema = match (route.method, route.path) {
        ("get", "/v1/widget/{playbook}") => {
            let appearance = reference::<Appearance>(generator);
            let labels = reference::<Labels>(generator);
            json!({"type": "object",
                "required": ["appearance", "locale", "open_after_ms", "typing_preview", "language", "labels"],
                "properties": {"appearance": appearance, "locale": {"type": "string"},
                    "open_after_ms": {"type": ["integer", "null"]}, "typing_preview": {"type": "boolean"},
                    "language": {"type": "string"}, "labels": labels}})
        }
        ("get", "/v1/playbooks") => listed("playbooks", &reference::<PlaybookRead<'_>>(generator)),
        ("get", "/v1/playbooks/templates") => listed("templates", &reference::<Template>(generator)),
        ("get" | "put", "/v1/playbooks/{id}") | ("post", "/v1/playbooks") => reference::<PlaybookRead<'_>>(generator),
        ("get", "/v1/conversations") => listed("conversations", &reference::<Summary>(generator)),
        ("get", "/v1/conversations/{id}") => whole(generator),
        ("get", "/v1/conversations/{id}/transcript") => {
            return Some(json!({"text/plain": {}, "application/json": {"schema": whole(generator)}, "text/csv": {}}));
        }
        ("get", "/v1/items") => {
            let schema = listed("items", &reference::<ItemRead>(generator));
            return Some(json!({"application/json": {"schema": schema}, "text/csv": {}}));
        }
        ("get" | "put", "/v1/canned") => reference::<CannedRead>(generator),
        ("get", "/v1/stats") => reference::<Stats>(generator),
        ("get", "/v1/inbox") => reference::<InboxRead<'_>>(generator),
        ("get", "/v1/agents") => listed("agents", &reference::<AgentRead>(generator)),
        ("get", "/v1/webhooks") => listed("webhooks", &reference::<WebhookRead>(generator)),
        ("post", "/v1/webhooks") => reference::<WebhookMade>(generator),
        ("post", "/v1/webhooks/{id}/disable" | "/v1/webhooks/{id}/enable") => reference::<WebhookRead>(generator),
        ("get", "/v1/webhooks/{id}/deliveries") => listed("deliveries", &reference::<DeliveryRead>(generator)),
        ("post", "/v1/webhooks/{id}/deliveries/{delivery}/retry") => reference::<DeliveryRead>(generator),
        ("get", "/v1/why") => reference::<Why>(generator),
        ("get", "/metrics") => return Some(json!({"application/openmetrics-text": {}})),
        ("get", "/docs") => return Some(json!({"text/html": {}})),
        ("get", _) => json!({"type": "object"}),
        _ => return None,
    };
    Some(json!({"application/json": {"schema": schema}}))
}

/// A conversation with events.
fn whole(generator: &mut SchemaGenerator) -> Value {
    let (conversation, event) = (reference::<ConversationView>(generator), reference::<Event>(generator));
    json!({"type": "object", "required": ["conversation", "events"],
        "properties": {"conversation": conversation, "events": {"type": "array", "items": event}}})
}

fn listed(name: &str, item: &Value) -> Value {
    json!({"type": "object", "required": [name, "next"],
        "properties": {name: {"type": "array", "items": item}, "next": {"type": ["string", "null"]}}})
}

fn reference<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().into()
}

/// Pages elsewhere may read descriptions.
fn public(mut response: Response) -> Response {
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

#[cfg(test)]
mod tests;
