//! Whatever the text, reading it ends in a config or an error; and what a config was written from is read from it.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Number, Value, json};

use crate::lb::PolicyRegistry;
use crate::method::{MethodDescriptor, MethodKind};
use crate::service_config::{
    Attempts, CodeSet, HedgingPolicy, MethodConfig, RetryPolicy, RetryThrottling, ServiceConfig,
};
use crate::status::Code;

proptest! {
    #[test]
    fn no_text_is_too_much(text: String) {
        let _ = ServiceConfig::parse(&text, &PolicyRegistry::builtin());
    }

    #[test]
    fn no_json_is_too_much(json in any_json()) {
        let _ = ServiceConfig::parse(&json.to_string(), &PolicyRegistry::builtin());
    }

    /// One value in a good config is something else: it is taken, or the error has a path to where it is.
    #[test]
    fn a_mistake_is_found_where_it_is(methods in methods(), path in any::<prop::sample::Index>(), other in any_json()) {
        let mut json = json!({ "methodConfig": written(&methods) });
        let paths = pointers(&json);
        let pointer = &paths[path.index(paths.len())];
        if let Some(place) = json.pointer_mut(pointer) {
            *place = other;
        }
        if let Err(error) = ServiceConfig::parse(&json.to_string(), &PolicyRegistry::builtin()) {
            prop_assert!(error.path().starts_with("methodConfig"), "{error}");
        }
    }

    #[test]
    fn what_is_written_is_read(
        methods in methods(),
        default in prop::option::of(method_config()),
        throttling in prop::option::of((1..=1000_u32, 1..1_000_000_u32)),
        health in prop::option::of("[a-z.]{0,9}"),
        connections in prop::option::of(1..u32::MAX),
        policy in prop::option::of(select(vec!["pick_first", "round_robin"])),
    ) {
        let mut entries = written(&methods);
        if let Some(default) = &default {
            entries.push(entry(json!([{}]), default));
        }
        let mut json = json!({ "methodConfig": entries });
        if let Some((tokens, ratio)) = throttling {
            let ratio = f64::from(ratio) / 1000.0;
            json["retryThrottling"] = json!({"maxTokens": tokens, "tokenRatio": ratio});
        }
        if let Some(health) = &health {
            json["healthCheckConfig"] = json!({ "serviceName": health });
        }
        if let Some(connections) = connections {
            json["connectionScaling"] = json!({ "maxConnectionsPerSubchannel": connections });
        }
        if let Some(policy) = policy {
            json["loadBalancingConfig"] = json!([{ policy: {} }]);
        }

        let read = ServiceConfig::parse(&json.to_string(), &PolicyRegistry::builtin()).unwrap();
        for (path, config) in &methods {
            prop_assert_eq!(read.method_config(&descriptor(path)), Some(config));
        }
        prop_assert_eq!(read.method_config(&descriptor("/not/There")), default.as_ref());
        let made = throttling.map(|(tokens, ratio)| RetryThrottling::new(tokens, f64::from(ratio) / 1000.0).unwrap());
        prop_assert_eq!(read.retry_throttling(), made);
        prop_assert_eq!(made.map(|made| made.token_ratio_thousandths()), throttling.map(|(_, ratio)| ratio));
        prop_assert_eq!(read.health_check_service_name(), health.as_deref());
        prop_assert_eq!(read.max_connections_per_subchannel(), connections.and_then(NonZeroU32::new));
        prop_assert_eq!(read.load_balancing().map(|chosen| chosen.builder().name()), policy);
    }
}

type Methods = BTreeMap<String, MethodConfig>;

fn descriptor(path: &str) -> MethodDescriptor {
    MethodDescriptor::dynamic(path, MethodKind::Unary).unwrap()
}

fn methods() -> impl Strategy<Value = Methods> {
    prop::collection::btree_map("/[a-z.]{1,5}/[A-Z]{1,2}", method_config(), 0..6)
}

fn method_config() -> impl Strategy<Value = MethodConfig> {
    let bytes = || prop::option::of(any::<u32>());
    let fields = (prop::option::of(any::<bool>()), prop::option::of(duration()), bytes(), bytes());
    (fields, prop::option::of(attempts())).prop_map(
        |((wait, timeout, request, response), attempts)| {
            let mut config = MethodConfig::new();
            if let Some(wait) = wait {
                config = config.with_wait_for_ready(wait);
            }
            if let Some(timeout) = timeout {
                config = config.with_timeout(timeout);
            }
            if let Some(bytes) = request {
                config = config.with_max_request_bytes(bytes as usize);
            }
            if let Some(bytes) = response {
                config = config.with_max_response_bytes(bytes as usize);
            }
            match attempts {
                Some(Attempts::Retry(policy)) => config.with_retry(policy),
                Some(Attempts::Hedge(policy)) => config.with_hedging(policy),
                Some(Attempts::Once) => config.with_one_attempt(),
                None => config,
            }
        },
    )
}

