//! What is settled about a call before it goes anywhere: its deadline, whether it waits, how large its messages may be.
//!
//! Pure. Where several say something, the table of [`CallOptions`] decides (requirements SC-03, WFR-02).

use std::time::Instant;

use crate::attempts::Attempts;
use crate::engine::limits::Limits;
use crate::engine::options::CallOptions;
use crate::method::MethodDescriptor;
use crate::service_config::MethodConfig;
use crate::status::Status;

/// What holds for one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) deadline: Option<Instant>,
    pub(crate) wait_for_ready: bool,
    pub(crate) max_request_bytes: usize,
    pub(crate) max_response_bytes: usize,
}

impl Terms {
    /// Settles it. `started` is when the call was made; the clock is not looked at unless something has a limit.
    ///
    /// # Errors
    /// DEADLINE_EXCEEDED when the call's own deadline passed before it was made.
    pub(super) fn settle(
        method: &MethodDescriptor,
        call: &CallOptions,
        config: Option<&MethodConfig>,
        channel: &Limits,
        started: impl Fn() -> Instant,
    ) -> Result<Self, Status> {
        let of_config = config.and_then(MethodConfig::timeout);
        let otherwise = if of_config.is_some() { None } else { method.timeout() };
        let own = call.deadline_from(otherwise, &started)?;
        let of_config = of_config.and_then(|timeout| started().checked_add(timeout));
        let wait = config.and_then(MethodConfig::wait_for_ready);
        Ok(Self {
            deadline: least(own, of_config),
            wait_for_ready: call
                .wait_for_ready
                .or(wait)
                .or(method.wait_for_ready())
                .unwrap_or(false),
            max_request_bytes: max_request_bytes(method, call, config, channel),
            max_response_bytes: least(
                call.max_response_bytes(),
                config.and_then(MethodConfig::max_response_bytes),
            )
            .or(method.max_response_bytes())
            .unwrap_or(channel.max_response_bytes),
        })
    }
}

/// How large a request message may be: asked for by itself, because messages are encoded before all else.
#[inline]
pub(super) fn max_request_bytes(
    method: &MethodDescriptor,
    call: &CallOptions,
    config: Option<&MethodConfig>,
    channel: &Limits,
) -> usize {
    least(call.max_request_bytes(), config.and_then(MethodConfig::max_request_bytes))
        .or(method.max_request_bytes())
        .unwrap_or(channel.max_request_bytes)
}

/// Whether the call is retried, hedged or neither: asked for by itself, because a call is large without it.
pub(super) fn attempts<'a>(
    method: &'a MethodDescriptor,
    call: &'a CallOptions,
    config: Option<&'a MethodConfig>,
) -> &'a Attempts {
    call.attempts()
        .or(config.and_then(MethodConfig::attempts))
        .or(method.attempts())
        .unwrap_or(&Attempts::Once)
}

fn least<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempts::{CodeSet, HedgingPolicy, RetryPolicy};
    use crate::method::MethodKind;
    use crate::status::Code;

    const METHOD: MethodDescriptor = MethodDescriptor::new("/a.B/C", MethodKind::Unary);

    fn retry(attempts: u32) -> RetryPolicy {
        RetryPolicy::new(attempts, CodeSet::of(&[Code::Unavailable])).unwrap()
    }

    fn hedging(attempts: u32) -> HedgingPolicy {
        HedgingPolicy::new(attempts).unwrap()
    }

    fn calling(attempts: impl Into<Attempts>) -> CallOptions {
        let mut options = CallOptions::default();
        options.set_attempts(attempts);
        options
    }

    #[test]
    fn who_speaks_first_of_attempts_speaks_alone() {
        let silent = CallOptions::default();
        assert_eq!(attempts(&METHOD, &silent, None), &Attempts::Once);

        let method = METHOD.with_hedging(hedging(3));
        assert_eq!(attempts(&method, &silent, None), &Attempts::from(hedging(3)));
        let other = MethodConfig::new().with_wait_for_ready(true);
        assert_eq!(attempts(&method, &silent, Some(&other)), &Attempts::from(hedging(3)));

        let config = MethodConfig::new().with_retry(retry(4));
        assert_eq!(attempts(&method, &silent, Some(&config)), &Attempts::from(retry(4)));
        let once = MethodConfig::new().with_one_attempt();
        assert_eq!(attempts(&method, &silent, Some(&once)), &Attempts::Once);

        for own in [Attempts::from(retry(5)), hedging(5).into(), Attempts::Once] {
            assert_eq!(attempts(&method, &calling(own), Some(&config)), &own);
            assert_eq!(attempts(&METHOD, &calling(own), None), &own);
        }
    }
}
