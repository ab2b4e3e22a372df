//! Where conversations are kept.

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::reader::Reader;
use crate::store::postgres::Address;

const DEFAULT: &str = "sqlite:data/usher.db";
const POSTGRES: [&str; 2] = ["postgres://", "postgresql://"];
const FORM: &str = "must be sqlite: and the path of a file, like sqlite:data/usher.db, or a URL like \
                    postgres://user:password@host/database";
/// What stands in for a database that cannot be read.
const STAND_IN: &str = "postgres://localhost/usher";
/// Connections that read; every node also has three for writing and for its place.
const READERS: u64 = 4;

/// `store`.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one of it in a process")]
pub enum Store {
    /// `store`: `sqlite:` and the path of the database file; its folder is the
    /// data folder. Default `sqlite:data/usher.db`.
    Sqlite {
        /// The file.
        path: PathBuf,
    },
    /// `store`: `postgres://` and the rest of a PostgreSQL URL. There is no data folder.
    Postgres {
        /// Which database, and how it is spoken to. Shows no password.
        address: Address,
        /// `postgres.readers`: how many connections read. Default 4.
        readers: usize,
    },
}

// === impl Store ===

impl Store {
    pub(super) fn ask(reader: &mut Reader) -> Self {
        let store = reader.text_or(&["store"], DEFAULT);
        let readers = reader.number(&["postgres", "readers"], READERS, 1..=100) as usize;
        match POSTGRES.iter().any(|scheme| store.starts_with(scheme)) {
            true => Self::ask_postgres(reader, &store, readers),
            false => Self::ask_sqlite(reader, &store),
        }
    }

    fn ask_postgres(reader: &mut Reader, url: &str, readers: usize) -> Self {
        let address = Address::parse(url).or_else(|fault| {
            reader.fault("store", fault.to_string());
            // Whatever else is wrong with a hub on PostgreSQL is told at once.
            Address::parse(STAND_IN)
        });
        match address {
            Ok(address) => Self::Postgres { address, readers },
            Err(_) => Self::Sqlite { path: PathBuf::from("data/usher.db") },
        }
    }

    fn ask_sqlite(reader: &mut Reader, store: &str) -> Self {
        let path = match store.strip_prefix("sqlite:") {
            Some(path) if !path.is_empty() && !path.ends_with('/') && !path.starts_with(':') => PathBuf::from(path),
            _ => {
                reader.fault("store", FORM);
                PathBuf::from("data/usher.db")
            }
        };
        let folder = folder(&path);
        if let Err(error) = probe(&folder) {
            let message = format!("the data folder {} cannot be written to: {error}", folder.display());
            reader.fault("store", message);
        }
        Self::Sqlite { path }
    }

    /// Whether many nodes can share it. A SQLite file is one process's own.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres { .. })
    }

    /// The folder of the database and of the secrets the hub makes; None where there is none.
    pub fn folder(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite { path } => Some(folder(path)),
            Self::Postgres { .. } => None,
        }
    }
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// Tries to write where the folder is, or would be made. Permissions alone do
/// not tell: a disk may be mounted read-only.
fn probe(folder: &Path) -> io::Result<()> {
    if !folder.exists() {
        let above = match folder.parent() {
            Some(above) if above != Path::new("") => above,
            _ => Path::new("."),
        };
        return probe(above);
    }
    let file = folder.join(format!(".usher-{:016x}", rand::random::<u64>()));
    OpenOptions::new().write(true).create_new(true).open(&file)?;
    fs::remove_file(file)
}
