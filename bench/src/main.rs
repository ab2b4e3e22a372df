//! The message path on one node, measured: the real hub, and beside it a bare relay that stores nothing, in turn and
//! back to back on the same machine, so that the hub's figures can be read as ratios.
//!
//! ```text
//! cargo run --release -p bench               # about two and a half minutes
//! cargo run --release -p bench -- --quick    # under half a minute
//! cargo run --release -p bench -- growth     # the store grows to a million conversations: some minutes
//! cargo run --release -p bench -- inbox      # 500 rows, 100 agents
//! ```
//!
//! The server under test runs on core 0, this program (one thread) on core 1. Reading order: [`plan`] (what is asked
//! for), [`round`] (one server, start to end), [`pairs`] (the workload), [`idle`], [`report`];
//! [`growth`] and [`inbox`] stand alone.

mod client;
mod growth;
mod idle;
mod inbox;
mod join;
mod pairs;
mod plan;
mod report;
mod round;
mod sample;
mod server;

use std::process::ExitCode;

use clap::Parser;
use loadtest::{machine, relay};

use crate::plan::{Cli, Job};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.job {
        Some(Job::Relay { port }) => relay::run(port).map(|()| true),
        Some(Job::Spin) => machine::spin(),
        Some(Job::Growth(growth)) => growth::run(&growth),
        Some(Job::Inbox(inbox)) => inbox::run(&inbox),
        None => report::run(&cli.plan),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
