//! Connections, all set up alike.

use std::time::Duration;

use deadpool_postgres::Connect;
use futures_util::{FutureExt, future::BoxFuture};
use tokio::{task::JoinHandle, time::timeout};
use tokio_postgres::{Client, Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{address::Address, fault::Fault, tls};

/// The longest a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(3);
/// The longest an answer may take on a connection that is any good: the statement's own limit and the way.
pub(super) const ANSWER: Duration = Duration::from_millis(2500);

/// What every connection is told first. A commit means durable; a transaction that nobody goes on with ends, and so
/// does a connection whose other end is gone. Plans are made once: statements are written for it.
const SET_UP: &str = "
    SET search_path TO usher;
    SET statement_timeout TO '2s';
    SET idle_in_transaction_session_timeout TO '5s';
    SET default_transaction_isolation TO 'read committed';
    SET plan_cache_mode TO force_generic_plan;
    SET jit TO off;
    SET tcp_keepalives_idle TO 10;
    SET tcp_keepalives_interval TO 5;
    SET tcp_keepalives_count TO 3;
    SET tcp_user_timeout TO '10s';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// Makes connections to one database.
#[derive(Clone)]
pub(super) struct Dialer {
    config: Config,
    tls: MakeRustlsConnect,
}

/// A connection of somebody's own.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) client: Client,
    pub(super) backend: Backend,
    task: JoinHandle<()>,
}

/// A process of the server, told apart from later ones with its number.
#[derive(Clone, Debug)]
pub(super) struct Backend {
    pid: i32,
    since: String,
}

// === impl Dialer ===

impl Dialer {
    /// Of this address.
    ///
    /// # Errors
    /// The certificates that are to be trusted cannot be read.
    pub(super) fn new(address: &Address) -> Result<Self, String> {
        Ok(Self { config: address.config.clone(), tls: tls::connector(address)? })
    }

    /// A connection of one's own.
    pub(super) async fn session(&self) -> Result<Session, Fault> {
        let dial = async {
            let (client, task) = self.dial().await?;
            let backend = Backend::of(&client).await?;
            Ok(Session { client, backend, task })
        };
        timeout(CONNECT, dial).await.unwrap_or_else(|_| Err(Fault::silent()))
    }

    async fn dial(&self) -> Result<(Client, JoinHandle<()>), Error> {
        let (client, connection) = self.config.connect(self.tls.clone()).await?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                // Whoever waits for an answer on it is told, and tells.
                tracing::debug!(%error, "a connection to the database ended");
            }
        });
        client.batch_execute(SET_UP).await?;
        Ok((client, task))
    }
}

impl Connect for Dialer {
    fn connect(&self, _: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), Error>> {
        self.dial().boxed()
    }
}

// === impl Session ===

impl Session {
    /// Gives it up without another word to the server.
    pub(super) fn abandon(self) -> Backend {
        self.task.abort();
        self.backend
    }

    /// Whether the connection has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Ends when the connection does.
    pub(super) async fn closed(&mut self) {
        let _ = (&mut self.task).await;
    }
}

// === impl Backend ===

impl Backend {
    async fn of(client: &Client) -> Result<Self, Error> {
        let sql = "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()";
        let row = client.query_one(sql, &[]).await?;
        Ok(Self { pid: row.try_get(0)?, since: row.try_get(1)? })
    }

    /// Makes the server end it, if it still runs, and waits a moment for that.
    pub(super) async fn end(&self, client: &Client) -> Result<(), Fault> {
        let sql = "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
                   WHERE pid = $1 AND backend_start::text = $2";
        match timeout(ANSWER, client.query(sql, &[&self.pid, &self.since])).await {
            Ok(answer) => Ok(answer.map(drop)?),
            Err(_) => Err(Fault::silent()),
        }
    }
}
