//! The rules of the whole config: what is read, what is refused and with which words, and which method gets what.
//! The property tests are in `tests/properties.rs`.

mod properties;

use std::error::Error;
use std::num::NonZeroU32;
use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Attempts, CodeSet, HedgingPolicy, InvalidPolicy, InvalidServiceConfig, MethodConfig,
    RetryPolicy, RetryThrottling, ServiceConfig,
};
use crate::lb::{Chosen, PolicyRegistry};
use crate::method::{MethodDescriptor, MethodKind};
use crate::status::Code;

static GET: MethodDescriptor = MethodDescriptor::new("/pkg.Store/Get", MethodKind::Unary);
static PUT: MethodDescriptor = MethodDescriptor::new("/pkg.Store/Put", MethodKind::Unary);
static OTHER: MethodDescriptor = MethodDescriptor::new("/pkg.Other/Get", MethodKind::Unary);

fn parse(json: &Value) -> Result<ServiceConfig, InvalidServiceConfig> {
    ServiceConfig::parse(&json.to_string(), &PolicyRegistry::builtin())
}

fn error(json: &Value) -> String {
    match parse(json) {
        Ok(config) => panic!("{json} is taken as {config:?}"),
        Err(error) => error.to_string(),
    }
}

/// The config of a default entry with these fields.
fn method(fields: Value) -> MethodConfig {
    parse(&entry(fields)).unwrap().method_config(&GET).unwrap().clone()
}

fn entry(mut fields: Value) -> Value {
    fields["name"] = json!([{}]);
    json!({ "methodConfig": [fields] })
}

