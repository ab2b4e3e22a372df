//! The load tester's program; see the library for what it is made of.

use std::io::BufReader;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use loadtest::cli::{Cli, Go, Job};
use loadtest::profile::BUILT_IN;
use loadtest::report::{Report, Verdict, compare, page, table};
use loadtest::{generator, machine, profile::Profile, relay};

fn main() -> ExitCode {
    match perform(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("loadtest: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(cli: Cli) -> Result<ExitCode> {
    match (cli.job, cli.go) {
        (Some(Job::Compare { a, b }), _) => print!("{}", compare::compare(&Report::read(&a)?, &Report::read(&b)?)),
        (Some(Job::Profiles), _) => {
            for (name, _) in BUILT_IN {
                println!("{name:<14}{}", Profile::find(name)?.about);
            }
        }
        (Some(Job::Versus(versus)), _) => return Ok(code(versus.perform()?)),
        (Some(Job::Generator), _) => {
            machine::raise_descriptors();
            generator::generate(BufReader::new(std::io::stdin()), &mut std::io::stdout())?;
        }
        (Some(Job::Relay { port }), _) => relay::run(port)?,
        (Some(Job::Spin), _) => drop(machine::spin()?),
        (None, Some(go)) => return run(&go),
        (None, None) => eprintln!("loadtest: nothing to do; see --help"),
    }
    Ok(ExitCode::SUCCESS)
}

/// A run, until it is over or somebody presses Ctrl-C.
fn run(go: &Go) -> Result<ExitCode> {
    let (run, folder) = go.prepare()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stop = async {
        // Without signals it runs to its end.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let report = runtime.block_on(run.perform(stop))?;
    drop(folder);
    print!("{}", table::table(&report));
    if let Some(path) = &go.json {
        let text = serde_json::to_string(&report)?;
        std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    if let Some(path) = &go.html {
        std::fs::write(path, page::page(&report)).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(code(report.verdict()))
}

fn code(verdict: Verdict) -> ExitCode {
    match verdict {
        Verdict::Good => ExitCode::SUCCESS,
        Verdict::Faulty => ExitCode::from(2),
        Verdict::OverBudget => ExitCode::from(3),
    }
}
