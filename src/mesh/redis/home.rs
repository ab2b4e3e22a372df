//! Where the words of all nodes go: one server that all of them agree on.
//!
//! A single server is that itself; sentinels name it; in a cluster it is the master of the slot that the leases lie in.
//! There the classic way of publishing is used, upon plain connections to that master, and not the sharded one upon the
//! crate's cluster connection. What is published the classic way reaches every node of a cluster over its bus, so that
//! while the master is gone, and after it was moved, any other node will do. The crate's connection subscribes anew in
//! the background and does not say when that was confirmed, which this mesh has promised to know.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::select_ok;
use rand::seq::SliceRandom;
use redis::{AsyncConnectionConfig, Client, ErrorKind, PushInfo, RedisError, Value, aio::MultiplexedConnection};
use tokio::time::timeout;

use super::address::{Address, Shape};

/// So many nodes of a cluster are remembered, for when all of the configured ones are gone.
const MOST_KNOWN: usize = 64;
/// So many of them are asked at once.
const TOGETHER: usize = 3;
/// A place is looked for in so many limits for one command: some of those asked may be dead.
const SEARCH: u32 = 4;

/// Finds the server.
#[derive(Debug)]
pub(super) struct Home {
    address: Address,
    /// What decides the slot.
    tag: String,
    limit: Duration,
    /// Nodes of the cluster as last told.
    known: Mutex<Vec<Place>>,
}

/// A server's name and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    host: String,
    port: u16,
}

/// A connection and where it goes.
pub(super) struct Connected {
    pub(super) connection: MultiplexedConnection,
    pub(super) place: Place,
}

// === impl Home ===

impl Home {
    /// Where `address` leads to for keys with this tag; every command has this long.
    pub(super) fn new(address: Address, tag: String, limit: Duration) -> Self {
        Self { address, tag, limit, known: Mutex::default() }
    }

    /// Whether the server may become another one.
    pub(super) fn moves(&self) -> bool {
        self.address.shape != Shape::Single
    }

