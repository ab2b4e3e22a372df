//! Floor 5: one socket, from its first frame to its close: `Knocking → Live → Leaving`.
//!
//! A session is one task. It reads a frame, lets the hub do what it says, writes what waits in its letter box, and
//! sleeps. Nothing is queued for a slow reader: the log is every reader's queue, and a session keeps a cursor.
//!
//! | file | noun |
//! |---|---|
//! | [`lobby`] | what all sessions share: the hub, the keys, the rates |
//! | [`line`](mod@line), [`connection`], [`end`] | the WebSocket; the same with its heartbeat; why it ends |
//! | [`live`], [`outbound`], `saying`, `answer`, `held` | what visitors' and agents' sessions have in common |
//! | [`visitor`], [`agent`] | what each of them may ask |

pub mod agent;
mod answer;
pub mod connection;
#[cfg(test)]
mod counted;
pub mod end;
mod held;
pub mod line;
pub mod live;
pub mod lobby;
pub mod outbound;
pub mod rates;
mod saying;
pub mod visitor;

pub use self::lobby::{Entrance, Lobby, Settings};
