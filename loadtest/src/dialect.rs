//! What the generator says and hears, in the hub's own protocol and in those of its peers.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::messages::Cut;

mod json;
pub mod nats;
mod packets;
mod stanzas;

pub use self::stanzas::{BOX, DOMAIN};

/// Whose protocol is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// docs/protocol.md.
    Usher,
    /// That of our own small relays: [`crate::relay`] and `loadtest/peers`.
    Plain,
    /// Socket.IO 4 over Engine.IO 4, WebSocket only.
    SocketIo,
    /// XMPP over WebSocket (RFC 7395).
    Xmpp,
    /// NATS over WebSocket; each text is stored by JetStream and acknowledged.
    Nats,
}

/// What a frame may say that matters here.
#[derive(Debug, Clone, PartialEq)]
pub enum Word<'a> {
    /// A request was answered.
    Reply {
        /// Which; none where the server does not say.
        id: Option<u64>,
        /// The code of a refusal.
        refused: Option<Cow<'a, str>>,
        /// The place in the log.
        seq: Option<u64>,
        /// The same key had been answered before.
        duplicate: bool,
    },
    /// A person's text was shown.
    Text {
        /// The text.
        text: Cow<'a, str>,
        /// Its place in the log.
        seq: Option<u64>,
        /// In a reply, to somebody who asked for a page.
        page: bool,
        /// Where it stands and whose it is, as far as the server says so.
        origin: Option<Origin<'a>>,
    },
    /// Something stands in a frame behind what comes later in the log.
    Unordered,
    /// An event or a push that only agents may see.
    ForAgents,
    /// Somebody types.
    Typing,
    /// Something to notify of.
    Notice {
        /// Why.
        reason: Cow<'a, str>,
        /// Where.
        conversation: Cow<'a, str>,
        /// What is shown of it.
        body: Cow<'a, str>,
    },
    /// A wait began.
    Waiting {
        /// When, by the server's clock.
        at: u64,
        /// Its end, in milliseconds by the server's clock.
        deadline: u64,
    },
    /// A wait ended in the offline flow.
    Missed {
        /// When, by the server's clock.
        at: u64,
        /// Because its deadline came.
        expired: bool,
    },
    /// A row of the inbox.
    Row {
        /// Whose row it is.
        conversation: Cow<'a, str>,
        /// What it shows of the last text.
        preview: Cow<'a, str>,
        /// The state of the conversation.
        state: Cow<'a, str>,
        /// Whose it is.
        assignee: Option<Cow<'a, str>>,
    },
    /// The server wants this said at once, to know that we live.
    Beat(&'static str),
    /// Not understood.
    Garbled,
}

/// Where the hub says that a text stands, and who wrote it.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin<'a> {
    /// The conversation; empty where the frame does not say, as a page of `history`.
    pub conversation: Cow<'a, str>,
    /// The kind of its author.
    pub kind: Cow<'a, str>,
    /// An agent's id.
    pub id: Cow<'a, str>,
}

// === impl Dialect ===

impl Dialect {
    /// Hands every word of a frame to `word`.
    pub fn hear<'a>(self, frame: &'a str, word: &mut impl FnMut(Word<'a>)) {
        match self {
            Dialect::Usher => json::hear(frame, word),
            Dialect::Plain => json::hear_relay(frame, word),
            Dialect::SocketIo => packets::hear(frame, word),
            Dialect::Xmpp => stanzas::hear(frame, word),
            Dialect::Nats => nats::hear(frame, word),
        }
    }

    /// What is the same in all texts to one place: of a conversation, or of an address.
    pub fn head(self, to: &str) -> String {
        match self {
            Dialect::Usher | Dialect::Plain => format!(r#""conversation":"{to}","key":""#),
            Dialect::SocketIo => String::new(),
            Dialect::Xmpp => format!("<message to='{to}' type='chat' xmlns='jabber:client'><body>"),
            Dialect::Nats => format!("PUB {to}."),
        }
    }

    /// A frame that sends a text. `text` needs no escaping in any of the protocols.
    pub fn say(self, head: &str, id: u64, number: u64, text: &str) -> String {
        match self {
            Dialect::Usher | Dialect::Plain => {
                format!(r#"{{"type":"send","id":{id},{head}{number}","text":"{text}"}}"#)
            }
            Dialect::SocketIo => format!(r#"42{id}["send",{{"text":"{text}"}}]"#),
            Dialect::Xmpp => format!("{head}{text}</body></message>"),
            Dialect::Nats => format!("{head}{id} {}\r\n{text}\r\n", text.len()),
        }
    }

    /// How messages are told apart where frames do not say.
    pub fn cut(self) -> Option<Cut> {
        (self == Dialect::Nats).then_some(nats::cut)
    }

    /// Whether each text is answered to its sender.
    pub fn answers(self) -> bool {
        self != Dialect::Xmpp
    }
}
