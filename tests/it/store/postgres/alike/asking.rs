//! Asking both, and remembering what they took.

use bytes::Bytes;
use serde_json::json;
use usher::{
    chat::{
        command::KeyScope,
        event::{Author, External, Item, ItemKind, What},
        playbook::Playbook,
        summary::{Beside, Mark},
    },
    ids::{Millis, PlaybookId, Seq, VisitorId, WorkspaceId},
    store::{Append, Appended, CannedAnswer, NotifySettings, StoreError},
    wire::entry::Entry,
};

use crate::store::talk::{
    Talk, agent, assigned, by, closed, details, email, id_of, item, missed, note, text, unassigned, waiting,
};

use super::{AGENTS, AgentStep, Change, Pair, Step, WORDS, WORKSPACES};

// === impl Pair ===

impl Pair<'_> {
    pub(super) async fn step(&mut self, step: Step) {
        let at = self.at;
        match step {
            Step::Begin { workspace, visitor, live } => {
                let then = if live { vec![waiting(at + 60_000)] } else { vec![] };
                let talk = Talk::new(WORKSPACES[workspace], &format!("v_{visitor}"), at, then);
                let begun =
                    both!(self, store => store.begin(talk.fold.clone(), talk.log.clone()).await.expect("begun"));
                if let usher::store::Begun::Done { .. } = begun {
                    self.talks.push(talk);
                }
            }
            Step::Say { talk, behind, key, word } => {
                let key = key.map_or(format!("k{at}"), |key| format!("few{key}"));
                let what = text(&key, WORDS[word]);
                let key = Some((KeyScope::Author(Author::Visitor), key.as_str().into()));
                self.append(talk, behind, vec![(Author::Visitor, what)], key, false).await;
            }
            Step::Note { talk, behind, who, key } => {
                let key = key.map_or(format!("n{at}"), |key| format!("few{key}"));
                let author = by(AGENTS[who]);
                let scope = Some((KeyScope::Author(author.clone()), key.as_str().into()));
                self.append(talk, behind, vec![(author, note(&key, "a note"))], scope, false).await;
            }
            Step::Change { talk, behind, change } => {
                let event = self.change(talk, change);
                self.append(talk, behind, vec![event], None, true).await;
            }
            Step::Flow { talk, item: nth } => {
                let id = format!("i_flow{nth}");
                let made = What::Item(item(&id, ItemKind::Lead, "A lead"));
                let handed = Item { external: Some(external()), ..item(&id, ItemKind::Lead, "A lead") };
                let events = vec![
                    (Author::Bot, What::Qualified { card: "q".into() }),
                    (Author::Bot, made),
                    (Author::System, What::Item(handed)),
                    (Author::Bot, What::Message { key: None, text: "Bye".into(), rich: None }),
                ];
                let key = Some((KeyScope::Author(Author::Visitor), format!("flow{at}").as_str().into()));
                self.append(talk, 0, events, key, true).await;
            }
            Step::Nowhere => {
                let append = Talk::new("default", "v_0", at, vec![]).saying(at, "k", "nowhere");
                both!(self, store => told(&store.append(append.clone()).await));
            }
            Step::Adopt { workspace, from, to, named } => self.adopt(WORKSPACES[workspace], from, to, named).await,
            Step::Beside { talk, seen } => {
                let Some(talk) = self.talk(talk) else { return };
                let mut beside = Beside::default();
                beside.seen.visitor = Mark { received: Seq(seen), read: Seq(seen / 2) };
                let changed = vec![(self.talks[talk].id().clone(), beside), ("c_nobody".into(), Beside::default())];
                both!(self, store => store.put_beside(changed.clone()).await.expect("kept"));
            }
            Step::Agent { workspace, who, what } => self.agent(&WORKSPACES[workspace].into(), AGENTS[who], what).await,
            Step::Save { workspace, id, expected } => {
                let playbook = playbook(id, &format!("name {}", at % 7));
                let workspace = WorkspaceId::from(WORKSPACES[workspace]);
                both!(self, store => store.save_playbook(&workspace, &playbook, expected).await.expect("saved"));
            }
            Step::Delete { workspace, id } => {
                let (workspace, id) = (WorkspaceId::from(WORKSPACES[workspace]), format!("pb_{id}").as_str().into());
                both!(self, store => store.delete_playbook(&workspace, &id).await.expect("deleted"));
            }
            Step::Seen { id, at } => {
                let id = PlaybookId::from(format!("pb_{id}"));
                both!(self, store => store.playbook_seen(&id, Millis(at)).await.expect("seen"));
            }
            Step::Roster { node, left } => {
                let (node, until) = (format!("n_{node}").as_str().into(), self.one.now().plus(left));
                let body = Bytes::from(format!("at {at}"));
                both!(self, store => store.keep_roster(&node, body.clone(), until).await.expect("kept"));
            }
            Step::Canned { workspace, expected } => {
                let answers = [CannedAnswer { name: "Hours".into(), text: format!("from {at}") }];
                let workspace = WorkspaceId::from(WORKSPACES[workspace]);
                both!(self, store => store.save_canned(&workspace, &answers, expected).await.expect("saved"));
            }
            Step::Erase { talk } => {
                let over = |talk: &usize| self.talks[*talk].fold.closed_at().is_some();
                let Some(of) = self.talk(talk).filter(over) else { return };
                self.append(talk, 0, vec![(Author::System, What::erasure())], None, true).await;
                let log = &mut self.talks[of].log;
                let before = log.iter().rposition(|entry| entry.event().erases()).unwrap_or_default();
                log[..before].iter_mut().for_each(|entry| *entry = Entry::new(entry.event().erased()));
            }
            Step::Tell(telling) => self.tell(telling).await,
            Step::Look => self.look().await,
        }
    }

    fn talk(&self, nth: usize) -> Option<usize> {
        (!self.talks.is_empty()).then(|| nth % self.talks.len())
    }

    fn change(&self, talk: usize, change: Change) -> (Author, What) {
        let at = self.at;
        match change {
            Change::Wait => (Author::System, waiting(at + 60_000)),
            Change::Miss => (Author::System, missed()),
            Change::Assign(who) => (by(AGENTS[who]), assigned(AGENTS[who])),
            Change::GiveUp => (by("jane"), unassigned("jane")),
            Change::Close => (by("jane"), closed()),
            Change::Details if talk.is_multiple_of(2) => (by("jane"), email("anna@example.com")),
            Change::Details => (by("joe"), details(json!({"note": format!("seen at {at}")}))),
            Change::Item { item: nth, external: with } => {
                // Some of them are of several conversations: the first has it.
                let made = item(&format!("i_{nth}"), ItemKind::Deal, "A deal");
                (by("jane"), What::Item(Item { external: with.then(external), ..made }))
            }
        }
    }

    /// Appends to both what was decided `behind` events before the head.
    async fn append(
        &mut self,
        talk: usize,
        behind: u64,
        events: Vec<(Author, What)>,
        key: Option<(KeyScope, usher::ids::MessageKey)>,
        with_row: bool,
    ) {
        let Some(of) = self.talk(talk) else { return };
        let Some(after) = self.talks[of].fold.seq.0.checked_sub(behind).filter(|after| *after > 0) else { return };
        let mut next = self.talks[of].clone();
        next.log.truncate(after as usize);
        let fold = next.log.iter().map(|entry| entry.event());
        let mut fold =
            usher::chat::conversation::Conversation::fold(next.id().clone(), next.fold.workspace.clone(), fold)
                .expect("it begins");
        fold.visitor = next.fold.visitor.clone();
        next.fold = fold;
        let entries: Vec<_> = events.into_iter().map(|(by, what)| next.draft(by, self.at, what)).collect();
        let row = with_row.then(|| Box::new(next.fold.clone()));
        let append = Append { conversation: next.id().clone(), after: Seq(after), entries, key, row };
        let appended = both!(self, store => told(&store.append(append.clone()).await));
        if appended.starts_with("Ok(Done") {
            self.talks[of] = next;
        }
    }

    async fn adopt(&mut self, workspace: &str, from: usize, to: usize, named: bool) {
        let (workspace, name) = (WorkspaceId::from(workspace), named.then_some("Boris Godunov"));
        let (from, to) = (VisitorId::from(format!("v_{from}")), VisitorId::from(format!("v_{to}")));
        let adopted = both!(self, store => store.adopt(&workspace, &from, &to, name).await.expect("adopted"));
        if let Some(talk) = self.talks.iter_mut().find(|talk| Some(talk.id()) == adopted.as_ref()) {
            talk.fold.visitor.id = to;
            talk.fold.visitor.name = name.map(Into::into).or(talk.fold.visitor.name.take());
            talk.fold.visitor.verified = true;
        }
    }

    async fn agent(&self, workspace: &WorkspaceId, who: &str, what: AgentStep) {
        let id = id_of(who);
        match what {
            AgentStep::Hello { admin, old_token } => {
                // A token of before any removal, or one of after all of them.
                let issued_at = Some(if old_token { Millis(1) } else { Millis(i64::MAX) });
                both!(self, store => {
                    let row = store.agent_hello(workspace, &agent(who), admin, issued_at).await.expect("hello");
                    row.map(|row| (row.agent, row.admin, row.online, row.notify, row.workspace))
                });
            }
            AgentStep::Switch(on) => {
                both!(self, store => store.set_online(workspace, &id, on).await.expect("set"));
            }
            AgentStep::Notify(message) => {
                let notify = NotifySettings { message, ..NotifySettings::default() };
                both!(self, store => store.set_notify(workspace, &id, notify).await.expect("set"));
            }
            AgentStep::Remove => {
                both!(self, store => store.remove_agent(workspace, &id).await.expect("removed"));
            }
        }
    }
}

fn told(appended: &usher::store::Result<Appended>) -> String {
    match appended {
        Ok(Appended::Repeated { event }) => format!("repeated {}", event.json()),
        // Why is each store's own.
        Err(StoreError::Damaged(_)) => "damaged".into(),
        other => format!("{other:?}"),
    }
}

fn playbook(id: u8, name: &str) -> Playbook {
    let json = json!({
        "id": format!("pb_{id}"), "name": name, "active": true, "locale": "en", "origins": [], "start": "bye",
        "appearance": {"color": "#3b5bdb", "icon": "chat", "bot_name": "Usher", "avatar": null},
        "cards": {"bye": {"kind": "disqualify", "text": "Enjoy your visit.", "create": []}}
    });
    serde_json::from_value(json).expect("a playbook")
}

fn external() -> External {
    External { id: "4711".into(), url: None }
}