fn retry() -> Value {
    json!({
        "maxAttempts": 3,
        "initialBackoff": "0.1s",
        "maxBackoff": "1s",
        "backoffMultiplier": 1.5,
        "retryableStatusCodes": ["unavailable", 8, "Data_Loss"],
    })
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn says_nothing(config: &ServiceConfig) -> bool {
    config.load_balancing().is_none()
        && config.method_config(&GET).is_none()
        && config.retry_throttling().is_none()
        && config.health_check_service_name().is_none()
        && config.max_connections_per_subchannel().is_none()
}

#[test]
fn promises_hold() {
    fn value<T: Send + Sync + Clone + std::fmt::Debug + 'static>() {}
    value::<ServiceConfig>();
    value::<InvalidServiceConfig>();
    value::<InvalidPolicy>();
    const _: RetryPolicy = match RetryPolicy::new(2, CodeSet::of(&[Code::Unavailable])) {
        Ok(policy) => policy,
        Err(_) => panic!("checked by the compiler"),
    };
}

#[test]
fn nothing_null_and_what_is_not_known_say_nothing() {
    assert!(says_nothing(&ServiceConfig::default()));
    for json in [
        json!({}),
        json!({"loadBalancingConfig": null, "loadBalancingPolicy": null, "methodConfig": null,
            "retryThrottling": null, "healthCheckConfig": null, "connectionScaling": null}),
        json!({"loadBalancingPolicy": "", "methodConfig": [], "healthCheckConfig": {}, "connectionScaling": {}}),
        json!({"healthCheckConfig": {"serviceName": null}, "new": [1, {"timeout": -1}], "Timeout": 5}),
        json!({"methodConfig": [{}, {"name": null}, {"name": []}, {"name": [], "timeout": "1s"}]}),
    ] {
        assert!(says_nothing(&parse(&json).unwrap()), "{json}");
    }
    assert_eq!(
        method(json!({"new": 1, "timeout": null, "retryPolicy": null})),
        MethodConfig::new()
    );
}

#[test]
fn text_that_is_not_a_config_is_refused() {
    let error = |text: &str| ServiceConfig::parse(text, &PolicyRegistry::builtin()).unwrap_err();
    for text in ["", "{", "{} {}", "{'a': 1}", r#"{"a": 1,}"#, "nonsense", "NaN"] {
        let error = error(text);
        assert_eq!(
            (error.to_string().as_str(), error.path()),
            ("the service config is not JSON", "")
        );
        assert!(error.source().unwrap().to_string().contains("line 1 column"), "{text}");
    }
    for (text, found) in
        [("null", "null"), ("[]", "an empty list"), ("7", "7"), (r#""{}""#, r#""{}""#)]
    {
        let expected = format!("the service config is {found}, and must be an object");
        assert_eq!(error(text).to_string(), expected);
    }
    let twice = r#"{"methodConfig": [{"timeout": "1s", "timeout": "1s"}]}"#;
    assert_eq!(error(twice).to_string(), "methodConfig[0].timeout is given twice");
}

#[test]
fn everything_of_a_method_is_read() {
    let config = method(json!({
        "waitForReady": false,
        "timeout": "1.000000001s",
        "maxRequestMessageBytes": "10",
        "maxResponseMessageBytes": 0,
        "retryPolicy": with(retry(), "perAttemptRecvTimeout", json!("0.2s")),
    }));
    assert_eq!(config.wait_for_ready(), Some(false));
    assert_eq!(config.timeout(), Some(Duration::new(1, 1)));
    assert_eq!((config.max_request_bytes(), config.max_response_bytes()), (Some(10), Some(0)));
    let Some(Attempts::Retry(policy)) = config.attempts() else { panic!("{config:?}") };
    assert_eq!(policy.max_attempts(), 3);
    assert_eq!(policy.initial_backoff(), Duration::from_millis(100));
    assert_eq!(policy.max_backoff(), Duration::from_secs(1));
    assert_eq!(policy.backoff_multiplier(), 1.5);
    let codes = CodeSet::of(&[Code::Unavailable, Code::ResourceExhausted, Code::DataLoss]);
    assert_eq!(policy.retryable_status_codes(), codes);
    assert_eq!(policy.per_attempt_receive_timeout(), Some(Duration::from_millis(200)));
}

#[test]
fn hedging_needs_no_more_than_its_attempts() {
    let hedge = |json: Value| match method(json!({ "hedgingPolicy": json })).attempts() {
        Some(Attempts::Hedge(policy)) => *policy,
        attempts => panic!("{attempts:?}"),
    };
    let policy = hedge(json!({"maxAttempts": "7"}));
    assert_eq!(
        policy,
        HedgingPolicy::new(7).unwrap(),
        "the channel has the last word, not the config"
    );
    assert_eq!(policy.hedging_delay(), Duration::ZERO);
    assert!(policy.non_fatal_status_codes().is_empty());
    let policy = hedge(
        json!({"maxAttempts": 2, "hedgingDelay": "0.5s", "nonFatalStatusCodes": ["INTERNAL"]}),
    );
    assert_eq!(policy.max_attempts(), 2);
    assert_eq!(policy.hedging_delay(), Duration::from_millis(500));
    assert_eq!(policy.non_fatal_status_codes(), CodeSet::EMPTY.with(Code::Internal));
    assert_eq!(
        hedge(json!({"maxAttempts": 2, "hedgingDelay": "0s"})).hedging_delay(),
        Duration::ZERO
    );
}

#[test]
fn everything_of_the_channel_is_read() {
    let config = parse(&json!({
        "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.5466},
        "healthCheckConfig": {"serviceName": ""},
        "connectionScaling": {"maxConnectionsPerSubchannel": 3},
    }))
    .unwrap();
    let throttling = config.retry_throttling().unwrap();
    assert_eq!((throttling.max_tokens(), throttling.token_ratio_thousandths()), (10, 546));
    assert_eq!(config.health_check_service_name(), Some(""), "empty is the whole server");
    assert_eq!(config.max_connections_per_subchannel(), NonZeroU32::new(3));
}

#[test]
fn the_most_specific_name_counts_and_levels_are_not_merged() {
    let config = parse(&json!({"methodConfig": [
        {"name": [{"service": null, "method": ""}], "waitForReady": true},
        {"name": [{"service": "pkg.Store"}, {"service": "pkg.Third", "method": null}], "timeout": "1s"},
        {"name": [{"service": "pkg.Store", "method": "Get"}], "timeout": "2s"},
    ]}))
    .unwrap();
    let timeout = |method| config.method_config(method).unwrap().timeout();
    assert_eq!(timeout(&GET), Some(Duration::from_secs(2)));
    assert_eq!(timeout(&PUT), Some(Duration::from_secs(1)));
    assert_eq!(timeout(&OTHER), None);
    let waits = |method| config.method_config(method).unwrap().wait_for_ready();
    assert_eq!((waits(&GET), waits(&PUT), waits(&OTHER)), (None, None, Some(true)));
    let nested = MethodDescriptor::dynamic("/pkg.Third/a/Get", MethodKind::Unary).unwrap();
    assert_eq!(timeout(&nested), None, "its service is pkg.Third/a");
}

#[test]
fn a_config_made_in_rust_is_looked_up_alike() {
    let seconds = |seconds| MethodConfig::new().with_timeout(Duration::from_secs(seconds));
    let config = ServiceConfig::new()
        .for_method(&GET, seconds(9))
        .default_method(seconds(3))
        .for_service("pkg.Store", seconds(2))
        .for_method(&GET, seconds(1))
        .with_load_balancing(Chosen::pick_first())
        .with_retry_throttling(RetryThrottling::new(10, 1.0).unwrap())
        .with_health_check("pkg.Store")
        .with_max_connections_per_subchannel(NonZeroU32::MIN);
    for (method, expected) in [(&GET, 1), (&PUT, 2), (&OTHER, 3)] {
        assert_eq!(config.method_config(method), Some(&seconds(expected)));
    }
    assert_eq!(config.load_balancing().unwrap().builder().name(), "pick_first");
    assert_eq!(config.retry_throttling(), Some(RetryThrottling::new(10, 1.0).unwrap()));
    assert_eq!(config.health_check_service_name(), Some("pkg.Store"));
    assert_eq!(config.max_connections_per_subchannel(), Some(NonZeroU32::MIN));
    let config = config.for_service("", seconds(4));
    assert_eq!(config.method_config(&OTHER), Some(&seconds(4)), "a service without a name is none");
}

#[test]
fn the_last_of_retry_and_hedging_holds() {
    let retry = RetryPolicy::new(2, CodeSet::of(&[Code::Aborted])).unwrap();
    let hedging = HedgingPolicy::new(2).unwrap();
    let config = MethodConfig::new().with_retry(retry).with_hedging(hedging);
    assert_eq!(config.attempts(), Some(&Attempts::Hedge(hedging)));
    assert_eq!(config.with_retry(retry).attempts(), Some(&Attempts::Retry(retry)));
}

#[test]
fn names_that_cannot_stand_are_refused() {
    for (names, text) in [
        (
            json!([[{"method": "Get"}]]),
            "methodConfig[0].name[0].service is missing, and must be the full name of a service where there is a method",
        ),
        (
            json!([[{"service": "a", "method": "B"}, {}, {"service": "a", "method": "B"}]]),
            "methodConfig[0].name[2] names /a/B, which methodConfig[0].name[0] names already",
        ),
        (
            json!([[{"service": "a"}], [{"service": "b"}, {"service": "a", "method": ""}]]),
            "methodConfig[1].name[1] names a, which methodConfig[0].name[0] names already",
        ),
        (
            json!([[{}], [{"service": ""}]]),
            "methodConfig[1].name[0] names the default, which methodConfig[0].name[0] names already",
        ),
        (json!([{}]), "methodConfig[0].name is an object, and must be a list"),
        (json!([[null]]), "methodConfig[0].name[0] is null, and must be an object"),
        (json!([[{"service": 7}]]), "methodConfig[0].name[0].service is 7, and must be text"),
    ] {
        let entries: Vec<Value> =
            names.as_array().unwrap().iter().map(|name| json!({ "name": name })).collect();
        assert_eq!(error(&json!({ "methodConfig": entries })), text);
    }
}

#[test]
fn values_that_a_method_cannot_have_are_refused() {
    const DURATION: &str = r#", and must be a duration that is not negative, such as "1.5s""#;
    const BYTES: &str = ", and must be an integer from 0 to 4294967295";
    for (fields, text) in [
        (
            json!({"waitForReady": "true"}),
            r#"waitForReady is "true", and must be true or false"#.to_owned(),
        ),
        (json!({"timeout": 5}), format!("timeout is 5{DURATION}")),
        (json!({"timeout": "-1s"}), format!(r#"timeout is "-1s"{DURATION}"#)),
        (json!({"timeout": ""}), format!(r#"timeout is ""{DURATION}"#)),
        (json!({"maxRequestMessageBytes": -1}), format!("maxRequestMessageBytes is -1{BYTES}")),
        (json!({"maxRequestMessageBytes": 1.5}), format!("maxRequestMessageBytes is 1.5{BYTES}")),
        (
            json!({"max_response_message_bytes": 4_294_967_296_u64}),
            format!("max_response_message_bytes is 4294967296{BYTES}"),
        ),
        (
            json!({"retryPolicy": []}),
            "retryPolicy is an empty list, and must be an object".to_owned(),
        ),
        (json!({"hedgingPolicy": true}), "hedgingPolicy is true, and must be an object".to_owned()),
    ] {
        assert_eq!(error(&entry(fields.clone())), format!("methodConfig[0].{text}"));
        // A mistake is one too where the entry is for no method.
        assert_eq!(error(&json!({"methodConfig": [fields]})), format!("methodConfig[0].{text}"));
    }
    let both = entry(json!({"retryPolicy": retry(), "hedgingPolicy": {"maxAttempts": 2}}));
    let text =
        "methodConfig[0] has both retryPolicy and hedgingPolicy; a method can have one of them";
    assert_eq!(error(&both), text);
}

#[test]
fn values_that_a_policy_cannot_have_are_refused() {
    const ATTEMPTS: &str = "an integer of 2 or more";
    const LONGER: &str = r#"a duration longer than zero, such as "0.1s""#;
    const ABOVE: &str = "a number above zero";
    const CODE: &str = r#"the name or the number of a status code, such as "UNAVAILABLE" or 14"#;
    for (field, value, shown, expected) in [
        ("maxAttempts", json!(1), "is 1", ATTEMPTS),
        ("maxAttempts", json!("0"), r#"is "0""#, ATTEMPTS),
        ("maxAttempts", json!(2.5), "is 2.5", ATTEMPTS),
        ("maxAttempts", json!("many"), r#"is "many""#, ATTEMPTS),
        ("maxAttempts", json!(null), "is missing", ATTEMPTS),
        ("initialBackoff", json!("0s"), r#"is "0s""#, LONGER),
        ("initialBackoff", json!("-1s"), r#"is "-1s""#, LONGER),
        ("initialBackoff", json!(null), "is missing", LONGER),
        ("maxBackoff", json!("0.0s"), r#"is "0.0s""#, LONGER),
        ("maxBackoff", json!(1), "is 1", LONGER),
        ("maxBackoff", json!(null), "is missing", LONGER),
        ("backoffMultiplier", json!(0), "is 0", ABOVE),
        ("backoffMultiplier", json!(-1.5), "is -1.5", ABOVE),
        ("backoffMultiplier", json!("Infinity"), r#"is "Infinity""#, ABOVE),
        ("backoffMultiplier", json!(null), "is missing", ABOVE),
        (
            "retryableStatusCodes",
            json!([]),
            "is an empty list",
            "a list of at least one status code",
        ),
        ("retryableStatusCodes", json!(null), "is missing", "a list of at least one status code"),
        ("retryableStatusCodes", json!("UNAVAILABLE"), r#"is "UNAVAILABLE""#, "a list"),
        ("retryableStatusCodes[1]", json!([14, 17]), "is 17", CODE),
        ("retryableStatusCodes[0]", json!([-1]), "is -1", CODE),
        ("retryableStatusCodes[0]", json!(["14"]), r#"is "14""#, CODE),
        ("retryableStatusCodes[0]", json!(["CANCELED"]), r#"is "CANCELED""#, CODE),
        ("retryableStatusCodes[0]", json!([null]), "is null", CODE),
        ("perAttemptRecvTimeout", json!("0s"), r#"is "0s""#, LONGER),
    ] {
        let name = field.split('[').next().unwrap();
        let json = entry(json!({"retryPolicy": with(retry(), name, value)}));
        let expected =
            format!("methodConfig[0].retryPolicy.{field} {shown}, and must be {expected}");
        assert_eq!(error(&json), expected);
    }
    for (policy, text) in [
        (json!({}), "maxAttempts is missing, and must be an integer of 2 or more"),
        (json!({"maxAttempts": 1}), "maxAttempts is 1, and must be an integer of 2 or more"),
        (
            json!({"maxAttempts": 2, "hedgingDelay": "-1s"}),
            r#"hedgingDelay is "-1s", and must be a duration that is not negative, such as "0.5s""#,
        ),
        (
            json!({"maxAttempts": 2, "nonFatalStatusCodes": {}}),
            "nonFatalStatusCodes is an object, and must be a list",
        ),
    ] {
        let text = format!("methodConfig[0].hedgingPolicy.{text}");
        assert_eq!(error(&entry(json!({ "hedgingPolicy": policy }))), text);
    }
}

#[test]
fn values_that_a_channel_cannot_have_are_refused() {
    for (json, text) in [
        (
            json!({"retryThrottling": {"maxTokens": 1001, "tokenRatio": 0.1}}),
            "retryThrottling.maxTokens is 1001, and must be an integer from 1 to 1000",
        ),
        (
            json!({"retryThrottling": {"maxTokens": 10.5, "tokenRatio": 0.1}}),
            "retryThrottling.maxTokens is 10.5, and must be an integer from 1 to 1000",
        ),
        (
            json!({"retryThrottling": {"maxTokens": 10, "tokenRatio": 0.0009}}),
            "retryThrottling.tokenRatio is 0.0009, and must be a number of 0.001 or more",
        ),
        (
            json!({"retryThrottling": {"maxTokens": 10}}),
            "retryThrottling.tokenRatio is missing, and must be a number of 0.001 or more",
        ),
        (
            json!({"healthCheckConfig": {"serviceName": 1}}),
            "healthCheckConfig.serviceName is 1, and must be text",
        ),
        (json!({"healthCheckConfig": "a"}), r#"healthCheckConfig is "a", and must be an object"#),
        (
            json!({"connectionScaling": {"maxConnectionsPerSubchannel": 0}}),
            "connectionScaling.maxConnectionsPerSubchannel is 0, and must be an integer of 1 or more",
        ),
        (json!({"methodConfig": {}}), "methodConfig is an object, and must be a list"),
        (json!({"methodConfig": [7]}), "methodConfig[0] is 7, and must be an object"),
        (json!({"loadBalancingPolicy": 7}), "loadBalancingPolicy is 7, and must be text"),
    ] {
        assert_eq!(error(&json), text);
    }
}

#[test]
fn a_policy_made_in_rust_is_checked_alike() {
    let codes = CodeSet::of(&[Code::Unavailable]);
    let retry = RetryPolicy::new(2, codes).unwrap();
    let (zero, second) = (Duration::ZERO, Duration::from_secs(1));
    for (made, text) in [
        (RetryPolicy::new(1, codes), "maxAttempts is 1, and must be an integer of 2 or more"),
        (
            RetryPolicy::new(2, CodeSet::EMPTY),
            "retryableStatusCodes is empty, and must be a list of at least one status code",
        ),
        (
            retry.with_backoff(zero, second, 1.0),
            r#"initialBackoff is 0ns, and must be a duration longer than zero, such as "0.1s""#,
        ),
        (
            retry.with_backoff(second, zero, 1.0),
            r#"maxBackoff is 0ns, and must be a duration longer than zero, such as "0.1s""#,
        ),
        (
            retry.with_backoff(second, second, f64::NAN),
            "backoffMultiplier is NaN, and must be a number above zero",
        ),
        (
            retry.with_per_attempt_receive_timeout(zero),
            r#"perAttemptRecvTimeout is 0ns, and must be a duration longer than zero, such as "0.1s""#,
        ),
    ] {
        assert_eq!(made.unwrap_err().to_string(), text);
    }
    assert_eq!(HedgingPolicy::new(0).unwrap_err().field(), "maxAttempts");
    assert_eq!(retry.initial_backoff(), Duration::from_millis(25), "gRFC A44");
    assert_eq!(
        (retry.max_backoff(), retry.backoff_multiplier()),
        (Duration::from_millis(250), 2.0)
    );
    assert!(retry.with_backoff(second, Duration::from_millis(1), 0.5).is_ok());
}

#[test]
fn the_list_of_policies_goes_before_the_older_name() {
    let name = |json: Value| {
        let config = parse(&json).unwrap();
        config.load_balancing().map(|chosen| chosen.builder().name().to_owned())
    };
    let round_robin = Some("round_robin".to_owned());
    let list = json!([{"unknown": {}}, {"round_robin": {}}, {"pick_first": 7}]);
    assert_eq!(name(json!({ "loadBalancingConfig": list })), round_robin);
    assert_eq!(
        name(json!({"loadBalancingConfig": list, "loadBalancingPolicy": "unknown"})),
        round_robin
    );
    assert_eq!(
        name(json!({"loadBalancingConfig": null, "loadBalancingPolicy": "ROUND_ROBIN"})),
        round_robin
    );
    assert_eq!(name(json!({"loadBalancingPolicy": "pick_first"})), Some("pick_first".to_owned()));
    assert_eq!(
        error(&json!({"loadBalancingPolicy": "grpclb"})),
        r#"loadBalancingPolicy is "grpclb", and must be a policy that needs no configuration; known are pick_first, round_robin"#,
    );
}

#[test]
fn a_list_of_policies_that_cannot_be_used_is_refused_with_its_cause() {
    for (list, cause) in [
        (json!([]), "loadBalancingConfig names no policy"),
        (json!([{"a": {}}]), "none of the policies of loadBalancingConfig is known: a"),
        (
            json!([{"pick_first": {"shuffleAddressList": 1}}, {"round_robin": {}}]),
            "shuffleAddressList in the configuration of pick_first is not a bool",
        ),
    ] {
        let error = parse(&json!({ "loadBalancingConfig": list })).unwrap_err();
        assert_eq!(error.to_string(), "loadBalancingConfig cannot be used");
        assert_eq!(error.path(), "loadBalancingConfig");
        assert_eq!(error.source().unwrap().to_string(), cause);
    }
}
