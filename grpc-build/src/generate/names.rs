//! Chooses what a service's trait, client, module and methods are called in Rust.
//!
//! The rules stand in the crate's documentation; the same services always get the same names.

use std::collections::BTreeSet;

use prost_build::{Method, Service};

use crate::names;

/// The names of one service.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ServiceNames {
    pub(super) trait_name: String,
    /// Where it is not the one that `#[grpc_client]` would choose.
    pub(super) client: Option<String>,
    /// Where it is not the one that `#[grpc_client]` would choose.
    pub(super) module: Option<String>,
    /// What `#[grpc_client]` is told of the mock, where there is one.
    pub(super) mock: Option<String>,
    pub(super) methods: Vec<MethodName>,
}

/// The name of one method.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MethodName {
    pub(super) rust: String,
    /// Where `#[grpc_client]` would not get it from the Rust name.
    pub(super) wire: Option<String>,
}

/// Names for all services of one Rust module, in which `taken` exist already.
pub(super) fn choose(
    services: &[Service],
    taken: &BTreeSet<String>,
    mocks: bool,
) -> Vec<ServiceNames> {
    let mut taken = taken.clone();
    // Traits first: they are the names that people write.
    let traits: Vec<String> = services
        .iter()
        .map(|service| {
            let plain = &service.name;
            let spelled_out = format!("{}Service", plain.trim_end_matches('_'));
            let first = if plain.ends_with('_') { &spelled_out } else { plain };
            claim(&mut taken, first, &spelled_out)
        })
        .collect();
    services
        .iter()
        .zip(traits)
        .map(|(service, trait_name)| {
            let default_client = format!("{trait_name}Client");
            let client = claim(
                &mut taken,
                &default_client,
                &format!("{}ServiceClient", service.name.trim_end_matches('_')),
            );
            let default_module = default_module(&trait_name);
            let module = claim(
                &mut taken,
                &default_module,
                &format!("{}_service", default_module.trim_start_matches("r#")),
            );
            let mock = mocks.then(|| {
                let default_mock = format!("Mock{trait_name}");
                let second = format!("Mock{}Service", service.name.trim_end_matches('_'));
                let mock = claim(&mut taken, &default_mock, &second);
                if mock == default_mock { "mock".to_owned() } else { format!("mock = {mock}") }
            });
            ServiceNames {
                mock,
                trait_name,
                client: (client != default_client).then_some(client),
                module: (module != default_module).then_some(module),
                methods: method_names(&service.methods),
            }
        })
        .collect()
}

/// `first` if it is free, else `second`, else `second2`, `second3`, ..
fn claim(taken: &mut BTreeSet<String>, first: &str, second: &str) -> String {
    let counted = (2..).map(|number| format!("{second}{number}"));
    let mut candidates = [first.to_owned(), second.to_owned()].into_iter().chain(counted);
    let free = candidates.find(|candidate| !taken.contains(candidate)).unwrap_or_default();
    taken.insert(free.clone());
    free
}

fn method_names(methods: &[Method]) -> Vec<MethodName> {
    let wished: Vec<String> = methods
        .iter()
        .map(|method| {
            if RESERVED.contains(&method.name.as_str()) {
                format!("{}_", method.name)
            } else {
                method.name.clone()
            }
        })
        .collect();
    // Markers are what must differ: `get_foo2` and `get_foo_2` have the same one.
    let wished_markers: BTreeSet<String> = wished.iter().map(|name| marker(name)).collect();
    let mut taken = BTreeSet::new();
    methods
        .iter()
        .zip(wished)
        .map(|(method, wish)| {
            let rust = if taken.contains(&marker(&wish)) {
                let base = wish.trim_start_matches("r#");
                (2..)
                    .map(|number| format!("{base}{number}"))
                    .find(|name| {
                        !taken.contains(&marker(name)) && !wished_markers.contains(&marker(name))
                    })
                    .unwrap_or_default()
            } else {
                wish
            };
            taken.insert(marker(&rust));
            let wire = (upper_camel(&rust) != method.proto_name).then(|| method.proto_name.clone());
            MethodName { rust, wire }
        })
        .collect()
}

/// What `#[grpc_client]` calls the module beside a trait: the trait's name in snake case.
fn default_module(trait_name: &str) -> String {
    let characters: Vec<char> = trait_name.chars().collect();
    let mut module = String::new();
    for (index, character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| characters[before]);
        let after = characters.get(index + 1);
        let starts_word = character.is_uppercase()
            && before.is_some_and(|before| {
                before != '_'
                    && (!before.is_uppercase() || after.is_some_and(|after| after.is_lowercase()))
            });
        if starts_word {
            module.push('_');
        }
        module.extend(character.to_lowercase());
    }
    // A keyword becomes a raw identifier there as here; every other name stays as it is.
    if names::snake(&module).starts_with("r#") { format!("r#{module}") } else { module }
}

