//! In which order addresses are tried: destination address selection (RFC 6724, section 6).
//!
//! The rules are pure. What they need to know of this machine is the address that it would send from, which
//! [`sort`] asks the operating system for; no packet is sent for it.

use std::cmp::Ordering;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Sorts addresses, best first. Where the rules see no difference, the order stays as it is: servers rotate their
/// answers to spread their clients.
///
/// Left alone are addresses of version 4 only, which the rules hardly tell apart, and lists too long for anyone to
/// try in order.
pub(super) fn sort(addresses: &mut [SocketAddr]) {
    if addresses.len() > MOST || addresses.iter().all(SocketAddr::is_ipv4) {
        return;
    }
    let mut candidates: Vec<Candidate> = addresses
        .iter()
        .map(|address| Candidate { address: *address, source: source_for(*address) })
        .collect();
    candidates.sort_by(compare);
    for (place, candidate) in addresses.iter_mut().zip(candidates) {
        *place = candidate.address;
    }
}

/// The address that this machine would send from; `None` if there is no way to `address`.
fn source_for(address: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = match address {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    // Only sets the default destination; some systems refuse port 0 here.
    socket.connect(SocketAddr::new(address.ip(), DISCARD)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    address: SocketAddr,
    source: Option<IpAddr>,
}

/// Rules 1, 2, 5, 6, 8 and 9; what the others ask (deprecated and home addresses, tunnels) no portable call tells.
fn compare(a: &Candidate, b: &Candidate) -> Ordering {
    let (from_a, from_b) = match (a.source, b.source) {
        (Some(from_a), Some(from_b)) => (from_a, from_b),
        // Rule 1: avoid unusable destinations.
        (usable_a, usable_b) => return usable_b.is_some().cmp(&usable_a.is_some()),
    };
    let (to_a, to_b) = (a.address.ip(), b.address.ip());
    // `false` is less, so what is preferred is asked in the negative.
    // Rule 2: prefer matching scope.
    (Scope::of(to_a) != Scope::of(from_a))
        .cmp(&(Scope::of(to_b) != Scope::of(from_b)))
        // Rule 5: prefer matching label.
        .then_with(|| {
            (policy(to_a).label != policy(from_a).label)
                .cmp(&(policy(to_b).label != policy(from_b).label))
        })
        // Rule 6: prefer higher precedence.
        .then_with(|| policy(to_b).precedence.cmp(&policy(to_a).precedence))
        // Rule 8: prefer smaller scope.
        .then_with(|| Scope::of(to_a).cmp(&Scope::of(to_b)))
        // Rule 9: use longest matching prefix. Not in version 4, where it says nothing about distance and would undo
        // the rotation of answers.
        .then_with(|| common_prefix(to_b, from_b).cmp(&common_prefix(to_a, from_a)))
}

/// How far an address is valid (RFC 4291, section 2.7; for version 4, RFC 6724, section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Scope(u8);

impl Scope {
    const LINK_LOCAL: Self = Self(0x2);
    const SITE_LOCAL: Self = Self(0x5);
    const GLOBAL: Self = Self(0xe);

    fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) if ip.is_loopback() || ip.is_link_local() => Self::LINK_LOCAL,
            IpAddr::V4(_) => Self::GLOBAL,
            IpAddr::V6(ip) if ip.is_multicast() => Self(ip.octets()[1] & 0xf),
            IpAddr::V6(ip) if ip.is_loopback() || ip.is_unicast_link_local() => Self::LINK_LOCAL,
            IpAddr::V6(ip) if ip.segments()[0] & 0xffc0 == 0xfec0 => Self::SITE_LOCAL,
            IpAddr::V6(_) => Self::GLOBAL,
        }
    }
}

/// A row of the policy table.
#[derive(Debug, Clone, Copy)]
struct Policy {
    prefix: Ipv6Addr,
    length: u32,
    precedence: u8,
    label: u8,
}

/// The row that an address falls under: that of its longest prefix.
fn policy(ip: IpAddr) -> Policy {
    let bits = as_v6(ip).to_bits();
    let under = |row: &&Policy| {
        let mask = u128::MAX.checked_shl(128 - row.length).unwrap_or_default();
        bits & mask == row.prefix.to_bits()
    };
    TABLE.iter().find(under).copied().unwrap_or(EVERYTHING)
}

/// How many bits two addresses of version 6 have in common, up to the length of a network's prefix.
fn common_prefix(a: IpAddr, b: IpAddr) -> u32 {
    match (a, b) {
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros().min(64),
        (IpAddr::V4(_), _) | (_, IpAddr::V4(_)) => 0,
    }
}

