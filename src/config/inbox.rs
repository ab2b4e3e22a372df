//! What agents see of each other's conversations.

use super::reader::Reader;

/// `[inbox]`.
#[derive(Debug, Clone, Copy)]
pub struct Inbox {
    /// `admins_see_assigned`: admins see conversations that are assigned to
    /// others; false makes an assigned conversation its owner's alone.
    /// Default true.
    pub admins_see_assigned: bool,
}

// === impl Inbox ===

impl Inbox {
    pub(super) fn ask(reader: &mut Reader) -> Self {
        Self { admins_see_assigned: reader.flag(&["inbox", "admins_see_assigned"], true) }
    }
}
