//! The connection in use, as seen by those who may want it given up.

use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::home::Place;

/// At most one connection.
#[derive(Debug, Default)]
pub(super) struct Link {
    current: Mutex<Option<(Place, CancellationToken)>>,
}

// === impl Link ===

impl Link {
    /// This one is in use from now on, until `over`.
    pub(super) fn set(&self, place: Place, over: CancellationToken) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some((place, over));
    }

    /// Whoever uses it shall give it up.
    pub(super) fn cut(&self) {
        if let Some((_, over)) = self.current.lock().unwrap_or_else(PoisonError::into_inner).take() {
            over.cancel();
        }
    }

    /// Where it goes.
    pub(super) fn place(&self) -> Option<Place> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(place, _)| place.clone())
    }
}
