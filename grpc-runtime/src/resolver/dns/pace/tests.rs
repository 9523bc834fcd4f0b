//! What the schedule promises, step by step and for any course of events.

use proptest::prelude::*;

use super::*;

const INTERVAL: Duration = Duration::from_secs(30);

fn pace() -> (Pace, Instant) {
    (Pace::new(INTERVAL), crate::rt::now())
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// A pace whose first resolution has succeeded and was taken at the moment that is returned.
fn resting() -> (Pace, Instant) {
    let (mut pace, now) = pace();
    assert_eq!(pace.step(now), Step::Resolve);
    pace.on_started();
    assert_eq!(pace.step(now), Step::GoOn);
    pace.on_found(now);
    pace.on_outcome(UpdateOutcome::Accepted, now, 0.5);
    (pace, now)
}

#[test]
fn nothing_happens_unasked() {
    let (mut pace, now) = resting();
    for hours in [0, 1, 1000] {
        assert_eq!(pace.step(now + Duration::from_secs(hours * 3600)), Step::WaitForRequest);
    }
}

/// grpc-go: TestRateLimitedResolve.
#[test]
fn requests_within_the_interval_are_one_resolution_at_its_end() {
    let (mut pace, now) = resting();
    for later in 0..100 {
        pace.on_request();
        let now = now + Duration::from_millis(later);
        assert_eq!(pace.step(now), Step::WaitUntil(now - Duration::from_millis(later) + INTERVAL));
    }
    let end = now + INTERVAL;
    assert_eq!(pace.step(end), Step::Resolve);
    pace.on_started();
    pace.on_found(end);
    pace.on_outcome(UpdateOutcome::Accepted, end, 0.5);
    assert_eq!(pace.step(end + INTERVAL), Step::WaitForRequest);
}

/// grpc-go: TestMinResolutionInterval_NoExtraDelay.
#[test]
fn a_request_after_the_interval_is_served_at_once() {
    let (mut pace, now) = resting();
    let later = now + INTERVAL * 2;
    assert_eq!(pace.step(later), Step::WaitForRequest);
    pace.on_request();
    assert_eq!(pace.step(later), Step::Resolve);
}

#[test]
fn a_request_during_a_resolution_is_another_one() {
    let (mut pace, now) = pace();
    pace.on_request();
    assert_eq!(pace.step(now), Step::Resolve);
    pace.on_started();
    pace.on_found(now);
    assert_eq!(pace.step(now), Step::WaitForRequest, "the request of before is served");

    let (mut pace, now) = self::pace();
    assert_eq!(pace.step(now), Step::Resolve);
    pace.on_started();
    pace.on_request();
    pace.on_found(now);
    assert_eq!(pace.step(now), Step::WaitUntil(now + INTERVAL));
}

/// grpc-go: TestDNSResolver_ExponentialBackoff.
#[test]
fn failures_and_rejections_grow_one_pause_that_success_resets() {
    let (mut pace, mut now) = pace();
    for expected in [1.6, 2.56, 4.096, 6.5536] {
        assert_eq!(pace.step(now), Step::Resolve);
        pace.on_started();
        if expected > 3.0 {
            pace.on_failed(now, 0.5);
            pace.on_outcome(UpdateOutcome::Rejected, now, 0.5);
        } else {
            pace.on_found(now);
            pace.on_outcome(UpdateOutcome::Rejected, now, 0.5);
        }
        // Asking does not cut it short.
        pace.on_request();
        assert_eq!(pace.step(now), Step::WaitUntil(now + seconds(expected)));
        now += seconds(expected);
    }
    assert_eq!(pace.step(now), Step::Resolve);
    pace.on_started();
    pace.on_found(now);
    pace.on_outcome(UpdateOutcome::Accepted, now, 0.5);
    assert_eq!(pace.step(now), Step::WaitForRequest);
    pace.on_outcome(UpdateOutcome::Rejected, now, 0.5);
    assert_eq!(pace.step(now), Step::WaitUntil(now + seconds(1.6)));
}

#[test]
fn an_interval_without_end_is_one_resolution_only() {
    let mut pace = Pace::new(Duration::MAX);
    let now = crate::rt::now();
    assert_eq!(pace.step(now), Step::Resolve);
    pace.on_started();
    pace.on_found(now);
    pace.on_request();
    assert_eq!(pace.step(now), Step::WaitForRequest);
}

#[derive(Debug, Clone)]
enum Event {
    Later(u32),
    Request,
    /// The resolution under way succeeds and is taken, or not.
    Found(bool),
    Failed,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (0_u32..200_000).prop_map(Event::Later),
        Just(Event::Request),
        any::<bool>().prop_map(Event::Found),
        Just(Event::Failed),
    ]
}

proptest! {
    #[test]
    fn whatever_happens(events in prop::collection::vec((event(), 0.0..1.0_f64), 0..60)) {
        let (mut pace, mut now) = pace();
        // When the last resolution ended, whether well, and whether anybody has asked since it began.
        let mut ended: Option<(Instant, bool)> = None;
        let mut asked = false;
        let mut under_way = false;
        for (event, random) in events {
            match event {
                Event::Later(millis) => now += Duration::from_millis(millis.into()),
                Event::Request => {
                    pace.on_request();
                    asked = true;
                }
                Event::Found(accepted) if under_way => {
                    pace.on_found(now);
                    let outcome = match accepted {
                        true => UpdateOutcome::Accepted,
                        false => UpdateOutcome::Rejected,
                    };
                    pace.on_outcome(outcome, now, random);
                    (ended, under_way) = (Some((now, accepted)), false);
                }
                Event::Failed if under_way => {
                    pace.on_failed(now, random);
                    (ended, under_way) = (Some((now, false)), false);
                }
                Event::Found(_) | Event::Failed => {}
            }
            match pace.step(now) {
                Step::Resolve => {
                    prop_assert!(!under_way);
                    match ended {
                        None => {}
                        Some((since, true)) => prop_assert!(asked && now >= since + INTERVAL),
                        Some((since, false)) => prop_assert!(now >= since + seconds(1.28)),
                    }
                    pace.on_started();
                    (asked, under_way) = (false, true);
                }
                Step::GoOn => prop_assert!(under_way),
                // Always ahead, so that no driver spins, and never further than the longest pause.
                Step::WaitUntil(until) => {
                    prop_assert!(until > now && !under_way);
                    prop_assert!(until <= now + seconds(144.0));
                }
                Step::WaitForRequest => {
                    prop_assert!(!asked && !under_way);
                    prop_assert!(ended.is_some_and(|(_, well)| well), "nothing is left hanging");
                }
            }
        }
    }
}
