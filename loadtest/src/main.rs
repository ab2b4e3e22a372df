//! The load tester's program; see the library for what it is made of.

use std::io::{BufReader, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use loadtest::cli::{Cli, Go, Job};
use loadtest::halt::Halt;
use loadtest::profile::{BUILT_IN, Profile};
use loadtest::report::draft::Draft;
use loadtest::report::{Report, compare, page, table};
use loadtest::signals::Signals;
use loadtest::{generator, machine, relay};
use tempfile::TempDir;

fn main() -> ExitCode {
    let performed = match Cli::try_parse() {
        Ok(cli) => perform(cli),
        Err(wrong) => {
            wrong.print().ok();
            // Not clap's 2, which says that the judge found faults. Help and version are no failure.
            return if wrong.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    performed.unwrap_or_else(|error| {
        // Standard error may be closed, which changes nothing.
        writeln!(std::io::stderr(), "loadtest: {error:#}").ok();
        ExitCode::FAILURE
    })
}

fn perform(cli: Cli) -> Result<ExitCode> {
    match (cli.job, cli.go) {
        (Some(Job::Compare { a, b }), _) => say(&compare::compare(&Report::read(&a)?, &Report::read(&b)?))?,
        (Some(Job::Profiles), _) => {
            for (name, _) in BUILT_IN {
                say(&format!("{name:<14}{}\n", Profile::find(name)?.about))?;
            }
        }
        (Some(Job::Versus(versus)), _) => return Ok(versus.perform()?.into()),
        (Some(Job::Generator), _) => {
            machine::raise_descriptors();
            generator::generate(BufReader::new(std::io::stdin()), &mut std::io::stdout())?;
        }
        (Some(Job::Relay { port }), _) => relay::run(port)?,
        (Some(Job::Spin), _) => drop(machine::spin()?),
        (None, Some(go)) => return run(&go),
        (None, None) => bail!("nothing to do; see --help"),
    }
    Ok(ExitCode::SUCCESS)
}

/// A run, until it is over or somebody stops it.
fn run(go: &Go) -> Result<ExitCode> {
    let json = go.json.as_deref().map(Draft::open).transpose()?;
    let html = go.html.as_deref().map(Draft::open).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (halt, mut folder) = (Halt::default(), None);
    let report = runtime.block_on(measure(go, &halt, &mut folder));
    // What its threads still have under way, a hub that is being exchanged, ends before the folder does.
    halt.say();
    drop(runtime);
    drop(folder);
    let report = report?;
    if let Some(json) = json {
        json.write(&serde_json::to_string(&report)?)?;
    }
    if let Some(html) = html {
        html.write(&page::page(&report))?;
    }
    say(&table::table(&report))?;
    Ok(report.verdict().into())
}

/// The first signal ends it early and with a report, the second at once; both end what was started.
async fn measure(go: &Go, halt: &Halt, folder: &mut Option<TempDir>) -> Result<Report> {
    let signals = Signals::listen()?;
    let mut preparing = {
        let (go, halt) = (go.clone(), halt.clone());
        tokio::task::spawn_blocking(move || go.prepare(&halt))
    };
    let run = tokio::select! {
        prepared = &mut preparing => {
            let (run, made) = prepared??;
            *folder = made;
            run
        }
        () = signals.came(1) => {
            halt.say();
            // Hubs that were started meanwhile end with it.
            drop(preparing.await);
            bail!("stopped before the run began");
        }
    };
    tokio::select! {
        report = run.perform(signals.came(1)) => report,
        () = signals.came(2) => bail!("stopped twice: ended at once, without a report"),
    }
}

/// Writes to standard output, which may be a pipe that nobody reads.
fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    write!(out, "{text}").and_then(|()| out.flush()).context("writing to standard output")
}
