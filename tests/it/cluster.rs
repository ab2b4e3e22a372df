//! The promises on many hubs: three processes, one PostgreSQL, one Redis, a fault proxy between all of them.
//!
//! Each proof runs small with every change and large before a release; `tests/campaign` does the latter and makes a table
//! of the figures.

mod a1;
mod a3;
mod d1;
mod d2;
mod d4;
mod d7;
mod l4;
mod load;
mod w1;
