//! Trying several addresses at once, but not all at once (Happy Eyeballs, RFC 8305 §5; gRFC A61).
//!
//! Knows nothing of addresses or connections: it runs attempts, and the first that succeeds wins.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::rt;

/// Starts an attempt, and the next when that has failed or `stagger` has passed without an answer. Gives the first
/// success; the other attempts are dropped. Without one, the last failure; `None` when there was nothing to attempt.
///
/// # Cancel safety
/// Dropping the future drops all attempts.
pub(super) async fn race<T, E, F>(
    attempts: impl IntoIterator<Item = F>,
    stagger: Duration,
) -> Result<T, Option<E>>
where
    F: Future<Output = Result<T, E>>,
{
    let mut attempts = attempts.into_iter();
    let mut running = Running { attempts: Vec::new(), last_failure: None };
    while let Some(attempt) = attempts.next() {
        running.attempts.push(Box::pin(attempt));
        let has_next = attempts.size_hint() != (0, Some(0));
        if let Some(won) = running.until_one_ends(has_next.then_some(stagger)).await {
            return Ok(won);
        }
    }
    while !running.attempts.is_empty() {
        if let Some(won) = running.until_one_ends(None).await {
            return Ok(won);
        }
    }
    Err(running.last_failure)
}

struct Running<F, E> {
    attempts: Vec<Pin<Box<F>>>,
    last_failure: Option<E>,
}

impl<T, E, F: Future<Output = Result<T, E>>> Running<F, E> {
    /// Waits for a success, for a failure, or for the next attempt's turn, whichever comes first.
    async fn until_one_ends(&mut self, turn: Option<Duration>) -> Option<T> {
        let ended = poll_fn(|context| self.poll_attempts(context));
        match turn {
            None => ended.await,
            Some(turn) => rt::until(rt::now() + turn, ended).await.flatten(),
        }
    }

    fn poll_attempts(&mut self, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut index = 0;
        let mut failed = false;
        while let Some(attempt) = self.attempts.get_mut(index) {
            match attempt.as_mut().poll(context) {
                Poll::Ready(Ok(won)) => return Poll::Ready(Some(won)),
                Poll::Ready(Err(failure)) => {
                    self.last_failure = Some(failure);
                    drop(self.attempts.remove(index));
                    failed = true;
                }
                Poll::Pending => index += 1,
            }
        }
        if failed { Poll::Ready(None) } else { Poll::Pending }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Instant;

    use super::*;

    const STAGGER: Duration = Duration::from_millis(250);

    /// Ends after so many milliseconds, well or badly; never, without a number.
    type Plan = (Option<u64>, Result<&'static str, &'static str>);

    async fn run(plans: &[Plan]) -> (Result<&'static str, Option<&'static str>>, u128) {
        let started = rt::now();
        let attempts = plans.iter().map(|&(after, outcome)| async move {
            match after {
                Some(after) => rt::sleep_until(rt::now() + Duration::from_millis(after)).await,
                None => pending().await,
            }
            outcome
        });
        let outcome = race(attempts, STAGGER).await;
        (outcome, since(started))
    }

    fn since(started: Instant) -> u128 {
        (rt::now() - started).as_millis()
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_address_wins_if_it_answers_in_time() {
        assert_eq!(run(&[(Some(249), Ok("a")), (Some(0), Ok("b"))]).await, (Ok("a"), 249));
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_address_costs_one_stagger() {
        assert_eq!(run(&[(None, Ok("a")), (Some(10), Ok("b"))]).await, (Ok("b"), 260));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_costs_nothing_and_a_slow_one_may_still_win() {
        let plans = [(Some(0), Err("a")), (Some(400), Ok("b")), (Some(400), Ok("c"))];
        assert_eq!(run(&plans).await, (Ok("b"), 400));
    }

    #[tokio::test(start_paused = true)]
    async fn when_all_fail_the_last_failure_is_told() {
        let plans = [(Some(600), Err("a")), (Some(0), Err("b"))];
        assert_eq!(run(&plans).await, (Err(Some("a")), 600));
        assert_eq!(run(&[]).await, (Err(None), 0));
    }
}
