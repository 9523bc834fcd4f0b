//! What the end of a call does to its target's tokens, once it is bound to an attempt.
//!
//! Until then the machines see to it. A committed call counts as others do: A6 counts failures, not what could have been
//! done about them.

use std::sync::Arc;

use crate::retry::failure::Failure;
use crate::retry::throttle::Throttle;
use crate::service_config::CodeSet;

/// Owed to a [`Throttle`]; dropped, the call was given up, which changes nothing.
#[derive(Debug)]
pub(crate) struct Tokens {
    throttle: Arc<Throttle>,
    /// The codes whose failure costs one.
    covered: CodeSet,
}

impl Tokens {
    pub(super) fn new(throttle: Arc<Throttle>, covered: CodeSet) -> Self {
        Self { throttle, covered }
    }

    /// The call is over.
    pub(crate) fn on_end(self, result: Result<(), Failure>) {
        match result {
            Ok(()) => self.throttle.on_success(),
            Err(failure) if failure.is_covered(self.covered) => {
                self.throttle.on_failure();
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retry::pushback::Pushback;
    use crate::retry::throttle::Allowance;
    use crate::service_config::RetryThrottling;
    use crate::status::Code;

    #[test]
    fn a_covered_failure_costs_one_and_a_success_wins_the_ratio() {
        let throttle = Arc::new(Throttle::new(RetryThrottling::new(2, 1.0).unwrap()));
        let end = |result| {
            let tokens = Tokens::new(Arc::clone(&throttle), CodeSet::of(&[Code::Unavailable]));
            tokens.on_end(result);
            throttle.allowance()
        };
        let failed = |code| Err(Failure::Status { code, pushback: Pushback::Absent });
        assert_eq!(end(failed(Code::NotFound)), Allowance::Allowed);
        assert_eq!(end(failed(Code::Unavailable)), Allowance::Throttled);
        assert_eq!(end(Ok(())), Allowance::Allowed);
    }
}
