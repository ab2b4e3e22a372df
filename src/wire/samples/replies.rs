//! One of every reply and of every error.

use super::*;

fn done() -> Done {
    Done { seq: Seq(16), at: Millis(1_763_800_016_000), duplicate: false }
}

/// One body of each of a visitor's replies.
pub(in crate::wire) fn visitor_replies() -> VisitorReplies {
    let shown = crate::wire::audience::Audience::Visitor.collect(&entries());
    VisitorReplies {
        hello: VisitorHelloReply {
            session: "s_1".into(),
            visitor: "v_1".into(),
            token: "visitor.token".into(),
            epoch: "e_1".into(),
            heartbeat_ms: 20_000,
            server_time: Millis(1_763_800_020_000),
            limits: Limits::with_rate(1, 10),
            playbook: Arc::new(Shared::new(PlaybookView {
                id: "pb_demo".into(),
                name: "Demo".into(),
                appearance: of(json!({"color": "#3b5bdb", "icon": "chat", "bot_name": "Usher", "avatar": null})),
                locale: "en".into(),
                open_after_ms: None,
                typing_preview: false,
            })),
            available: true,
            reason: AvailableReason::Ok,
            conversation: Some(whole(false)),
            recovered: true,
            events: shown.clone(),
        },
        start: StartReply { conversation: whole(false), events: shown[..3].to_vec() },
        answer: done(),
        send: Done { duplicate: true, ..done() },
        typing: Nothing {},
        seen: Nothing {},
        page: Nothing {},
        rate: done(),
        end: done(),
        history: HistoryReply { events: shown[..2].to_vec() },
        pong: Nothing {},
    }
}

/// One body of each of an agent's replies.
pub(in crate::wire) fn agent_replies() -> AgentReplies {
    let agent = |id: &str, name: &str, status| Agent { id: id.into(), name: name.into(), avatar: None, status };
    AgentReplies {
        hello: AgentHelloReply {
            session: "s_2".into(),
            agent: Me { id: "jane".into(), name: "Jane".into(), role: Role::Admin },
            epoch: "e_1".into(),
            heartbeat_ms: 10_000,
            server_time: Millis(1_763_800_020_000),
            limits: Limits::with_rate(10, 50),
            online: true,
            settings: Settings::default(),
            agents: vec![agent("jane", "Jane", AgentStatus::Online), agent("joe", "Joe", AgentStatus::Offline)],
            counts: Counts { unassigned: 4, mine: 1, closed: 17 },
            unassigned: vec![waiting_row()],
            mine: vec![row(true)],
        },
        availability: Nothing {},
        settings: SettingsReply {
            settings: Settings { notify: NotifySettings { message: false, ..Default::default() } },
        },
        list: ListReply { conversations: vec![row(true)], next: Some("opaque".into()) },
        open: OpenReply { conversation: whole(true), recovered: false, events: entries() },
        leave: Nothing {},
        history: HistoryReply { events: Vec::new() },
        claim: done(),
        assign: done(),
        send: done(),
        note: done(),
        typing: Nothing {},
        seen: Nothing {},
        details: done(),
        item: Made { item: "i_1".into(), seq: Seq(19), at: Millis(1_763_800_019_000), duplicate: false },
        close: done(),
        notified: Nothing {},
        pong: Nothing {},
    }
}

/// Refusals with every member an error may have.
pub(in crate::wire) fn errors() -> Named<ErrorBody> {
    let jane = || AgentName { id: "jane".into(), name: "Jane".into() };
    let conflict = ErrorBody {
        assignee: Some(jane()),
        at: Some(Millis(1_763_800_014_000)),
        ..ErrorBody::new(ErrorCode::Conflict, "Jane has this conversation")
    };
    vec![
        ("invalid", ErrorBody::invalid("details.deal.value", "value must be a number of at least 0")),
        ("unsupported", ErrorBody::new(ErrorCode::Unsupported, "this hub knows no request of that type")),
        ("unauthorized", ErrorBody::new(ErrorCode::Unauthorized, "the token has expired")),
        ("forbidden", ErrorBody::new(ErrorCode::Forbidden, "only the agent it is assigned to may do that")),
        ("not_found", ErrorBody::new(ErrorCode::NotFound, "there is no such conversation")),
        ("conflict", conflict),
        ("closed", ErrorBody::new(ErrorCode::Closed, "the conversation is closed")),
        (
            "too_large",
            ErrorBody {
                field: Some("text".into()),
                ..ErrorBody::new(ErrorCode::TooLarge, "text is longer than 16384 bytes")
            },
        ),
        ("rate_limited", ErrorBody::rate_limited(700)),
        ("unavailable", ErrorBody::unavailable()),
    ]
}
