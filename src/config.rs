//! The operator's settings: one file per subject, every fault told at once.
//!
//! A TOML file, then the environment: `USHER_` + the key's path with `__` for
//! the dot. `config/usher.toml` is the reference of every key.

mod inbox;
mod keys;
mod limits;
mod listen;
mod log;
mod mesh;
mod outbox;
mod playbooks;
mod reader;
mod runtime;
mod store;

use std::{collections::HashMap, ffi::OsString, fmt, fs, path::Path};

use reader::Reader;

use crate::ids::NodeId;

pub use inbox::Inbox;
pub use keys::{Keys, Opened};
pub use limits::Limits;
pub use listen::Listen;
pub use log::{Log, LogFormat};
pub use mesh::Mesh;
pub use outbox::Outbox;
pub use playbooks::Playbooks;
pub use runtime::Runtime;
pub use store::Store;

/// Everything an operator may set, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the hub listens.
    pub listen: Listen,
    /// Where conversations are kept.
    pub store: Store,
    /// How nodes find each other.
    pub mesh: Mesh,
    /// `node`: this process's name among others, in logs; by default made up.
    pub node: String,
    /// Who may sign tokens.
    pub keys: Keys,
    /// What agents see.
    pub inbox: Inbox,
    /// Where the first playbooks come from.
    pub playbooks: Playbooks,
    /// How the outside is told.
    pub outbox: Outbox,
    /// Rates, counts, sizes and times.
    pub limits: Limits,
    /// Threads.
    pub runtime: Runtime,
    /// What is logged, and how.
    pub log: Log,
}

/// One thing wrong with the settings: the key and what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    key: String,
    message: String,
}

// === impl Config ===

impl Config {
    /// Reads the file (if any) and this process's environment.
    pub fn load(file: Option<&Path>) -> Result<Self, Vec<Fault>> {
        Self::read(file, std::env::vars_os())
    }

