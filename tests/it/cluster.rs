//! The promises on many hubs: three processes, one PostgreSQL, one Redis, a fault proxy between all of them.
//!
//! Each proof runs small with every change and large before a release; `tests/campaign` does the latter and makes a table
//! of the figures.

mod a1;
mod a2;
mod a3;
mod a5;
mod crew;
mod d1;
mod d2;
mod d3;
mod d4;
mod d5;
mod d6;
mod d7;
mod erased;
mod l3;
mod l4;
mod l5;
mod load;
mod p1;
mod p2;
mod p3;
mod reopened;
mod w1;
mod w2;
