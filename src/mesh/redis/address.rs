//! Where a Redis is, as operators write it.
//!
//! ```text
//! redis://[user:password@]host[:port][/db]
//! redis+sentinel://[user:password@]sentinel[:port],…/SERVICE[/db][?sentinel_user=…&sentinel_password=…]
//! redis+cluster://[user:password@]node[:port],…
//! ```
//!
//! `rediss` instead of `redis` for TLS to all of them, checked against public authorities, or with `?ca=FILE` against
//! those of a PEM file. User, password and service are percent-encoded where they hold one of `/?#@:,%`. The user may be
//! empty: `redis://:password@host`.

use std::{fmt, fs};

use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisConnectionInfo, RedisError,
    TlsCertificates, TlsMode,
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
    sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType},
};

use super::KEEPALIVE;

/// Where a Redis is and how to get in. Shown without its secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    pub(super) shape: Shape,
    /// Servers, sentinels or some nodes of a cluster: name and port.
    pub(super) hosts: Vec<(String, u16)>,
    login: Login,
    db: i64,
    tls: Option<Tls>,
}

/// What stands there.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// One server.
    Single,
    /// A server that sentinels choose.
    Sentinel { service: String, login: Login },
    /// A cluster.
    Cluster,
}

#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Login {
    user: Option<String>,
    password: Option<String>,
}

#[derive(Clone, PartialEq, Eq)]
struct Tls {
    /// PEM; None means the public authorities.
    ca: Option<Vec<u8>>,
}

/// What is read so far, and what is wrong with it.
#[derive(Default)]
struct Reading {
    faults: Vec<String>,
}

// === impl Address ===

impl Address {
    /// Reads an address. Each fault is a sentence without its subject; none repeats what was written, since the
    /// password may stand anywhere in it.
    ///
    /// # Errors
    /// All the faults.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let Some((scheme, rest)) = text.split_once("://") else { return Err(vec![NO_ADDRESS.into()]) };
        let (scheme, secure) = match scheme.strip_prefix("rediss") {
            Some(kind) => (kind, true),
            None => (scheme.strip_prefix("redis").ok_or_else(|| vec![NO_ADDRESS.into()])?, false),
        };
        let mut reading = Reading::default();
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let login = reading.login(login);
        let mut query = reading.query(query);
        let tls = secure.then(|| Tls { ca: reading.ca(query.take("ca")) });
        let (shape, db, port) = match scheme {
            "" => (Shape::Single, reading.db(path), 6379),
            "+cluster" => {
                if !path.is_empty() && path != "0" {
                    reading.fault("names a database, but a cluster has only one");
                }
                (Shape::Cluster, 0, 6379)
            }
            "+sentinel" => {
                let (service, db) = path.split_once('/').unwrap_or((path, ""));
                let service = reading.decoded(service);
                if service.is_empty() {
                    reading.fault("names no service: redis+sentinel://host:26379/SERVICE");
                }
                let login = Login { user: query.take("sentinel_user"), password: query.take("sentinel_password") };
                (Shape::Sentinel { service, login }, reading.db(db), 26379)
            }
            _ => return Err(vec![NO_ADDRESS.into()]),
        };
        if !query.0.is_empty() {
            reading.fault(
                "has a parameter behind its ? that is not ca, sentinel_user or sentinel_password, or not known here",
            );
        }
        let hosts = reading.hosts(hosts, port);
        if shape == Shape::Single && hosts.len() > 1 {
            reading.fault("names several hosts: that needs redis+sentinel:// or redis+cluster://");
        }
        let address = Self { shape, hosts, login, db, tls };
        if reading.faults.is_empty()
            && let Some((host, port)) = address.hosts.first()
            && address.client(host, *port).is_err()
        {
            reading.fault("names a file of authorities (ca) without a certificate in it that can be used");
        }
        if reading.faults.is_empty() { Ok(address) } else { Err(reading.faults) }
    }

    /// A way to one server of it.
    pub(super) fn client(&self, host: &str, port: u16) -> Result<Client, RedisError> {
        let info = self.endpoint(host, port).into_connection_info()?;
        let info = info.set_redis_settings(self.settings()).set_tcp_settings(tcp());
        match &self.tls {
            Some(tls) => Client::build_with_tls(info, tls.certificates()),
            None => Client::open::<ConnectionInfo>(info),
        }
    }

    /// A way to the server that the sentinels have chosen, whichever it is.
    pub(super) fn sentinels(&self, service: &str, login: &Login) -> Result<SentinelClient, RedisError> {
        let hosts = self.hosts.iter().map(|(host, port)| self.endpoint(host, *port));
        let mut builder = SentinelClientBuilder::new(hosts, service, SentinelServerType::Master)?
            .set_client_to_redis_protocol(ProtocolVersion::RESP3)
            .set_client_to_redis_tcp_settings(tcp())
            .set_client_to_redis_db(self.db)
            .set_client_to_sentinel_tcp_settings(tcp());
        if let Some(user) = &self.login.user {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = &self.login.password {
            builder = builder.set_client_to_redis_password(password);
        }
        if let Some(user) = &login.user {
            builder = builder.set_client_to_sentinel_username(user);
        }
        if let Some(password) = &login.password {
            builder = builder.set_client_to_sentinel_password(password);
        }
        if let Some(tls) = &self.tls {
            builder = builder
                .set_client_to_redis_tls_mode(TlsMode::Secure)
                .set_client_to_redis_certificates(tls.certificates())
                .set_client_to_sentinel_tls_mode(TlsMode::Secure)
                .set_client_to_sentinel_certificates(tls.certificates());
        }
        builder.build()
    }

    fn endpoint(&self, host: &str, port: u16) -> ConnectionAddr {
        match self.tls {
            Some(_) => ConnectionAddr::TcpTls { host: host.to_owned(), port, insecure: false, tls_params: None },
            None => ConnectionAddr::Tcp(host.to_owned(), port),
        }
    }

    fn settings(&self) -> RedisConnectionInfo {
        let mut settings = RedisConnectionInfo::default()
            .set_protocol(ProtocolVersion::RESP3)
            .set_lib_name("usher", env!("CARGO_PKG_VERSION"))
            .set_db(self.db);
        if let Some(user) = &self.login.user {
            settings = settings.set_username(user);
        }
        if let Some(password) = &self.login.password {
            settings = settings.set_password(password);
        }
        settings
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = match &self.shape {
            Shape::Single => "single",
            Shape::Sentinel { .. } => "sentinel",
            Shape::Cluster => "cluster",
        };
        f.debug_struct("Address")
            .field("shape", &shape)
            .field("hosts", &self.hosts)
            .field("tls", &self.tls.is_some())
            .finish_non_exhaustive()
    }
}

