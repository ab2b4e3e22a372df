//! Opening the database: whether it is one to rely on, whether anybody else has it, and its shape.

use tokio_postgres::{Client, Error};

use super::{
    Mode,
    address::{Address, AddressFault},
    fault::Fault,
    guard, migrate,
    session::{Dialer, Session},
};
use crate::{ids::Epoch, store::StoreError};

/// The oldest PostgreSQL this is made for.
const OLDEST: i32 = 150_000;

/// Why a store could not be opened. Each says what the operator can do; none holds a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL names no database.
    #[error("the URL {0}")]
    Address(#[from] AddressFault),
    /// The certificates to trust cannot be read.
    #[error("cannot seal the connection: {0}")]
    Tls(String),
    /// No connection, or it broke.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// The server is too old.
    #[error("PostgreSQL {found} is too old: 15 or later is needed")]
    Old {
        /// Its version.
        found: String,
    },
    /// The database cannot keep every text.
    #[error("the database is encoded in {found}: it must be UTF8")]
    Encoding {
        /// Its encoding.
        found: String,
    },
    /// Another hub has it.
    #[error("{}", .0.taken())]
    InUse(Mode),
    /// Other hubs run on it that could not go on.
    #[error("the database must be brought to a new shape that the hubs running on it do not know: stop them first")]
    OthersRun,
    /// Made by a later version of this program.
    #[error("the store has version {found}, this program knows {known}: it was written by a newer one")]
    Newer {
        /// The database's.
        found: i64,
        /// The program's.
        known: i64,
    },
    /// A step of its making is not the one this program would take.
    #[error("the store's migration {version} ({name}) differs from this program's: it was made by another build")]
    Altered {
        /// Which step.
        version: i64,
        /// What it is called.
        name: &'static str,
    },
    /// Somebody else's tables.
    #[error("the database has a schema usher that is not a store of this program")]
    Foreign,
    /// Anything else the server says.
    #[error("the store cannot be opened: {0}")]
    Failed(String),
}

/// A database this process may use.
pub(super) struct Opened {
    pub(super) epoch: Epoch,
    pub(super) dialer: Dialer,
    /// The connection that holds the lock.
    pub(super) session: Session,
}

/// Connects, takes the lock and brings the database to this program's shape.
pub(super) async fn open(address: &Address, mode: Mode) -> Result<Opened, OpenError> {
    let dialer = Dialer::new(address).map_err(OpenError::Tls)?;
    let session = dialer.session().await.map_err(|fault| match fault {
        Fault::Lost(words) => OpenError::Unreachable(words),
        refused => refused.into(),
    })?;
    let client = &session.client;
    check(client).await?;
    let breaks = migrate::look(client).await?.breaks_with_older();
    let exclusive = mode == Mode::Alone || breaks;
    if !guard::hold(client, exclusive).await? {
        return Err(if mode == Mode::Alone {
            OpenError::InUse(mode)
        } else if breaks {
            OpenError::OthersRun
        } else {
            OpenError::InUse(mode)
        });
    }
    let epoch = migrate::migrate(client).await?;
    if exclusive && mode == Mode::Shared {
        guard::share(client).await?;
    }
    Ok(Opened { epoch, dialer, session })
}

async fn check(client: &Client) -> Result<(), OpenError> {
    let sql = "SELECT current_setting('server_version_num')::integer, current_setting('server_version'),
                      current_setting('server_encoding'), current_setting('fsync')";
    let row = client.query_one(sql, &[]).await?;
    if row.try_get::<_, i32>(0)? < OLDEST {
        return Err(OpenError::Old { found: row.try_get(1)? });
    }
    let encoding: String = row.try_get(2)?;
    if encoding != "UTF8" {
        return Err(OpenError::Encoding { found: encoding });
    }
    if row.try_get::<_, &str>(3)? == "off" {
        tracing::warn!("the database runs with fsync = off: what it acknowledged may be lost when its machine fails");
    }
    Ok(())
}

// === impl OpenError ===

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        Fault::from(error).into()
    }
}

impl From<Fault> for OpenError {
    fn from(fault: Fault) -> Self {
        match StoreError::from(fault) {
            StoreError::Unavailable(words) | StoreError::Damaged(words) => Self::Failed(words),
            fault @ StoreError::Cursor => Self::Failed(fault.to_string()),
        }
    }
}
