//! What the tests stand on: the real hub as a child process, its clients, and the judges of what they saw.

pub mod agent;
pub mod client;
pub mod cluster;
pub mod dial;
pub mod http;
pub mod hub;
pub mod judge;
pub mod log;
pub mod mirror;
pub mod playbooks;
pub mod postgres;
pub mod proxy;
pub mod raw;
pub mod receiver;
pub mod redis;
pub mod rein;
pub mod roamer;
pub mod sender;
pub mod settings;
pub mod sight;
pub mod size;
pub mod spread;
pub mod token;
pub mod visitor;
pub mod wait;
pub mod wire;

pub use self::{
    agent::Agent, client::Client, cluster::Cluster, hub::Hub, receiver::Receiver, redis::Redis, rein::Rein,
    roamer::Roamer, sender::Sender, settings::Settings, size::size, spread::Spread, visitor::Visitor,
};
