//! A load tester that is also a judge: visitors and agents who speak the hub's real protocol, by the thousand, and a
//! ledger that tells what was lost, doubled, reordered, leaked, late or early. It knows nothing of the hub but the wire.
//!
//! | file | noun |
//! |---|---|
//! | [`profile`] | what a run does, its bounds and its budget |
//! | [`judge`], [`tag`] | the ledger, and the texts it reads |
//! | [`client`], [`frame`], [`messages`], [`dialect`] | one connection, its frames, the messages in them, and what they say |
//! | [`generator`] | a thread full of people |
//! | [`run`], [`crew`], [`server`] | a run with its generators, and hubs it starts itself |
//! | [`signals`], [`halt`] | what ends it early |
//! | [`meter`], [`stages`], [`http`] | what the machine and the hub tell of it |
//! | [`report`] | what came out |
//! | [`versus`] | the hub beside its peers |
//! | [`machine`], [`token`], [`times`], [`spread`], [`stamp`] | the kernel's figures, tokens, durations, medians, dates |
//! | [`relay`] | the bare relay, as the limit of what our WebSocket library can do |

pub mod cli;
pub mod client;
pub mod crew;
pub mod dialect;
pub mod frame;
pub mod generator;
pub mod halt;
pub mod http;
pub mod judge;
pub mod machine;
pub mod messages;
pub mod meter;
pub mod profile;
mod progress;
pub mod relay;
pub mod report;
pub mod run;
pub mod server;
pub mod signals;
pub mod spread;
pub mod stages;
pub mod stamp;
pub mod tag;
pub mod times;
pub mod token;
pub mod versus;
