//! The machine: its cores, its limits, what it is, and how busy others keep it.

use std::fs;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};

/// The core of the server under test.
pub(crate) const SERVER_CORE: usize = 0;
/// The core of this program.
pub(crate) const OUR_CORE: usize = 1;
/// The kernel counts CPU time in hundredths of a second in `/proc`.
pub(crate) const TICKS_PER_SECOND: f64 = 100.0;

/// Idle-priority children that keep the cores from halting; they end with this value.
pub(crate) struct Awake(Vec<Child>);

/// CPU time of the whole machine that was not idle, and that the host took away, in seconds since boot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Busy(f64);

/// Pins the calling thread, and whatever it starts from now on, to one core.
pub(crate) fn pin(core: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).with_context(|| format!("pinning to core {core}; two cores are needed"))
}

/// Raises the limit of open descriptors as far as it goes, for this process and its children, and tells it.
pub(crate) fn raise_descriptors() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let soft = if raised.is_ok() { limit.maximum } else { limit.current };
    soft.unwrap_or(u64::MAX)
}

/// One line about the machine: processor, cores, memory, kernel.
pub(crate) fn describe() -> String {
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".into());
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|kib| kib.trim_end_matches(" kB").trim().parse::<f64>().ok())
        .map_or_else(String::new, |kib| format!(", {:.0} GiB", kib / 1_048_576.0));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cores = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let virtual_machine = cpuinfo.contains(" hypervisor");
    let kind = if virtual_machine { " (virtual)" } else { "" };
    format!("{cores} cores{kind} of {cpu}{memory}, Linux {}", kernel.split('-').next().unwrap_or_default().trim())
}

/// Burns what nobody else wants until standard input ends.
pub(crate) fn spin() -> Result<bool> {
    let parent = thread::spawn(|| std::io::stdin().read_to_end(&mut Vec::new()));
    while !parent.is_finished() {
        for _ in 0..100_000 {
            std::hint::spin_loop();
        }
    }
    Ok(true)
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

// === impl Awake ===

impl Awake {
    /// Starts one spinner on each of the two cores.
    pub(crate) fn start() -> Result<Awake> {
        let program = std::env::current_exe()?;
        let mut awake = Awake(Vec::new());
        for core in [SERVER_CORE, OUR_CORE] {
            pin(core)?;
            let child = Command::new("chrt")
                .args(["--idle", "0"])
                .arg(&program)
                .arg("spin")
                .stdin(Stdio::piped())
                .spawn()
                .context("starting `chrt` for --keep-awake")?;
            awake.0.push(child);
        }
        thread::sleep(Duration::from_millis(100));
        for child in &mut awake.0 {
            ensure!(child.try_wait()?.is_none(), "`chrt --idle 0` refused to run");
        }
        Ok(awake)
    }

    /// CPU seconds the spinners have burnt, which are nobody's work.
    pub(crate) fn cpu(&self) -> f64 {
        self.0.iter().filter_map(|child| crate::server::cpu_of(child.id()).ok()).sum()
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        for child in &mut self.0 {
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}

// === impl Busy ===

impl Busy {
    /// Now.
    pub(crate) fn now() -> Result<Busy> {
        let text = fs::read_to_string("/proc/stat").context("reading /proc/stat")?;
        let line = text.lines().next().unwrap_or_default();
        let ticks: Vec<f64> = line.split_whitespace().skip(1).filter_map(|word| word.parse().ok()).collect();
        // user nice system idle iowait irq softirq steal
        let busy: f64 = ticks.iter().take(8).sum::<f64>() - ticks.get(3).unwrap_or(&0.0) - ticks.get(4).unwrap_or(&0.0);
        Ok(Busy(busy / TICKS_PER_SECOND))
    }

    /// Seconds of CPU used by anybody.
    pub(crate) fn seconds(self) -> f64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o_the_machine_is_described_in_one_line() {
        let line = describe();
        assert!(line.contains("cores") && line.contains("Linux") && !line.contains('\n'), "{line}");
    }

    #[test]
    fn o_the_time_the_machine_was_busy_never_falls() {
        let earlier = Busy::now().unwrap().seconds();
        assert!(Busy::now().unwrap().seconds() >= earlier);
    }
}