/// The wire name that `#[grpc_client]` gives a method that is given none.
fn upper_camel(method: &str) -> String {
    let words = method.trim_start_matches("r#").split('_').filter(|word| !word.is_empty());
    words.map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect()
}

/// The marker type that `#[grpc_client]` makes for a method.
fn marker(method: &str) -> String {
    match upper_camel(method) {
        name if ["Services", "Boxed", "Self"].contains(&name.as_str()) => format!("{name}Method"),
        name => name,
    }
}

/// What every client has: a method of that name would be a second one.
const RESERVED: [&str; 6] = ["new", "with_service", "layer", "boxed", "in_process", "clone"];

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, methods: &[&str]) -> Service {
        let methods = methods
            .iter()
            .map(|method| Method {
                name: names::snake(method),
                proto_name: (*method).to_owned(),
                comments: prost_build::Comments::default(),
                input_type: String::new(),
                output_type: String::new(),
                input_proto_type: String::new(),
                output_proto_type: String::new(),
                options: prost_types::MethodOptions::default(),
                client_streaming: false,
                server_streaming: false,
            })
            .collect();
        Service {
            name: names::upper_camel(name),
            proto_name: name.to_owned(),
            package: String::new(),
            comments: prost_build::Comments::default(),
            methods,
            options: prost_types::ServiceOptions::default(),
        }
    }

    fn chosen(services: &[&str], taken: &[&str]) -> Vec<String> {
        let services: Vec<_> = services.iter().map(|name| service(name, &[])).collect();
        let taken = taken.iter().map(|&name| name.to_owned()).collect();
        let names = choose(&services, &taken, true);
        names
            .into_iter()
            .map(|names| {
                let mock = names.mock.unwrap_or_default();
                let mock = mock.strip_prefix("mock").unwrap_or(&mock);
                format!("{} {:?} {:?}{mock}", names.trait_name, names.client, names.module)
            })
            .collect()
    }

    fn methods(wire: &[&str]) -> Vec<String> {
        let names = method_names(&service("S", wire).methods);
        names
            .into_iter()
            .map(|name| {
                format!("{} {}", name.rust, name.wire.unwrap_or_default()).trim_end().to_owned()
            })
            .collect()
    }

    #[test]
    fn free_names_stay() {
        assert_eq!(
            chosen(&["Greeter", "KV", "Type"], &[]),
            ["Greeter None None", "Kv None None", "Type None None"]
        );
    }

    #[test]
    fn taken_names_are_spelled_out() {
        assert_eq!(chosen(&["Greeter"], &["Greeter"]), ["GreeterService None None"]);
        assert_eq!(
            chosen(&["Greeter"], &["MockGreeter"]),
            ["Greeter None None = MockGreeterService"]
        );
        assert_eq!(
            chosen(&["Greeter"], &["GreeterClient"]),
            ["Greeter Some(\"GreeterServiceClient\") None"]
        );
        assert_eq!(
            chosen(&["Greeter"], &["GreeterClient", "GreeterServiceClient"]),
            ["Greeter Some(\"GreeterServiceClient2\") None"]
        );
        assert_eq!(chosen(&["Greeter"], &["greeter"]), ["Greeter None Some(\"greeter_service\")"]);
        assert_eq!(chosen(&["Type"], &["r#type"]), ["Type None Some(\"type_service\")"]);
        assert_eq!(chosen(&["Self"], &[]), ["SelfService None None"]);
        assert_eq!(
            chosen(&["Greeter", "GreeterClient"], &[]),
            ["Greeter Some(\"GreeterServiceClient\") None", "GreeterClient None None"]
        );
    }

    #[test]
    fn methods_keep_their_wire_names() {
        assert_eq!(
            methods(&["SayHello", "GetURL", "lower"]),
            ["say_hello", "get_url GetURL", "lower lower"]
        );
        assert_eq!(
            methods(&["New", "Clone", "Type", "Self"]),
            ["new_", "clone_", "r#type", "self_"]
        );
        assert_eq!(
            methods(&["GetFoo", "getFoo", "GetFoo2", "Get_Foo_2"]),
            ["get_foo", "get_foo3 getFoo", "get_foo2", "get_foo_22 Get_Foo_2"]
        );
    }
}
