//! The playbooks an empty store is filled with.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use super::reader::Reader;
use crate::{chat::playbook::Playbook, ids::PlaybookId};

const DEFAULT: &str = "config/playbooks";
/// For a hub nobody has given any.
const DEMO: &str = include_str!("../../config/playbooks/demo.json");

/// `playbooks`.
#[derive(Debug, Clone)]
pub struct Playbooks {
    /// `playbooks`: a folder whose `*.json` fill an empty store. Default `config/playbooks`, or the demo playbook that
    /// is built in when that is not there.
    pub seeds: Vec<Playbook>,
}

// === impl Playbooks ===

impl Playbooks {
    pub(super) fn ask(reader: &mut Reader) -> Self {
        let folder = PathBuf::from(reader.text_or(&["playbooks"], DEFAULT));
        let texts = match folder.is_dir() || folder != *DEFAULT {
            true => read(&folder),
            false => Ok(vec![("the demo playbook".to_owned(), DEMO.to_owned())]),
        };
        let texts = texts.unwrap_or_else(|message| {
            reader.fault("playbooks", message);
            Vec::new()
        });
        let mut seeds = Vec::new();
        let mut files: HashMap<PlaybookId, String> = HashMap::new();
        for (file, text) in texts {
            match seed(&text) {
                Ok(playbook) => match files.get(&playbook.id) {
                    Some(other) => reader.fault("playbooks", format!("{file}: `id` is that of {other}, too")),
                    None => {
                        files.insert(playbook.id.clone(), file);
                        seeds.push(playbook);
                    }
                },
                Err(faults) => {
                    faults.into_iter().for_each(|fault| reader.fault("playbooks", format!("{file}: {fault}")));
                }
            }
        }
        Self { seeds }
    }
}

/// A playbook that may be saved as it is, or everything that is wrong with it.
fn seed(text: &str) -> Result<Playbook, Vec<String>> {
    let playbook = Playbook::from_json(text);
    let faults = match &playbook {
        Ok(playbook) => playbook.faults(),
        Err(faults) => faults.0.clone(),
    };
    match playbook {
        Ok(playbook) if faults.is_empty() => Ok(playbook),
        _ => Err(faults.iter().map(ToString::to_string).collect()),
    }
}

/// The seed files by name, with what is in them.
fn read(folder: &Path) -> Result<Vec<(String, String)>, String> {
    let told = |path: &Path, error: io::Error| format!("{} cannot be read: {error}", path.display());
    let mut paths = Vec::new();
    for file in fs::read_dir(folder).map_err(|error| told(folder, error))? {
        let path = file.map_err(|error| told(folder, error))?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    let text = |path: &PathBuf| fs::read_to_string(path).map_err(|error| told(path, error));
    paths.iter().map(|path| Ok((path.display().to_string(), text(path)?))).collect()
}