// === impl Tls ===

impl Tls {
    fn certificates(&self) -> TlsCertificates {
        TlsCertificates { client_tls: None, root_cert: self.ca.clone() }
    }
}

fn tcp() -> TcpSettings {
    // A server whose machine is gone is noticed even while nothing is said.
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
    TcpSettings::default().set_nodelay(true).set_keepalive(keepalive)
}

// === impl Reading ===

const NO_ADDRESS: &str = "must be alone, or where a Redis is: redis://host:6379, redis+sentinel://host:26379/SERVICE or redis+cluster://host:6379 \
     (rediss… for TLS)";

/// Parameters not taken yet.
struct Query(Vec<(String, String)>);

impl Reading {
    fn fault(&mut self, message: &str) {
        self.faults.push(message.to_owned());
    }

    fn login(&mut self, text: &str) -> Login {
        if text.is_empty() {
            return Login::default();
        }
        let Some((user, password)) = text.split_once(':') else {
            self.fault("names a user without a password");
            return Login::default();
        };
        let user = Some(self.decoded(user)).filter(|user| !user.is_empty());
        let password = Some(self.decoded(password)).filter(|password| !password.is_empty());
        if password.is_none() {
            self.fault("names a user without a password");
        }
        Login { user, password }
    }

    fn hosts(&mut self, text: &str, usual: u16) -> Vec<(String, u16)> {
        let mut hosts = Vec::new();
        for host in text.split(',') {
            // The colons of an IPv6 address stand in brackets.
            let inside = host.strip_prefix('[').and_then(|rest| rest.split_once(']'));
            let (name, port) = match inside {
                Some((name, port)) => (name, port.strip_prefix(':')),
                None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
            };
            let port = port.map_or(Ok(usual), str::parse);
            match port {
                Ok(1..) if name.contains(char::is_whitespace) || name.is_empty() => {
                    self.fault("lacks the name of a host")
                }
                Ok(port @ 1..) => hosts.push((name.to_owned(), port)),
                _ => self.fault("names a port that is none (a password with /?#@:,% in it must be percent-encoded)"),
            }
        }
        hosts
    }

    fn db(&mut self, text: &str) -> i64 {
        match text.parse::<u32>() {
            Ok(db) => i64::from(db),
            Err(_) if text.is_empty() => 0,
            Err(_) => {
                self.fault("names a database that is no number");
                0
            }
        }
    }

