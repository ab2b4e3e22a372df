//! The message path on one node, measured: the real hub, and beside it a bare relay that stores nothing, in turn and
//! back to back on the same machine, so that the hub's figures can be read as ratios.
//!
//! ```text
//! cargo run --release -p bench               # about two and a half minutes
//! cargo run --release -p bench -- --quick    # under half a minute
//! ```
//!
//! The server under test runs on core 0, this program (one thread) on core 1. Reading order: [`plan`] (what is asked
//! for), [`round`] (one server, start to end), [`pairs`] (the workload), [`idle`], [`report`].

mod client;
mod idle;
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
