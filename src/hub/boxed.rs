//! Futures with a room of their own.

use std::pin::Pin;

/// A future in a box, made where it is to lie.
///
/// `Box::pin` makes it on the stack first and copies all of it, though nearly nothing of a future that has not begun is in
/// use: for the hundreds of bytes of a text under way that is a quarter of what it writes beyond the caches. Where the room
/// is there before, only what is in use is written.
#[inline]
pub(crate) fn boxed<F: Future>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::into_pin(Box::write(Box::new_uninit(), make()))
}
