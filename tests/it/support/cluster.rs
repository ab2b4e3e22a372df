//! Many hubs on one PostgreSQL and one Redis, all on loopback, with a fault proxy of its own between each hub and each of
//! the two, and between each hub and its clients: every one of them can be cut off alone.

use futures_util::future::join_all;

use super::{Agent, Hub, Redis, Settings, Visitor, dial::Dial, postgres::Postgres, proxy::Proxy, token, wait};

/// Running hubs and what they stand on; all of it is stopped when dropped.
pub struct Cluster {
    /// The hubs, by number.
    pub hubs: Vec<Hub>,
    /// Between clients and each hub.
    pub gates: Vec<Proxy>,
    /// Between each hub and PostgreSQL.
    pub stores: Vec<Proxy>,
    /// Between each hub and Redis.
    pub meshes: Vec<Proxy>,
    /// The store of all.
    pub postgres: Postgres,
    /// The mesh of all.
    pub redis: Redis,
}

// === impl Cluster ===

impl Cluster {
    /// So many hubs with the tests' usual settings.
    pub async fn start(count: usize) -> Self {
        Self::with(count, Settings::new(), Postgres::start().await).await
    }

    /// Hubs with these settings on this PostgreSQL. They start all at once, on an empty database.
    pub async fn with(count: usize, settings: Settings, postgres: Postgres) -> Self {
        let redis = Redis::start().await;
        let (mut stores, mut meshes, mut gates) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..count {
            stores.push(Proxy::postgres(([127, 0, 0, 1], postgres.port()).into()).await);
            meshes.push(Proxy::redis(redis.addr()).await);
        }
        let starts = (0..count).map(|n| {
            let settings = settings
                .clone()
                .postgres(&postgres.url_through(stores[n].addr().port()))
                .set("USHER_MESH", &format!("redis://127.0.0.1:{}", meshes[n].addr().port()))
                .set("USHER_NODE", &format!("hub-{n}"));
            settings.start()
        });
        let hubs = join_all(starts).await;
        for hub in &hubs {
            gates.push(Proxy::start(([127, 0, 0, 1], hub.port).into()).await);
        }
        let cluster = Self { hubs, gates, stores, meshes, postgres, redis };
        cluster.well().await;
        cluster
    }

    /// How many hubs there are, dead ones included.
    pub fn len(&self) -> usize {
        self.hubs.len()
    }

    /// The gate of visitors at one hub, any number: they go round.
    pub fn visitors(&self, hub: usize) -> Dial {
        Dial::visitor(self.port(hub))
    }

    /// The gate of agents at one hub.
    pub fn agents(&self, hub: usize) -> Dial {
        Dial::agent(self.port(hub))
    }

    /// The gates of visitors at all hubs.
    pub fn all_visitors(&self) -> Vec<Dial> {
        (0..self.len()).map(|hub| self.visitors(hub)).collect()
    }

    /// The gates of agents at all hubs.
    pub fn all_agents(&self) -> Vec<Dial> {
        (0..self.len()).map(|hub| self.agents(hub)).collect()
    }

    /// A new visitor at a hub, who has said `hello`.
    pub async fn visitor(&self, hub: usize, playbook: &str) -> Visitor {
        Visitor::hello(&self.visitors(hub), playbook).await
    }

    /// Agent `sub` at a hub, who has said `hello`.
    pub async fn agent(&self, hub: usize, sub: &str) -> Agent {
        Agent::hello(&self.agents(hub), &token::agent(sub, "agent")).await
    }

    /// The same, switched on.
    pub async fn online(&self, hub: usize, sub: &str) -> Agent {
        self.agent(hub, sub).await.online().await
    }

    /// Admin `sub` at a hub, who has said `hello` and is switched off.
    pub async fn admin(&self, hub: usize, sub: &str) -> Agent {
        Agent::hello(&self.agents(hub), &token::agent(sub, "admin")).await
    }

    /// Starts these hubs again, all at once; those that live are killed before.
    pub async fn restart(&mut self, which: &[usize]) {
        let chosen = self.hubs.iter_mut().enumerate().filter(|(n, _)| which.contains(n));
        join_all(chosen.map(|(_, hub)| hub.restart())).await;
    }

    /// Waits until every hub is ready and does without nothing.
    pub async fn well(&self) {
        for (n, hub) in self.hubs.iter().enumerate() {
            wait::until(&format!("hub {n} to be well"), async || {
                let answer = hub.request("GET", "/readyz").send().await.ok()?;
                (answer.status == 200 && answer.json()["degraded"] == serde_json::json!([])).then_some(())
            })
            .await;
        }
    }

    fn port(&self, hub: usize) -> u16 {
        self.gates[hub % self.gates.len()].addr().port()
    }
}
