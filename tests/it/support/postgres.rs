//! A real PostgreSQL server of a test's own, on a free port of loopback. Made from a template that is initialised once
//! on a machine, so that a start costs a fraction of a second. It ends with the test, however that ends.

use std::{
    fs::{self, File},
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Weak,
        atomic::{AtomicU32, Ordering},
    },
};

use tempfile::TempDir;
use tokio::sync::Mutex;
use tokio_postgres::{Client, NoTls};

use super::{
    hub::{free_port, signal},
    wait,
};

/// Where Debian keeps what is not for everybody's PATH.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Who runs the server where the tests run as root: it refuses to be.
const SERVANTS: [&str; 2] = ["postgres", "nobody"];
/// Changes when the template is made otherwise.
const TEMPLATE: u32 = 1;

/// The server that tests of one process share.
static SHARED: Mutex<Weak<Postgres>> = Mutex::const_new(Weak::new());

/// A running server; killed when dropped.
pub struct Postgres {
    port: u16,
    folder: TempDir,
    settings: Vec<String>,
    server: Option<Server>,
    databases: AtomicU32,
}

/// Its process, and the one that ends it when this process dies.
struct Server {
    postgres: Child,
    heir: Child,
}

/// User and group of the server's process; None: our own.
#[derive(Clone, Copy)]
struct Servant(Option<(u32, u32)>);

// === impl Postgres ===

impl Postgres {
    /// A server with an empty database.
    pub async fn start() -> Self {
        // Nobody pulls the plug of a test's machine.
        Self::with(&["fsync=off", "full_page_writes=off"]).await
    }

    /// A server with these settings beside the usual ones.
    pub async fn with(settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let servant = Servant::find();
        servant.give(folder.path());
        let copied = Command::new("cp").arg("-a").arg(template(servant)).arg(folder.path().join("data")).status();
        assert!(copied.is_ok_and(|status| status.success()), "the template cannot be copied");
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let mut postgres = Self { port: 0, folder, settings, server: None, databases: AtomicU32::new(0) };
        postgres.start_again().await;
        postgres
    }

    /// The server that tests of this process share; ask it for [`Postgres::database`].
    pub async fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().await;
        if let Some(postgres) = shared.upgrade() {
            return postgres;
        }
        let postgres = Arc::new(Self::start().await);
        *shared = Arc::downgrade(&postgres);
        postgres
    }

    /// The URL of its first database.
    pub fn url(&self) -> String {
        self.url_of("usher")
    }

    /// Where it listens on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a database as if the server listened on another port: a proxy's.
    pub fn url_through(&self, port: u16) -> String {
        format!("postgres://usher@127.0.0.1:{port}/usher")
    }

    /// The URL of one more empty database.
    pub async fn database(&self) -> String {
        let name = format!("usher_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let sql = format!("CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy");
        self.client().await.batch_execute(&sql).await.expect("a database");
        self.url_of(&name)
    }

    /// A connection of one's own to its first database, as the superuser.
    pub async fn client(&self) -> Client {
        Self::connect(&self.url()).await
    }

    /// A connection of one's own to a database.
    pub async fn connect(url: &str) -> Client {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
        tokio::spawn(connection);
        client
    }

    /// Stops it; clients are sent away.
    pub async fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            signal("INT", server.postgres.id());
            wait::until("the server's end", async || server.postgres.try_wait().expect("its state")).await;
            server.end();
        }
    }

    /// Ends it at once, without a word to anybody; the next start recovers.
    pub fn kill(&mut self) {
        if let Some(server) = self.server.take() {
            server.end();
        }
    }

    /// Starts it again with the same data on the same port.
    pub async fn start_again(&mut self) {
        self.kill();
        for _ in 0..20 {
            let port = if self.port == 0 { free_port() } else { self.port };
            let _ = fs::remove_file(self.pid_file());
            let mut server = Server::spawn(&self.folder, port, &self.settings);
            let ready = wait::until("the server's start", async || {
                if server.postgres.try_wait().expect("its state").is_some() {
                    return Some(false);
                }
                let state = fs::read_to_string(self.pid_file()).unwrap_or_default();
                (state.lines().nth(7).map(str::trim) == Some("ready")).then_some(true)
            });
            if ready.await {
                self.server = Some(server);
                self.port = port;
                return;
            }
            // Somebody took the port meanwhile, or the last server's processes are still there.
            server.end();
        }
        panic!("the server does not start:\n{}", self.log());
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Makes a folder and its files the server's own.
    pub fn give_away(folder: &Path) {
        let servant = Servant::find();
        servant.give(folder);
        for file in fs::read_dir(folder).expect("a folder").flatten() {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(0o600)).expect("private");
            servant.give(&file.path());
        }
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://usher@127.0.0.1:{}/{database}", self.port)
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.path().join("data/postmaster.pid")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let last: Vec<&str> = log.lines().rev().take(20).collect();
            last.iter().rev().for_each(|line| println!("postgres: {line}"));
        }
    }
}

