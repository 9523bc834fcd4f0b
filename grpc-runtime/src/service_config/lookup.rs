//! Which [`MethodConfig`] is a method's: that of its path, else that of its service, else the default (gRFC A2).

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::error::{InvalidServiceConfig, Mistake};
use super::json::{Node, Object};
use super::method_config::MethodConfig;
use crate::method::MethodDescriptor;

/// Method configs by name. The most specific one counts, and only that one: levels are not merged.
#[derive(Debug, Clone, Default)]
pub(super) struct MethodConfigs {
    configs: Vec<MethodConfig>,
    /// Indices into `configs`, by `/service/method`.
    methods: HashMap<Box<str>, usize>,
    /// By the service's name.
    services: HashMap<Box<str>, usize>,
    default: Option<usize>,
}

/// What a method config is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Name {
    /// Whatever nothing else is for.
    Default,
    /// All methods of a service.
    Service(String),
    /// One method, by its path.
    Method(String),
}

impl MethodConfigs {
    /// Sets it for one name, in place of another.
    pub(super) fn set(&mut self, name: Name, config: MethodConfig) {
        let index = self.configs.len();
        self.configs.push(config);
        match name {
            Name::Default => self.default = Some(index),
            Name::Service(name) => {
                self.services.insert(name.into(), index);
            }
            Name::Method(path) => {
                self.methods.insert(path.into(), index);
            }
        }
    }

    /// The most specific one. Allocates nothing.
    pub(super) fn find(&self, method: &MethodDescriptor) -> Option<&MethodConfig> {
        if self.configs.is_empty() {
            return None; // as in most channels, and for each of their calls
        }
        let of = |names: &HashMap<Box<str>, usize>, name| match names.is_empty() {
            true => None, // without hashing
            false => names.get(name).copied(),
        };
        let index = of(&self.methods, method.path())
            .or_else(|| of(&self.services, method.service()))
            .or(self.default)?;
        self.configs.get(index)
    }

    /// Reads `methodConfig`.
    pub(super) fn read(list: Node<'_>) -> Result<MethodConfigs, InvalidServiceConfig> {
        let mut configs = MethodConfigs::default();
        // Where each name stands.
        let mut seen: HashMap<Name, String> = HashMap::new();
        for entry in list.list()? {
            let entry = entry.object()?;
            // Read also where it has no name, and so is for nothing: a mistake in it is a mistake.
            let config = MethodConfig::read(&entry)?;
            let Some(names) = entry.field("name")? else { continue };
            for node in names.list()? {
                let name = Name::read(&node.object()?)?;
                match seen.entry(name.clone()) {
                    Entry::Vacant(place) => place.insert(node.path()),
                    Entry::Occupied(first) => {
                        let (name, first) = (name.shown(), first.get().clone());
                        return Err(node.wrong(Mistake::NameTwice { name, first }));
                    }
                };
                configs.set(name, config.clone());
            }
        }
        Ok(configs)
    }
}

impl Name {
    /// All methods of this service; of none, whatever nothing else is for.
    pub(super) fn service(service: &str) -> Name {
        match service {
            "" => Name::Default,
            service => Name::Service(service.to_owned()),
        }
    }

    /// Missing, null and empty text are the same.
    fn read(object: &Object<'_>) -> Result<Name, InvalidServiceConfig> {
        let text = |node: Node<'_>| node.string().map(str::to_owned);
        let service = object.read("service", text)?.unwrap_or_default();
        let method = object.read("method", text)?.unwrap_or_default();
        match (service.as_str(), method.as_str()) {
            (service, "") => Ok(Name::service(service)),
            ("", _) => Err(object.missing("service", SERVICE)),
            (service, method) => Ok(Name::Method(format!("/{service}/{method}"))),
        }
    }

    fn shown(&self) -> String {
        match self {
            Name::Default => "the default".to_owned(),
            Name::Service(service) => service.clone(),
            Name::Method(path) => path.clone(),
        }
    }
}

const SERVICE: &str = "the full name of a service where there is a method";
