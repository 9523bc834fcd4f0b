//! Policies by name: [`PolicyBuilder`], the [`PolicyRegistry`] of a channel, and what comes out of reading
//! `loadBalancingConfig` with it ([`Chosen`]).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::lb::config::{ConfigError, ParsedConfig};
use crate::lb::pick_first::PickFirst;
use crate::lb::policy::Policy;
use crate::lb::round_robin::RoundRobin;

/// Makes policies of one kind, and reads their configuration.
///
/// The channel's task calls it: [`parse_config`](PolicyBuilder::parse_config) once for each service config that
/// names the policy, [`build`](PolicyBuilder::build) whenever the channel leaves idle or comes to this policy from
/// another.
pub trait PolicyBuilder: Send + Sync + 'static {
    /// The name in `loadBalancingConfig`. Case matters.
    fn name(&self) -> &str;

    /// Reads what stands under the name. Fields that are not known are passed over, as everywhere in a service
    /// config.
    ///
    /// # Errors
    /// A value that a field cannot have. The service config as a whole is then refused.
    fn parse_config(&self, json: &Value) -> Result<ParsedConfig, ConfigError>;

    /// A new policy, which has seen nothing yet.
    fn build(&self) -> Box<dyn Policy>;
}

/// The policies that a channel knows, by name. Cloning is cheap enough for a builder.
#[derive(Clone)]
pub struct PolicyRegistry {
    builders: BTreeMap<String, Arc<dyn PolicyBuilder>>,
}

impl PolicyRegistry {
    /// `pick_first` and `round_robin`.
    pub fn builtin() -> PolicyRegistry {
        let mut registry = PolicyRegistry { builders: BTreeMap::new() };
        registry.register(PickFirst::new());
        registry.register(RoundRobin::new());
        registry
    }

    /// [`builtin`](PolicyRegistry::builtin) with another pause between attempts to connect to the addresses of one server
    /// or list; see [`PickFirst::with_connection_attempt_delay`].
    pub fn with_connection_attempt_delay(delay: Duration) -> PolicyRegistry {
        let mut registry = PolicyRegistry::builtin();
        let pick_first = PickFirst::new().with_connection_attempt_delay(delay);
        registry.register(pick_first);
        registry.register(RoundRobin::new().with_child(pick_first));
        registry
    }

    /// Adds a policy. One of the same name is replaced, also one of our own.
    pub fn register(&mut self, builder: impl PolicyBuilder) {
        self.builders.insert(builder.name().to_owned(), Arc::new(builder));
    }

    /// The policy of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn PolicyBuilder>> {
        self.builders.get(name)
    }

    /// The names of those that are known, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.builders.keys().map(String::as_str)
    }

    /// The first policy of a `loadBalancingConfig` list that is known here, with its configuration.
    ///
    /// Entries after it are not looked at, so a list may end in something for older clients.
    ///
    /// # Errors
    /// The list is not one, or an entry up to the known one is not an object with one key; no policy is known;
    /// or the known one refuses its configuration.
    pub fn choose(&self, config: &Value) -> Result<Chosen, ConfigError> {
        let list = config.as_array().ok_or(ConfigError::NotAList)?;
        let mut named = Vec::new();
        for (entry, value) in list.iter().enumerate() {
            let (name, config) = only_entry(value).ok_or(ConfigError::NotOnePolicy { entry })?;
            if let Some(builder) = self.get(name) {
                return Ok(Chosen {
                    config: builder.parse_config(config)?,
                    builder: Arc::clone(builder),
                });
            }
            named.push(name.clone());
        }
        Err(ConfigError::NoKnownPolicy { named })
    }

    /// The policy of this name with an empty configuration, as the older field `loadBalancingPolicy` asks for it.
    /// `None` if it is not known, or needs more than that.
    pub fn choose_by_name(&self, name: &str) -> Option<Chosen> {
        let builder = self.get(name)?;
        let config = builder.parse_config(&Value::Object(Map::new())).ok()?;
        Some(Chosen { builder: Arc::clone(builder), config })
    }
}

impl Default for PolicyRegistry {
    /// [`PolicyRegistry::builtin`].
    fn default() -> PolicyRegistry {
        PolicyRegistry::builtin()
    }
}

impl fmt::Debug for PolicyRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.builders.keys()).finish()
    }
}

/// A policy and its configuration. As a [`ParsedConfig`] it is what [`GracefulSwitch`] takes.
///
/// [`GracefulSwitch`]: crate::lb::GracefulSwitch
#[derive(Clone)]
pub struct Chosen {
    builder: Arc<dyn PolicyBuilder>,
    config: ParsedConfig,
}

impl Chosen {
    /// A policy by its builder, which need not be registered anywhere.
    pub fn new(builder: impl PolicyBuilder, config: ParsedConfig) -> Chosen {
        Chosen { builder: Arc::new(builder), config }
    }

    /// `pick_first` with its defaults: what a channel does if nobody says otherwise.
    pub fn pick_first() -> Chosen {
        Chosen::new(PickFirst::new(), ParsedConfig::none())
    }

    /// Who makes the policy.
    pub fn builder(&self) -> &dyn PolicyBuilder {
        self.builder.as_ref()
    }

    /// Its configuration.
    pub fn config(&self) -> &ParsedConfig {
        &self.config
    }
}

impl From<Chosen> for ParsedConfig {
    fn from(chosen: Chosen) -> ParsedConfig {
        ParsedConfig::new(chosen)
    }
}

impl fmt::Debug for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:?})", self.builder.name(), self.config)
    }
}

fn only_entry(value: &Value) -> Option<(&String, &Value)> {
    let mut entries = value.as_object()?.iter();
    let only = entries.next()?;
    entries.next().is_none().then_some(only)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_known_policy_is_chosen() {
        let registry = PolicyRegistry::builtin();
        let chosen = registry
            .choose(&json!([{"new_one": {}}, {"round_robin": {}}, {"pick_first": 1}, 7]))
            .unwrap();
        assert_eq!(chosen.builder().name(), "round_robin");
        let chosen = registry.choose(&json!([{"pick_first": {"shuffleAddressList": true}}]));
        assert_eq!(chosen.unwrap().builder().name(), "pick_first");
        assert_eq!(registry.choose_by_name("round_robin").unwrap().builder().name(), "round_robin");
        assert!(registry.choose_by_name("ROUND_ROBIN").is_none());
        assert_eq!(registry.names().collect::<Vec<_>>(), ["pick_first", "round_robin"]);
        assert_eq!(format!("{registry:?}"), r#"{"pick_first", "round_robin"}"#);
    }

    #[test]
    fn a_list_that_cannot_be_used_says_why() {
        let registry = PolicyRegistry::builtin();
        for (json, text) in [
            (json!({"pick_first": {}}), "is not a list"),
            (json!([]), "names no policy"),
            (json!([{"a": {}}, {"Pick_First": {}}]), "is known: a, Pick_First"),
            (json!([{"a": {}}, {"b": {}, "pick_first": {}}]), "entry 1 of"),
            (json!([{}]), "entry 0 of"),
            (json!(["pick_first"]), "entry 0 of"),
            (json!([{"pick_first": []}]), "of pick_first is not an object"),
            (json!([{"round_robin": "x"}]), "of round_robin is not an object"),
            (json!([{"pick_first": {"shuffleAddressList": "x"}}]), "shuffleAddressList in the"),
        ] {
            let error = registry.choose(&json).unwrap_err().to_string();
            assert!(error.contains(text), "{json}: {error}");
        }
    }
}
