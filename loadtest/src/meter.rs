//! What servers and generators take from the machine, over time.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::machine::{Busy, children_of, cpu_of, memory_of};

/// One look at everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Point {
    /// Seconds since the window was asked to open, warm-up included.
    pub at: f64,
    /// CPU seconds of all servers so far.
    pub cpu: f64,
    /// Their resident memory in KiB.
    pub memory: f64,
    /// CPU seconds of all generators so far.
    pub generators: f64,
    /// CPU seconds that others used or the host took, so far.
    pub others: f64,
    /// Texts that were done so far.
    pub texts: u64,
    /// Deliveries to watchers so far.
    pub fanned: u64,
}

/// Reads `/proc` for some processes and all that servers among them start, which may be exchanged meanwhile.
#[derive(Debug)]
pub struct Meter {
    began: Instant,
    servers: Cpu,
    generators: Cpu,
    /// The most memory any look has seen, in KiB.
    pub peak: f64,
    /// CPU seconds per process kept awake on purpose are nobody's.
    idlers: Vec<u32>,
}

/// CPU of processes, those that have ended included.
#[derive(Debug, Default)]
struct Cpu {
    now: Vec<u32>,
    used: BTreeMap<u32, f64>,
}

// === impl Meter ===

impl Meter {
    /// Watches these.
    pub fn new(servers: Vec<u32>, generators: Vec<u32>, idlers: Vec<u32>) -> Meter {
        let cpu = |now| Cpu { now, used: BTreeMap::new() };
        Meter { began: Instant::now(), servers: cpu(servers), generators: cpu(generators), peak: 0.0, idlers }
    }

    /// Whether there is a server to watch.
    pub fn sees_servers(&self) -> bool {
        !self.servers.now.is_empty()
    }

    /// The servers are these now.
    pub fn set_servers(&mut self, servers: Vec<u32>) {
        self.look();
        self.servers.now = servers;
    }

    /// From now on time is counted.
    pub fn restart(&mut self) {
        self.began = Instant::now();
    }

    /// Resident memory of all servers now, in KiB.
    pub fn memory(&self) -> f64 {
        self.servers.now.iter().filter_map(|pid| memory_of(*pid, false).ok()).sum()
    }

    /// Looks at everything.
    pub fn look(&mut self) -> Point {
        self.servers.grow();
        let memory = self.memory();
        let peak: f64 = self.servers.now.iter().filter_map(|pid| memory_of(*pid, true).ok()).sum();
        self.peak = self.peak.max(peak);
        let (cpu, generators) = (self.servers.look(), self.generators.look());
        let idlers: f64 = self.idlers.iter().filter_map(|pid| cpu_of(*pid).ok()).sum();
        let all = Busy::now().map_or(0.0, Busy::seconds);
        let at = self.began.elapsed().as_secs_f64();
        Point { at, cpu, memory, generators, others: all - cpu - generators - idlers, texts: 0, fanned: 0 }
    }
}

// === impl Cpu ===

impl Cpu {
    /// Takes in what the processes have started meanwhile, as a database does for each connection.
    fn grow(&mut self) {
        let mut at = 0;
        while let Some(pid) = self.now.get(at) {
            let born: Vec<u32> = children_of(*pid).into_iter().filter(|child| !self.now.contains(child)).collect();
            self.now.extend(born);
            at += 1;
        }
    }

    fn look(&mut self) -> f64 {
        for pid in &self.now {
            if let Ok(cpu) = cpu_of(*pid) {
                self.used.insert(*pid, cpu);
            }
        }
        self.used.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use super::*;
    use crate::machine;

    #[test]
    fn j3_memory_and_cpu_of_a_process_are_watched_and_never_fall_when_it_is_exchanged() {
        let mut meter = Meter::new(vec![std::process::id()], vec![], vec![]);
        let before = meter.look();
        assert!(before.memory > 100.0 && meter.peak >= before.memory * 0.5, "{before:?}");
        meter.set_servers(vec![]);
        let after = meter.look();
        assert!(after.cpu >= before.cpu && after.memory == 0.0);
    }

    #[test]
    fn j3_a_process_that_a_server_starts_later_is_watched_too() {
        let mut shell =
            Command::new("sh").args(["-c", "read line; sleep 60 & wait"]).stdin(Stdio::piped()).spawn().unwrap();
        let mut meter = Meter::new(vec![shell.id()], vec![], vec![]);
        meter.look();
        let alone = meter.memory();
        drop(shell.stdin.take());
        let deadline = Instant::now() + Duration::from_secs(20);
        while meter.servers.now.len() < 2 && Instant::now() < deadline {
            meter.look();
        }
        let watched = meter.servers.now.clone();
        watched.iter().for_each(|pid| machine::signal("KILL", *pid).unwrap());
        shell.wait().unwrap();
        assert_eq!(watched.len(), 2, "the shell and what it started");
        assert!(alone > 0.0);
    }
}
