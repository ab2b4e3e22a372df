//! PostgreSQL, upon a real server: the promises of every store, many nodes on one database, and what goes wrong.

use std::sync::Arc;

use tokio::{runtime::Handle, task::block_in_place};
use usher::store::{
    Store,
    postgres::{Mode, OpenError, Options, Postgres},
};

use super::Ground;
use crate::support::postgres::Postgres as Server;

mod alike;
mod batches;
mod erased;
mod granted;
mod handing;
mod indexes;
mod many;
mod open;
mod outage;
mod tls;

/// A database of its own on a server that others share.
struct Database {
    _server: Arc<Server>,
    url: String,
}

impl Database {
    fn new() -> Self {
        block_in_place(|| Handle::current().block_on(Self::make()))
    }

    async fn make() -> Self {
        let server = Server::shared().await;
        Self { url: server.database().await, _server: server }
    }

    async fn try_open(&self, mode: Mode) -> Result<Postgres, OpenError> {
        Postgres::open(&self.url, mode, Options::default()).await
    }

    /// One of many nodes.
    async fn node(&self) -> Arc<Postgres> {
        Arc::new(self.try_open(Mode::Shared).await.expect("it opens"))
    }
}

impl Ground for Database {
    fn open(&self) -> Arc<dyn Store> {
        let opened = self.try_open(Mode::Alone);
        Arc::new(block_in_place(|| Handle::current().block_on(opened)).expect("it opens"))
    }
}

super::contract::contract!(Database::new());
