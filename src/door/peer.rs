//! Who is at the other end of a connection.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, header};

use super::{addresses::Admission, network::Network};

/// Who opened a socket, as far as the door can tell.
#[derive(Debug)]
pub struct Peer {
    /// The page's `Origin`; browsers send it, other programs may not.
    pub origin: Option<Box<str>>,
    /// True when the `Origin` is the hub's own.
    pub own_origin: bool,
    /// Their place: tell it when they have said who they are, drop it when they are gone. It knows the address that
    /// counts.
    pub admission: Admission,
}

/// The address of whoever is behind the proxies: the rightmost in `X-Forwarded-For` that is no trusted proxy itself.
/// What stands further left is only hearsay. Nobody but a trusted proxy is asked.
pub(super) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer;
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let mut entries: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    while is_trusted(client) {
        match entries.pop().map(parse) {
            Some(Some(address)) => client = address,
            _ => break,
        }
    }
    client
}

/// The `Origin`, or `Err` when there is one that cannot be read, or two.
pub(super) fn origin(headers: &HeaderMap) -> Result<Option<&str>, ()> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => Ok(None),
        (Some(origin), None) => origin.to_str().map(Some).map_err(|_| ()),
        (Some(_), Some(_)) => Err(()),
    }
}

/// True when `origin` names the host this request was sent to: the page came from the hub itself.
pub(super) fn is_own_origin(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    match (origin.split_once("://"), host) {
        (Some(("http" | "https", authority)), Some(host)) => authority.eq_ignore_ascii_case(host),
        _ => false,
    }
}

/// An address, perhaps with a port.
fn parse(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().expect("a value"));
        }
        headers
    }

    #[test]
    fn o_only_trusted_proxies_are_believed_about_addresses() {
        let trusted: Vec<Network> = ["10.0.0.0/8", "::1"].iter().map(|text| text.parse().expect("a network")).collect();
        let table: [(&str, &[&str], &str); 10] = [
            ("203.0.113.9", &["192.0.2.1"], "203.0.113.9"),
            ("10.0.0.1", &["192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", &["6.6.6.6, 192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", &["6.6.6.6, 192.0.2.1, 10.9.9.9"], "192.0.2.1"),
            ("10.0.0.1", &["6.6.6.6", "192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", &["192.0.2.1, rubbish"], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("::1", &["[2001:db8::1]:443"], "2001:db8::1"),
            ("::1", &["192.0.2.1:80"], "192.0.2.1"),
            ("::ffff:10.0.0.1", &["192.0.2.1"], "192.0.2.1"),
        ];
        for (peer, forwarded, client) in table {
            let pairs: Vec<(&'static str, &str)> = forwarded.iter().map(|value| ("x-forwarded-for", *value)).collect();
            let found = client_address(peer.parse().expect("an address"), &headers(&pairs), &trusted);
            assert_eq!(found, client.parse::<IpAddr>().expect("an address"), "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn b_the_hubs_own_origin_is_the_host_that_was_asked() {
        let headers = headers(&[("host", "hub.example:8080")]);
        assert!(is_own_origin("http://hub.example:8080", &headers));
        assert!(is_own_origin("https://HUB.example:8080", &headers));
        for origin in ["http://hub.example", "http://evil.example", "null", "file://hub.example:8080", ""] {
            assert!(!is_own_origin(origin, &headers), "{origin}");
        }
    }

    #[test]
    fn b_two_origins_are_no_origin() {
        assert_eq!(origin(&headers(&[])), Ok(None));
        assert_eq!(origin(&headers(&[("origin", "https://a.example")])), Ok(Some("https://a.example")));
        assert_eq!(origin(&headers(&[("origin", "https://a.example"), ("origin", "x")])), Err(()));
    }
}
