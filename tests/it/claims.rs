//! Everybody at once: claims, starts, and everything that may race with them.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Agent, Client, Hub, Visitor, judge::judge, playbooks, wait};

/// Many visitors who wait.
pub async fn waiting(hub: &Hub, count: usize, playbook: &str) -> Vec<(Visitor, String)> {
    let mut found = Vec::new();
    for _ in 0..count {
        let visitor = hub.visitor(playbook).await;
        let chat = visitor.start().await;
        visitor.event_of(&chat, "waiting").await;
        found.push((visitor, chat));
    }
    found
}

#[tokio::test]
async fn a1_200_conversations_claimed_by_200_agents_at_once_have_one_owner_each() {
    const CHATS: usize = 200;
    const AGENTS: usize = 200;
    let hub = Hub::start().await;
    let mut agents = Vec::new();
    for n in 0..AGENTS {
        agents.push(Arc::new(hub.online(&format!("agent{n}")).await));
    }
    let chats = waiting(&hub, CHATS, playbooks::LIVE).await;
    let ids: Arc<Vec<String>> = Arc::new(chats.iter().map(|(_, chat)| chat.clone()).collect());
    let claims = agents.iter().enumerate().map(|(n, agent)| {
        let (agent, ids) = (agent.clone(), ids.clone());
        tokio::spawn(async move {
            // Each begins elsewhere, so that they meet everywhere.
            let order: Vec<String> = (0..CHATS).map(|at| ids[(at + n) % CHATS].clone()).collect();
            let asked = Instant::now();
            let claims: Vec<Value> = order.iter().map(|chat| json!({"type": "claim", "conversation": chat})).collect();
            let posted = agent.post_all(claims).await;
            let mut verdicts = Vec::new();
            for (chat, id) in order.into_iter().zip(posted) {
                verdicts.push((chat, agent.reply(id).await, asked.elapsed()));
            }
            verdicts
        })
    });
    let mut winners: BTreeMap<String, Vec<(usize, Value)>> = BTreeMap::new();
    let mut losers = Vec::new();
    let mut slowest = std::time::Duration::ZERO;
    for (n, verdicts) in join_all(claims).await.into_iter().enumerate() {
        for (chat, reply, took) in verdicts.expect("an agent that did not panic") {
            slowest = slowest.max(took);
            match reply["ok"] == true {
                true => winners.entry(chat).or_default().push((n, reply)),
                false => losers.push((chat, reply["error"].clone())),
            }
        }
    }
    assert_eq!((winners.len(), losers.len()), (CHATS, CHATS * (AGENTS - 1)));
    for (chat, won) in &winners {
        assert_eq!(won.len(), 1, "{chat} has {} owners", won.len());
    }
    for (chat, error) in &losers {
        let (winner, reply) = &winners[chat][0];
        assert_eq!(error["code"], "conflict", "{chat}: {error}");
        assert_eq!(
            (&error["assignee"]["id"], &error["at"]),
            (&json!(format!("agent{winner}")), &reply["at"]),
            "{chat}: {error}"
        );
    }
    for (visitor, chat) in &chats {
        let joined = visitor.event_of(chat, "assigned").await;
        assert_eq!(joined["to"]["id"], format!("agent{}", winners[chat][0].0));
        let verdict = judge(&agents[winners[chat][0].0].transcript(chat).await);
        assert_eq!(verdict.assignments, 1);
    }
    // The others are told at once, and every counter is right in the end.
    for (n, agent) in agents.iter().enumerate() {
        let own = winners.values().filter(|won| won[0].0 == n).count();
        assert_eq!(agent.folder("mine").await.len(), own);
        assert_eq!(agent.folder("unassigned").await.len(), 0);
        wait::until("the fold of the pushes to agree", async || {
            let mirror = crate::support::mirror::Mirror::fold(&agent.frames(0));
            let right = mirror.counts.get("mine") == Some(&(own as u64)) && mirror.counts.get("unassigned") == Some(&0);
            (right && mirror.rows.len() == own).then_some(())
        })
        .await;
    }
    println!(
        "figure A1 conversations={CHATS} claims={} double_owners=0 slowest_answer_ms={}",
        CHATS * AGENTS,
        slowest.as_millis()
    );
}

#[tokio::test]
async fn a5_50_parallel_starts_of_a_visitor_open_one_conversation() {
    let hub = Hub::start().await;
    let _jane = hub.online("jane").await;
    let mut second = 0;
    for _ in 0..6 {
        let first = hub.visitor(playbooks::LIVE).await;
        let mut tabs = Vec::new();
        for _ in 0..50 {
            tabs.push(first.again(&hub.visitors(), playbooks::LIVE).await);
        }
        let starts = join_all(tabs.iter().map(|tab| tab.ask(json!({"type": "start"})))).await;
        let chats: Vec<&Value> = starts.iter().map(|reply| &reply["conversation"]["id"]).collect();
        assert!(chats[0].is_string(), "{}", starts[0]);
        second += chats.iter().filter(|chat| **chat != chats[0]).count();
        let chat = chats[0].as_str().expect("an id");
        for tab in &tabs {
            tab.event_of(chat, "waiting").await;
        }
    }
    assert_eq!(hub.admin("root").await.folder("all").await.len(), 6);
    println!("figure A5 visitors=6 starts=300 second_conversations={second}");
    assert_eq!(second, 0);
}