    fn query(&mut self, text: &str) -> Query {
        let mut parameters = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            parameters.push((name.to_owned(), self.decoded(value)));
        }
        Query(parameters)
    }

    fn ca(&mut self, file: Option<String>) -> Option<Vec<u8>> {
        match fs::read(file?) {
            Ok(pem) => Some(pem),
            Err(error) => {
                self.fault(&format!("names a file of authorities (ca) that cannot be read: {error}"));
                None
            }
        }
    }

    /// Percent-encoding taken off.
    fn decoded(&mut self, text: &str) -> String {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let [first, behind @ ..] = rest {
            let hex = (*first == b'%').then(|| {
                let digits = behind.get(..2).filter(|two| two.iter().all(u8::is_ascii_hexdigit))?;
                u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
            });
            match hex {
                None => {
                    bytes.push(*first);
                    rest = behind;
                }
                Some(Some(byte)) => {
                    bytes.push(byte);
                    rest = &behind[2..];
                }
                Some(None) => {
                    self.fault("has a % that begins no percent-encoding (a % itself is %25)");
                    return String::new();
                }
            }
        }
        String::from_utf8(bytes).unwrap_or_else(|_| {
            self.fault("is percent-encoded, but not in UTF-8");
            String::new()
        })
    }
}

// === impl Query ===

impl Query {
    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, value)| known == name && !value.is_empty())?;
        Some(self.0.swap_remove(at).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fine(text: &str) -> Address {
        Address::parse(text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"))
    }

    fn hosts(address: &Address) -> Vec<(&str, u16)> {
        address.hosts.iter().map(|(host, port)| (host.as_str(), *port)).collect()
    }

    #[test]
    fn o_addresses_of_every_shape_are_read() {
        let one = fine("redis://cache");
        assert_eq!((hosts(&one), one.db), (vec![("cache", 6379)], 0));
        let one = fine("redis://jane:p%40ss%2Fword%25@[::1]:7000/3");
        assert_eq!((hosts(&one), one.db), (vec![("::1", 7000)], 3));
        assert!(one.login == Login { user: Some("jane".into()), password: Some("p@ss/word%".into()) });
        let one = fine("rediss://:hush@cache:6380/");
        assert!(one.login == Login { user: None, password: Some("hush".into()) });
        assert!(one.tls.is_some_and(|tls| tls.ca.is_none()));
        let one = fine("redis+sentinel://:hush@a,b:1,c/main/2?sentinel_user=s&sentinel_password=t%26");
        assert_eq!((hosts(&one), one.db), (vec![("a", 26379), ("b", 1), ("c", 26379)], 2));
        let login = Login { user: Some("s".into()), password: Some("t&".into()) };
        assert!(one.shape == Shape::Sentinel { service: "main".into(), login });
        let one = fine("redis+cluster://a:1,b:2");
        assert!(one.shape == Shape::Cluster && hosts(&one) == [("a", 1), ("b", 2)]);
    }

    #[test]
    fn o_faults_of_an_address_are_all_told_and_never_show_the_password() {
        let cases: [(&str, &[&str]); 14] = [
            ("cache:6379", &["must be alone, or"]),
            ("memcached://cache", &["must be alone, or"]),
            ("redis+ring://cache", &["must be alone, or"]),
            ("redis://", &["lacks the name"]),
            ("redis://a,b", &["several hosts"]),
            ("redis://a/first?x=1", &["no number", "a parameter"]),
            ("redis://hush@a:0", &["without a password", "a port that is none"]),
            ("redis://me:@a", &["without a password"]),
            ("redis://me:hush%2@a", &["begins no percent-encoding", "without a password"]),
            ("redis://me:hu/sh@a", &["a port that is none", "no number"]),
            ("redis://me:hush?hush@a", &["a port that is none", "a parameter"]),
            ("redis+sentinel://a", &["names no service"]),
            ("redis+cluster://a/1", &["only one"]),
            ("rediss://a?ca=/nowhere/hush.pem", &["cannot be read"]),
        ];
        for (text, told) in cases {
            let mut faults = Address::parse(text).map(|_| ()).expect_err(text);
            faults.sort();
            for told in told {
                assert!(faults.iter().any(|fault| fault.contains(told)), "{text}: {told}: {faults:?}");
            }
            assert_eq!(faults.len(), told.len(), "{text}: {faults:?}");
            assert!(!faults.concat().contains("hu"), "{text}: {faults:?}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ca.pem");
        fs::write(&file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").expect("written");
        let faults = Address::parse(&format!("rediss://a?ca={}", file.display())).expect_err("no certificate");
        assert!(faults[0].contains("without a certificate"), "{faults:?}");
        assert!(!format!("{:?}", fine("redis+sentinel://me:hush@a/s?sentinel_password=hush")).contains("hush"));
    }
}
