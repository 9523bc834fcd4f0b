//! Which service config is in force: the resolver's, else the channel's default (gRFC A21). Texts are read here, once
//! each; what a config asks for is done elsewhere.

use std::sync::Arc;

use crate::lb::PolicyRegistry;
use crate::resolver::ServiceConfigUpdate;
use crate::service_config::ServiceConfig;
use crate::status::{Delivery, Status};

/// What a channel was built with.
#[derive(Debug)]
pub(in crate::channel) struct ServiceConfigs {
    /// Where the resolver has none.
    pub(in crate::channel) default: Arc<ServiceConfig>,
    /// Whether the resolver's count.
    pub(in crate::channel) follows_resolver: bool,
    /// What `loadBalancingConfig` may name.
    pub(in crate::channel) policies: PolicyRegistry,
}

/// The config in force, as updates come.
#[derive(Debug, Default)]
pub(super) struct InForce {
    /// None before the first update that could be used.
    config: Option<Arc<ServiceConfig>>,
    /// The text that was read last, so that it is not read again when only the endpoints changed.
    read: Option<(String, Result<Arc<ServiceConfig>, Status>)>,
}

impl InForce {
    /// Takes in what came with an update, and gives what is in force after it, and why the update's own is not if that
    /// is so.
    ///
    /// # Errors
    /// It cannot be used, and there is none from before: nothing may be done with the update.
    pub(super) fn take(
        &mut self,
        update: ServiceConfigUpdate,
        configs: &ServiceConfigs,
    ) -> Result<(Arc<ServiceConfig>, Option<Status>), Status> {
        let new = match update {
            _ if !configs.follows_resolver => Ok(Arc::clone(&configs.default)),
            ServiceConfigUpdate::None => Ok(Arc::clone(&configs.default)),
            ServiceConfigUpdate::Json(text) => self.read(text, &configs.policies),
            ServiceConfigUpdate::Invalid(status) => Err(status),
        };
        match (new, &self.config) {
            (Ok(new), _) => {
                self.config = Some(Arc::clone(&new));
                Ok((new, None))
            }
            (Err(status), Some(before)) => Ok((Arc::clone(before), Some(status))),
            (Err(status), None) => Err(status),
        }
    }

    fn read(
        &mut self,
        text: String,
        policies: &PolicyRegistry,
    ) -> Result<Arc<ServiceConfig>, Status> {
        if let Some((before, read)) = &self.read
            && *before == text
        {
            return read.clone();
        }
        let read = ServiceConfig::parse(&text, policies).map(Arc::new).map_err(|error| {
            Status::unavailable("the resolver's service config is invalid")
                .with_delivery(Delivery::NotSent)
                .with_source(error)
        });
        self.read = Some((text, read.clone()));
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"loadBalancingConfig":[{"round_robin":{}}]}"#;
    const BAD: &str = r#"{"loadBalancingConfig":[{"nobody_knows":{}}]}"#;

    fn configs(follows_resolver: bool) -> ServiceConfigs {
        ServiceConfigs {
            default: Arc::default(),
            follows_resolver,
            policies: PolicyRegistry::builtin(),
        }
    }

    fn json(text: &str) -> ServiceConfigUpdate {
        ServiceConfigUpdate::Json(text.to_owned())
    }

    fn names(config: &ServiceConfig) -> Option<&str> {
        config.load_balancing().map(|chosen| chosen.builder().name())
    }

    #[test]
    fn a_bad_config_keeps_the_one_before_even_if_that_was_none() {
        let configs = configs(true);
        let mut in_force = InForce::default();
        assert!(in_force.take(json(BAD), &configs).is_err(), "nothing before it");
        let (config, why) = in_force.take(ServiceConfigUpdate::None, &configs).unwrap();
        assert_eq!((names(&config), why), (None, None));
        let (config, why) = in_force.take(json(BAD), &configs).unwrap();
        assert_eq!(names(&config), None);
        assert!(why.is_some());
        let (config, why) = in_force.take(json(GOOD), &configs).unwrap();
        assert_eq!((names(&config), why), (Some("round_robin"), None));
        let invalid = ServiceConfigUpdate::Invalid(Status::unavailable("torn"));
        let (config, why) = in_force.take(invalid, &configs).unwrap();
        assert_eq!(names(&config), Some("round_robin"));
        assert_eq!(why.unwrap().message(), "torn");
        let (config, _) = in_force.take(ServiceConfigUpdate::None, &configs).unwrap();
        assert_eq!(names(&config), None, "the resolver has none any more: the default");
    }

    #[test]
    fn a_text_is_read_once() {
        let configs = configs(true);
        let mut in_force = InForce::default();
        let (one, _) = in_force.take(json(GOOD), &configs).unwrap();
        let (other, _) = in_force.take(json(GOOD), &configs).unwrap();
        assert!(Arc::ptr_eq(&one, &other));
    }

    #[test]
    fn a_channel_may_keep_to_its_own() {
        let configs = configs(false);
        let mut in_force = InForce::default();
        for update in [json(BAD), json(GOOD), ServiceConfigUpdate::None] {
            let (config, why) = in_force.take(update, &configs).unwrap();
            assert!(Arc::ptr_eq(&config, &configs.default) && why.is_none());
        }
    }
}
