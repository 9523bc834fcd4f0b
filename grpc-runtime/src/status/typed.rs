//! The details of a [`Status`] as typed values: one message of the caller's choice, and those of `google.rpc` by name.
//!
//! Everything here is lenient: details are advice beside a failure, and bytes that are not what they say must not
//! become a second failure. [`Status::rpc_status`] tells the difference where it matters.

use std::time::Duration;

use prost::{Message, Name};

use crate::error_details::{
    BadRequest, DebugInfo, ErrorInfo, Help, LocalizedMessage, PreconditionFailure, QuotaFailure,
    RequestInfo, ResourceInfo, RetryInfo,
};
use crate::status::{RpcStatus, Status};

impl Status {
    /// The first detail of this type; `None` where there is none that can be read.
    ///
    /// Any message with a name can be asked for, those of [`error_details`](crate::error_details) or a service's own;
    /// code that grpc-build generates has names after `Config::type_names(true)`.
    pub fn detail<M: Message + Name + Default>(&self) -> Option<M> {
        self.all_details().next()
    }

    /// All details of this type that can be read, in their order.
    pub fn all_details<M: Message + Name + Default>(&self) -> impl Iterator<Item = M> {
        let rpc_status = self.rpc_status().ok().flatten().unwrap_or_default();
        let found: Vec<M> = rpc_status.details_of().filter_map(Result::ok).collect();
        found.into_iter()
    }

    /// Adds a detail, as servers do; for fakes. The `google.rpc.Status` that carries it has code and message of this
    /// status, unless there is one with details already. Details that are something else are replaced.
    #[must_use]
    pub fn with_detail<M: Message + Name>(self, detail: &M) -> Status {
        let before = self.rpc_status().ok().flatten();
        let rpc_status = before.unwrap_or_else(|| RpcStatus {
            code: self.code() as i32,
            message: self.message().to_owned(),
            details: Vec::new(),
        });
        self.with_rpc_status(&rpc_status.with_detail(detail))
    }

    /// How long to wait, at least, before the call is made again, if the server said so ([`RetryInfo`]); `None` as
    /// well where it said a time that is none, such as a negative one.
    pub fn retry_delay(&self) -> Option<Duration> {
        let delay = self.retry_info()?.retry_delay?;
        let nanos = u32::try_from(delay.nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
        Some(Duration::new(u64::try_from(delay.seconds).ok()?, nanos))
    }
}

macro_rules! details {
    ($($name:ident => $message:ident, $meaning:literal;)+) => {
        impl Status {
            $(
                #[doc = concat!($meaning, ", if the server said so: `google.rpc.", stringify!($message), "`.")]
                pub fn $name(&self) -> Option<$message> {
                    self.detail()
                }
            )+
        }
    };
}

details! {
    error_info => ErrorInfo, "Why the call failed, for programs to act on";
    retry_info => RetryInfo, "When the call can be made again";
    debug_info => DebugInfo, "What the server's developers want to know";
    quota_failure => QuotaFailure, "Which limits on use were exceeded";
    precondition_failure => PreconditionFailure, "What would have to be otherwise for the call to succeed";
    bad_request => BadRequest, "What is wrong with the request, field by field";
    request_info => RequestInfo, "How to name the call when asking somebody about it";
    resource_info => ResourceInfo, "Which resource the call failed on";
    help => Help, "Where to read on";
    localized_message => LocalizedMessage, "The failure in words for users";
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost_types::Any;

    use super::*;
    use crate::error_details::FieldViolation;
    use crate::status::Code;

    fn info(reason: &str) -> ErrorInfo {
        ErrorInfo { reason: reason.to_owned(), ..ErrorInfo::default() }
    }

    #[test]
    fn details_are_found_by_their_type() {
        let violation = FieldViolation { field: "name".to_owned(), ..FieldViolation::default() };
        let bad_request = BadRequest { field_violations: vec![violation] };
        let status = Status::invalid_argument("no name")
            .with_detail(&bad_request)
            .with_detail(&info("FIRST"))
            .with_detail(&info("SECOND"));
        assert_eq!(status.bad_request(), Some(bad_request));
        assert_eq!(status.error_info(), Some(info("FIRST")));
        assert_eq!(status.all_details::<ErrorInfo>().count(), 2);
        assert_eq!(status.help(), None);
        let rpc_status = status.rpc_status().unwrap().unwrap();
        assert_eq!((rpc_status.code, &*rpc_status.message), (3, "no name"));
    }

    #[test]
    fn each_of_them_is_read() {
        let status = Status::internal("x")
            .with_detail(&ErrorInfo::default())
            .with_detail(&RetryInfo::default())
            .with_detail(&DebugInfo::default())
            .with_detail(&QuotaFailure::default())
            .with_detail(&PreconditionFailure::default())
            .with_detail(&BadRequest::default())
            .with_detail(&RequestInfo::default())
            .with_detail(&ResourceInfo::default())
            .with_detail(&Help::default())
            .with_detail(&LocalizedMessage::default());
        assert!(status.error_info().is_some() && status.retry_info().is_some());
        assert!(status.debug_info().is_some() && status.quota_failure().is_some());
        assert!(status.precondition_failure().is_some() && status.bad_request().is_some());
        assert!(status.request_info().is_some() && status.resource_info().is_some());
        assert!(status.help().is_some() && status.localized_message().is_some());
    }

    #[test]
    fn a_delay_is_a_duration_or_nothing() {
        let delay = |seconds, nanos| {
            let retry_delay = Some(prost_types::Duration { seconds, nanos });
            Status::unavailable("x").with_detail(&RetryInfo { retry_delay }).retry_delay()
        };
        assert_eq!(delay(1, 500_000_000), Some(Duration::from_millis(1500)));
        assert_eq!(delay(-1, 0), None);
        assert_eq!(delay(i64::MIN, i32::MIN), None);
        assert_eq!(delay(i64::MAX, i32::MAX), None);
        assert_eq!(delay(1, 1_000_000_000), None);
        assert_eq!(Status::unavailable("x").retry_delay(), None);
    }

    #[test]
    fn a_broken_detail_is_passed_over() {
        let mut rpc_status = RpcStatus::default().with_detail(&info("KEPT"));
        let broken = Any { type_url: ErrorInfo::type_url(), value: vec![0xff] };
        rpc_status.details.insert(0, broken);
        let status = Status::internal("x").with_rpc_status(&rpc_status);
        assert_eq!(status.error_info(), Some(info("KEPT")));
    }

    proptest! {
        #[test]
        fn garbage_is_no_detail_and_no_panic(bytes: Vec<u8>) {
            let status = Status::new(Code::Aborted, "x").with_details(bytes.clone());
            let _ = (status.error_info(), status.retry_delay(), status.quota_failure());
            let _ = (status.bad_request(), status.help(), status.debug_info());
            // Nor is it under the right type.
            let value = bytes.clone();
            let mut rpc_status = RpcStatus::default();
            for type_url in [RetryInfo::type_url(), QuotaFailure::type_url(), Help::type_url()] {
                rpc_status.details.push(Any { type_url, value: value.clone() });
            }
            let status = Status::new(Code::Aborted, "x").with_rpc_status(&rpc_status);
            let _ = (status.retry_delay(), status.quota_failure(), status.help());
            // The status stays what it was, and the bytes can be had.
            prop_assert_eq!((status.code(), status.message()), (Code::Aborted, "x"));
            let status = Status::internal("x").with_details(bytes.clone());
            prop_assert_eq!(status.details(), &bytes);
        }
    }
}
