//! A page of a folder of the inbox.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    DEFAULT_PAGE,
    check::{self, Check},
    fault::Fault,
};

/// `list`: a page of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct List {
    /// Which.
    pub folder: FolderName,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub before: Option<String>,
    /// At most this many, 1 to 100; 50 when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    #[ts(optional)]
    pub limit: Option<u32>,
    /// Words to find, at most 1 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub query: Option<String>,
}

/// A folder of the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum FolderName {
    /// Waiting, missed or given up; longest waiting first.
    Unassigned,
    /// One's own, newest assignment first.
    Mine,
    /// Over, newest closing first.
    Closed,
    /// Everything, newest first: admins.
    All,
}

// === impl List ===

impl List {
    /// How many rows, 1 to 100.
    pub fn limit(&self) -> usize {
        self.limit.unwrap_or(DEFAULT_PAGE) as usize
    }
}

impl Check for List {
    fn check(&mut self) -> Result<(), Fault> {
        check::page_limit(&mut self.limit)?;
        if let Some(before) = &self.before {
            check::short("before", before)?;
        }
        if let Some(query) = &self.query {
            check::short("query", query)?;
        }
        self.query = self.query.take().filter(|query| !query.trim().is_empty());
        Ok(())
    }
}
