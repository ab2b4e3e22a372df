//! What agents see of each other's conversations, and which applications may show the inbox within themselves.

use url::{Host, Url};

use super::reader::Reader;

/// `[inbox]`.
#[derive(Debug, Clone)]
pub struct Inbox {
    /// `admins_see_assigned`: admins see conversations that are assigned to
    /// others; false makes an assigned conversation its owner's alone.
    /// Default true.
    pub admins_see_assigned: bool,
    /// `host_origins`: origins, like `https://crm.example.com`, whose pages may
    /// show the inbox in a frame and hand it tokens. Default none.
    pub host_origins: Vec<String>,
}

/// Origins at most: they travel in a header of every page.
const MAX_ORIGINS: usize = 32;

// === impl Inbox ===

impl Inbox {
    pub(super) fn ask(reader: &mut Reader) -> Self {
        let admins_see_assigned = reader.flag(&["inbox", "admins_see_assigned"], true);
        let mut host_origins = Vec::new();
        for text in reader.list(&["inbox", "host_origins"]) {
            match origin(&text) {
                Some(origin) if host_origins.contains(&origin) => {}
                Some(origin) => host_origins.push(origin),
                None => reader.fault(
                    "inbox.host_origins",
                    format!("{text:?} is no origin like https://crm.example.com (http only for this machine)"),
                ),
            }
        }
        if host_origins.len() > MAX_ORIGINS {
            reader.fault("inbox.host_origins", format!("must name at most {MAX_ORIGINS} origins"));
        }
        Self { admins_see_assigned, host_origins }
    }
}

/// An origin as browsers write it. Who hands over tokens must not be somebody on the way: http is for loopback alone.
fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let loopback = match url.host()? {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let safe = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    // A wildcard is a name to the parser, and would be one to nobody else.
    let plain = url.username().is_empty() && url.password().is_none() && !text.contains('*');
    (safe && bare && plain).then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o_an_origin_is_written_as_browsers_write_it_or_refused() {
        for (text, written) in [
            ("https://crm.example.com", "https://crm.example.com"),
            ("https://CRM.example.com:443/", "https://crm.example.com"),
            ("https://crm.example.com:8443", "https://crm.example.com:8443"),
            ("https://b\u{fc}cher.example", "https://xn--bcher-kva.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
        ] {
            assert_eq!(origin(text).as_deref(), Some(written), "{text}");
        }
        for text in [
            "",
            "*",
            "https://*",
            "https://*.example.com",
            "crm.example.com",
            "http://crm.example.com",
            "https://crm.example.com/app",
            "https://crm.example.com/?a",
            "https://crm.example.com/#a",
            "https://user@crm.example.com",
            "https://user:word@crm.example.com",
            "ftp://crm.example.com",
            "data:text/html,x",
            "null",
            "'self'",
        ] {
            assert_eq!(origin(text), None, "{text}");
        }
    }
}
