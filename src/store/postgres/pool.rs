//! Statements that need no writer of their own: reads, and writes that are whole in one statement.

use std::time::{Duration, Instant};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool as Connections, PoolError, RecyclingMethod, Runtime};
use tokio::time::timeout;
use tokio_postgres::{Config, Row, types::ToSql};

use super::{
    fault::Fault,
    session::{ANSWER, Dialer},
};
use crate::store::Result;

/// The longest anybody waits for an answer, in all.
pub(super) const REPLY: Duration = Duration::from_secs(5);
/// The longest a statement waits for a connection.
const WAIT: Duration = Duration::from_secs(2);
/// How often a read is begun on another connection when one was lost.
const TRIES: usize = 4;

/// Parameters of a statement.
pub(super) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A few connections that everybody shares.
#[derive(Clone)]
pub(super) struct Pool(Connections);

// === impl Pool ===

impl Pool {
    /// At most `size` connections, made when they are needed.
    pub(super) fn new(dialer: Dialer, size: usize) -> std::result::Result<Self, String> {
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_connect(Config::new(), dialer, config);
        let pool = Connections::builder(manager).max_size(size.max(1)).runtime(Runtime::Tokio1);
        let pool = pool.wait_timeout(Some(WAIT)).create_timeout(Some(WAIT)).recycle_timeout(Some(WAIT)).build();
        pool.map(Self).map_err(|fault| fault.to_string())
    }

    /// Runs a statement that may be run twice: a read, or a write that says how things are to be.
    pub(super) async fn query(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
        let began = Instant::now();
        let mut tries = 0;
        loop {
            tries += 1;
            match self.once(sql, params).await {
                Err(Fault::Lost(_)) if tries < TRIES && began.elapsed() + ANSWER < REPLY => {}
                answer => return Ok(answer?),
            }
        }
    }

    /// The first row of it.
    pub(super) async fn query_opt(&self, sql: &str, params: Params<'_>) -> Result<Option<Row>> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// Runs a statement once.
    pub(super) async fn once(&self, sql: &str, params: Params<'_>) -> std::result::Result<Vec<Row>, Fault> {
        let client = self.client().await?;
        let run = async {
            let statement = client.prepare_cached(sql).await?;
            client.query(&statement, params).await
        };
        let answer = timeout(ANSWER, run).await.map_or_else(|_| Err(Fault::silent()), |rows| rows.map_err(Fault::from));
        if let Err(Fault::Lost(_)) = answer {
            // It may still be busy with this: nobody else is to get it.
            drop(Object::take(client));
        }
        answer
    }

    /// A connection for a transaction.
    pub(super) async fn client(&self) -> std::result::Result<Object, Fault> {
        self.0.get().await.map_err(|fault| match fault {
            PoolError::Backend(error) => error.into(),
            PoolError::Timeout(_) => Fault::Lost("too many statements are waiting for a connection".into()),
            fault => Fault::Lost(fault.to_string()),
        })
    }

    /// Ends its connections.
    pub(super) fn close(&self) {
        self.0.close();
    }
}
