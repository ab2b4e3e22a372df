//! How many connections each address has, and how many of those have not said who they are.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use dashmap::{DashMap, Entry};

/// Counts connections by address and refuses too many of them.
#[derive(Debug)]
pub struct Addresses {
    counts: DashMap<IpAddr, Counts>,
    connections: u32,
    unauthenticated: u32,
}

/// A connection that was let in. Dropping it makes room.
#[derive(Debug)]
pub struct Admission {
    addresses: Arc<Addresses>,
    address: IpAddr,
    authenticated: AtomicBool,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    connections: u32,
    unauthenticated: u32,
}

/// The address that counts: an IPv4 one by itself, of IPv6 the /64 that one household or office has.
pub(super) fn bucket(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address => address,
    }
}

// === impl Addresses ===

impl Addresses {
    /// So many connections per address, and so many without a `hello`; 0 lifts either.
    pub fn new(connections: u32, unauthenticated: u32) -> Arc<Self> {
        Arc::new(Self { counts: DashMap::new(), connections, unauthenticated })
    }

    /// Lets one more connection of `address` in, or `None` when it has too many.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Admission> {
        let address = bucket(address);
        let within = |count: u32, limit: u32| limit == 0 || count < limit;
        let mut counts = self.counts.entry(address).or_default();
        if !within(counts.connections, self.connections) || !within(counts.unauthenticated, self.unauthenticated) {
            return None;
        }
        counts.connections += 1;
        counts.unauthenticated += 1;
        drop(counts);
        Some(Admission { addresses: self.clone(), address, authenticated: AtomicBool::new(false) })
    }

    /// Addresses with a connection at the moment.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// True when nobody is connected.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    fn change(&self, address: IpAddr, change: impl FnOnce(&mut Counts)) {
        if let Entry::Occupied(mut entry) = self.counts.entry(address) {
            change(entry.get_mut());
            if entry.get().connections == 0 {
                entry.remove();
            }
        }
    }
}

// === impl Admission ===

impl Admission {
    /// Whose connection it is: the address that counts, never to be logged.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// They have said who they are.
    pub fn authenticated(&self) {
        if !self.authenticated.swap(true, Ordering::Relaxed) {
            self.addresses.change(self.address, |counts| counts.unauthenticated -= 1);
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.authenticated();
        self.addresses.change(self.address, |counts| counts.connections -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn l2_an_address_gets_so_many_connections_and_another_is_not_disturbed() {
        let addresses = Addresses::new(3, 2);
        let one = addresses.admit(address("192.0.2.1")).expect("room");
        let two = addresses.admit(address("::ffff:192.0.2.1")).expect("room");
        assert!(addresses.admit(address("192.0.2.1")).is_none(), "two without a hello are enough");
        assert!(addresses.admit(address("192.0.2.2")).is_some());
        one.authenticated();
        one.authenticated();
        let three = addresses.admit(address("192.0.2.1")).expect("room");
        two.authenticated();
        three.authenticated();
        assert!(addresses.admit(address("192.0.2.1")).is_none(), "three connections are enough");
        drop(two);
        assert!(addresses.admit(address("192.0.2.1")).is_some());
    }

    #[test]
    fn l6_who_is_gone_leaves_nothing_behind() {
        let addresses = Addresses::new(0, 0);
        let all: Vec<Admission> =
            (0..100).map(|at| addresses.admit(address(&format!("192.0.2.{}", at % 7))).expect("room")).collect();
        assert_eq!(addresses.len(), 7);
        all[3].authenticated();
        drop(all);
        assert!(addresses.is_empty());
    }

    #[test]
    fn l2_a_whole_ipv6_network_counts_as_one() {
        let addresses = Addresses::new(1, 0);
        let held = addresses.admit(address("2001:db8:0:1::1"));
        assert!(addresses.admit(address("2001:db8:0:1:ffff::2")).is_none());
        assert!(addresses.admit(address("2001:db8:0:2::1")).is_some());
        drop(held);
    }
}
