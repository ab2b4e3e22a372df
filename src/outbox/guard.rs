//! Which addresses may be connected to (S7). Judged where the connection is made, upon the address that is then used:
//! a name that changes its mind between two questions gains nothing.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// What may be connected to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// `outbox.allow_private`: this machine and private networks too. Never what assigns addresses, describes machines
    /// (169.254.169.254 and its like), or is no single machine's address.
    pub allow_private: bool,
}

/// A name has no address that may be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address is one the hub does not connect to")]
pub struct Forbidden;

/// Looks names up and passes on only what [`Rules`] permit.
pub struct Guard {
    names: Arc<dyn Resolve>,
    rules: Rules,
}

/// The system's own way of looking names up.
#[derive(Clone, Copy, Debug)]
pub struct SystemNames;

/// Describes machines to themselves at Azure, at an address that looks like anybody's.
const AZURE: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// IPv4 that is nobody's single address out there: (network, prefix).
const NOWHERE: [(Ipv4Addr, u32); 11] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// IPv6 within what is given out to machines that is still none's, or carries an IPv4 address: (network, prefix).
const ODD: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// The only IPv6 that is given out to machines.
const GLOBAL: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// IPv6 of private networks, and in it those that describe machines to themselves (Amazon, Google).
const PRIVATE: (Ipv6Addr, u32) = (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7);
const METADATA: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

// === impl Rules ===

impl Rules {
    /// Whether this address may be connected to.
    pub fn permit(self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) if address.is_loopback() || address.is_private() => self.allow_private,
            IpAddr::V4(address) => address != AZURE && !NOWHERE.iter().any(|network| holds_v4(*network, address)),
            // An IPv4 address in IPv6 clothes is refused whatever it is: there is no honest use for one in an address.
            IpAddr::V6(address) if address.is_loopback() => self.allow_private,
            IpAddr::V6(address) if holds_v6(PRIVATE, address) => self.allow_private && !METADATA.contains(&address),
            IpAddr::V6(address) => holds_v6(GLOBAL, address) && !ODD.iter().any(|network| holds_v6(*network, address)),
        }
    }
}

fn holds_v4((network, prefix): (Ipv4Addr, u32), address: Ipv4Addr) -> bool {
    (network.to_bits() ^ address.to_bits()) >> (32 - prefix) == 0
}

fn holds_v6((network, prefix): (Ipv6Addr, u32), address: Ipv6Addr) -> bool {
    (network.to_bits() ^ address.to_bits()) >> (128 - prefix) == 0
}

// === impl Guard ===

impl Guard {
    /// Passes on what `rules` permit of what `names` says.
    pub fn new(names: Arc<dyn Resolve>, rules: Rules) -> Self {
        Self { names, rules }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (found, rules) = (self.names.resolve(name), self.rules);
        Box::pin(async move {
            let fit: Vec<SocketAddr> = found.await?.filter(|address| rules.permit(address.ip())).collect();
            match fit.is_empty() {
                true => Err(Forbidden.into()),
                false => Ok(Box::new(fit.into_iter()) as Addrs),
            }
        })
    }
}

// === impl SystemNames ===

impl Resolve for SystemNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is the address's to say.
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            match found.is_empty() {
                true => Err(std::io::Error::from(std::io::ErrorKind::NotFound).into()),
                false => Ok(Box::new(found.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Rules = Rules { allow_private: false };
    const LAX: Rules = Rules { allow_private: true };

    fn permits(rules: Rules, address: &str) -> bool {
        rules.permit(address.parse().unwrap_or_else(|_| panic!("{address}")))
    }

    #[test]
    fn s7_only_addresses_of_machines_out_there_are_connected_to() {
        for good in
            ["1.1.1.1", "93.184.216.34", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1"]
        {
            assert!(permits(STRICT, good) && permits(LAX, good), "{good}");
        }
        let private = [
            "127.0.0.1",
            "127.255.255.254",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "::1",
            "fc00::1",
            "fdff::1",
        ];
        for private in private {
            assert!(!permits(STRICT, private) && permits(LAX, private), "{private}");
        }
    }

    #[test]
    fn s7_what_is_no_single_machines_or_describes_machines_is_refused_whatever_is_set() {
        let never = [
            // "this network", shared, link-local and metadata, protocol assignments, documentation, benchmarks
            "0.0.0.0",
            "0.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "169.254.0.1",
            "169.254.169.254",
            "192.0.0.1",
            "192.0.0.192",
            "192.0.2.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "168.63.129.16",
            // 6to4 relay, multicast, reserved, broadcast
            "192.88.99.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            // unspecified, IPv4-mapped and -compatible, NAT64 (both), discard
            "::",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:0:7f00:1",
            "64:ff9b::7f00:1",
            "64:ff9b::808:808",
            "64:ff9b:1::7f00:1",
            "100::1",
            // 6to4, Teredo, ORCHID, documentation, segment routing, link-local, site-local, multicast, metadata
            "2002:7f00:1::",
            "2002:808:808::1",
            "2001::1",
            "2001:0:7f00:1::",
            "2001:20::1",
            "2001:db8::1",
            "3fff::1",
            "5f00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "fd00:ec2::254",
            "fd20:ce::254",
        ];
        for address in never {
            assert!(!permits(STRICT, address) && !permits(LAX, address), "{address}");
        }
    }

    #[tokio::test]
    async fn s7_of_a_names_addresses_only_the_permitted_are_passed_on() {
        struct Fixed(Vec<&'static str>);
        impl Resolve for Fixed {
            fn resolve(&self, _: Name) -> Resolving {
                let found: Vec<SocketAddr> =
                    self.0.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect();
                Box::pin(async move { Ok(Box::new(found.into_iter()) as Addrs) })
            }
        }
        let ask = async |names: Vec<&'static str>| {
            let guard = Guard::new(Arc::new(Fixed(names)), STRICT);
            let found = guard.resolve("hooks.example".parse().unwrap()).await;
            found.map(|found| found.map(|address| address.ip().to_string()).collect::<Vec<_>>())
        };
        assert_eq!(ask(vec!["127.0.0.1", "1.1.1.1", "::1"]).await.unwrap(), ["1.1.1.1"]);
        for bad in [vec!["127.0.0.1"], vec!["169.254.169.254", "::ffff:1.1.1.1"], vec![]] {
            let refused = ask(bad).await.unwrap_err();
            assert_eq!(refused.downcast_ref(), Some(&Forbidden));
        }
    }
}
