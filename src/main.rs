//! The program. Exit codes: 0 after a clean drain, 64 for a fault in the settings or on the command line, 1 when the
//! hub could not start, died, or had to leave before everybody was sent away.

use std::{
    fmt::Display,
    future::IntoFuture,
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Context;
use clap::Parser;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};
use tokio_util::sync::CancellationToken;
use usher::{
    cli::{Cli, Order},
    config::{Config, Fault},
    door,
    house::{self, House, Left, journal},
    tokens::{Minting, Role},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A fault in the settings or on the command line, as sysexits.h numbers it.
const USAGE: u8 = 64;
/// How long the links of a trial run are valid, in seconds.
const TRIAL: u64 = 12 * 60 * 60;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            // `--help` is no fault.
            return if error.use_stderr() { USAGE.into() } else { ExitCode::SUCCESS };
        }
    };
    let config = match Config::load(cli.config.as_deref()) {
        Ok(config) => config,
        Err(faults) => return report(&faults),
    };
    match cli.order.unwrap_or(Order::Serve) {
        Order::Check => {
            say("the settings are in order");
            ExitCode::SUCCESS
        }
        Order::Token(token) => match mint(&config, &token.into()) {
            Ok(jwt) => {
                say(jwt);
                ExitCode::SUCCESS
            }
            Err(cause) => fail(&cause, USAGE.into()),
        },
        Order::Restored => match restored(&config) {
            Ok(()) => ExitCode::SUCCESS,
            Err(cause) => fail(&cause, ExitCode::FAILURE),
        },
        Order::Serve => match serve(&config) {
            Ok(()) => ExitCode::SUCCESS,
            Err(cause) => fail(&cause, ExitCode::FAILURE),
        },
    }
}

/// Whoever has closed our output (`| head`) has heard enough: that ends nothing.
fn say(text: impl Display) {
    let _ = writeln!(io::stdout(), "{text}");
}

fn fail(cause: &anyhow::Error, code: ExitCode) -> ExitCode {
    let _ = writeln!(io::stderr(), "usher: {cause:#}");
    code
}

/// Every fault at once, so that nobody has to mend them one run at a time.
fn report(faults: &[Fault]) -> ExitCode {
    let count = faults.len();
    let lines: String = faults.iter().map(|fault| format!("\n  {fault}")).collect();
    let _ = writeln!(io::stderr(), "usher: {count} fault{} in the settings:{lines}", if count == 1 { "" } else { "s" });
    USAGE.into()
}

fn serve(config: &Config) -> anyhow::Result<()> {
    journal::open(&config.log, &config.node)?;
    // With one worker a second thread would only hand work to and fro.
    let mut runtime = match config.runtime.worker_threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    if config.runtime.worker_threads > 1 {
        runtime.worker_threads(config.runtime.worker_threads);
    }
    runtime.enable_all().build()?.block_on(run(config))
}

fn restored(config: &Config) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let epoch = runtime.block_on(house::restored(config))?;
    say(format_args!("the store counts as restored (epoch {epoch}): clients load their conversations anew"));
    Ok(())
}

async fn run(config: &Config) -> anyhow::Result<()> {
    let house = House::open(config).await?;
    let unsent = config.limits.outbound_bytes;
    let listen = |address| door::listen(address, unsent).with_context(|| format!("cannot listen on {address}"));
    let listener = listen(config.listen.address)?;
    if let Some(address) = config.listen.metrics {
        tokio::spawn(axum::serve(listen(address)?, house.metrics()).into_future());
    }
    let (drain, stop) = (CancellationToken::new(), CancellationToken::new());
    // Whoever reads the links may stop the hub at once: by then it must know what a signal means.
    let heard = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(signals(heard, [drain.clone(), stop.clone()]));
    welcome(&house, &listener)?;
    let left = house.run(listener, drain.cancelled(), stop.cancelled()).await;
    match left.context("one of the hub's own tasks died")? {
        Left::Empty => Ok(()),
        Left::Hurried => anyhow::bail!("stopped before every client was sent away"),
        Left::Evicted(words) => anyhow::bail!("{words}"),
    }
}

/// The first signal drains, the second stops.
async fn signals((mut terminate, mut interrupt): (Signal, Signal), tokens: [CancellationToken; 2]) {
    for token in tokens {
        tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
        token.cancel();
    }
}

/// Says where the hub is, and to whoever tries it out how to get in.
fn welcome(house: &House, listener: &TcpListener) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    say(format_args!("Usher listens on http://{address}"));
    if !house.on_trial() {
        return Ok(());
    }
    let link = |sub: &str, name: &str, role| {
        let minting = Minting {
            sub: sub.into(),
            name: name.into(),
            workspace: "default".into(),
            role,
            email: None,
            life_seconds: TRIAL,
        };
        let token = house.lobby().gate.mint(&minting).context("the key in the data folder cannot sign")?;
        anyhow::Ok(format!("http://{address}/#token={token}"))
    };
    say(format_args!(
        "
No agent key is configured, so one was made in the data folder: good for trying Usher out on this
machine, and for nothing else. Open one of these to sign in, and the demo page to be a visitor:

  an admin  {admin}
  an agent  {agent}
  a visitor http://{address}/demo
",
        admin = link("admin", "Alex", Role::Admin)?,
        agent = link("agent", "Jane", Role::Agent)?,
    ));
    Ok(())
}

fn mint(config: &Config, minting: &Minting) -> anyhow::Result<String> {
    let gate = config.keys.open()?.gate;
    let jwt = gate.mint(minting).context("the configured agents' key is a public one: it cannot sign tokens")?;
    // A token nobody could sign in with is worse than none.
    gate.agent(&jwt).context("the hub would not accept such a token")?;
    Ok(jwt)
}