fn as_v6(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}

const fn row(prefix: Ipv6Addr, length: u32, precedence: u8, label: u8) -> Policy {
    Policy { prefix, length, precedence, label }
}

const EVERYTHING: Policy = row(Ipv6Addr::UNSPECIFIED, 0, 40, 1);

/// RFC 6724, section 2.1, longest prefix first.
const TABLE: [Policy; 8] = [
    row(Ipv6Addr::LOCALHOST, 128, 50, 0),
    row(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, 35, 4),
    row(Ipv6Addr::UNSPECIFIED, 96, 1, 3),
    row(Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, 5, 5),
    row(Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, 30, 2),
    row(Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16, 1, 12),
    row(Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, 1, 11),
    row(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, 3, 13),
];

/// A port that is never used.
const DISCARD: u16 = 9;
/// Asking costs three system calls an address.
const MOST: usize = 256;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidate(address: &str, source: &str) -> Candidate {
        let address = SocketAddr::new(address.parse().unwrap(), 1);
        Candidate { address, source: source.parse().ok() }
    }

    fn sorted(candidates: &[(&str, &str)]) -> Vec<String> {
        let mut all: Vec<Candidate> =
            candidates.iter().map(|(to, from)| candidate(to, from)).collect();
        all.sort_by(compare);
        all.iter().map(|candidate| candidate.address.ip().to_string()).collect()
    }

    /// The examples of RFC 6724, section 10.2, as far as one source address each can tell them.
    #[test]
    fn the_examples_of_the_standard() {
        for (better, worse) in [
            // Matching scope.
            (("198.51.100.121", "198.51.100.117"), ("2001:db8:1::1", "fe80::1")),
            (("2001:db8:1::1", "2001:db8:1::2"), ("198.51.100.121", "169.254.13.78")),
            // Higher precedence.
            (("2001:db8:1::1", "2001:db8:1::2"), ("10.1.2.3", "10.1.2.4")),
            // Smaller scope.
            (("fe80::1", "fe80::2"), ("2001:db8:1::1", "2001:db8:1::2")),
            // Matching label.
            (("2002:c633:6401::1", "2002:c633:6401::2"), ("2001:db8:1::1", "2002:c633:6401::2")),
            // Precedence again, each with its label.
            (("2001:db8:1::1", "2001:db8:1::2"), ("2002:c633:6401::1", "2002:c633:6401::2")),
            // No way there.
            (("10.0.0.1", "10.0.0.2"), ("2001:db8::1", "none")),
            // Longest prefix.
            (("2001:db8:3ffe::1", "2001:db8:3ffe::2"), ("2001:db8:3f44::1", "2001:db8:1::2")),
        ] {
            assert_eq!(sorted(&[worse, better]), [better.0, worse.0]);
            assert_eq!(sorted(&[better, worse]), [better.0, worse.0]);
        }
    }

    #[test]
    fn equals_keep_the_order_of_the_answer() {
        let own = "10.0.0.9";
        assert_eq!(
            sorted(&[("10.0.0.3", own), ("10.0.0.1", own), ("10.0.0.2", own)]),
            ["10.0.0.3", "10.0.0.1", "10.0.0.2"]
        );
        let mut rotated: Vec<SocketAddr> =
            ["127.0.0.3:1", "127.0.0.1:1"].iter().map(|one| one.parse().unwrap()).collect();
        sort(&mut rotated);
        assert_eq!(rotated[0].to_string(), "127.0.0.3:1");
    }

    proptest! {
        #[test]
        fn sorting_loses_nothing_and_is_a_total_order(
            all: Vec<(bool, u128, u128, bool)>,
        ) {
            let mut candidates: Vec<Candidate> = all
                .iter()
                .map(|(is_v4, to, from, usable)| {
                    let ip = |bits: u128| -> IpAddr {
                        match is_v4 {
                            true => Ipv4Addr::from_bits((bits >> 96) as u32).into(),
                            false => Ipv6Addr::from_bits(bits).into(),
                        }
                    };
                    Candidate {
                        address: SocketAddr::new(ip(*to), 1),
                        source: usable.then(|| ip(*from)),
                    }
                })
                .collect();
            // Panics where the order is not total.
            candidates.sort_by(compare);
            prop_assert_eq!(candidates.len(), all.len());
            for pair in candidates.windows(2) {
                prop_assert!(compare(&pair[0], &pair[1]) != Ordering::Greater);
            }
        }
    }
}
