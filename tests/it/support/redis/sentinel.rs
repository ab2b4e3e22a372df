//! A server, its replica, and a sentinel that watches over both.

use std::{
    fs,
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use super::{Redis, ask};
use crate::support::{hub::free_port, wait};

/// What the sentinel calls them.
pub const SERVICE: &str = "main";

/// Two servers under watch.
pub struct Sentinel {
    /// The master at first.
    pub first: Redis,
    /// Its replica at first.
    pub second: Redis,
    port: u16,
    child: Child,
    _folder: TempDir,
}

// === impl Sentinel ===

impl Sentinel {
    /// All of them, once the sentinel knows the replica.
    pub async fn start() -> Self {
        let first = Redis::start().await;
        let second = Redis::with(&["--replicaof", "127.0.0.1", &first.port.to_string()]).await;
        let (folder, port) = (tempfile::tempdir().expect("a folder"), free_port());
        let config = format!(
            "port {port}\nbind 127.0.0.1\nsentinel monitor {SERVICE} 127.0.0.1 {} 1\n\
             sentinel down-after-milliseconds {SERVICE} 700\nsentinel failover-timeout {SERVICE} 1000\n",
            first.port
        );
        let file = folder.path().join("sentinel.conf");
        fs::write(&file, config).expect("written");
        let mut command = Command::new("redis-server");
        command.arg(&file).arg("--sentinel").current_dir(folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("redis-server must be installed (tests/run does that)");
        let sentinel = Self { first, second, port, child, _folder: folder };
        wait::until("the sentinel knows the replica", async || {
            let replicas: Vec<redis::Value> = sentinel.ask(&format!("SENTINEL REPLICAS {SERVICE}")).await;
            let info: String = sentinel.second.ask("INFO replication").await;
            (!replicas.is_empty() && info.contains("master_link_status:up")).then_some(())
        })
        .await;
        sentinel
    }

    /// As a hub is told where they are; one of the sentinels is long gone.
    pub fn url(&self) -> String {
        format!("redis+sentinel://127.0.0.1:{},127.0.0.1:{}/{SERVICE}", free_port(), self.port)
    }

    /// The same, with somebody before it who never answers.
    pub fn url_behind(&self, mute: SocketAddr) -> String {
        format!("redis+sentinel://{mute},127.0.0.1:{}/{SERVICE}", self.port)
    }

    /// The port of the server that is the master now.
    pub async fn master(&self) -> u16 {
        let (_, port): (String, String) = self.ask(&format!("SENTINEL GET-MASTER-ADDR-BY-NAME {SERVICE}")).await;
        port.parse().expect("a port")
    }

    /// Has the other server made the master, without a crash.
    pub async fn fail_over(&self) {
        // Refused while the one before is not over.
        wait::until("a failover", async || {
            let url = format!("redis://127.0.0.1:{}", self.port);
            let client = redis::Client::open(url).expect("an address");
            let mut connection = client.get_multiplexed_async_connection().await.ok()?;
            let mut command = redis::cmd("SENTINEL");
            command.arg("FAILOVER").arg(SERVICE).exec_async(&mut connection).await.ok()
        })
        .await;
    }

    async fn ask<T: redis::FromRedisValue>(&self, command: &str) -> T {
        ask(&format!("redis://127.0.0.1:{}", self.port), command).await
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
