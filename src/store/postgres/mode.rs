//! Alone with the database, or among others.

/// Whether other processes may use the database at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// None may: what this process does nobody else is told of.
    Alone,
    /// Those that share it, too.
    Shared,
}

// === impl Mode ===

impl Mode {
    /// What there is to say when the database is taken.
    pub(super) fn taken(self) -> &'static str {
        match self {
            Self::Alone => "the database is in use by another hub: with mesh = \"alone\" it belongs to one at a time",
            Self::Shared => "the database is in use by a hub that runs alone (mesh = \"alone\"): stop that one first",
        }
    }
}
