//! What many jobs write, turned into arrays: a parameter for each column.

use std::{collections::BTreeMap, sync::Arc};

use tokio_postgres::types::ToSql;

use crate::{
    chat::{
        conversation::Conversation,
        event::{Item, What},
    },
    store::{
        Result, Topic,
        item::{item_json, kind_name},
        row::{Columns, folder},
    },
    wire::entry::Entry,
};

/// A parameter of a statement.
pub(super) type Param<'a> = &'a (dyn ToSql + Sync);

/// Folds, and the folders they count in.
#[derive(Debug, Default)]
pub(super) struct Folds<'a> {
    states: Vec<&'static str>,
    live: Vec<bool>,
    served: Vec<bool>,
    assignees: Vec<Option<&'a str>>,
    assigned_at: Vec<Option<i64>>,
    deadlines: Vec<Option<i64>>,
    since: Vec<i64>,
    last_at: Vec<i64>,
    closed_at: Vec<Option<i64>>,
    seqs: Vec<i64>,
    snapshots: Vec<String>,
    folders: Vec<Option<&'static str>>,
    agents: Vec<Option<String>>,
}

/// Events; `T` says of which conversation.
#[derive(Debug)]
pub(super) struct Entries<'a, T> {
    of: Vec<T>,
    seqs: Vec<i64>,
    at: Vec<i64>,
    hidden: Vec<bool>,
    bodies: Vec<&'a str>,
}

/// Items.
#[derive(Debug)]
pub(super) struct Things<'a, T> {
    of: Vec<T>,
    names: Vec<&'a str>,
    kinds: Vec<&'static str>,
    titles: Vec<&'a str>,
    fields: Vec<String>,
    externals: Vec<Option<String>>,
    at: Vec<i64>,
}

/// What the outside is told.
#[derive(Debug)]
pub(super) struct Tellings<'a, T> {
    of: Vec<T>,
    seqs: Vec<i64>,
    topics: Vec<&'static str>,
    at: Vec<i64>,
    /// It is told only if this item is new.
    items: Vec<Option<&'a str>>,
}

// === impl Folds ===

impl<'a> Folds<'a> {
    pub(super) fn push(&mut self, row: &'a Conversation) -> Result<()> {
        let columns = Columns::of(row)?;
        self.states.push(columns.state);
        self.live.push(columns.live);
        self.served.push(columns.served);
        self.assignees.push(columns.assignee);
        self.assigned_at.push(columns.assigned_at);
        self.deadlines.push(columns.deadline);
        self.since.push(columns.since);
        self.last_at.push(columns.last_at);
        self.closed_at.push(columns.closed_at);
        self.seqs.push(columns.seq);
        self.snapshots.push(columns.snapshot);
        let folder = folder(row);
        let (name, agent) = folder.as_ref().map(|folder| folder.column()).unzip();
        self.folders.push(name);
        // Beside no folder stands no agent: so it is with the folder of the row as it was.
        self.agents.push(Some(agent.unwrap_or_default().to_owned()));
        Ok(())
    }

    pub(super) fn params(&self) -> [Param<'_>; 13] {
        [
            &self.states,
            &self.live,
            &self.served,
            &self.assignees,
            &self.assigned_at,
            &self.deadlines,
            &self.since,
            &self.last_at,
            &self.closed_at,
            &self.seqs,
            &self.snapshots,
            &self.folders,
            &self.agents,
        ]
    }
}

// === impl Entries ===

impl<T> Default for Entries<'_, T> {
    fn default() -> Self {
        Self { of: Vec::new(), seqs: Vec::new(), at: Vec::new(), hidden: Vec::new(), bodies: Vec::new() }
    }
}

impl<'a, T: Copy + ToSql + Sync> Entries<'a, T> {
    pub(super) fn push(&mut self, of: T, entries: &'a [Arc<Entry>]) {
        for entry in entries {
            self.of.push(of);
            self.seqs.push(entry.event().seq.0.cast_signed());
            self.at.push(entry.event().at.0);
            self.hidden.push(!entry.event().what.for_visitor());
            self.bodies.push(entry.json());
        }
    }

    pub(super) fn params(&self) -> [Param<'_>; 5] {
        [&self.of, &self.seqs, &self.at, &self.hidden, &self.bodies]
    }
}

// === impl Things ===

impl<T> Default for Things<'_, T> {
    fn default() -> Self {
        Self {
            of: Vec::new(),
            names: Vec::new(),
            kinds: Vec::new(),
            titles: Vec::new(),
            fields: Vec::new(),
            externals: Vec::new(),
            at: Vec::new(),
        }
    }
}

impl<'a, T: Copy + ToSql + Sync> Things<'a, T> {
    /// The items these events tell of. One told twice is as it was told first, but for where the CRM keeps it.
    pub(super) fn push(&mut self, of: T, entries: &'a [Arc<Entry>]) -> Result<()> {
        let mut told: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in entries {
            let What::Item(item) = &entry.event().what else { continue };
            let external = item.external.as_ref().map(|external| item_json(external, &item.item)).transpose()?;
            match told.get(item.item.as_str()) {
                Some(at) if external.is_some() => self.externals[*at] = external,
                Some(_) => {}
                None => {
                    told.insert(item.item.as_str(), self.names.len());
                    self.add(of, item, external, entry.event().at.0)?;
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, of: T, item: &'a Item, external: Option<String>, at: i64) -> Result<()> {
        self.fields.push(item_json(&item.fields, &item.item)?);
        self.of.push(of);
        self.names.push(item.item.as_str());
        self.kinds.push(kind_name(item.kind));
        self.titles.push(&item.title);
        self.externals.push(external);
        self.at.push(at);
        Ok(())
    }

    pub(super) fn params(&self) -> [Param<'_>; 7] {
        [&self.of, &self.names, &self.kinds, &self.titles, &self.fields, &self.externals, &self.at]
    }
}

// === impl Tellings ===

impl<T> Default for Tellings<'_, T> {
    fn default() -> Self {
        Self { of: Vec::new(), seqs: Vec::new(), topics: Vec::new(), at: Vec::new(), items: Vec::new() }
    }
}

impl<'a, T: Copy + ToSql + Sync> Tellings<'a, T> {
    pub(super) fn push(&mut self, of: T, entries: &'a [Arc<Entry>]) {
        let from = self.items.len();
        for entry in entries {
            let event = entry.event();
            let Some(topic) = Topic::of(&event.what) else { continue };
            let item = match &event.what {
                What::Item(item) => Some(item.item.as_str()),
                _ => None,
            };
            // Only the first of these events can have made it.
            if item.is_some() && self.items[from..].contains(&item) {
                continue;
            }
            self.of.push(of);
            self.seqs.push(event.seq.0.cast_signed());
            self.topics.push(topic.as_str());
            self.at.push(event.at.0);
            self.items.push(item);
        }
    }

    pub(super) fn params(&self) -> [Param<'_>; 5] {
        [&self.of, &self.seqs, &self.topics, &self.at, &self.items]
    }
}