    /// Reads the file (if any) and the given environment.
    pub fn read(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Vec<Fault>> {
        let text = match file.map(|file| (file, fs::read_to_string(file))) {
            None => None,
            Some((_, Ok(text))) => Some(text),
            Some((file, Err(error))) => {
                let message = format!("cannot be read: {error}");
                return Err(vec![Fault::new(&file.display().to_string(), message)]);
            }
        };
        let mut unreadable = Vec::new();
        let mut variables = HashMap::new();
        for (name, value) in environment {
            let Ok(name) = name.into_string() else {
                continue;
            };
            match value.into_string() {
                Ok(value) => {
                    variables.insert(name, value);
                }
                Err(_) if name.starts_with("USHER_") => {
                    unreadable.push(Fault::new(&name, "is no UTF-8"));
                }
                Err(_) => {}
            }
        }
        let mut reader = Reader::open(text.as_deref(), variables).map_err(|message| {
            let file = file.map_or("the environment".to_owned(), |file| file.display().to_string());
            vec![Fault::new(&file, message)]
        })?;
        let config = Self::ask(&mut reader);
        unreadable.append(&mut reader.finish());
        if unreadable.is_empty() { Ok(config) } else { Err(unreadable) }
    }

    fn ask(reader: &mut Reader) -> Self {
        let listen = Listen::ask(reader);
        let before = reader.fault_count();
        let store = Store::ask(reader);
        // One fault is told once: a store that cannot be read may have been meant to be shared.
        let mesh = Mesh::ask(reader, store.is_shared() || reader.fault_count() > before);
        let keys = Keys::ask(reader, &listen, &store);
        Self {
            node: reader.text(&["node"]).unwrap_or_else(|| NodeId::random().to_string()),
            inbox: Inbox::ask(reader),
            playbooks: Playbooks::ask(reader),
            outbox: Outbox::ask(reader),
            limits: Limits::ask(reader),
            runtime: Runtime::ask(reader),
            log: Log::ask(reader),
            listen,
            store,
            mesh,
            keys,
        }
    }
}

// === impl Fault ===

impl Fault {
    fn new(key: &str, message: impl Into<String>) -> Self {
        Self { key: key.to_owned(), message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANUAL: &str = include_str!("../config/usher.toml");

    fn read(file: &str, environment: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("usher.toml");
        fs::write(&path, file).expect("written");
        let environment = environment.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Config::read(Some(&path), environment).map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    fn faults(file: &str, environment: &[(&str, &str)]) -> Vec<String> {
        read(file, environment).expect_err("faults")
    }

    #[test]
    fn o_the_manual_sets_every_key_to_its_true_default() {
        let mut reader = Reader::open(Some(MANUAL), HashMap::new()).expect("the manual is TOML");
        // One made-up site, since only a site that is named is asked about.
        let site = "[identity.shop]\nhs256_secret = 'the site has a key of its own, of 32 bytes'";
        let mut named = Reader::open(Some(site), HashMap::new()).expect("TOML");
        Config::ask(&mut named);
        Config::ask(&mut reader);
        assert_eq!(reader.asked().len() + 3, named.asked().len());

        let mut table = "";
        let mut active = Vec::new();
        let mut sleeping = Vec::new();
        for line in MANUAL.lines() {
            let bare = line.trim_start_matches("# ");
            if let Some(name) = bare.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
                table = name;
                continue;
            }
            let (line, list) = match line.strip_prefix("# ") {
                Some(line) => (line, &mut sleeping),
                None => (line, &mut active),
            };
            if let Some((key, value)) = line.split_once(" = ")
                && key.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
            {
                let dot = if table.is_empty() { "" } else { "." };
                list.push((format!("{table}{dot}{key}"), value.to_owned()));
            }
        }
        for (key, default) in named.asked() {
            match default {
                Some(default) => {
                    let line = (key.clone(), default.clone());
                    assert!(active.contains(&line), "{key} = {default} is not in the manual");
                }
                None => {
                    assert!(sleeping.iter().any(|(name, _)| name == key), "# {key} = … is not in the manual");
                }
            }
        }
        assert_eq!(active.len() + sleeping.len(), named.asked().len(), "a key too many");
        let faults = reader.finish();
        assert!(faults.is_empty(), "{faults:?}");
    }

    #[test]
    fn o_every_fault_is_told_at_once() {
        let told = faults(
            "listen = 'nowhere'\nstore = 'postgres://db'\nmesh = 'redis://me:hush@cache:0/first'\nmesh_prefix = 'a b'\n\
             [agent]\nhs256_secret = 'short'\n[limits]\nagent_heartbeat_ms = 1\n[new]\nkey = 1",
            &[("USHER_LOG_FORMAT", "xml"), ("USHER_RUNTIME__WORKER_THREADS", "many")],
        );
        assert_eq!(
            told,
            [
                "listen: must be an address and a port, like 127.0.0.1:8080",
                "store: names no database: must be like postgres://user:password@host:5432/database",
                "mesh_prefix: must be 1 to 64 letters, digits, _, - or .",
                "mesh: names a database that is no number",
                "mesh: names a port that is none (a password with /?#@:,% in it must be percent-encoded)",
                "agent.hs256_secret: must be at least 32 bytes long",
                "visitor.secret: is required with PostgreSQL, and is the same for all hubs on one database",
                "limits.agent_heartbeat_ms: must lie between 100 and 15000",
                "runtime.worker_threads: must be a whole number",
                "log_format: must be text or json",
                "new.key: is no setting of the hub",
            ]
        );
    }

    #[test]
    fn o_a_redis_is_refused_where_nodes_would_not_share_their_store() {
        let secret = ("USHER_MESH", "redis+sentinel://:hush@one,two/main");
        let told = faults("", &[secret]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("mesh: is for nodes that share a store") && !told[0].contains("hush"), "{told:?}");
        let mut reader =
            Reader::open(Some("mesh = 'redis://:hush@one'\nmesh_prefix = 'chat'"), HashMap::new()).expect("TOML");
        let mesh = Mesh::ask(&mut reader, true);
        assert_eq!(reader.finish(), []);
        assert!(matches!(&mesh, Mesh::Redis(settings) if settings.prefix == "chat"), "{mesh:?}");
        assert!(!format!("{mesh:?}").contains("hush"), "no secret is shown");
        let told = faults("mesh = 'redis://here\nand there'", &[]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(matches!(read("", &[]).expect("fine").mesh, Mesh::Alone));
    }

    #[test]
    fn o_a_file_that_is_missing_or_no_toml_is_one_fault() {
        let told = Config::read(Some(Path::new("/nowhere/usher.toml")), []).expect_err("faults");
        assert!(told[0].to_string().starts_with("/nowhere/usher.toml: cannot be read"));
        let told = faults("listen = ", &[]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("usher.toml: TOML parse error at line 1, column 10: "), "{told:?}");
        let told = faults("[agent]\nhs256_secret = 'a secret without an end", &[]);
        assert!(told[0].contains("line 2") && !told[0].contains("without"), "{told:?}");
    }

    #[test]
    fn o_without_an_agents_key_only_loopback_is_served() {
        let told = faults("", &[("USHER_LISTEN", "0.0.0.0:8080")]);
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("agent: no key is configured"), "{told:?}");
        assert!(read("", &[("USHER_LISTEN", "[::1]:8080")]).is_ok());
        let secret = ("USHER_AGENT__HS256_SECRET", "0123456789abcdef0123456789abcdef");
        let config = read("", &[("USHER_LISTEN", "0.0.0.0:8080"), secret]).expect("fine");
        assert!(config.keys.agents.is_some());
        assert!(!format!("{config:?}").contains("0123456789"), "no secret is shown");
    }

    #[test]
    fn o_on_postgresql_keys_must_be_given_and_no_data_folder_is_needed() {
        let store = ("USHER_STORE", "postgres://usher:s3cr3t-word@db.example/usher?sslmode=verify-full");
        let told = faults("", &[store]);
        let starts = ["agent: no key is configured; with PostgreSQL", "visitor.secret: is required with PostgreSQL"];
        assert_eq!(told.len(), starts.len(), "{told:#?}");
        assert!(told.iter().zip(starts).all(|(told, start)| told.starts_with(start)), "{told:#?}");
        let keys = "[agent]\nhs256_secret = '0123456789abcdef0123456789abcdef'\n\
                    [visitor]\nsecret = 'another secret of 32 bytes or more'\n[postgres]\nreaders = 7";
        let config = read(keys, &[store]).expect("fine");
        assert!(matches!(config.store, Store::Postgres { readers: 7, .. }), "{:?}", config.store);
        assert!(config.store.folder().is_none() && !config.keys.open().expect("keys").on_trial);
        assert!(!format!("{config:?}").contains("s3cr3t"), "no password is shown");
        for store in ["postgres://usher:s3cr3t?@x@db/usher", "postgresql://usher:s3cr3t@db/usher?sslmode=s3cr3t"] {
            let told = faults(keys, &[("USHER_STORE", store)]);
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told[0].starts_with("store: ") && !told[0].contains("s3cr3t"), "{told:?}");
        }
    }

    #[test]
    fn o_contradicting_and_shared_keys_are_refused() {
        let secret = "0123456789abcdef0123456789abcdef";
        let told = faults(
            &format!(
                "[agent]\nhs256_secret = '{secret}'\njwks_file = '/nowhere/keys.json'\n\
                 [visitor]\nsecret = '{secret}'\n\
                 [identity.shop]\nhs256_secret = '{secret}'\n\
                 [identity.empty]\n[identity.file]\npublic_key_file = '/nowhere/key.pem'"
            ),
            &[],
        );
        let starts = [
            "agent: hs256_secret, public_key_file and jwks_file exclude each other",
            "agent.jwks_file: cannot be read: ",
            "visitor.secret: is the agents' key",
            "identity.empty: names no key",
            "identity.file.public_key_file: cannot be read: ",
            "identity.shop: is the agents' key",
        ];
        assert_eq!(told.len(), starts.len(), "{told:#?}");
        for (told, start) in told.iter().zip(starts) {
            assert!(told.starts_with(start), "{told}");
        }
    }

    #[test]
    fn o_zero_lifts_rates_and_counts_but_no_sizes() {
        let config = read("[limits]\nframes_per_second = 0\nconnections_per_address = 0", &[]);
        assert_eq!(config.expect("fine").limits.frames_per_second, 0);
        let told = faults("[limits]\noutbound_bytes = 0\nhello_timeout_ms = 0\nframe_burst = 0", &[]);
        assert_eq!(told.len(), 3, "{told:?}");
    }

    #[test]
    fn o_an_unwritable_data_folder_is_told() {
        // Not even root may make a folder below a file.
        let told = faults("", &[("USHER_STORE", "sqlite:/dev/null/data/usher.db")]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("store: the data folder /dev/null/data "), "{told:?}");
    }

    #[test]
    fn o_host_origins_are_read_from_file_and_environment_and_each_bad_one_is_told() {
        let config = read("[inbox]\nhost_origins = ['https://a.example', 'https://A.example/']", &[]).expect("fine");
        assert_eq!(config.inbox.host_origins, ["https://a.example"]);
        let named = ("USHER_INBOX__HOST_ORIGINS", "https://a.example, http://localhost:3000");
        let config = read("", &[named]).expect("fine");
        assert_eq!(config.inbox.host_origins, ["https://a.example", "http://localhost:3000"]);
        assert!(read("", &[]).expect("fine").inbox.host_origins.is_empty());
        let told = faults("[inbox]\nhost_origins = ['*', 'https://a.example', 'http://b.example']", &[]);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("inbox.host_origins: \"*\" is no origin"), "{told:?}");
        assert!(told[1].contains("http://b.example"), "{told:?}");
        let many: Vec<String> = (0..33).map(|n| format!("'https://h{n}.example'")).collect();
        let told = faults(&format!("[inbox]\nhost_origins = [{}]", many.join(",")), &[]);
        assert_eq!(told, ["inbox.host_origins: must name at most 32 origins"]);
    }

    #[test]
    fn o_networks_of_proxies_are_read_from_file_and_environment() {
        let config = read("[door]\ntrusted_proxies = ['10.0.0.0/8', '::1']", &[]).expect("fine");
        assert_eq!(config.listen.trusted_proxies.len(), 2);
        let config = read("", &[("USHER_DOOR__TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1")]);
        assert_eq!(config.expect("fine").listen.trusted_proxies.len(), 2);
        let told = faults("[door]\ntrusted_proxies = ['10.0.0.0/33']", &[]);
        assert!(told[0].contains("10.0.0.0/33"), "{told:?}");
    }
}
