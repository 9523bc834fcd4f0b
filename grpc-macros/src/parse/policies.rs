//! `retry(..)` and `hedge(..)` of `#[rpc(..)]`: how often a method's calls are made. Everything that gRFC A6 or a channel
//! would refuse or pass over in silence is a mistake here.

use std::collections::HashSet;
use std::time::Duration;

use proc_macro2::{Ident, TokenStream};

use crate::duration::{self, InvalidDuration};
use crate::errors::Errors;
use crate::model::{Attempts, Hedge, Policy, Retry, RpcOptions};
use crate::parse::codes;
use crate::parse::list::{self, Argument};

/// Reads one of the two, with its settings or without.
pub(crate) fn read(
    argument: &Argument<'_>,
    options: &mut RpcOptions,
    errors: &mut Errors,
) -> syn::Result<()> {
    let word = argument.name.clone();
    let is_retry = word == "retry";
    let settings =
        argument.settings(if is_retry { "max_attempts = 4" } else { "delay = \"20ms\"" })?;
    if options.attempts.is_some() {
        errors
            .at(&word, "a call is either retried or hedged: write only one of `retry` and `hedge`");
        return Ok(());
    }
    let policy = if is_retry { retry(settings)? } else { hedge(&word, settings)? };
    options.attempts = Some(Attempts { word, policy });
    Ok(())
}

/// What can only be said once all that there is about the method is read.
pub(crate) fn check(method: &Ident, options: &RpcOptions, errors: &mut Errors) {
    let Some(Attempts { word, policy }) = &options.attempts else { return };
    let ends_before = |time: Duration| options.timeout.is_some_and(|timeout| timeout <= time);
    match policy {
        Policy::Retry(Retry { attempt_timeout: Some(limit), .. }) if ends_before(*limit) => errors
            .at(
                word,
                "the whole call is over before one attempt is: make `attempt_timeout` shorter than \
             `timeout`, or leave it out",
            ),
        Policy::Retry(Retry { initial_backoff, .. }) if ends_before(*initial_backoff) => errors.at(
            word,
            "the whole call is over before its first retry: make `initial_backoff` shorter than \
             `timeout`",
        ),
        Policy::Hedge(Hedge { delay, .. }) if ends_before(*delay) => errors.at(
            word,
            "the whole call is over before its second attempt: make `delay` shorter than `timeout`",
        ),
        Policy::Retry(_) | Policy::Hedge(_) => {}
    }
    if let Policy::Hedge(Hedge { allows_duplicates: false, .. }) = policy
        && options.idempotency.is_none()
    {
        errors.at(
            word,
            format!(
                "hedging makes a call several times, and nothing says that `{method}` may be: write \
                 `idempotent` or `no_side_effects` beside it, or `hedge(.., allow_duplicates)` if it \
                 is neither and duplicates do no harm",
            ),
        );
    }
}

/// The settings of `retry`.
fn retry(settings: TokenStream) -> syn::Result<Policy> {
    let (mut attempts, mut initial, mut max) = (None, None, None);
    let (mut multiplier, mut retried, mut limit) = (None, None, None);
    each(settings, &RETRY, |argument| {
        match argument.name.to_string().as_str() {
            "max_attempts" => attempts = Some(max_attempts(argument)?),
            "initial_backoff" => initial = Some(pause(argument, "100ms")?),
            "max_backoff" => max = Some((argument.name.clone(), pause(argument, "1s")?)),
            "backoff_multiplier" => multiplier = Some(argument.above_zero("2.0")?),
            "attempt_timeout" => limit = Some(attempt_timeout(argument)?),
            _ => retried = Some(retried_codes(argument)?),
        }
        Ok(())
    })?;
    let initial_backoff = initial.unwrap_or(INITIAL_BACKOFF);
    let max_backoff = match max {
        Some((word, max)) if max < initial_backoff => {
            let message = format!(
                "`max_backoff` is shorter than the first pause: make it {initial_backoff:?} or more, \
                 or `initial_backoff` shorter",
            );
            return Err(syn::Error::new_spanned(word, message));
        }
        Some((_, max)) => max,
        None => initial_backoff.saturating_mul(LONGEST_PAUSE),
    };
    Ok(Policy::Retry(Retry {
        max_attempts: attempts.unwrap_or(RETRY_ATTEMPTS),
        initial_backoff,
        max_backoff,
        backoff_multiplier: multiplier.unwrap_or(MULTIPLIER),
        codes: retried.unwrap_or_else(|| vec![codes::UNAVAILABLE]),
        attempt_timeout: limit,
    }))
}

