//! The connection that stands for this process in the database: it holds the lock that says whether others may be
//! there, and tells what time it is. Everything else goes over other connections.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::watch, task::JoinHandle, time::sleep};
use tokio_postgres::Client;

use super::{
    Mode,
    backoff::Backoff,
    clock::{self, Clock},
    fault::Fault,
    session::{Backend, Dialer, Session},
};

/// Held alone by a hub that must be the only one, together by those of a cluster.
const LOCK: i64 = 0x5553_4852_0000_0001;
/// How long a lock is waited for: a process that died a moment ago may still seem to hold it.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it is tried meanwhile.
const TRY: Duration = Duration::from_millis(50);

/// Whether this process may go on.
#[derive(Clone, Debug)]
pub struct Fate(watch::Receiver<Option<&'static str>>);

/// The guard's task; ends when dropped.
#[derive(Debug)]
pub(super) struct Guard {
    task: JoinHandle<()>,
    fate: Fate,
}

/// Why the guard could not come back.
enum Away {
    /// The database does not answer, or not as it should.
    Out(Fault),
    /// Somebody else came meanwhile.
    Taken,
}

// === impl Guard ===

impl Guard {
    /// Watches over a connection that holds the lock.
    pub(super) fn start(session: Session, dialer: Dialer, mode: Mode, clock: Arc<Clock>) -> Self {
        let (tell, fate) = watch::channel(None);
        let task = tokio::spawn(async move {
            stand(session, &dialer, mode, &clock).await;
            tracing::error!("another hub has taken the database meanwhile: this one must end");
            let _ = tell.send(Some(mode.taken()));
        });
        Self { task, fate: Fate(fate) }
    }

    /// Tells whether the process must end.
    pub(super) fn fate(&self) -> Fate {
        self.fate.clone()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.task.abort();
    }
}

// === impl Fate ===

impl Default for Fate {
    /// Nobody can take away what this process has.
    fn default() -> Self {
        Self(watch::channel(None).1)
    }
}

impl Fate {
    /// Comes back only when the process must end: with the words to say.
    pub async fn sealed(&mut self) -> &'static str {
        let words = self.0.wait_for(Option::is_some).await.ok().and_then(|words| *words);
        match words {
            Some(words) => words,
            // The store has ended, or there never was anybody to take it.
            None => std::future::pending().await,
        }
    }
}

/// Returns when somebody else has the database.
async fn stand(mut session: Session, dialer: &Dialer, mode: Mode, clock: &Clock) {
    loop {
        tokio::select! {
            () = session.closed() => {}
            () = sleep(clock::EVERY) => {
                if clock.measure(&session.client).await.is_ok() {
                    continue;
                }
            }
        }
        let was = session.abandon();
        let mut backoff = Backoff::default();
        session = loop {
            match come_back(&was, dialer, mode).await {
                Ok(session) => break session,
                Err(Away::Taken) => return,
                Err(Away::Out(fault)) => tracing::debug!(?fault, "the lock on the database cannot be taken yet"),
            }
            sleep(backoff.next()).await;
        };
        let _ = clock.measure(&session.client).await;
    }
}

async fn come_back(was: &Backend, dialer: &Dialer, mode: Mode) -> Result<Session, Away> {
    let session = dialer.session().await?;
    // The server may not have noticed that the old connection is gone, and it holds the lock.
    was.end(&session.client).await?;
    match hold(&session.client, mode == Mode::Alone).await? {
        true => Ok(session),
        false => Err(Away::Taken),
    }
}

/// Takes the lock. False when somebody has it who does not share it.
pub(super) async fn hold(client: &Client, exclusive: bool) -> Result<bool, Fault> {
    let sql = match exclusive {
        true => "SELECT pg_try_advisory_lock($1)",
        false => "SELECT pg_try_advisory_lock_shared($1)",
    };
    let until = Instant::now() + PATIENCE;
    loop {
        if client.query_one(sql, &[&LOCK]).await?.try_get(0)? {
            return Ok(true);
        }
        if Instant::now() > until {
            return Ok(false);
        }
        sleep(TRY).await;
    }
}

/// Shares the lock that was held alone.
pub(super) async fn share(client: &Client) -> Result<(), Fault> {
    client.query_one("SELECT pg_advisory_lock_shared($1)", &[&LOCK]).await?;
    client.query_one("SELECT pg_advisory_unlock($1)", &[&LOCK]).await?;
    Ok(())
}

impl From<Fault> for Away {
    fn from(fault: Fault) -> Self {
        Self::Out(fault)
    }
}
