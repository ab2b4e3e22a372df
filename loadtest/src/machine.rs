//! The machine: its cores, its limits, what it is, and how busy others keep it.

use std::fs;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};

/// The core of the server under test.
pub const SERVER_CORE: usize = 0;
/// The core of this program.
pub const OUR_CORE: usize = 1;
/// The kernel counts CPU time in hundredths of a second in `/proc`.
pub const TICKS_PER_SECOND: f64 = 100.0;

/// Idle-priority children that keep the cores from halting; they end with this value.
pub struct Awake(Vec<Child>);

/// CPU time of the whole machine that was not idle, and that the host took away, in seconds since boot.
#[derive(Debug, Clone, Copy)]
pub struct Busy(f64);

/// Pins the calling thread, and whatever it starts from now on, to one core.
pub fn pin(core: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).with_context(|| format!("pinning to core {core}; two cores are needed"))
}

/// Raises the limit of open descriptors as far as it goes, for this process and its children, and tells it.
pub fn raise_descriptors() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let soft = if raised.is_ok() { limit.maximum } else { limit.current };
    soft.unwrap_or(u64::MAX)
}

/// One line about the machine: processor, cores, memory, kernel.
pub fn describe() -> String {
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

/// User and system CPU seconds of a process, its threads and the children it has waited for.
pub fn cpu_of(pid: u32) -> Result<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).context("the process has ended")?;
    // The name, in brackets, may hold spaces; utime is the 12th field after it, cstime the 15th.
    let (_, fields) = text.rsplit_once(')').context("reading /proc/PID/stat")?;
    let ticks: f64 = fields.split_whitespace().skip(11).take(4).filter_map(|word| word.parse::<f64>().ok()).sum();
    Ok(ticks / TICKS_PER_SECOND)
}

/// CPU seconds of the calling thread.
pub fn own_cpu() -> f64 {
    let text = fs::read_to_string("/proc/thread-self/stat").unwrap_or_default();
    let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
    fields.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<f64>().ok()).sum::<f64>()
        / TICKS_PER_SECOND
}

/// The processes that one has started and not yet lost.
pub fn children_of(pid: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    children.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

/// Memory of a process in KiB: what is resident now, or with `peak` the most that ever was.
pub fn memory_of(pid: u32, peak: bool) -> Result<f64> {
    let name = if peak { "VmHWM:" } else { "VmRSS:" };
    let text = fs::read_to_string(format!("/proc/{pid}/status")).context("the process has ended")?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).context("reading /proc/PID/status")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Which process listens on this port of this machine, when it may be known.
pub fn listener(port: u16) -> Option<u32> {
    let socket = ["/proc/net/tcp", "/proc/net/tcp6"].iter().find_map(|table| {
        let text = fs::read_to_string(table).ok()?;
        text.lines().skip(1).find_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (_, at) = fields.get(1)?.rsplit_once(':')?;
            // 0A: it listens. The tenth field is the socket's inode.
            let listens = u16::from_str_radix(at, 16).ok()? == port && *fields.get(3)? == "0A";
            listens.then(|| format!("socket:[{}]", fields.get(9).unwrap_or(&"")))
        })
    })?;
    let pids = fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let holds = |pid: &u32| {
        let open = fs::read_dir(format!("/proc/{pid}/fd"));
        let mut links = open.into_iter().flatten().flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
        links.any(|link| link.to_str() == Some(&socket))
    };
    pids.into_iter().find(holds)
}

/// Sends a signal, like `TERM`, to a process of ours.
pub fn signal(name: &str, pid: u32) -> Result<()> {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status().context("running kill")?;
    if sent.success() { Ok(()) } else { bail!("could not send {name} to process {pid}") }
}

/// Whether this process was started with a signal ignored, as `nohup` does.
pub fn ignores(signal: i32) -> bool {
    let mask = field("/proc/self/status", "SigIgn").and_then(|mask| u64::from_str_radix(&mask, 16).ok());
    // The lowest bit is signal 1.
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Burns what nobody else wants until standard input ends.
pub fn spin() -> Result<bool> {
    let parent = thread::spawn(|| std::io::stdin().read_to_end(&mut Vec::new()));
    while !parent.is_finished() {
        // Whoever has had their fair share would wait for a whole tick, four milliseconds, until the kernel asks again who
        // is to run, also at this priority: what is measured gets the core back at once.
        for _ in 0..100 {
            std::hint::spin_loop();
        }
        thread::yield_now();
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
    pub fn start() -> Result<Awake> {
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

    /// The spinners.
    pub fn pids(&self) -> Vec<u32> {
        self.0.iter().map(Child::id).collect()
    }

    /// CPU seconds the spinners have burnt, which are nobody's work.
    pub fn cpu(&self) -> f64 {
        self.0.iter().filter_map(|child| cpu_of(child.id()).ok()).sum()
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
    pub fn now() -> Result<Busy> {
        let text = fs::read_to_string("/proc/stat").context("reading /proc/stat")?;
        let line = text.lines().next().unwrap_or_default();
        let ticks: Vec<f64> = line.split_whitespace().skip(1).filter_map(|word| word.parse().ok()).collect();
        // user nice system idle iowait irq softirq steal
        let busy: f64 = ticks.iter().take(8).sum::<f64>() - ticks.get(3).unwrap_or(&0.0) - ticks.get(4).unwrap_or(&0.0);
        Ok(Busy(busy / TICKS_PER_SECOND))
    }

    /// Seconds of CPU used by anybody.
    pub fn seconds(self) -> f64 {
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
    fn j3_the_cpu_time_of_this_process_is_read_from_the_kernel() {
        let before = (cpu_of(std::process::id()).unwrap(), own_cpu());
        let until = std::time::Instant::now() + Duration::from_millis(100);
        while std::time::Instant::now() < until || own_cpu() - before.1 < 0.01 {
            std::hint::spin_loop();
        }
        assert!(cpu_of(std::process::id()).unwrap() - before.0 >= 0.01);
        assert!(memory_of(std::process::id(), true).unwrap() >= memory_of(std::process::id(), false).unwrap() * 0.5);
    }

    #[test]
    fn j3_whoever_listens_on_a_port_of_this_machine_is_found() {
        let ours = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert_eq!(listener(ours.local_addr().unwrap().port()), Some(std::process::id()));
    }

    #[test]
    fn o_the_time_the_machine_was_busy_never_falls() {
        let earlier = Busy::now().unwrap().seconds();
        assert!(Busy::now().unwrap().seconds() >= earlier);
    }
}
