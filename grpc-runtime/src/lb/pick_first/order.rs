//! In which order the addresses of endpoints are tried.
//!
//! Pure arithmetic on lists; who tries them is `machine`.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::address::Address;
use crate::attributes::Attributes;
use crate::lb::endpoint::{Endpoint, EndpointWeight};

/// What one attempt to connect goes to. A change of either makes it another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    pub(super) address: Address,
    pub(super) attributes: Attributes,
}

/// The places of the endpoints, in order and each once: flattened, families taking turns, duplicates dropped.
pub(super) fn places(endpoints: &[Endpoint]) -> Vec<Place> {
    let flat = endpoints.iter().flat_map(|endpoint| {
        endpoint.addresses().iter().map(|address| Place {
            address: address.clone(),
            attributes: endpoint.connection_attributes().clone(),
        })
    });
    without_duplicates(interleaved(flat))
}

/// A random order in which an endpoint of twice the weight is twice as likely to be first (gRFC A113).
pub(super) fn shuffled(endpoints: &[Endpoint], mut random: impl FnMut() -> f64) -> Vec<Endpoint> {
    let mut keyed: Vec<(f64, &Endpoint)> = endpoints
        .iter()
        .map(|endpoint| {
            // The greatest u^(1/weight) goes first. Its logarithm sorts alike, and tells great weights apart.
            let chance = random().clamp(f64::MIN_POSITIVE, 1.0);
            (chance.ln() / f64::from(EndpointWeight::of(endpoint)), endpoint)
        })
        .collect();
    keyed.sort_by(|one, other| other.0.total_cmp(&one.0));
    keyed.into_iter().map(|(_, endpoint)| endpoint.clone()).collect()
}

/// Families in the order in which they come first, one place from each in turn (RFC 8305, section 4).
fn interleaved(places: impl Iterator<Item = Place>) -> Vec<Place> {
    let mut families: Vec<(Family, VecDeque<Place>)> = Vec::new();
    let mut total = 0;
    for place in places {
        total += 1;
        let family = Family::of(&place.address);
        match families.iter_mut().find(|(known, _)| *known == family) {
            Some((_, members)) => members.push_back(place),
            None => families.push((family, VecDeque::from([place]))),
        }
    }
    let mut turns = Vec::with_capacity(total);
    while turns.len() < total {
        turns.extend(families.iter_mut().filter_map(|(_, members)| members.pop_front()));
    }
    turns
}

fn without_duplicates(places: Vec<Place>) -> Vec<Place> {
    let mut seen: HashMap<Address, Vec<Attributes>> = HashMap::with_capacity(places.len());
    let mut kept = Vec::with_capacity(places.len());
    for place in places {
        let known = seen.entry(place.address.clone()).or_default();
        if !known.contains(&place.attributes) {
            known.push(place.attributes.clone());
            kept.push(place);
        }
    }
    kept
}

/// What may be broken as a whole on the way to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// IPv4, written as IPv6 or not.
    V4,
    V6,
    Other,
}

impl Family {
    fn of(address: &Address) -> Family {
        match address {
            Address::Tcp(SocketAddr::V4(_)) => Family::V4,
            Address::Tcp(SocketAddr::V6(address)) => match address.ip().to_ipv4_mapped() {
                Some(_) => Family::V4,
                None => Family::V6,
            },
            Address::Unix(_) | Address::UnixAbstract(_) | Address::Custom(_) => Family::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn endpoint(addresses: &[&str]) -> Endpoint {
        Endpoint::of(addresses.iter().map(|text| address(text)).collect()).unwrap()
    }

    fn address(text: &str) -> Address {
        text.parse().map_or_else(|_| Address::Custom(text.to_owned()), Address::Tcp)
    }

    fn order(endpoints: &[Endpoint]) -> Vec<String> {
        places(endpoints).iter().map(|place| place.address.to_string()).collect()
    }

    #[test]
    fn families_take_turns_beginning_with_that_of_the_first() {
        let v4_first = ["1.1.1.1:1", "2.2.2.2:2", "[::3]:3", "x", "[::4]:4", "[::ffff:5.5.5.5]:5"];
        assert_eq!(
            order(&[endpoint(&v4_first)]),
            ["1.1.1.1:1", "[::3]:3", "x", "2.2.2.2:2", "[::4]:4", "[::ffff:5.5.5.5]:5"]
        );
        assert_eq!(
            order(&[endpoint(&["[::1]:1", "[::2]:2"]), endpoint(&["3.3.3.3:3"])]),
            ["[::1]:1", "3.3.3.3:3", "[::2]:2"]
        );
        assert_eq!(order(&[endpoint(&["x", "1.1.1.1:1", "y"])]), ["x", "1.1.1.1:1", "y"]);
    }

    #[test]
    fn a_place_that_comes_again_is_dropped_unless_it_connects_in_another_way() {
        assert_eq!(order(&[endpoint(&["a", "b", "a"]), endpoint(&["b", "c"])]), ["a", "b", "c"]);
        let other = endpoint(&["a"]).with_connection_attributes(Attributes::new().with(1_u8));
        assert_eq!(order(&[endpoint(&["a"]), other]), ["a", "a"]);
    }

    /// gRFC A113: with weights of one and three, each is first as often as its weight says.
    #[test]
    fn heavier_endpoints_are_first_more_often() {
        let heavy = endpoint(&["b"]).with_attributes(Attributes::new().with(EndpointWeight(3)));
        let endpoints = [endpoint(&["a"]), heavy];
        let mut source = fastrand::Rng::with_seed(7);
        let rounds = 10_000;
        let first = (0..rounds)
            .filter(|_| shuffled(&endpoints, || source.f64())[0] == endpoints[1])
            .count();
        assert!((7_300..=7_700).contains(&first), "{first} of {rounds}");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_comes_twice(
            lists in proptest::collection::vec(proptest::collection::vec(0_u8..12, 1..5), 0..6),
            chances: Vec<f64>,
        ) {
            let names = ["1.1.1.1:1", "1.1.1.1:2", "1.1.1.1:3", "[::1]:1", "[::1]:2", "[::1]:3",
                "a", "b", "c", "[::ffff:1.1.1.1]:1", "[::ffff:1.1.1.1]:2", "2.2.2.2:2"];
            let endpoints: Vec<Endpoint> = lists.iter()
                .map(|list| endpoint(&list.iter().map(|at| names[usize::from(*at)]).collect::<Vec<_>>()))
                .collect();
            let mut chances = chances.into_iter().chain(std::iter::repeat(0.5));
            let mixed = shuffled(&endpoints, || chances.next().unwrap_or(0.5));
            prop_assert_eq!(mixed.len(), endpoints.len());
            let mut all: Vec<String> = lists.iter().flatten()
                .map(|at| address(names[usize::from(*at)]).to_string())
                .collect();
            all.sort();
            all.dedup();
            for endpoints in [endpoints, mixed] {
                let mut ordered = order(&endpoints);
                ordered.sort();
                prop_assert_eq!(&ordered, &all);
            }
        }
    }
}