    /// A connection to the server, or, where any will do, to another one when it is out of reach. `push` is called with
    /// whatever is pushed, from the connection's own task, and must not wait.
    pub(super) async fn connect(
        &self,
        anywhere: bool,
        push: impl Fn(PushInfo) + Send + Sync + Clone + 'static,
    ) -> Result<Connected, RedisError> {
        let mut places = self.places().await?;
        if !anywhere {
            places.truncate(1);
        }
        let mut last = no_place();
        for place in places {
            match self.dial(&place, push.clone()).await {
                Ok(connection) => return Ok(Connected { connection, place }),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Whether whoever is connected to `place` should rather be elsewhere, and could.
    pub(super) async fn calls_from(&self, place: &Place) -> bool {
        match self.places().await.map(VecDeque::from) {
            Ok(mut places) => match places.pop_front() {
                Some(home) if home != *place => self.dial(&home, |_| {}).await.is_ok(),
                _ => false,
            },
            Err(_) => false,
        }
    }

    /// The server first, then others that hear what it hears.
    async fn places(&self) -> Result<Vec<Place>, RedisError> {
        let search = async {
            match &self.address.shape {
                Shape::Single => Ok(self.configured()),
                Shape::Sentinel { service, login } => {
                    let client = self.address.sentinels(service, login)?.async_get_client().await?;
                    let address = client.get_connection_info().addr().to_string();
                    Place::read(&address).map(|place| vec![place]).ok_or_else(no_place)
                }
                Shape::Cluster => self.cluster().await,
            }
        };
        timeout(self.limit * SEARCH, search).await.unwrap_or_else(|_| Err(too_late()))
    }

    fn configured(&self) -> Vec<Place> {
        self.address.hosts.iter().map(|(host, port)| Place { host: host.clone(), port: *port }).collect()
    }

    /// Asks the nodes of a cluster for the master of the slot and for the others.
    async fn cluster(&self) -> Result<Vec<Place>, RedisError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut asked: Vec<Place> = self.configured();
        asked.shuffle(&mut rand::rng());
        asked.extend(known);
        let mut last = no_place();
        // Some at once: the dead ones among them cost no time.
        for some in asked.chunks(TOGETHER) {
            match select_ok(some.iter().map(|place| Box::pin(self.ask(place)))).await {
                Ok((places, _)) => {
                    let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                    *known = places.iter().take(MOST_KNOWN).cloned().collect();
                    return Ok(places);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn ask(&self, place: &Place) -> Result<Vec<Place>, RedisError> {
        let mut connection = self.dial(place, |_| {}).await?;
        let mut questions = redis::pipe();
        questions.cmd("CLUSTER").arg("KEYSLOT").arg(&self.tag).cmd("CLUSTER").arg("SLOTS");
        let (slot, slots): (u16, Value) = questions.query_async(&mut connection).await?;
        let (home, mut others) = places(slot, &slots, place).ok_or_else(no_place)?;
        others.shuffle(&mut rand::rng());
        others.retain(|other| *other != home);
        others.insert(0, home);
        Ok(others)
    }

    async fn dial(
        &self,
        place: &Place,
        push: impl Fn(PushInfo) + Send + Sync + 'static,
    ) -> Result<MultiplexedConnection, RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.limit))
            .set_response_timeout(Some(self.limit))
            .set_push_sender(move |info| {
                push(info);
                Ok::<(), ()>(())
            });
        let client: Client = self.address.client(&place.host, place.port)?;
        client.get_multiplexed_async_connection_with_config(&config).await
    }
}

// === impl Place ===

impl Place {
    /// From `host:port`; an IPv6 address stands without brackets.
    fn read(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        Some(Self { host: host.to_owned(), port: port.parse().ok()? })
    }

    /// From the reply to `CLUSTER SLOTS`. A node that does not know its own name is where it was asked.
    fn of(node: &Value, asked: &Place) -> Option<Self> {
        let Value::Array(fields) = node else { return None };
        let host = match fields.first()? {
            Value::BulkString(host) => String::from_utf8(host.clone()).ok()?,
            _ => String::new(),
        };
        let Value::Int(port) = fields.get(1)? else { return None };
        let port = u16::try_from(*port).ok()?;
        match host.as_str() {
            "?" => None,
            "" => Some(Self { host: asked.host.clone(), port }),
            _ => Some(Self { host, port }),
        }
    }
}

/// The master of a slot, and every node, from the reply to `CLUSTER SLOTS`.
fn places(slot: u16, slots: &Value, asked: &Place) -> Option<(Place, Vec<Place>)> {
    let Value::Array(ranges) = slots else { return None };
    let (mut home, mut all) = (None, Vec::new());
    for range in ranges {
        let Value::Array(fields) = range else { continue };
        let [Value::Int(first), Value::Int(last), nodes @ ..] = &fields[..] else { continue };
        if (*first..=*last).contains(&i64::from(slot)) {
            home = nodes.first().and_then(|master| Place::of(master, asked));
        }
        for place in nodes.iter().filter_map(|node| Place::of(node, asked)) {
            if !all.contains(&place) {
                all.push(place);
            }
        }
    }
    // A slot that nobody has keeps no words from being said.
    Some((home.or_else(|| all.first().cloned())?, all))
}

fn no_place() -> RedisError {
    (ErrorKind::Io, "no server could be found").into()
}

fn too_late() -> RedisError {
    (ErrorKind::Io, "no answer in time").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(host: Option<&str>, port: i64) -> Value {
        let host = host.map_or(Value::Nil, |host| Value::BulkString(host.into()));
        Value::Array(vec![host, Value::Int(port), Value::BulkString(b"id".into())])
    }

    fn range(first: i64, last: i64, nodes: Vec<Value>) -> Value {
        Value::Array([vec![Value::Int(first), Value::Int(last)], nodes].concat())
    }

    #[test]
    fn d7_the_home_is_the_master_of_the_slot_and_the_others_are_known() {
        let asked = Place { host: "seed".into(), port: 1 };
        let place = |text: &str| Place::read(text).expect("a place");
        let slots = Value::Array(vec![
            range(0, 99, vec![node(Some("a"), 1), node(Some("b"), 2)]),
            range(100, 100, vec![node(Some(""), 3), node(Some("?"), 4)]),
            range(101, 200, vec![node(None, 5), node(Some("a"), 1)]),
        ]);
        let all = vec![place("a:1"), place("b:2"), place("seed:3"), place("seed:5")];
        for (slot, home) in [(0, "a:1"), (99, "a:1"), (100, "seed:3"), (101, "seed:5"), (999, "a:1")] {
            assert_eq!(places(slot, &slots, &asked), Some((place(home), all.clone())), "{slot}");
        }
        assert_eq!(places(0, &Value::Array(vec![]), &asked), None);
        assert_eq!(places(0, &Value::Nil, &asked), None);
        assert_eq!(place("::1:7").host, "::1");
    }
}
