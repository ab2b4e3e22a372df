//! Leases: one key per node that Redis lets go by itself, and a set of their names. All of them lie in one slot of a
//! cluster, and each question is one small script, so that its answer is of one moment.
//!
//! A lease begins with its term, 16 hexadecimal digits that stay the same for as long as it is held without a break. A
//! renewal names the term it knows and another one for the case that the lease has ended, so that even a renewal whose
//! answer was lost cannot make the next one believe that the lease was kept.

use std::time::Duration;

use bytes::Bytes;
use redis::{Cmd, Value};

use super::Names;
use crate::{
    ids::NodeId,
    mesh::{Lease, MeshError},
};

/// The digits of a term.
const TERM: usize = 16;

/// KEYS: the names, the lease. ARGV: the term known, the term otherwise, the roster, milliseconds, the node.
const RENEW: &str = "\
local term = ARGV[2]
local kept = redis.call('GETRANGE', KEYS[2], 0, 15) == ARGV[1]
if kept then term = ARGV[1] end
redis.call('SET', KEYS[2], term .. ARGV[3], 'PX', ARGV[4])
redis.call('SADD', KEYS[1], ARGV[5])
redis.call('PEXPIRE', KEYS[1], 2 * ARGV[4])
return kept and 1 or 0";

/// KEYS: the names, the lease. ARGV: the node.
const RESIGN: &str = "\
redis.call('SREM', KEYS[1], ARGV[1])
return redis.call('DEL', KEYS[2])";

/// KEYS: the names. Those without a lease are swept by whoever sees them.
const LEASES: &str = "\
local found = {}
for _, node in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local lease = KEYS[1] .. ':' .. node
  local left = redis.call('PTTL', lease)
  if left > 0 then
    found[#found + 1] = {node, left, redis.call('GET', lease)}
  else
    redis.call('SREM', KEYS[1], node)
  end
end
return found";

/// Renews a lease: [`kept`] reads the answer.
pub(super) fn renew(names: &Names, node: &NodeId, terms: (u64, u64), roster: &[u8], life: Duration) -> Cmd {
    let mut command = script(RENEW, &[&names.leases, &names.lease(node)]);
    for term in [terms.0, terms.1] {
        command.arg(format!("{term:016x}"));
    }
    let life = u64::try_from(life.as_millis()).unwrap_or(u64::MAX);
    command.arg(roster).arg(life).arg(node.as_str());
    command
}

/// Ends a lease.
pub(super) fn resign(names: &Names, node: &NodeId) -> Cmd {
    let mut command = script(RESIGN, &[&names.leases, &names.lease(node)]);
    command.arg(node.as_str());
    command
}

/// Asks for all leases: [`found`] reads the answer.
pub(super) fn leases(names: &Names) -> Cmd {
    script(LEASES, &[&names.leases])
}

/// Whether the term that was known stands.
pub(super) fn kept(answer: &Value) -> Result<bool, MeshError> {
    match answer {
        Value::Int(kept) => Ok(*kept == 1),
        _ => Err(odd()),
    }
}

/// The leases of all but `me`.
pub(super) fn found(answer: Value, me: &NodeId) -> Result<Vec<Lease>, MeshError> {
    let Value::Array(rows) = answer else { return Err(odd()) };
    let leases = rows.into_iter().map(|row| lease(row).ok_or_else(odd));
    leases.filter(|lease| lease.as_ref().map_or(true, |lease| lease.node != *me)).collect()
}

fn lease(row: Value) -> Option<Lease> {
    let Value::Array(fields) = row else { return None };
    let [Value::BulkString(node), Value::Int(left), Value::BulkString(lease)] = &fields[..] else { return None };
    Some(Lease {
        node: std::str::from_utf8(node).ok()?.into(),
        left: Duration::from_millis(u64::try_from(*left).ok()?),
        roster: Bytes::copy_from_slice(lease.get(TERM..)?),
    })
}

fn script(text: &str, keys: &[&str]) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(text).arg(keys.len()).arg(keys);
    command
}

fn odd() -> MeshError {
    MeshError("Redis gave an answer that was not asked for".into())
}
