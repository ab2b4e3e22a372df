//! Where the playbooks of an empty store come from.

use std::path::PathBuf;

use super::reader::Reader;

const DEFAULT: &str = "config/playbooks";

/// `playbooks`.
#[derive(Debug, Clone)]
pub struct Playbooks {
    /// `playbooks`: a folder whose `*.json` fill an empty store. Default
    /// `config/playbooks`; `None` when that is not there, and the demo playbook
    /// that is built in stands for it.
    pub folder: Option<PathBuf>,
}

// === impl Playbooks ===

impl Playbooks {
    pub(super) fn ask(reader: &mut Reader) -> Self {
        let folder = PathBuf::from(reader.text_or(&["playbooks"], DEFAULT));
        if folder.is_dir() {
            return Self { folder: Some(folder) };
        }
        if folder != *DEFAULT {
            let message = format!("{} is no folder that can be read", folder.display());
            reader.fault("playbooks", message);
        }
        Self { folder: None }
    }
}
