//! The address of a receiver: read as a URL is read, then judged, so that no spelling hides what it means.

use std::net::IpAddr;

use url::{Host, Url};

use super::guard::Rules;

/// The longest address, in bytes.
const MAX_URL: usize = 2048;

/// An address that may be sent to. A name in it is judged again when it is looked up.
#[derive(Clone, PartialEq, Eq)]
pub struct Target(Url);

/// Why nothing is sent to an address. Made to be shown to an admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// No URL, or too long.
    #[error("must be an address like https://example.com/hook, of at most 2048 bytes")]
    NoUrl,
    /// Another scheme.
    #[error("must begin with https://")]
    NotHttps,
    /// `https://user:password@…`
    #[error("must not hold a user's name or password")]
    Credentials,
    /// `…#part`
    #[error("must not hold a fragment (#…)")]
    Fragment,
    /// An address the hub does not connect to.
    #[error(
        "names an address the hub does not connect to: this machine, a private network, or none in the open internet"
    )]
    Forbidden,
}

// === impl Target ===

impl Target {
    /// Reads and judges an address.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub fn read(text: &str, rules: Rules) -> Result<Self, Unfit> {
        // What a parser would drop in silence (white space, line breaks) has no business here.
        let odd = text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\');
        if text.len() > MAX_URL || odd {
            return Err(Unfit::NoUrl);
        }
        let url = Url::parse(text).map_err(|_| Unfit::NoUrl)?;
        let near = match url.host().ok_or(if url.scheme() == "https" { Unfit::NoUrl } else { Unfit::NotHttps })? {
            Host::Domain(name) => is_local(name),
            Host::Ipv4(address) => judge(address.into(), rules)?,
            Host::Ipv6(address) => judge(address.into(), rules)?,
        };
        match url.scheme() {
            "https" => {}
            // For whoever tries it out: in clear only to this very machine.
            "http" if rules.allow_private && near => {}
            _ => return Err(Unfit::NotHttps),
        }
        if near && !rules.allow_private {
            return Err(Unfit::Forbidden);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Unfit::Credentials);
        }
        match url.fragment() {
            Some(_) => Err(Unfit::Fragment),
            None => Ok(Self(url)),
        }
    }

    /// The URL, in its one spelling.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Whom an agent may be told about: the host, without the path, which may hold a token.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Target").finish_non_exhaustive()
    }
}

/// Whether a permitted address is this machine.
fn judge(address: IpAddr, rules: Rules) -> Result<bool, Unfit> {
    match rules.permit(address) {
        true => Ok(address.is_loopback()),
        false => Err(Unfit::Forbidden),
    }
}

/// Names that mean this machine wherever they are asked.
fn is_local(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Rules = Rules { allow_private: false };
    const LAX: Rules = Rules { allow_private: true };

    #[test]
    fn s7_an_address_in_the_open_internet_is_taken_as_it_means() {
        for (text, url) in [
            ("https://example.com/hook?key=1", "https://example.com/hook?key=1"),
            ("HTTPS://EXAMPLE.com:443", "https://example.com/"),
            ("https://example.com:8443/a/../b", "https://example.com:8443/b"),
            ("https://bücher.example/", "https://xn--bcher-kva.example/"),
            ("https://1.1.1.1/", "https://1.1.1.1/"),
            ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
        ] {
            for rules in [STRICT, LAX] {
                assert_eq!(Target::read(text, rules).map(|target| target.url().to_string()), Ok(url.into()), "{text}");
            }
        }
    }

    #[test]
    fn s7_every_spelling_of_a_forbidden_address_is_refused() {
        for host in [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "017700000001",
            "0177.0.0.1",
            "127.0.0.1.",
            "0",
            "0.0.0.0",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[64:ff9b::127.0.0.1]",
            "[2002:7f00:1::]",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "１２７.0.0.1",
            "127。0。0。1",
            "%31%32%37.0.0.1",
            "10.0.0.1",
            "192.168.0.1",
            "172.16.0.1",
            "169.254.169.254",
            "2852039166",
            "0xa9fea9fe",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
        ] {
            let refused = Target::read(&format!("https://{host}:8443/x"), STRICT);
            assert_eq!(refused, Err(Unfit::Forbidden), "{host}");
        }
    }

    #[test]
    fn s7_what_is_no_plain_https_address_is_refused_with_the_reason() {
        for (text, why) in [
            ("", Unfit::NoUrl),
            ("example.com/hook", Unfit::NoUrl),
            ("https://", Unfit::NoUrl),
            ("https://exa mple.com/", Unfit::NoUrl),
            (" https://example.com/", Unfit::NoUrl),
            ("https://example.com/\r\nhost: x", Unfit::NoUrl),
            ("https:\\\\example.com\\", Unfit::NoUrl),
            ("https://[::1", Unfit::NoUrl),
            ("https://999.1.1.1/", Unfit::NoUrl),
            ("http://example.com/", Unfit::NotHttps),
            ("ftp://example.com/", Unfit::NotHttps),
            ("file:///etc/passwd", Unfit::NotHttps),
            ("gopher://example.com/", Unfit::NotHttps),
            ("javascript:alert(1)", Unfit::NotHttps),
            ("https://user@example.com/", Unfit::Credentials),
            ("https://user:word@example.com/", Unfit::Credentials),
            ("https://1.1.1.1@127.0.0.1/", Unfit::Forbidden),
            ("https://127.0.0.1@example.com/", Unfit::Credentials),
            ("https://example.com/#part", Unfit::Fragment),
        ] {
            let refused = Target::read(text, STRICT).expect_err(text);
            assert_eq!(refused, why, "{text}");
        }
        assert_eq!(Target::read(&format!("https://example.com/{}", "x".repeat(2048)), STRICT), Err(Unfit::NoUrl));
    }

    #[test]
    fn s7_in_clear_only_to_this_machine_and_only_when_it_is_allowed() {
        for host in ["127.0.0.1", "localhost", "[::1]"] {
            let url = format!("http://{host}:9000/");
            assert!(Target::read(&url, LAX).is_ok(), "{url}");
            assert!(Target::read(&url, STRICT).is_err(), "{url}");
        }
        assert_eq!(Target::read("http://10.0.0.1/", LAX), Err(Unfit::NotHttps));
        assert!(Target::read("https://10.0.0.1/", LAX).is_ok());
        assert_eq!(Target::read("http://169.254.169.254/latest", LAX), Err(Unfit::Forbidden));
    }

    #[test]
    fn s3_an_address_is_not_shown_by_accident() {
        let target = Target::read("https://example.com/TOKEN", STRICT).unwrap();
        assert!(!format!("{target:?}").contains("TOKEN"));
        assert_eq!(target.host(), "example.com");
    }
}
