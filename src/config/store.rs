//! Where conversations are kept.

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::reader::Reader;

const DEFAULT: &str = "sqlite:data/usher.db";

/// `store`.
#[derive(Debug, Clone)]
pub struct Store {
    /// `store`: `sqlite:` and the path of the database file; its folder is the
    /// data folder. Default `sqlite:data/usher.db`.
    pub path: PathBuf,
}

// === impl Store ===

impl Store {
    pub(super) fn ask(reader: &mut Reader) -> Self {
        let store = reader.text_or(&["store"], DEFAULT);
        let path = match store.strip_prefix("sqlite:") {
            Some(path) if !path.is_empty() && !path.ends_with('/') && !path.starts_with(':') => PathBuf::from(path),
            _ => {
                reader.fault("store", refusal(&store));
                PathBuf::from("data/usher.db")
            }
        };
        let store = Self { path };
        let folder = store.folder();
        if let Err(error) = probe(&folder) {
            let message = format!("the data folder {} cannot be written to: {error}", folder.display());
            reader.fault("store", message);
        }
        store
    }

    /// Whether many nodes can share it. A SQLite file is one process's own.
    pub(super) fn is_shared(&self) -> bool {
        false
    }

    /// The folder of the database and of the secrets the hub makes.
    pub fn folder(&self) -> PathBuf {
        match self.path.parent() {
            Some(folder) if folder != Path::new("") => folder.to_path_buf(),
            _ => PathBuf::from("."),
        }
    }
}

fn refusal(store: &str) -> &'static str {
    if store.starts_with("postgres://") || store.starts_with("postgresql://") {
        "PostgreSQL is not in this build; it has SQLite, like sqlite:data/usher.db"
    } else {
        "must be sqlite: and the path of a file, like sqlite:data/usher.db"
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
