//! Where the database is and how it is spoken to, out of a URL. The URL may hold a password: nothing here shows it.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use tokio_postgres::config::{Config, Host, SslMode, TargetSessionAttrs};

/// The longest a connection may take to come about, and to notice that nobody is there any more.
const PATIENCE: Duration = Duration::from_secs(3);

/// A database.
#[derive(Clone)]
pub struct Address {
    pub(super) config: Config,
    pub(super) security: Security,
    /// `sslrootcert`: a PEM file of who may vouch for the server.
    pub(super) roots: Option<PathBuf>,
}

/// `sslmode`, as libpq means it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Security {
    /// In the clear.
    Disable,
    /// Sealed if the server can; nobody looks at its certificate.
    Prefer,
    /// Sealed; the certificate is looked at only if `sslrootcert` is given.
    Require,
    /// The certificate must come from somebody trusted.
    VerifyCa,
    /// And must be made out to the host.
    VerifyFull,
}

/// Why a URL names no database. Never quotes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    /// Of no form at all.
    #[error("must be like postgres://user:password@host:5432/database, with % codes for special characters")]
    Form,
    /// The database's name is missing.
    #[error("names no database: must be like postgres://user:password@host:5432/database")]
    Database,
    /// An unknown `sslmode`.
    #[error("sslmode must be disable, prefer, require, verify-ca or verify-full")]
    Security,
}

// === impl Address ===

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// See [`AddressFault`].
    pub fn parse(url: &str) -> Result<Self, AddressFault> {
        // With one @ more, a part of the password would be taken for the host and shown.
        if url.matches('@').count() > 1 {
            return Err(AddressFault::Form);
        }
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut security, mut roots, mut rest) = (Security::Prefer, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", mode)) => security = Security::parse(mode).ok_or(AddressFault::Security)?,
                Some(("sslrootcert", path)) => {
                    let pairs = url::form_urlencoded::parse(pair.as_bytes()).next();
                    roots = Some(PathBuf::from(pairs.map_or_else(|| path.to_owned(), |(_, path)| path.into_owned())));
                }
                _ => rest.push(pair),
            }
        }
        let known = ["postgres://", "postgresql://"].iter().any(|scheme| base.starts_with(scheme));
        let plain = if rest.is_empty() { base.into() } else { format!("{base}?{}", rest.join("&")) };
        let mut config = Config::from_str(&plain).ok().filter(|_| known).ok_or(AddressFault::Form)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(AddressFault::Form);
        }
        if config.get_dbname().is_none_or(str::is_empty) {
            return Err(AddressFault::Database);
        }
        config.ssl_mode(match security {
            Security::Disable => SslMode::Disable,
            Security::Prefer => SslMode::Prefer,
            _ => SslMode::Require,
        });
        // Nothing is ever decided on a server that only follows another.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_application_name().is_none() {
            config.application_name("usher");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(PATIENCE);
        }
        if config.get_keepalives_interval().is_none() {
            config.keepalives_idle(PATIENCE).keepalives_interval(PATIENCE).keepalives_retries(2);
        }
        if security == Security::Require && roots.is_some() {
            security = Security::VerifyCa;
        }
        Ok(Self { config, security, roots })
    }
}

impl fmt::Display for Address {
    /// Host and database: what an operator needs to tell one from another.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        });
        let hosts = hosts.chain(self.config.get_hostaddrs().iter().map(ToString::to_string));
        let hosts = hosts.collect::<Vec<_>>().join(",");
        write!(f, "postgres://{hosts}/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

// === impl Security ===

impl Security {
    fn parse(mode: &str) -> Option<Self> {
        Some(match mode {
            "disable" => Self::Disable,
            // libpq's `allow` differs only in what it tries first.
            "allow" | "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o_a_database_is_named_by_a_url_and_no_password_is_ever_shown() {
        let address = Address::parse(
            "postgres://usher:s3cr%40t@db.example:5433/chat?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem&connect_timeout=9",
        );
        let address = address.expect("a database");
        assert_eq!(address.security, Security::VerifyFull);
        assert_eq!(address.roots, Some(PathBuf::from("/etc/ca.pem")));
        assert_eq!(address.config.get_password(), Some(&b"s3cr@t"[..]));
        assert_eq!(address.config.get_connect_timeout(), Some(&Duration::from_secs(9)));
        assert_eq!((format!("{address}"), format!("{address:?}")).0, "postgres://db.example/chat");
        assert!(!format!("{address:?}").contains("s3cr"));
        let require = Address::parse("postgresql://u@h/d?sslmode=require&sslrootcert=ca.pem").expect("a database");
        assert_eq!(require.security, Security::VerifyCa);
    }

    #[test]
    fn o_a_url_that_names_no_database_is_refused_without_being_quoted() {
        for (url, fault) in [
            ("postgres://usher:pa?ss@word@db/chat", AddressFault::Form),
            ("postgres://usher:p@ss@db/chat", AddressFault::Form),
            ("postgres://", AddressFault::Form),
            ("postgres:///chat", AddressFault::Form),
            ("postgres://db", AddressFault::Database),
            ("postgres://db/", AddressFault::Database),
            ("postgres://db/chat?sslmode=maybe", AddressFault::Security),
            ("postgres://db/chat?password_file=x", AddressFault::Form),
            ("host=db dbname=chat", AddressFault::Form),
        ] {
            assert_eq!(Address::parse(url).expect_err(url), fault, "{url}");
        }
    }
}