/// Who asks what in a race.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Move {
    Claim,
    RivalClaims,
    AdminCloses,
    OwnerCloses,
    VisitorEnds,
    ToMax,
    GiveUp,
    AdminTakes,
    OwnerWrites,
    VisitorWrites,
    Rate,
    Note,
    Details,
    Item,
    Typing,
}

/// What may race while nobody owns it.
pub const ON_WAITING: [Move; 5] =
    [Move::Claim, Move::RivalClaims, Move::AdminCloses, Move::VisitorEnds, Move::VisitorWrites];
/// What may race while Jane owns it.
pub const ON_ASSIGNED: [Move; 7] = [
    Move::OwnerCloses,
    Move::VisitorEnds,
    Move::ToMax,
    Move::GiveUp,
    Move::AdminTakes,
    Move::OwnerWrites,
    Move::VisitorWrites,
];
/// What may race with closing.
pub const ON_CLOSING: [Move; 12] = [
    Move::VisitorEnds,
    Move::ToMax,
    Move::GiveUp,
    Move::AdminTakes,
    Move::AdminCloses,
    Move::OwnerWrites,
    Move::VisitorWrites,
    Move::Rate,
    Move::Details,
    Move::Note,
    Move::Item,
    Move::Typing,
];

/// Two agents and an admin.
pub struct Table {
    /// Claims and owns.
    pub jane: Agent,
    /// Wants it too.
    pub max: Agent,
    /// May close and take everything.
    pub root: Agent,
    /// Whether they sit at one hub, which knows at once what it has answered.
    pub together: bool,
}

impl Table {
    async fn set(hub: &Hub) -> Self {
        let (jane, max, root) = (hub.online("jane").await, hub.online("max").await, hub.admin("root").await);
        Self { jane, max, root, together: true }
    }

    /// The whole log, once it holds what was answered to whomever.
    async fn log(&self, chat: &str, replies: &[Value]) -> Vec<Value> {
        let last = replies.iter().filter_map(|reply| reply["seq"].as_u64()).max().unwrap_or_default();
        wait::until("the log to hold what was answered", async || {
            let events = self.root.look_through(chat).await;
            (self.together || events.len() as u64 >= last).then_some(events)
        })
        .await
    }

    fn who<'a>(&'a self, visitor: &'a Visitor, what: Move) -> &'a Client {
        match what {
            Move::Claim | Move::OwnerCloses | Move::ToMax | Move::GiveUp | Move::OwnerWrites | Move::Item => {
                &self.jane.client
            }
            Move::RivalClaims | Move::Note | Move::Details => &self.max.client,
            Move::AdminCloses | Move::AdminTakes => &self.root.client,
            Move::VisitorEnds | Move::VisitorWrites | Move::Rate | Move::Typing => &visitor.client,
        }
    }

    /// Makes the moves at once and judges what came of it.
    pub async fn race(&self, visitor: &Visitor, chat: &str, moves: &[Move]) {
        let replies = join_all(moves.iter().map(|what| self.who(visitor, *what).ask(request(*what, chat)))).await;
        let events = self.log(chat, &replies).await;
        let verdict = judge(&events);
        for (what, reply) in moves.iter().zip(&replies) {
            if reply["ok"] == true {
                // An ok names an event of the log, made by whoever asked.
                if let Some(seq) = reply["seq"].as_u64() {
                    assert!(seq >= 1 && seq <= events.len() as u64, "{what:?}: {reply}");
                }
                continue;
            }
            let code = reply["error"]["code"].as_str().unwrap_or_default();
            assert!(matches!(code, "conflict" | "closed" | "forbidden" | "not_found"), "{moves:?}: {what:?}: {reply}");
            assert!(code != "closed" || verdict.state == "closed", "{moves:?}: {what:?} says closed, the log does not");
        }
        let won = |wanted: &[Move]| {
            moves.iter().zip(&replies).filter(|(what, reply)| wanted.contains(what) && reply["ok"] == true).count()
        };
        let closers = [Move::AdminCloses, Move::OwnerCloses, Move::VisitorEnds];
        assert_eq!(won(&closers), usize::from(verdict.state == "closed"), "{moves:?}: {replies:?}");
        if verdict.missed.is_none()
            && verdict.state != "closed"
            && moves.contains(&Move::RivalClaims)
            && moves.contains(&Move::Claim)
        {
            assert_eq!(won(&[Move::Claim, Move::RivalClaims]), 1, "{moves:?}: {replies:?}");
        }
        visitor
            .until("the visitor's own copy", |seen| (seen.logs.head(chat) >= last_for_visitor(&events)).then_some(()))
            .await;
    }
}