// === impl Server ===

impl Server {
    fn spawn(folder: &TempDir, port: u16, settings: &[String]) -> Self {
        let log = File::options().create(true).append(true).open(folder.path().join("log")).expect("a log");
        let mut command = Command::new(program("postgres"));
        command.arg("-D").arg(folder.path().join("data"));
        let usual = [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            format!("unix_socket_directories={}", folder.path().display()),
            "shared_buffers=32MB".to_owned(),
            "max_connections=100".to_owned(),
        ];
        for setting in usual.iter().chain(settings) {
            command.arg("-c").arg(setting);
        }
        Servant::find().command(&mut command).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let postgres = command.spawn().expect("the server's program");
        // It reads until this process closes its end, even by dying.
        let last_will = format!("cat >/dev/null; kill -QUIT {}", postgres.id());
        let mut heir = Command::new("sh");
        heir.arg("-c").arg(last_will).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { postgres, heir: heir.spawn().expect("a shell") }
    }

    fn end(mut self) {
        if self.postgres.try_wait().ok().flatten().is_none() {
            signal("QUIT", self.postgres.id());
            let _ = self.postgres.wait();
        }
        let _ = self.heir.kill();
        let _ = self.heir.wait();
    }
}

// === impl Servant ===

impl Servant {
    fn find() -> Self {
        let own = fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own)).unwrap_or(1);
        if own != 0 {
            return Self(None);
        }
        let users = fs::read_to_string("/etc/passwd").expect("the list of users");
        let ids = |name: &str| {
            let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut fields = line.split(':').skip(2);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        };
        let found = SERVANTS.iter().find_map(|name| ids(name));
        Self(Some(found.expect("a user to run the server, since root must not")))
    }

    fn command(self, command: &mut Command) -> &mut Command {
        match self.0 {
            Some((user, group)) => command.uid(user).gid(group),
            None => command,
        }
    }

    fn give(self, path: &Path) {
        if let Some((user, group)) = self.0 {
            chown(path, Some(user), Some(group)).expect("a folder to give away");
        }
    }
}

/// The folder of an initialised server, made by whoever needs it first.
fn template(servant: Servant) -> PathBuf {
    let initdb = program("initdb");
    let version = Command::new(&initdb).arg("--version").output().expect("initdb");
    let version = String::from_utf8_lossy(&version.stdout);
    let version: String = version.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
    let user = servant.0.map_or("own".to_owned(), |(user, _)| user.to_string());
    let shared = std::env::temp_dir().join(format!("usher-tests-postgres-{version}-{user}-{TEMPLATE}"));
    fs::create_dir_all(&shared).expect("a folder");
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o755)).ok();
    let lock = File::create(shared.join("lock")).expect("a lock file");
    lock.lock().expect("the lock");
    let ready = shared.join("data");
    if !ready.exists() {
        let made = tempfile::tempdir_in(&shared).expect("a folder");
        servant.give(made.path());
        let data = made.path().join("data");
        let options = ["-U", "usher", "-A", "trust", "-E", "UTF8", "--locale=C", "--wal-segsize=1", "--no-sync"];
        run(servant.command(Command::new(&initdb).arg("-D").arg(&data).args(options)), "");
        let mut single = Command::new(program("postgres"));
        single.arg("--single").arg("-D").arg(&data).arg("postgres");
        run(servant.command(&mut single), "CREATE DATABASE usher\n");
        fs::rename(&data, &ready).expect("the template in its place");
    }
    ready
}

/// Runs a program to its good end, with these words to read.
fn run(command: &mut Command, words: &str) {
    use std::io::Write;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).current_dir("/");
    let mut child = command.spawn().expect("a program");
    child.stdin.take().expect("a pipe").write_all(words.as_bytes()).expect("words");
    let output = child.wait_with_output().expect("its end");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// One of PostgreSQL's programs, the newest Debian has or the one in the PATH.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).filter(|path| path.join("bin").join(name).exists());
    match newest.max_by_key(|path| version(path)) {
        Some(path) => path.join("bin").join(name),
        None => PathBuf::from(name),
    }
}
