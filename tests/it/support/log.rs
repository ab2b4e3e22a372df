//! The logs of conversations as one connection is shown them, checked event by event.

use std::collections::HashMap;

use serde_json::{Value, json};

/// All logs of a connection.
#[derive(Default)]
pub struct Logs {
    by: HashMap<String, Log>,
    /// Who reads: an agent's id, None for a visitor.
    agent: Option<(String, String)>,
    faults: Vec<String>,
}

#[derive(Default)]
struct Log {
    events: Vec<Value>,
    head: u64,
    /// The next event may leave a gap: the reader had lost sight, or never had it.
    loose: bool,
}

// === impl Logs ===

impl Logs {
    /// What came of one conversation, in order.
    pub fn events(&self, conversation: &str) -> &[Value] {
        self.by.get(conversation).map_or(&[], |log| &log.events)
    }

    /// The last `seq` that came.
    pub fn head(&self, conversation: &str) -> u64 {
        self.by.get(conversation).map_or(0, |log| log.head)
    }

    /// What was wrong so far.
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// Notes that something was wrong.
    pub fn fault(&mut self, fault: String) {
        self.faults.push(fault);
    }

    /// Takes in a push.
    pub fn push(&mut self, frame: &Value) {
        let conversation = frame["conversation"].as_str().unwrap_or_default();
        match frame["type"].as_str() {
            Some("events") => {
                let events = frame["events"].as_array().cloned().unwrap_or_default();
                if events.is_empty() {
                    self.fault(format!("a push without events: {frame}"));
                }
                for event in events {
                    self.event(conversation, event);
                }
            }
            Some("inbox") => {
                if let Some(conversation) = frame["remove"].as_str() {
                    self.by.entry(conversation.into()).or_default().loose = true;
                }
            }
            _ => {}
        }
    }

    /// Takes in the reply to a request.
    pub fn reply(&mut self, request: &Value, reply: &Value) {
        if reply["ok"] != true {
            return;
        }
        let asked = request["conversation"].as_str().unwrap_or_default();
        match request["type"].as_str().unwrap_or_default() {
            "hello" => self.hello(request, reply),
            "open" => self.page(reply, request["after"]["seq"].as_u64()),
            // The one that is open already is pushed to this connection anyway.
            "start" => self.page(reply, None),
            "leave" => self.by.entry(asked.into()).or_default().loose = true,
            kind @ ("send" | "note") if reply["duplicate"] != true => {
                let by = match &self.agent {
                    None => json!({"kind": "visitor"}),
                    Some((id, name)) => json!({"kind": "agent", "id": id, "name": name}),
                };
                let kind = if kind == "send" { "message" } else { "note" };
                let event = json!({"seq": reply["seq"], "at": reply["at"], "by": by, "type": kind, "key": request["key"], "text": request["text"]});
                // A note by somebody who does not follow has no log to stand in.
                if self.by.contains_key(asked) && (kind == "message" || !self.by[asked].loose || self.agent.is_none()) {
                    self.event(asked, event);
                }
            }
            _ => {}
        }
    }

    fn hello(&mut self, request: &Value, reply: &Value) {
        if let (Some(id), Some(name)) = (reply["agent"]["id"].as_str(), reply["agent"]["name"].as_str()) {
            self.agent = Some((id.into(), name.into()));
            for row in reply["mine"].as_array().into_iter().flatten() {
                let log = self.by.entry(row["id"].as_str().unwrap_or_default().into()).or_default();
                log.head = row["seq"].as_u64().unwrap_or_default();
                log.loose = false;
            }
        } else if !reply["conversation"].is_null() {
            self.page(reply, request["after"]["seq"].as_u64());
        }
    }

    /// The events of a reply: the rest behind a cursor, or a fresh page.
    fn page(&mut self, reply: &Value, after: Option<u64>) {
        let conversation = reply["conversation"]["id"].as_str().unwrap_or_default();
        let events = reply["events"].as_array().cloned().unwrap_or_default();
        let log = self.by.entry(conversation.into()).or_default();
        match after {
            Some(seq) if reply["recovered"] == true => {
                // What stood behind the cursor comes again.
                log.events.retain(|event| event["seq"].as_u64() <= Some(seq));
                log.head = seq;
                log.loose = false;
            }
            _ => *log = Log { loose: true, ..Log::default() },
        }
        for event in events {
            self.event(conversation, event);
        }
        let log = self.by.entry(conversation.into()).or_default();
        log.loose = false;
    }

    fn event(&mut self, conversation: &str, event: Value) {
        let log = self.by.entry(conversation.into()).or_default();
        let seq = event["seq"].as_u64().unwrap_or_default();
        let fresh = log.head == 0 && log.events.is_empty();
        // A visitor is not shown everything, so theirs may skip; an agent's never does while it has sight.
        let whole = self.agent.is_none() || log.loose || fresh || seq == log.head + 1;
        let fault = match () {
            () if seq == 0 => Some("an event without seq"),
            () if seq <= log.head && !fresh => Some("an event again or out of order"),
            () if !whole => Some("a hole"),
            () => None,
        };
        if let Some(fault) = fault {
            let event: String = event.to_string().chars().take(160).collect();
            self.faults.push(format!("{fault} in {conversation}: seq {seq} behind {}: {event}", log.head));
        }
        if log.events.last().is_some_and(|last| last["at"].as_i64() > event["at"].as_i64()) {
            self.faults.push(format!("time ran backwards in {conversation}: {event}"));
        }
        log.head = log.head.max(seq);
        log.loose = false;
        if let Some((me, _)) = &self.agent {
            let away = event["type"] == "assigned" && event["to"]["id"] != *me;
            let freed = event["type"] == "unassigned" || event["type"] == "closed";
            log.loose = away || freed;
        }
        log.events.push(event);
    }
}