fn last_for_visitor(events: &[Value]) -> u64 {
    let shown = |event: &&Value| {
        !matches!(
            event["type"].as_str(),
            Some("note" | "details" | "item" | "qualified" | "disqualified" | "item_failed")
        )
    };
    events.iter().rev().find(shown).and_then(|event| event["seq"].as_u64()).unwrap_or_default()
}

fn request(what: Move, chat: &str) -> Value {
    let mut request = match what {
        Move::Claim | Move::RivalClaims => json!({"type": "claim"}),
        Move::AdminCloses | Move::OwnerCloses => json!({"type": "close"}),
        Move::VisitorEnds => json!({"type": "end"}),
        Move::ToMax => json!({"type": "assign", "to": "max"}),
        Move::GiveUp => json!({"type": "assign", "to": null}),
        Move::AdminTakes => json!({"type": "assign", "to": "root"}),
        Move::OwnerWrites => json!({"type": "send", "key": "race", "text": "from the owner"}),
        Move::VisitorWrites => json!({"type": "send", "key": "race", "text": "from the visitor"}),
        Move::Rate => json!({"type": "rate", "score": 3}),
        Move::Note => json!({"type": "note", "key": "race-note", "text": "a note"}),
        Move::Details => json!({"type": "details", "details": {"note": "changed"}}),
        Move::Item => json!({"type": "item", "kind": "lead", "title": "A lead", "key": "race-item"}),
        Move::Typing => json!({"type": "typing", "on": true}),
    };
    request["conversation"] = json!(chat);
    request
}

#[tokio::test]
async fn a2_every_two_and_three_way_race_has_one_winner() {
    let hub = Hub::start().await;
    let table = Table::set(&hub).await;
    let mut races = 0;
    for (moves, taken) in [(&ON_WAITING[..], false), (&ON_ASSIGNED[..], true)] {
        for race in combinations(moves) {
            for _ in 0..2 {
                let visitor = hub.visitor(playbooks::LIVE).await;
                let chat = visitor.start().await;
                if taken {
                    table.jane.claim(&chat).await;
                }
                table.race(&visitor, &chat, &race).await;
                races += 1;
            }
        }
    }
    println!("figure A2 races={races} contradictions=0");
}

/// All pairs and triples, each in one order and in the other.
pub fn combinations(moves: &[Move]) -> Vec<Vec<Move>> {
    let mut found = Vec::new();
    for (a, one) in moves.iter().enumerate() {
        for (b, two) in moves.iter().enumerate().skip(a + 1) {
            found.push(vec![*one, *two]);
            found.push(vec![*two, *one]);
            for three in &moves[b + 1..] {
                found.push(vec![*three, *two, *one]);
            }
        }
    }
    found
}

#[tokio::test]
async fn a2_claim_end_and_close_against_the_deadline_itself() {
    let hub = Hub::start().await;
    let table = Table::set(&hub).await;
    let moves = [Move::Claim, Move::VisitorEnds, Move::AdminCloses];
    let chats = waiting(&hub, 60, playbooks::QUICK).await;
    let races = chats.iter().enumerate().map(|(at, (visitor, chat))| {
        let table = &table;
        async move {
            let deadline = visitor.event_of(chat, "waiting").await["deadline"].as_i64().expect("a time");
            // From a little before to a little after.
            wait::clock(deadline - 20 + (at as i64 % 12) * 4).await;
            let what = moves[at % 3];
            let reply = table.who(visitor, what).ask(request(what, chat)).await;
            (what, reply)
        }
    });
    let outcomes = join_all(races).await;
    let (mut before, mut after) = (0, 0);
    for ((what, reply), (visitor, chat)) in outcomes.iter().zip(&chats) {
        assert_eq!(reply["ok"], true, "{what:?} is allowed on either side of the deadline: {reply}");
        let verdict = judge(&table.root.look_through(chat).await);
        match verdict.missed.is_some() {
            true => after += 1,
            false => before += 1,
        }
        let assigned = visitor.events(chat).iter().filter(|event| event["type"] == "assigned").count();
        assert_eq!(assigned, usize::from(*what == Move::Claim));
    }
    println!("figure A2 at_the_deadline={} won_by_the_person={before} won_by_the_clock={after}", before + after);
}

#[tokio::test]
async fn a4_close_raced_with_everything_lets_nothing_follow_it() {
    let hub = Hub::start().await;
    let table = Table::set(&hub).await;
    let mut races = 0;
    for other in ON_CLOSING {
        for order in [[Move::OwnerCloses, other], [other, Move::OwnerCloses]] {
            for _ in 0..3 {
                let visitor = hub.visitor(playbooks::LIVE).await;
                let chat = visitor.start().await;
                table.jane.claim(&chat).await;
                table.race(&visitor, &chat, &order).await;
                races += 1;
            }
        }
    }
    println!("figure A4 races={races} writes_after_close=0");
}
