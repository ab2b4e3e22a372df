//! The real program as a child process with a data folder of its own.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{
    Agent, Settings, Visitor,
    dial::Dial,
    http::{Answer, Request},
    token, wait,
};

/// A running hub; killed when dropped.
pub struct Hub {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    /// How long its last start took until `/readyz` was 200.
    pub started_in: Duration,
    settings: Settings,
    folder: Arc<TempDir>,
    child: Child,
    log: Arc<Mutex<String>>,
}

// === impl Hub ===

impl Hub {
    /// A hub with the tests' usual settings.
    pub async fn start() -> Self {
        Settings::new().start().await
    }

    /// A hub with these settings.
    pub async fn with(settings: Settings) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        let seed = folder.path().join("playbooks");
        std::fs::create_dir(&seed).expect("a folder");
        for playbook in &settings.playbooks {
            let name = format!("{}.json", playbook["id"].as_str().expect("an id"));
            std::fs::write(seed.join(name), playbook.to_string()).expect("a file");
        }
        let log = Arc::new(Mutex::new(String::new()));
        let port = free_port();
        let child = spawn(&settings, &folder, port, &log);
        let mut hub = Self { port, started_in: Duration::ZERO, settings, folder, child, log };
        hub.ready().await;
        hub
    }

    /// The command that runs the program in `folder`.
    pub fn command(settings: &Settings, folder: &TempDir, port: u16) -> Command {
        let program = env!("CARGO_BIN_EXE_usher");
        let mut command = match settings.under.split_first() {
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
            None => Command::new(program),
        };
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("USHER_LISTEN", format!("127.0.0.1:{port}"))
            .env("USHER_STORE", format!("sqlite:{}", folder.path().join("usher.db").display()))
            .env("USHER_PLAYBOOKS", folder.path().join("playbooks"))
            .envs(&settings.environment)
            .current_dir(folder.path())
            .stdin(Stdio::null());
        command
    }

    /// kill -9, and wait until it is gone.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child to kill");
        self.child.wait().expect("its end");
    }

    /// kill -9 by somebody who only knows its number.
    pub fn killer(&self) -> impl Fn() + Send + use<> {
        let id = self.child.id();
        move || signal("KILL", id)
    }

    /// Lets it sleep: its connections stay, nothing happens on them.
    pub fn pause(&self) {
        signal("STOP", self.child.id());
    }

    /// Wakes it.
    pub fn resume(&self) {
        signal("CONT", self.child.id());
    }

    /// Asks it to drain.
    pub fn terminate(&self) {
        signal("TERM", self.child.id());
    }

    /// How it ended; panics when it does not within `limit`.
    pub async fn exit(&mut self, limit: Duration) -> ExitStatus {
        let child = &mut self.child;
        wait::within(limit, "the hub's end", async || child.try_wait().expect("its state")).await
    }

    /// Starts it again with the same data on the same port.
    pub async fn restart(&mut self) {
        if self.child.try_wait().expect("its state").is_none() {
            self.kill();
        }
        self.child = spawn(&self.settings, &self.folder, self.port, &self.log);
        self.ready().await;
    }

    async fn ready(&mut self) {
        let began = Instant::now();
        let (port, child, log) = (self.port, &mut self.child, &self.log);
        wait::until("the hub's start", async || {
            if let Some(status) = child.try_wait().expect("its state") {
                panic!("the hub did not start ({status}):\n{}", log.lock().expect("the log"));
            }
            Request::new(port, "GET", "/readyz").send().await.ok().filter(|answer| answer.status == 200)
        })
        .await;
        self.started_in = began.elapsed();
    }

    /// All it has printed so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("the log").clone()
    }

    /// Where its data lies.
    pub fn folder(&self) -> &TempDir {
        &self.folder
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A REST request without a token.
    pub fn request(&self, method: &'static str, path: &str) -> Request {
        Request::new(self.port, method, path)
    }

    /// A REST answer to agent `sub`.
    pub async fn get(&self, path: &str, sub: &str) -> Answer {
        let request = self.request("GET", path).bearer(&token::agent(sub, "agent"));
        request.send().await.expect("an answer")
    }

    /// A REST answer to an admin.
    pub async fn rest(&self, method: &'static str, path: &str, body: Option<&Value>) -> Answer {
        let mut request = self.request(method, path).bearer(&token::agent("root", "admin"));
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await.expect("an answer")
    }

    /// The gate of visitors.
    pub fn visitors(&self) -> Dial {
        Dial::visitor(self.port)
    }

    /// The gate of agents.
    pub fn agents(&self) -> Dial {
        Dial::agent(self.port)
    }

    /// A new visitor on a page with `playbook`, who has said `hello`.
    pub async fn visitor(&self, playbook: &str) -> Visitor {
        Visitor::hello(&self.visitors(), playbook).await
    }

    /// Agent `sub`, who has said `hello`.
    pub async fn agent(&self, sub: &str) -> Agent {
        Agent::hello(&self.agents(), &token::agent(sub, "agent")).await
    }

    /// Agent `sub`, switched on.
    pub async fn online(&self, sub: &str) -> Agent {
        self.agent(sub).await.online().await
    }

    /// Admin `sub`, who has said `hello` and is switched off.
    pub async fn admin(&self, sub: &str) -> Agent {
        Agent::hello(&self.agents(), &token::agent(sub, "admin")).await
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        let log = self.log();
        if std::thread::panicking() {
            let last: Vec<&str> = log.lines().rev().take(30).collect();
            for line in last.iter().rev() {
                println!("hub: {line}");
            }
        } else {
            assert!(!log.contains("panicked at"), "the hub panicked:\n{log}");
        }
    }
}

/// Sends a signal by its name.
pub fn signal(name: &str, process: u32) {
    let status = Command::new("sh").arg("-c").arg(format!("kill -{name} {process}")).status();
    assert!(status.is_ok_and(|status| status.success()), "cannot signal {process}");
}

/// A port nobody listens on, outside of the range that outgoing connections take theirs from. It is this test's until its
/// process ends: no other may take it while a hub is killed and started again.
pub fn free_port() -> u16 {
    static HELD: Mutex<Vec<File>> = Mutex::new(Vec::new());
    let folder = std::env::temp_dir().join("usher-tests-ports");
    fs::create_dir_all(&folder).expect("a folder");
    let free = || rand::random_range(15_000..30_000u16);
    let held = |port: u16| {
        let file = File::create(folder.join(port.to_string())).ok()?;
        file.try_lock().ok()?;
        TcpListener::bind(("127.0.0.1", port)).is_ok().then_some((port, file))
    };
    let (port, file) = std::iter::repeat_with(free).find_map(held).expect("endless");
    HELD.lock().expect("the ports").push(file);
    port
}

fn spawn(settings: &Settings, folder: &TempDir, port: u16, log: &Arc<Mutex<String>>) -> Child {
    let mut command = Hub::command(settings, folder, port);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program");
    keep(child.stdout.take().expect("a pipe"), log);
    keep(child.stderr.take().expect("a pipe"), log);
    child
}

/// Keeps what the hub prints, in a thread: a test that computes must not make the hub wait for its pipe.
fn keep(pipe: impl Read + Send + 'static, log: &Arc<Mutex<String>>) {
    let log = log.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let mut log = log.lock().expect("the log");
            log.push_str(&line);
            log.push('\n');
        }
    });
}