/// The settings of `hedge`.
fn hedge(word: &Ident, settings: TokenStream) -> syn::Result<Policy> {
    let (mut attempts, mut delay, mut survived) = (None, None, None);
    let mut allows_duplicates = false;
    each(settings, &HEDGE, |argument| {
        match argument.name.to_string().as_str() {
            "max_attempts" => attempts = Some(max_attempts(argument)?),
            "delay" => delay = Some(hedging_delay(argument)?),
            "allow_duplicates" => {
                argument.flag()?;
                allows_duplicates = true;
            }
            _ => survived = Some(codes::read(argument)?),
        }
        Ok(())
    })?;
    let Some(delay) = delay else {
        let message = "`hedge` needs to know when to send another attempt: write `hedge(delay = \
                       \"20ms\")` with a time that most calls do not take, or `\"0s\"` to send all at once";
        return Err(syn::Error::new_spanned(word, message));
    };
    Ok(Policy::Hedge(Hedge {
        max_attempts: attempts.unwrap_or(HEDGE_ATTEMPTS),
        delay,
        codes: survived.unwrap_or_else(|| vec![codes::UNAVAILABLE]),
        allows_duplicates,
    }))
}

/// Gives each of the settings to `take`; an error has all of their mistakes.
fn each(
    settings: TokenStream,
    known: &[&str],
    mut take: impl FnMut(&Argument<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    let mut errors = Errors::default();
    list::read(settings, known, &mut HashSet::new(), &mut errors, |argument, _| take(argument));
    errors.into_error().map_or(Ok(()), Err)
}

/// From two up to what a channel allows unless it is told otherwise (gRFC A6, "maxAttempts").
fn max_attempts(argument: &Argument<'_>) -> syn::Result<u32> {
    let number = argument.integer("4")?;
    let attempts: u64 = number.base10_parse()?;
    match u32::try_from(attempts) {
        Ok(attempts @ 2..=CHANNEL_ATTEMPTS) => Ok(attempts),
        Ok(attempts @ 0..2) => {
            let message = format!(
                "`max_attempts = {attempts}` is not more than the call itself, which is the first \
                 attempt: write 2 to {CHANNEL_ATTEMPTS}",
            );
            Err(syn::Error::new_spanned(&number, message))
        }
        Ok(_) | Err(_) => {
            let message = format!(
                "a channel makes at most {CHANNEL_ATTEMPTS} attempts of a call, whatever its policy \
                 says: write 2 to {CHANNEL_ATTEMPTS}; for more, raise \
                 `ChannelBuilder::max_call_attempts` and put the policy into its service config",
            );
            Err(syn::Error::new_spanned(&number, message))
        }
    }
}

/// The value of `initial_backoff` or `max_backoff`.
fn pause(argument: &Argument<'_>, example: &str) -> syn::Result<Duration> {
    let zero = "is zero, so that retries would come while the server is still busy failing: write a \
                pause, as in `100ms`";
    time(argument, example)?.map_err(|text| wrong(argument, &text, zero))
}

/// The value of `attempt_timeout`.
fn attempt_timeout(argument: &Argument<'_>) -> syn::Result<Duration> {
    let zero = "is zero, so no attempt could succeed: leave it out for no limit but the call's";
    time(argument, "1s")?.map_err(|text| wrong(argument, &text, zero))
}

/// The value of `delay`; zero sends all at once.
fn hedging_delay(argument: &Argument<'_>) -> syn::Result<Duration> {
    Ok(time(argument, "20ms")?.unwrap_or(Duration::ZERO))
}

/// A duration; within, the text where it is zero, which each argument has its own word on.
fn time(argument: &Argument<'_>, example: &str) -> syn::Result<Result<Duration, syn::LitStr>> {
    let text = argument.string(example)?;
    match duration::parse(&text.value()) {
        Ok(time) => Ok(Ok(time)),
        Err(InvalidDuration::Zero) => Ok(Err(text)),
        Err(reason) => Err(wrong(argument, &text, reason)),
    }
}

fn wrong(
    argument: &Argument<'_>,
    text: &syn::LitStr,
    reason: impl std::fmt::Display,
) -> syn::Error {
    let message = format!("the {} \"{}\" {reason}", argument.name, text.value());
    syn::Error::new_spanned(text, message)
}

/// The value of `codes`: without any, nothing would ever be retried.
fn retried_codes(argument: &Argument<'_>) -> syn::Result<Vec<crate::model::Code>> {
    let codes = codes::read(argument)?;
    if codes.is_empty() {
        let message = "no failure would be retried: list some, as in `codes(UNAVAILABLE, ABORTED)`, \
                       or leave it out for `UNAVAILABLE` alone";
        return Err(syn::Error::new_spanned(&argument.name, message));
    }
    Ok(codes)
}

const RETRY: [&str; 6] = [
    "max_attempts",
    "initial_backoff",
    "max_backoff",
    "backoff_multiplier",
    "codes",
    "attempt_timeout",
];
const HEDGE: [&str; 4] = ["delay", "max_attempts", "non_fatal_codes", "allow_duplicates"];

/// The cap of a channel that says nothing (gRFC A6, "maxAttempts").
const CHANNEL_ATTEMPTS: u32 = 5;
const RETRY_ATTEMPTS: u32 = 3;
const HEDGE_ATTEMPTS: u32 = 2;
/// As in gRFC A44, where nobody says otherwise.
const INITIAL_BACKOFF: Duration = Duration::from_millis(25);
/// How many times longer than the first one the longest pause is, by the same gRFC.
const LONGEST_PAUSE: u32 = 10;
const MULTIPLIER: f64 = 2.0;
