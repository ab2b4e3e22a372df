//! A whole hub whose mesh is a Redis: what operators see of it.

use std::ffi::OsString;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};
use usher::{config, door, house::House};

use super::node::settings;
use crate::support::{Agent, Redis, Visitor, dial::Dial, http::Request, hub::free_port, playbooks, token, wait};

/// A hub in this process. The settings would refuse a Redis beside a SQLite file, which one node alone may well have.
struct Hub {
    port: u16,
    _stop: DropGuard,
    _folder: TempDir,
}

// === impl Hub ===

impl Hub {
    async fn start(url: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let seeds = folder.path().join("playbooks");
        std::fs::create_dir(&seeds).expect("a folder");
        std::fs::write(seeds.join("live.json"), playbooks::live("pb_live", 20_000).to_string()).expect("a file");
        let environment = [
            ("USHER_STORE", format!("sqlite:{}", folder.path().join("usher.db").display())),
            ("USHER_PLAYBOOKS", seeds.display().to_string()),
            ("USHER_AGENT__HS256_SECRET", token::SECRET.to_owned()),
        ];
        let environment = environment.map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let mut config = config::Config::read(None, environment).expect("settings");
        config.mesh = config::Mesh::Redis(Box::new(settings(url)));
        let house = House::open(&config).await.expect("a house");
        let port = free_port();
        let listener = door::listen(([127, 0, 0, 1], port).into(), 262_144).expect("a port");
        let stop = CancellationToken::new();
        let (drain, at_once) = (stop.clone(), stop.clone());
        tokio::spawn(async move {
            let running = house.run(listener, drain.cancelled(), at_once.cancelled());
            running.await.expect("no panic in the hub");
        });
        Self { port, _stop: stop.drop_guard(), _folder: folder }
    }

    async fn ready(&self) -> Option<(u16, Value)> {
        let answer = Request::new(self.port, "GET", "/readyz").send().await.ok()?;
        Some((answer.status, answer.json()["degraded"].clone()))
    }

    /// Waits until `/readyz` is 200 and tells this.
    async fn is(&self, degraded: &Value) {
        wait::until(&format!("degraded: {degraded}"), async || {
            let (status, told) = self.ready().await?;
            assert_eq!(status, 200);
            (told == *degraded).then_some(())
        })
        .await;
    }

    /// A visitor and an agent talk.
    async fn serves(&self, name: &str) {
        let agent = Agent::hello(&Dial::agent(self.port), &token::agent(name, "agent")).await.online().await;
        let visitor = Visitor::hello(&Dial::visitor(self.port), "pb_live").await;
        let conversation = visitor.start().await;
        agent.claim(&conversation).await;
        visitor.say(&conversation, "k1", "Hello?").await;
        agent.say(&conversation, "k1", "Hello.").await;
        agent.finish(&conversation).await;
    }
}

#[tokio::test]
async fn o_readiness_names_redis_while_it_is_gone_and_the_hub_serves_on() {
    let mut redis = Redis::prepare(free_port(), &[]);
    let hub = Hub::start(&redis.url()).await;
    hub.is(&json!(["redis"])).await;
    hub.serves("jane").await;
    redis.start_again().await;
    hub.is(&json!([])).await;
    hub.serves("joe").await;
    redis.kill();
    hub.is(&json!(["redis"])).await;
    hub.serves("jim").await;
    let metrics = Request::new(hub.port, "GET", "/metrics").send().await.expect("an answer").body;
    for name in ["said", "dropped", "heard", "overheard", "gaps", "reconnects", "deaf_seconds"] {
        let line = format!("\nusher_mesh_{name}_total ");
        assert!(metrics.contains(&line), "{line} is not in {metrics}");
    }
    let deaf = metrics.lines().find_map(|line| line.strip_prefix("usher_mesh_deaf_seconds_total ")).expect("a line");
    assert!(deaf.parse::<f64>().expect("a number") > 0.0, "{deaf}");
}
