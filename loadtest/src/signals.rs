//! Signals that end a run: after the first there is a report of what there was, after the second none.

use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result};
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::halt::Halt;
use crate::machine;

/// How many signals have come: Ctrl-C, SIGTERM, and SIGHUP unless whoever started us wants it ignored (`nohup`).
pub struct Signals(watch::Receiver<usize>);

// === impl Signals ===

impl Signals {
    /// Listens from now on. To be called where a runtime runs.
    ///
    /// # Errors
    /// The kernel does not let it.
    pub fn listen() -> Result<Signals> {
        let (tell, told) = watch::channel(0);
        let tell = Arc::new(tell);
        let hangup = SignalKind::hangup();
        let wanted = [SignalKind::interrupt(), SignalKind::terminate(), hangup];
        for kind in wanted.into_iter().filter(|kind| *kind != hangup || !machine::ignores(kind.as_raw_value())) {
            let heard = signal(kind).context("listening for signals")?;
            tokio::spawn(count(heard, tell.clone()));
        }
        Ok(Signals(told))
    }

    /// The same beside a program that runs a runtime now and then: a thread listens, and says `halt` with the first.
    ///
    /// # Errors
    /// The kernel does not let it.
    pub fn listen_beside(halt: Halt) -> Result<Signals> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let signals = runtime.block_on(async { Signals::listen() })?;
        let heard = Signals(signals.0.clone());
        let listen = async move {
            heard.came(1).await;
            halt.say();
            std::future::pending::<()>().await;
        };
        thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(listen))?;
        Ok(signals)
    }

    /// Waits until so many have come.
    pub async fn came(&self, times: usize) {
        let mut told = self.0.clone();
        if told.wait_for(|count| *count >= times).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

async fn count(mut heard: Signal, tell: Arc<watch::Sender<usize>>) {
    while heard.recv().await.is_some() {
        tell.send_modify(|count| *count += 1);
    }
}
