//! What a receiver is told: `{"type", "timestamp", "data"}`, with what a CRM needs in `data`.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    chat::{
        conversation::{Conversation, ItemView},
        event::{AgentRef, External, ItemKind, MissedReason, Page, PlaybookRef, VisitorRef, What},
        playbook::ItemFields,
        summary::{DetailsView, StateName},
    },
    ids::{ConversationId, ItemId, Millis, WorkspaceId},
    store::Topic,
    wire::entry::Entry,
};

/// A message. The event never changes; the conversation is as it stands when this is made, which may be at a later try.
#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    topic: Topic,
    /// The event's, as RFC 3339.
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    workspace: &'a WorkspaceId,
    event: &'a Entry,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<Item<'a>>,
    conversation: Chat<'a>,
}

#[derive(Serialize)]
struct Item<'a> {
    id: &'a ItemId,
    kind: ItemKind,
    title: &'a str,
    fields: &'a ItemFields,
    at: Millis,
    /// The page the conversation began on.
    page: Option<&'a str>,
    external: Option<&'a External>,
}

#[derive(Serialize)]
struct Chat<'a> {
    id: &'a ConversationId,
    state: StateName,
    created_at: Millis,
    closed_at: Option<Millis>,
    visitor: &'a VisitorRef,
    assignee: Option<&'a AgentRef>,
    playbook: &'a PlaybookRef,
    /// Where it began.
    page: Option<&'a Page>,
    locale: Option<&'a str>,
    missed: Option<MissedReason>,
    rated: Option<u8>,
    details: DetailsView,
    items: &'a [ItemView],
}

/// The body that tells of an event of this conversation.
pub fn body(topic: Topic, entry: &Entry, conversation: &Conversation) -> String {
    let event = entry.event();
    let page = conversation.page.as_ref();
    let item = match &event.what {
        What::Item(item) => Some(Item {
            id: &item.item,
            kind: item.kind,
            title: &item.title,
            fields: &item.fields,
            at: event.at,
            page: page.map(|page| page.url.as_str()),
            external: conversation
                .items
                .iter()
                .find(|view| view.item == item.item)
                .and_then(|view| view.external.as_ref()),
        }),
        _ => None,
    };
    let chat = Chat {
        id: &conversation.id,
        state: (&conversation.state).into(),
        created_at: conversation.created_at,
        closed_at: conversation.closed_at(),
        visitor: &conversation.visitor,
        assignee: conversation.assignee(),
        playbook: &conversation.playbook,
        page,
        locale: conversation.locale.as_deref(),
        missed: conversation.missed,
        rated: conversation.rated,
        details: DetailsView { details: conversation.details.clone(), claimed: conversation.claimed.clone() },
        items: &conversation.items,
    };
    let timestamp = Timestamp::from_millisecond(event.at.0).unwrap_or(Timestamp::MAX).to_string();
    let data = Data { workspace: &conversation.workspace, event: entry, item, conversation: chat };
    // Strings, numbers and trees of them: nothing in it can fail to become JSON.
    serde_json::to_string(&Message { topic, timestamp, data }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        chat::event::{Author, Event, Item as Made, Started},
        ids::Seq,
    };

    #[test]
    fn r18_a_message_holds_what_a_crm_needs() {
        let page = Page { url: "https://shop.example/prices".into(), title: None, referrer: None };
        let started = Started {
            visitor: VisitorRef { id: "v_1".into(), name: None, verified: false },
            playbook: PlaybookRef { id: "pb_1".into(), version: 3 },
            page: Some(Box::new(page)),
            locale: Some("en".into()),
        };
        let mut conversation = Conversation::begin("c_1".into(), "shop".into(), Millis(1_763_800_000_000), &started);
        let changes = serde_json::from_value(json!({"person": {"email": "ann@example.com"}})).unwrap();
        let details =
            Event { seq: Seq(2), at: Millis(1_763_800_000_500), by: Author::Visitor, what: What::Details { changes } };
        let fields: ItemFields = serde_json::from_value(json!({"note": "hot"})).unwrap();
        let made = Made {
            item: "i_1".into(),
            kind: ItemKind::Lead,
            title: "A lead".into(),
            fields: Box::new(fields),
            external: None,
        };
        let item = Event { seq: Seq(3), at: Millis(1_763_800_001_000), by: Author::Bot, what: What::Item(made) };
        conversation.apply(&details);
        conversation.apply(&item);
        let said: Value = serde_json::from_str(&body(Topic::ItemCreated, &Entry::new(item), &conversation)).unwrap();
        assert_eq!((&said["type"], &said["timestamp"]), (&json!("item.created"), &json!("2025-11-22T08:26:41Z")));
        assert_eq!(
            said["data"]["item"],
            json!({"id": "i_1", "kind": "lead", "title": "A lead", "fields": {"note": "hot"}, "at": 1_763_800_001_000_i64,
                "page": "https://shop.example/prices", "external": null})
        );
        let data = &said["data"];
        assert_eq!(
            (&data["workspace"], &data["event"]["seq"], &data["event"]["type"]),
            (&json!("shop"), &json!(3), &json!("item"))
        );
        let chat = &data["conversation"];
        assert_eq!(
            (&chat["id"], &chat["state"], &chat["visitor"]["id"]),
            (&json!("c_1"), &json!("bot"), &json!("v_1"))
        );
        assert_eq!(chat["details"]["person"]["email"], "ann@example.com");
        assert_eq!(chat["details"]["claimed"], json!(["person.email"]));
        assert_eq!(chat["page"]["url"], "https://shop.example/prices");
        // What is no item says so by having none.
        let said: Value =
            serde_json::from_str(&body(Topic::ConversationStarted, &Entry::new(details), &conversation)).unwrap();
        assert_eq!(said["data"].get("item"), None);
    }
}
