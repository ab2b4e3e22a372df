//! How nodes find each other.

use super::reader::Reader;
use crate::mesh::redis::{Address, Settings};

/// The longest prefix.
const LONGEST: usize = 64;

/// `mesh` and `mesh_prefix`.
#[derive(Debug, Clone)]
pub enum Mesh {
    /// `mesh = "alone"`, the default: there is one node.
    Alone,
    /// `mesh`: where a Redis is, see [`crate::mesh::redis::address`]; `mesh_prefix`: what its channels and keys begin
    /// with, default `usher`.
    Redis(Box<Settings>),
}

// === impl Mesh ===

impl Mesh {
    /// `shared` tells whether nodes with these settings would have one store.
    pub(super) fn ask(reader: &mut Reader, shared: bool) -> Self {
        let mesh = reader.text_or(&["mesh"], "alone");
        let prefix = reader.text_or(&["mesh_prefix"], "usher");
        let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
        if prefix.is_empty() || prefix.len() > LONGEST || !prefix.chars().all(plain) {
            reader.fault("mesh_prefix", format!("must be 1 to {LONGEST} letters, digits, _, - or ."));
        }
        if mesh == "alone" {
            return Self::Alone;
        }
        match Address::parse(&mesh) {
            Ok(address) => {
                if !shared {
                    reader.fault(
                        "mesh",
                        "is for nodes that share a store, and a SQLite file cannot be shared: \
                         it needs store = \"postgres://…\", or mesh = \"alone\"",
                    );
                }
                Self::Redis(Box::new(Settings::new(address, prefix)))
            }
            Err(faults) => {
                for fault in faults {
                    reader.fault("mesh", fault);
                }
                Self::Alone
            }
        }
    }
}
