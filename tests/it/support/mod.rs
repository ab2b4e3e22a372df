//! What the tests stand on: the real hub as a child process, its clients, and the judges of what they saw.

pub mod agent;
pub mod client;
pub mod dial;
pub mod http;
pub mod hub;
pub mod judge;
pub mod log;
pub mod mirror;
pub mod playbooks;
pub mod proxy;
pub mod raw;
pub mod receiver;
pub mod redis;
pub mod settings;
pub mod token;
pub mod visitor;
pub mod wait;

pub use self::{
    agent::Agent, client::Client, hub::Hub, receiver::Receiver, redis::Redis, settings::Settings, visitor::Visitor,
};
