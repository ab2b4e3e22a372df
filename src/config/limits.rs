//! Rates, counts, sizes and times: what one client may cost the others.

use super::reader::Reader;

/// `[limits]`. 0 lifts a rate or a count.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// `visitor_sends_per_second`: texts of one visitor, sustained. Default 1.
    pub visitor_sends_per_second: u32,
    /// `visitor_send_burst`: texts at once. Default 10.
    pub visitor_send_burst: u32,
    /// `agent_requests_per_second`: requests of one agent, sustained. Default 10.
    pub agent_requests_per_second: u32,
    /// `agent_request_burst`: requests at once. Default 50.
    pub agent_request_burst: u32,
    /// `connections_per_address`: connections of every kind. Default 50.
    pub connections_per_address: u32,
    /// `unauthenticated_per_address`: those of them without a `hello` so far.
    /// Default 50.
    pub unauthenticated_per_address: u32,
    /// `connections_per_visitor`: sockets; the oldest gives way. Default 5.
    pub connections_per_visitor: u32,
    /// `connections_per_agent`: sockets; the oldest gives way. Default 10.
    pub connections_per_agent: u32,
    /// `starts_per_address`: conversations started, a minute. Default 60.
    pub starts_per_address: u32,
    /// `frames_per_second`: raw frames of one socket, sustained. Default 100.
    pub frames_per_second: u32,
    /// `frame_burst`: raw frames at once. Default 200.
    pub frame_burst: u32,
    /// `bytes_per_second`: raw bytes of one socket, sustained. Default 65,536.
    pub bytes_per_second: u32,
    /// `byte_burst`: raw bytes at once. Default 262,144.
    pub byte_burst: u32,
    /// `outbound_bytes`: unsent bytes of one socket before it is closed with
    /// 4002. Default 262,144.
    pub outbound_bytes: usize,
    /// `tail_bytes`: recent events held in memory, of all conversations
    /// together; older ones are read from the store. Default 4,194,304.
    pub tail_bytes: usize,
    /// `hello_timeout_ms`: from the upgrade to `hello`, in milliseconds.
    /// Default 10,000.
    pub hello_timeout_ms: u64,
    /// `agent_heartbeat_ms`: quiet before a ping to an agent, in milliseconds;
    /// at most 15,000, since twice that is when an agent counts as gone.
    /// Default 10,000.
    pub agent_heartbeat_ms: u64,
    /// `visitor_heartbeat_ms`: quiet before a ping to a visitor, in
    /// milliseconds. Default 20,000.
    pub visitor_heartbeat_ms: u64,
}

// === impl Limits ===

impl Limits {
    pub(super) fn ask(reader: &mut Reader) -> Self {
        const MOST: u64 = 1_000_000_000;
        let mut rate = |key, default| reader.number(&["limits", key], default, 0..=MOST) as u32;
        let visitor_sends_per_second = rate("visitor_sends_per_second", 1);
        let agent_requests_per_second = rate("agent_requests_per_second", 10);
        let connections_per_address = rate("connections_per_address", 50);
        let unauthenticated_per_address = rate("unauthenticated_per_address", 50);
        let connections_per_visitor = rate("connections_per_visitor", 5);
        let connections_per_agent = rate("connections_per_agent", 10);
        let starts_per_address = rate("starts_per_address", 60);
        let frames_per_second = rate("frames_per_second", 100);
        let bytes_per_second = rate("bytes_per_second", 65_536);
        // A burst of none would stop everything; the rate is what 0 lifts.
        let mut burst = |key, default| reader.number(&["limits", key], default, 1..=MOST) as u32;
        let visitor_send_burst = burst("visitor_send_burst", 10);
        let agent_request_burst = burst("agent_request_burst", 50);
        let frame_burst = burst("frame_burst", 200);
        let byte_burst = burst("byte_burst", 262_144);
        let mut within = |key, default, range| reader.number(&["limits", key], default, range);
        Self {
            visitor_sends_per_second,
            visitor_send_burst,
            agent_requests_per_second,
            agent_request_burst,
            connections_per_address,
            unauthenticated_per_address,
            connections_per_visitor,
            connections_per_agent,
            starts_per_address,
            frames_per_second,
            frame_burst,
            bytes_per_second,
            byte_burst,
            outbound_bytes: within("outbound_bytes", 262_144, 65_536..=16_777_216) as usize,
            tail_bytes: within("tail_bytes", 4_194_304, 0..=1_099_511_627_776) as usize,
            hello_timeout_ms: within("hello_timeout_ms", 10_000, 100..=60_000),
            agent_heartbeat_ms: within("agent_heartbeat_ms", 10_000, 100..=15_000),
            visitor_heartbeat_ms: within("visitor_heartbeat_ms", 20_000, 100..=300_000),
        }
    }
}
