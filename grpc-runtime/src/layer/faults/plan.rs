//! Which fault a call meets. Pure: randomness is an argument.

use std::time::Duration;

use crate::status::Status;

/// The faults, each with the part of the calls that meet it, in `0.0..=1.0`.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    pub(super) delay: Option<(Duration, f64)>,
    pub(super) abort: Option<(Status, f64)>,
}

/// What happens to one call: first the delay, then the failure.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fault {
    pub(super) delay: Option<Duration>,
    pub(super) abort: Option<Status>,
}

impl Plan {
    /// Decides, with a number in `0.0..1.0` for each fault that is planned.
    pub(super) fn decide(&self, random: impl Fn() -> f64) -> Fault {
        let delay = self.delay.as_ref().filter(|(_, part)| random() < *part);
        let abort = self.abort.as_ref().filter(|(_, part)| random() < *part);
        Fault {
            delay: delay.map(|(delay, _)| *delay),
            abort: abort.map(|(status, _)| status.clone()),
        }
    }
}

/// A part of a whole from percent of it; what is no number is nothing.
pub(super) fn part(percent: f64) -> f64 {
    if percent.is_nan() { 0.0 } else { percent.clamp(0.0, 100.0) / 100.0 }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_fault_is_decided_by_its_own_number(
            draws in [0.0..1.0_f64, 0.0..1.0],
            percent in [-10.0..110.0_f64, -10.0..110.0],
        ) {
            let status = Status::unavailable("on purpose");
            let plan = Plan {
                delay: Some((Duration::from_secs(1), part(percent[0]))),
                abort: Some((status, part(percent[1]))),
            };
            let drawn = Cell::new(0);
            let fault = plan.decide(|| {
                drawn.set(drawn.get() + 1);
                draws[drawn.get() - 1]
            });
            prop_assert_eq!(fault.delay.is_some(), draws[0] * 100.0 < percent[0]);
            prop_assert_eq!(fault.abort.is_some(), draws[1] * 100.0 < percent[1]);
        }
    }

    #[test]
    fn all_and_nothing_are_certain() {
        assert_eq!((part(0.0), part(100.0), part(f64::NAN)), (0.0, 1.0, 0.0));
        let plan = Plan { delay: None, abort: Some((Status::aborted(""), part(100.0))) };
        assert!(plan.decide(|| 0.999_999).abort.is_some());
        assert_eq!(Plan::default().decide(|| 0.0), Fault::default());
    }
}