fn attempts() -> impl Strategy<Value = Attempts> {
    let positive = || duration().prop_map(|duration| duration + Duration::from_nanos(1));
    let times = (positive(), positive(), prop::option::of(positive()));
    let retry = (2..u32::MAX, codes(), times, 1..64_000_u32).prop_map(
        |(attempts, codes, (initial, max, timeout), multiplier)| {
            let policy = RetryPolicy::new(attempts, codes.with(Code::Unavailable)).unwrap();
            let policy = policy.with_backoff(initial, max, f64::from(multiplier) / 64.0).unwrap();
            Attempts::Retry(match timeout {
                Some(timeout) => policy.with_per_attempt_receive_timeout(timeout).unwrap(),
                None => policy,
            })
        },
    );
    let hedge = (2..u32::MAX, duration(), codes()).prop_map(|(attempts, delay, codes)| {
        let policy = HedgingPolicy::new(attempts).unwrap().with_delay(delay);
        Attempts::Hedge(policy.with_non_fatal_status_codes(codes))
    });
    prop_oneof![retry, hedge]
}

fn duration() -> impl Strategy<Value = Duration> {
    (0..1_000_000_u64, 0..1_000_000_000_u32)
        .prop_map(|(seconds, nanos)| Duration::new(seconds, nanos))
}

fn codes() -> impl Strategy<Value = CodeSet> {
    prop::collection::vec(select(Code::ALL.to_vec()), 0..4).prop_map(CodeSet::from_iter)
}

fn written(methods: &Methods) -> Vec<Value> {
    let name = |path: &str| {
        let method = descriptor(path);
        json!([{"service": method.service(), "method": method.method()}])
    };
    methods.iter().map(|(path, config)| entry(name(path), config)).collect()
}

/// The entry for a config. What is `None` is written as null.
fn entry(name: Value, config: &MethodConfig) -> Value {
    let seconds =
        |duration: Duration| format!("{}.{:09}s", duration.as_secs(), duration.subsec_nanos());
    let mixed = |codes: CodeSet| -> Vec<Value> {
        let code = |code: Code| match i32::from(code) % 3 {
            0 => json!(i32::from(code)),
            1 => json!(code.as_str()),
            _ => json!(code.as_str().to_lowercase()),
        };
        codes.iter().map(code).collect()
    };
    let mut json = json!({
        "name": name,
        "waitForReady": config.wait_for_ready(),
        "timeout": config.timeout().map(seconds),
        "maxRequestMessageBytes": config.max_request_bytes(),
        "maxResponseMessageBytes": config.max_response_bytes().map(|bytes| bytes.to_string()),
    });
    match config.attempts() {
        Some(Attempts::Retry(policy)) => {
            json["retryPolicy"] = json!({
                "maxAttempts": policy.max_attempts(),
                "initialBackoff": seconds(policy.initial_backoff()),
                "maxBackoff": seconds(policy.max_backoff()),
                "backoffMultiplier": policy.backoff_multiplier(),
                "retryableStatusCodes": mixed(policy.retryable_status_codes()),
                "perAttemptRecvTimeout": policy.per_attempt_receive_timeout().map(seconds),
            });
        }
        Some(Attempts::Hedge(policy)) => {
            json["hedgingPolicy"] = json!({
                "maxAttempts": policy.max_attempts(),
                "hedgingDelay": seconds(policy.hedging_delay()),
                "nonFatalStatusCodes": mixed(policy.non_fatal_status_codes()),
            });
        }
        // The one has no word in JSON, and is not among what is tried.
        Some(Attempts::Once) | None => {}
    }
    json
}

/// JSON whose keys and text are often those of a service config, so that it comes far.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| json!(number)),
        (0..20_i64).prop_map(|number| json!(number)),
        any::<f64>().prop_map(|number| Number::from_f64(number).map_or(Value::Null, Value::Number)),
        select(TEXTS.to_vec()).prop_map(|text| json!(text)),
        any::<String>().prop_map(Value::String),
    ];
    leaf.prop_recursive(6, 48, 4, |inner| {
        let key =
            prop_oneof![9 => select(KEYS.to_vec()).prop_map(str::to_owned), 1 => any::<String>()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((key, inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// The JSON pointers (RFC 6901) of all values.
fn pointers(json: &Value) -> Vec<String> {
    fn below(pointer: &str, json: &Value, found: &mut Vec<String>) {
        match json {
            Value::Object(fields) => {
                for (key, value) in fields {
                    below(&format!("{pointer}/{key}"), value, found);
                }
            }
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    below(&format!("{pointer}/{index}"), value, found);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        found.push(pointer.to_owned());
    }
    let mut found = Vec::new();
    below("", json, &mut found);
    found.pop(); // the pointer to all of it
    found
}

const KEYS: [&str; 30] = [
    "loadBalancingConfig",
    "loadBalancingPolicy",
    "methodConfig",
    "method_config",
    "name",
    "service",
    "method",
    "waitForReady",
    "timeout",
    "maxRequestMessageBytes",
    "maxResponseMessageBytes",
    "retryPolicy",
    "retry_policy",
    "hedgingPolicy",
    "maxAttempts",
    "max_attempts",
    "initialBackoff",
    "maxBackoff",
    "backoffMultiplier",
    "retryableStatusCodes",
    "hedgingDelay",
    "nonFatalStatusCodes",
    "retryThrottling",
    "maxTokens",
    "tokenRatio",
    "healthCheckConfig",
    "serviceName",
    "connectionScaling",
    "pick_first",
    "round_robin",
];

const TEXTS: [&str; 10] =
    ["", "1s", "0s", "-1s", "0.5s", "7", "1e3", "UNAVAILABLE", "internal", "pick_first"];
