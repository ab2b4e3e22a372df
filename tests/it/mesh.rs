//! The mesh upon real servers: single, with sentinels, in a cluster, behind TLS and passwords, and what goes wrong with
//! them.

mod faults;
mod house;
mod leases;
mod node;
mod shapes;
mod words;
