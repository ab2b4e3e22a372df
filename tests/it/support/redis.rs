//! The real Redis as a child process with a folder of its own: on loopback, on a free port, nothing kept on disk.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use redis::{Client, FromRedisValue};
use tempfile::TempDir;

use super::{
    hub::{free_port, signal},
    wait,
};

pub mod cluster;
pub mod sentinel;

pub use self::{cluster::Cluster, sentinel::Sentinel};

/// A running server; killed when dropped.
pub struct Redis {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    settings: Vec<String>,
    folder: TempDir,
    child: Option<Child>,
    /// The password of the user `default`, when there is one.
    password: Option<String>,
}

// === impl Redis ===

impl Redis {
    /// A server with nothing special.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A server that takes this password, from everybody.
    pub async fn with_password(password: &str) -> Self {
        let mut server = Self::prepare(free_port(), &["--requirepass", password]);
        server.password = Some(password.to_owned());
        server.start_again().await;
        server
    }

    /// A server with further settings, like `["--maxclients", "5"]`.
    pub async fn with(settings: &[&str]) -> Self {
        let mut server = Self::prepare(free_port(), settings);
        server.start_again().await;
        server
    }

    /// One that is not started yet, on this port.
    pub fn prepare(port: u16, settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        Self { port, settings, folder, child: None, password: None }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// As a hub is told where it is.
    pub fn url(&self) -> String {
        let login = self.password.as_ref().map_or(String::new(), |password| format!(":{password}@"));
        format!("redis://{login}127.0.0.1:{}", self.port)
    }

    /// Asks it to end, and waits until it has.
    pub async fn stop(&mut self) {
        signal("TERM", self.pid());
        let mut child = self.child.take().expect("a running server");
        wait::until("the end of Redis", async || child.try_wait().expect("its state")).await;
    }

    /// kill -9, and waits until it is gone.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("a running server");
        child.kill().expect("a child to kill");
        child.wait().expect("its end");
    }

    /// Lets it sleep: connections stay, nothing is answered.
    pub fn pause(&self) {
        signal("STOP", self.pid());
    }

    /// Wakes it.
    pub fn resume(&self) {
        signal("CONT", self.pid());
    }

    /// Starts it, on the same port, with nothing in it.
    pub async fn start_again(&mut self) {
        assert!(self.child.is_none(), "it runs");
        self.child = Some(spawn(self.port, &self.settings, self.folder.path()));
        wait::until("the start of Redis", async || {
            let child = self.child.as_mut().expect("just started");
            if let Some(status) = child.try_wait().expect("its state") {
                panic!("Redis did not start: {status}");
            }
            tokio::net::TcpStream::connect(self.addr()).await.ok()
        })
        .await;
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("a running server").id()
    }

    /// Runs a command, words separated by spaces.
    pub async fn ask<T: FromRedisValue>(&self, command: &str) -> T {
        ask(&self.url(), command).await
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// Runs a command on a server that answers; again when the server ends the connection, as sentinels have it do.
async fn ask<T: FromRedisValue>(url: &str, command: &str) -> T {
    let client = Client::open(url).expect("an address");
    wait::until(&format!("an answer to {command}"), async || {
        let mut connection = client.get_multiplexed_async_connection().await.ok()?;
        let mut words = command.split(' ');
        let mut command = redis::cmd(words.next().expect("a command"));
        words.for_each(|word| {
            command.arg(word);
        });
        match command.query_async(&mut connection).await {
            Err(error) if error.is_unrecoverable_error() || error.is_timeout() => None,
            answer => Some(answer.expect("an answer")),
        }
    })
    .await
}

fn spawn(port: u16, settings: &[String], folder: &Path) -> Child {
    let log = std::fs::File::create(folder.join("log")).expect("a file");
    // With TLS the plain port is off, and says so in the settings, which count last.
    let port = port.to_string();
    let usual = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    let mut command = Command::new("redis-server");
    command.args(usual).args(settings).current_dir(folder).stdin(Stdio::null()).stdout(log).stderr(Stdio::null());
    command.spawn().expect("redis-server must be installed (tests/run does that)")
}
