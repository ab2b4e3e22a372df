//! The JSON Schema of every frame, made from our types; the door serves it at `/schema.json`.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    error::ErrorBody,
    push::{AgentPush, VisitorPush},
    reply::{AgentReplies, ErrorReply, Nothing, OkReply, VisitorReplies},
    request::{AgentAsk, Request, VisitorAsk},
};
use crate::chat::event::Event;

/// The names of the groups: each is one of `$defs`.
pub const GROUPS: [&str; 8] = [
    "VisitorRequest",
    "VisitorFrame",
    "VisitorReplies",
    "AgentRequest",
    "AgentFrame",
    "AgentReplies",
    "Event",
    "ErrorBody",
];

/// All of the protocol's frames as one JSON Schema (2020-12). `VisitorRequest` and `AgentRequest` are what clients send,
/// `VisitorFrame` and `AgentFrame` what they are sent, `VisitorReplies` and `AgentReplies` what each request's reply
/// holds besides its envelope; `Event` and `ErrorBody` are parts of those.
pub fn schema() -> Value {
    // As it is written: a member that is always there is required. What clients may leave out is skipped when empty
    // on our side, too, so this reads right for requests as well.
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let groups = [
        reference::<Request<VisitorAsk>>(&mut generator),
        frame::<VisitorPush>(&mut generator),
        reference::<VisitorReplies>(&mut generator),
        reference::<Request<AgentAsk>>(&mut generator),
        frame::<AgentPush>(&mut generator),
        reference::<AgentReplies>(&mut generator),
        reference::<Event>(&mut generator),
        reference::<ErrorBody>(&mut generator),
    ];
    let mut defs: Map<String, Value> = generator.take_definitions(true);
    let mut members = Map::new();
    for (name, group) in GROUPS.into_iter().zip(groups) {
        // A group that is one of our types already has its name among the definitions.
        defs.entry(name).or_insert(group);
        members.insert(name.into(), json!({"$ref": format!("#/$defs/{name}")}));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Usher wire protocol, version 1",
        "description": "One JSON object per text frame. Members that are not named here are to be ignored.",
        "groups": members,
        "$defs": defs,
    })
}

fn reference<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().into()
}

fn frame<P: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    let replies = [reference::<OkReply<Nothing>>(generator), reference::<ErrorReply>(generator)];
    json!({"anyOf": [reference::<P>(generator), replies[0], replies[1]]})
}
