//! Reads `retryPolicy` and `hedgingPolicy` (gRFC A6). What they are is `attempts`.

use super::error::InvalidServiceConfig;
use super::json::Node;
use crate::attempts::fields::{
    HEDGING_DELAY, INITIAL_BACKOFF, MAX_ATTEMPTS, MAX_BACKOFF, MULTIPLIER, PER_ATTEMPT, RETRYABLE,
};
use crate::attempts::{HedgingPolicy, RetryPolicy};

pub(super) fn retry(node: Node<'_>) -> Result<RetryPolicy, InvalidServiceConfig> {
    let object = node.object()?;
    let max_attempts = object.require(MAX_ATTEMPTS, Node::integer)?;
    let initial = object.require(INITIAL_BACKOFF, Node::duration)?;
    let max = object.require(MAX_BACKOFF, Node::duration)?;
    let multiplier = object.require(MULTIPLIER, Node::number)?;
    let codes = object.require(RETRYABLE, |node, _| node.codes())?;
    let timeout = object.read(PER_ATTEMPT.name, |node| node.duration(PER_ATTEMPT.expected))?;
    let policy = RetryPolicy::new(max_attempts, codes)
        .and_then(|policy| policy.with_backoff(initial, max, multiplier))
        .and_then(|policy| match timeout {
            Some(timeout) => policy.with_per_attempt_receive_timeout(timeout),
            None => Ok(policy),
        });
    policy.map_err(|error| object.refused(&error))
}

pub(super) fn hedging(node: Node<'_>) -> Result<HedgingPolicy, InvalidServiceConfig> {
    let object = node.object()?;
    let max_attempts = object.require(MAX_ATTEMPTS, Node::integer)?;
    let delay = object.read(HEDGING_DELAY.name, |node| node.duration(HEDGING_DELAY.expected))?;
    let codes = object.read("nonFatalStatusCodes", Node::codes)?;
    let policy = HedgingPolicy::new(max_attempts);
    Ok(policy
        .map_err(|error| object.refused(&error))?
        .with_delay(delay.unwrap_or_default())
        .with_non_fatal_status_codes(codes.unwrap_or_default()))
}
