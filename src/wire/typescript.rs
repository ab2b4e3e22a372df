//! The TypeScript client's types, made from ours.

use std::{any::TypeId, collections::BTreeMap};

use ts_rs::{Config, TS, TypeVisitor};

use super::{
    code::{CloseCode, ErrorCode},
    push::{AgentPush, VisitorPush},
    reply::{AgentReplies, Reply, VisitorReplies},
    request::{AgentAsk, Request, VisitorAsk},
};
use crate::chat::playbook::{Card, Fault, Template};

/// What the generated file begins with.
const HEAD: &str = "\
// The frames of Usher's wire protocol, version 1. Made from the hub's own types: do not edit.
// A test of the hub fails when this file is not what it makes; run its tests with UPDATE_GOLDEN=1 to write it.
";

/// Names the clients use for what is called otherwise, or not at all, on our side.
const ALIASES: &str = "\
/** A whole conversation, as a reply shows it. */
export type Conversation = ConversationView;

/** The side panel, as a reply shows it; `DetailsPatch` is a change of it. */
export type Details = DetailsView;

/** `state` of a conversation. */
export type ConversationState = StateName;

/** How far somebody has received and read. */
export type Marks = Mark;

/** A folder of the inbox. */
export type Folder = FolderName;

/** A paragraph or a bullet list of a bot's text. */
export type RichBlock = Block;

/** A stretch of a bot's text. */
export type RichInline = Inline;

/** A frame a visitor sends. */
export type VisitorRequest = Request<VisitorAsk>;

/** A frame an agent sends. */
export type AgentRequest = Request<AgentAsk>;

/** A frame a visitor is sent. */
export type VisitorFrame = VisitorPush | Reply<VisitorReplies[keyof VisitorReplies]>;

/** A frame an agent is sent. */
export type AgentFrame = AgentPush | Reply<AgentReplies[keyof AgentReplies]>;
";

/// Every type that was met, by its name.
struct Types<'a> {
    config: &'a Config,
    met: Vec<TypeId>,
    text: BTreeMap<String, String>,
}

/// The text of `web/client/src/generated.ts`: every type of every frame, and of playbooks, in one file, with no
/// import.
pub fn typescript() -> String {
    // No number of ours is larger than JavaScript can count.
    let config = Config::new().with_large_int("number");
    let mut types = Types { config: &config, met: Vec::new(), text: BTreeMap::new() };
    types.visit::<Request<VisitorAsk>>();
    types.visit::<Request<AgentAsk>>();
    types.visit::<VisitorPush>();
    types.visit::<AgentPush>();
    types.visit::<Reply<VisitorReplies>>();
    types.visit::<VisitorReplies>();
    types.visit::<AgentReplies>();
    // What the editor reads and writes over REST.
    types.visit::<Template>();
    types.visit::<Card>();
    types.visit::<Fault>();
    let mut text = String::from(HEAD);
    for one in types.text.values() {
        text.push('\n');
        text.push_str(one);
    }
    text.push('\n');
    text.push_str(ALIASES);
    text.push_str(&lists(&config));
    text
}

/// What a client needs at run time.
fn lists(config: &Config) -> String {
    let codes = CloseCode::ALL.map(|code| {
        format!("  {}: {{ reconnect: {}, reason: {:?} }},\n", code.number(), code.reconnect(), code.reason())
    });
    format!(
        "\n/** Every error code. */\nexport const ERROR_CODES: readonly ErrorCode[] = [{}];\n\
         \n/** Every code the hub closes with. */\n\
         export const CLOSE_CODES: Readonly<Record<CloseCode, {{ reconnect: boolean; reason: string }}>> = {{\n{}}};\n",
        <ErrorCode as TS>::inline(config).replace(" | ", ", "),
        codes.concat(),
    )
}

/// One type as people lay it out: a member to a line, indented, a short comment on one line.
fn lay_out(text: &str) -> String {
    let text = text.replace("{ \n", "{\n").replace(", \n", ",\n").replace(", }", ",\n}");
    // Rust's links mean nothing over there.
    let text = text.replace("[`", "`").replace("`]", "`");
    let mut laid = String::with_capacity(text.len());
    let mut depth = 0usize;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let indent = "  ".repeat(depth.saturating_sub(usize::from(line.starts_with('}'))));
        match line.trim_start() {
            "/**" => {
                let mut said: Vec<&str> = Vec::new();
                while let Some(line) = lines.next_if(|line| line.trim() != "*/") {
                    said.push(line.trim_start().trim_start_matches('*').trim());
                }
                lines.next();
                match said[..] {
                    [one] => laid.push_str(&format!("{indent}/** {one} */\n")),
                    _ => laid.push_str(&format!(
                        "{indent}/**\n{indent} * {}\n{indent} */\n",
                        said.join(&format!("\n{indent} * "))
                    )),
                }
            }
            code => {
                laid.push_str(&format!("{indent}{}\n", code.trim_end()));
                let comment = code.starts_with("/*");
                let count = |bracket| if comment { 0 } else { code.matches(bracket).count() };
                depth = (depth + count('{')).saturating_sub(count('}'));
            }
        }
    }
    laid
}

// === impl Types ===

impl TypeVisitor for Types<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if self.met.contains(&TypeId::of::<T>()) {
            return;
        }
        self.met.push(TypeId::of::<T>());
        T::visit_generics(self);
        T::visit_dependencies(self);
        if T::output_path().is_some() {
            let docs = T::docs().unwrap_or_default();
            let text = format!("{docs}export {}\n", T::decl(self.config));
            let was = self.text.insert(T::ident(self.config), lay_out(&text));
            // A type of the same name would silently be lost.
            debug_assert!(
                was.is_none_or(|was| was == lay_out(&text)),
                "two types are called {}",
                T::ident(self.config)
            );
        }
    }
}
