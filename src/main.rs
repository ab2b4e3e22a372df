//! The program. Exit codes: 0 after a clean drain, 64 for a fault in the settings or on the command line, 1 when the
//! hub could not start or died.

use std::{future::IntoFuture, io, process::ExitCode};

use anyhow::Context;
use clap::Parser;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::EnvFilter;
use usher::{
    cli::{Cli, Order, RoleName, Token},
    config::{Config, Fault, LogFormat},
    door,
    house::House,
    tokens::{Gate, Minting, Role},
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
    let done = match cli.order.unwrap_or(Order::Serve) {
        Order::Serve => serve(&config),
        Order::Check => {
            println!("the settings are in order");
            Ok(())
        }
        Order::Token(token) => print_token(&config, token),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            eprintln!("usher: {cause:#}");
            ExitCode::FAILURE
        }
    }
}

/// Every fault at once, so that nobody has to mend them one run at a time.
fn report(faults: &[Fault]) -> ExitCode {
    let count = faults.len();
    eprintln!("usher: {count} fault{} in the settings:", if count == 1 { "" } else { "s" });
    for fault in faults {
        eprintln!("  {fault}");
    }
    USAGE.into()
}

fn serve(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log.filter)?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match config.log.format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    // With one worker a second thread would only hand work to and fro.
    let mut runtime = match config.runtime.worker_threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        threads => {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            if threads > 0 {
                builder.worker_threads(threads);
            }
            builder
        }
    };
    runtime.enable_all().build()?.block_on(run(config))
}

async fn run(config: &Config) -> anyhow::Result<()> {
    let house = House::open(config).await?;
    let listener =
        door::listen(config.listen.address).with_context(|| format!("cannot listen on {}", config.listen.address))?;
    if let Some(address) = config.listen.metrics {
        let apart = door::listen(address).with_context(|| format!("cannot listen on {address} for metrics"))?;
        tokio::spawn(axum::serve(apart, house.metrics()).into_future());
    }
    welcome(&house, &listener)?;
    let mut term = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (mut term_again, mut interrupt_again) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (first, second) = tokio::sync::oneshot::channel::<()>();
    let stop = async move {
        tokio::select! { _ = term.recv() => {} _ = interrupt.recv() => {} }
        let _ = first.send(());
    };
    let at_once = async move {
        // The first signal rings here as well: only the one after it means "now".
        let _ = second.await;
        tokio::select! { _ = term_again.recv() => {} _ = interrupt_again.recv() => {} }
        tokio::select! { _ = term_again.recv() => {} _ = interrupt_again.recv() => {} }
    };
    house.run(listener, stop, at_once).await.context("one of the hub's own tasks died")
}

/// Says where the hub is, and to whoever tries it out how to get in.
fn welcome(house: &House, listener: &TcpListener) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    println!("Usher listens on http://{address}");
    if !house.on_trial() {
        return Ok(());
    }
    println!();
    println!("No agent key is configured, so one was made in the data folder: good for trying Usher out on this");
    println!("machine, and for nothing else. Open one of these to sign in, and the demo page to be a visitor:");
    println!();
    for (sub, name, role, what) in
        [("admin", "Alex", Role::Admin, "an admin"), ("agent", "Jane", Role::Agent, "an agent")]
    {
        let token = trial_token(&house.lobby().gate, sub, name, role)?;
        println!("  {what:9} http://{address}/#token={token}");
    }
    println!("  a visitor http://{address}/demo");
    println!();
    Ok(())
}

fn trial_token(gate: &Gate, sub: &str, name: &str, role: Role) -> anyhow::Result<String> {
    let minting = Minting {
        sub: sub.into(),
        name: name.into(),
        workspace: "default".into(),
        role,
        email: None,
        life_seconds: TRIAL,
    };
    gate.mint(&minting).context("the key in the data folder cannot sign")
}

fn print_token(config: &Config, token: Token) -> anyhow::Result<()> {
    let gate = config.keys.open()?.gate;
    let role = match token.role {
        RoleName::Agent => Role::Agent,
        RoleName::Admin => Role::Admin,
    };
    let minting = Minting {
        sub: token.sub,
        name: token.name,
        workspace: token.workspace,
        role,
        email: token.email,
        life_seconds: token.ttl,
    };
    let jwt = gate.mint(&minting).context("the configured agents' key is a public one: it cannot sign tokens")?;
    // A token nobody could sign in with is worse than none.
    gate.agent(&jwt).context("the hub would not accept such a token")?;
    println!("{jwt}");
    Ok(())
}
