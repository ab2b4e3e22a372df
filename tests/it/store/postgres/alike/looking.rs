//! Reading both.

use usher::{
    chat::{
        command::KeyScope,
        event::{Author, ItemKind},
    },
    ids::{AgentId, ConversationId, Millis, Seq, VisitorId, WorkspaceId},
    store::{Folder, FolderQuery, ItemQuery, StatsQuery, Store, Viewer},
};

use crate::{
    store::talk::{by, id_of, seqs},
    support::wait,
};

use super::{AGENTS, Pair, VISITORS, WORKSPACES};

// === impl Pair ===

impl Pair<'_> {
    /// Everything that can be read.
    pub(super) async fn look(&self) {
        for talk in &self.talks {
            let id = talk.id();
            both!(self, store => {
                let loaded = store.load(id).await.expect("load").expect("there");
                assert_eq!(loaded.conversation, talk.fold);
                loaded.beside
            });
            for (after, limit, bytes) in [(0, 100, 1000), (2, 3, 1 << 20), (99, 9, 9), (0, 1, 0)] {
                both!(self, store => seqs(&store.events_after(id, Seq(after), limit, bytes).await.expect("events")));
            }
            for (before, limit, bytes, seen) in
                [(None, 100, 900, false), (Some(Seq(5)), 3, 1 << 20, true), (None, 2, 0, true)]
            {
                both!(self, store => {
                    seqs(&store.events_before(id, before, limit, bytes, seen).await.expect("events"))
                });
            }
            for key in ["few0", "few1", "few2"] {
                for scope in [KeyScope::Author(Author::Visitor), KeyScope::Author(by("jane")), KeyScope::Items] {
                    both!(self, store => {
                        let kept = store.keyed(id, &scope, &key.into()).await.expect("keyed");
                        kept.map(|entry| entry.json().to_owned())
                    });
                }
            }
        }
        for (until, limit) in [(i64::MAX, 100), (self.at + 30_000, 100), (i64::MAX, 2)] {
            both!(self, store => store.due(Millis(until), limit).await.expect("due"));
        }
        for before in [self.at, self.at - 100, 0] {
            both!(self, store => {
                let mut silent = store.silent(Millis(before), 100).await.expect("silent");
                silent.sort();
                silent
            });
        }
        both!(self, store => {
            let mut waited_in = store.waited_in().await.expect("waited_in");
            waited_in.sort();
            waited_in
        });
        both!(self, store => store.rosters().await.expect("rosters"));
        let ids: Vec<ConversationId> =
            self.talks.iter().map(|talk| talk.id().clone()).chain(["c_nobody".into()]).collect();
        both!(self, store => {
            let mut heads = store.heads(&ids).await.expect("heads");
            heads.sort_by(|one, other| one.conversation.cmp(&other.conversation));
            heads
        });
        let workspaces = WORKSPACES.map(WorkspaceId::from);
        for (of, since, limit) in [(2, 0, 100), (1, self.at - 200, 100), (2, self.at - 100, 2), (0, 0, 100)] {
            both!(self, store => store.moved_since(&workspaces[..of], Millis(since), limit).await.expect("moved"));
        }
        for (since, most) in [(0, 100), (self.at - 200, 100), (self.at - 100, 2)] {
            both!(self, store => {
                let mut ends = store.lately(&ids, Millis(since), most).await.expect("lately");
                ends.sort_by(|(one, _), (other, _)| one.cmp(other));
                ends
            });
        }
        self.look_outside().await;
        for workspace in WORKSPACES {
            self.look_at(&workspace.into()).await;
        }
    }

    async fn look_at(&self, workspace: &WorkspaceId) {
        both!(self, store => store.queue(workspace).await.expect("queue"));
        both!(self, store => sizes(store, workspace, None).await);
        for visitor in 0..VISITORS {
            let visitor = VisitorId::from(format!("v_{visitor}"));
            both!(self, store => store.of_person(workspace, &visitor, 3).await.expect("of_person"));
            for since in [0, self.at - 50] {
                both!(self, store => {
                    let found = store.of_visitor(workspace, &visitor, Millis(since)).await.expect("of_visitor");
                    found.map(|loaded| loaded.conversation)
                });
            }
        }
        let mine = AGENTS.map(|who| Folder::Mine(who.into()));
        let all = [Folder::Unassigned, Folder::Closed, Folder::All { only_mine: None }];
        for folder in mine.into_iter().chain(all).chain([Folder::All { only_mine: Some("jane".into()) }]) {
            both!(self, store => pages(store, workspace, &folder, None).await);
        }
        for who in AGENTS {
            let id = id_of(who);
            both!(self, store => store.counts(workspace, &id).await.expect("counts"));
            both!(self, store => sizes(store, workspace, Some(&id)).await);
            both!(self, store => store.assigned_to(workspace, &id).await.expect("assigned_to"));
            both!(self, store => store.removed_at(workspace, &id).await.expect("removed_at").is_some());
            both!(self, store => {
                let row = store.agent(workspace, &id).await.expect("agent");
                row.map(|row| (row.agent, row.admin, row.online, row.notify))
            });
        }
        both!(self, store => {
            let rows = store.agents(std::slice::from_ref(workspace)).await.expect("agents");
            rows.into_iter().map(|row| row.agent.id).collect::<Vec<_>>()
        });
        both!(self, store => {
            let rows = store.playbooks(workspace).await.expect("playbooks");
            rows.into_iter().map(|row| (row.playbook.id.clone(), row.version, row.installed_at, row.last_seen_at)).collect::<Vec<_>>()
        });
        for id in ["pb_0", "pb_1", "pb_2"] {
            for version in [None, Some(1), Some(2), Some(u32::MAX)] {
                both!(self, store => {
                    let row = store.playbook(&id.into(), version).await.expect("playbook");
                    row.map(|row| (row.playbook.name.clone(), row.version, row.deleted, row.workspace))
                });
            }
        }
        let of = self.talks.first().map(|talk| talk.id().clone());
        let viewer =
            |agent: &str, admin, admins_see_assigned| Some(Viewer { agent: agent.into(), admin, admins_see_assigned });
        both!(self, store => store.canned(workspace).await.expect("canned"));
        for (viewer, from, to, limit) in [
            (None, 0, i64::MAX, 100),
            (viewer("jane", false, true), 0, i64::MAX, 100),
            (viewer("kim", true, false), self.at - 200, self.at, 3),
        ] {
            let query = StatsQuery { workspace: workspace.clone(), viewer, from: Millis(from), to: Millis(to), limit };
            both!(self, store => store.milestones(&query).await.expect("milestones"));
        }
        for (kind, conversation, viewer) in [
            (None, None, None),
            (Some(ItemKind::Deal), None, viewer("jane", false, true)),
            (None, of.clone(), viewer("joe", true, true)),
            (None, None, viewer("kim", true, false)),
            (Some(ItemKind::Lead), of, None),
        ] {
            both!(self, store => {
                let mut query = ItemQuery {
                    workspace: workspace.clone(), kind, conversation: conversation.clone(), viewer: viewer.clone(), before: None, limit: 2,
                };
                let mut found = Vec::new();
                loop {
                    let page = store.items(&query).await.expect("items");
                    found.extend(page.items);
                    let Some(next) = page.next else { break found };
                    query.before = Some(next);
                }
            });
        }
    }

    /// What is written is found, in both, a little later.
    pub(super) async fn find(&self) {
        for word in [
            "mull",
            "PARCEL",
            "par",
            "unicode strasse",
            "ünïcode straße",
            "日本",
            "example",
            "godunov",
            "bye",
            "shop pricing",
        ] {
            for workspace in WORKSPACES {
                let workspace = WorkspaceId::from(workspace);
                let everything = Folder::All { only_mine: None };
                let mut last = (Vec::new(), Vec::new());
                let alike = wait::try_within(wait::PATIENCE, async || {
                    last.0 = pages(self.one, &workspace, &everything, Some(word)).await;
                    last.1 = pages(self.other, &workspace, &everything, Some(word)).await;
                    (last.0 == last.1).then_some(())
                });
                assert!(alike.await.is_some(), "{word}: {last:?}");
            }
        }
    }
}

/// The sizes of folders that held something, in one order.
async fn sizes(store: &dyn Store, workspace: &WorkspaceId, agent: Option<&AgentId>) -> Vec<String> {
    let sizes = store.sizes(workspace, agent).await.expect("sizes");
    let mut sizes: Vec<String> = sizes.iter().map(|size| format!("{size:?}")).collect();
    sizes.sort();
    sizes
}

/// All pages of a folder.
async fn pages(
    store: &dyn Store,
    workspace: &WorkspaceId,
    folder: &Folder,
    words: Option<&str>,
) -> Vec<Vec<ConversationId>> {
    let query = words.map(str::to_owned);
    let mut query = FolderQuery { workspace: workspace.clone(), folder: folder.clone(), before: None, limit: 2, query };
    let mut pages = Vec::new();
    loop {
        let page = store.folder(&query).await.expect("folder");
        pages.push(page.conversations.into_iter().map(|loaded| loaded.conversation.id).collect());
        let Some(next) = page.next else { return pages };
        query.before = Some(next);
    }
}
