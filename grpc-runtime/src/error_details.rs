//! The detail messages of `google.rpc` (`google/rpc/error_details.proto` of the googleapis project): what a server says
//! about a failure beside code and message, as typed values.
//!
//! Plain prost messages, written by hand so that nobody has to generate them. Reading them out of a
//! [`Status`](crate::Status) is in `status/typed.rs`: [`Status::error_info`](crate::Status::error_info) and the like.
//!
//! ```
//! use grpc_runtime::Status;
//! use grpc_runtime::error_details::ErrorInfo;
//!
//! let status = Status::permission_denied("the API is off").with_detail(&ErrorInfo {
//!     reason: "API_DISABLED".to_owned(),
//!     domain: "example.com".to_owned(),
//!     ..ErrorInfo::default()
//! });
//! assert_eq!(status.error_info().unwrap().reason, "API_DISABLED");
//! ```

use std::collections::HashMap;

use prost::{Message, Name};
use prost_types::Duration;

/// Why a call failed, for programs to act on.
#[derive(Clone, PartialEq, Message)]
pub struct ErrorInfo {
    /// A constant that names the cause, unique within its domain: `API_DISABLED`.
    #[prost(string, tag = "1")]
    pub reason: String,
    /// Who defined the reason, most often the service's name: `pubsub.googleapis.com`.
    #[prost(string, tag = "2")]
    pub domain: String,
    /// What else there is to know about this failure.
    #[prost(map = "string, string", tag = "3")]
    pub metadata: HashMap<String, String>,
}

/// When the call can be made again. [`Status::retry_delay`](crate::Status::retry_delay) gives it as a duration.
#[derive(Clone, PartialEq, Message)]
pub struct RetryInfo {
    /// How long to wait first, at least.
    #[prost(message, optional, tag = "1")]
    pub retry_delay: Option<Duration>,
}

/// What the server's developers want to know. It is not for users.
#[derive(Clone, PartialEq, Message)]
pub struct DebugInfo {
    /// Where it happened, the innermost frame first.
    #[prost(string, repeated, tag = "1")]
    pub stack_entries: Vec<String>,
    /// What else the server said.
    #[prost(string, tag = "2")]
    pub detail: String,
}

/// Which limits on use were exceeded.
#[derive(Clone, PartialEq, Message)]
pub struct QuotaFailure {
    /// One for each limit.
    #[prost(message, repeated, tag = "1")]
    pub violations: Vec<QuotaViolation>,
}

/// One limit that was exceeded; `google.rpc.QuotaFailure.Violation`.
#[derive(Clone, PartialEq, Message)]
pub struct QuotaViolation {
    /// Whose limit it is: `clientip:192.0.2.1`, `project:example`.
    #[prost(string, tag = "1")]
    pub subject: String,
    /// What the limit is, in words.
    #[prost(string, tag = "2")]
    pub description: String,
    /// The service that the limit belongs to, if it is another one than was called.
    #[prost(string, tag = "3")]
    pub api_service: String,
    /// What is counted: `compute.googleapis.com/cpus_per_vm_family`.
    #[prost(string, tag = "4")]
    pub quota_metric: String,
    /// The name of the limit.
    #[prost(string, tag = "5")]
    pub quota_id: String,
    /// What the limit depends on, such as a region.
    #[prost(map = "string, string", tag = "6")]
    pub quota_dimensions: HashMap<String, String>,
    /// The limit at the time of the call.
    #[prost(int64, tag = "7")]
    pub quota_value: i64,
    /// What the limit will be, where it is about to change.
    #[prost(int64, optional, tag = "8")]
    pub future_quota_value: Option<i64>,
}

/// What would have to be otherwise for the call to succeed.
#[derive(Clone, PartialEq, Message)]
pub struct PreconditionFailure {
    /// One for each condition.
    #[prost(message, repeated, tag = "1")]
    pub violations: Vec<PreconditionViolation>,
}

/// One condition that does not hold; `google.rpc.PreconditionFailure.Violation`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct PreconditionViolation {
    /// What kind of condition it is, a constant of the service: `TOS` for terms of service.
    #[prost(string, tag = "1")]
    pub r#type: String,
    /// What it is about: `google.com/cloud`.
    #[prost(string, tag = "2")]
    pub subject: String,
    /// How it failed, in words.
    #[prost(string, tag = "3")]
    pub description: String,
}

/// What is wrong with the request.
#[derive(Clone, PartialEq, Message)]
pub struct BadRequest {
    /// One for each mistake.
    #[prost(message, repeated, tag = "1")]
    pub field_violations: Vec<FieldViolation>,
}

/// One mistake in a request; `google.rpc.BadRequest.FieldViolation`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct FieldViolation {
    /// The path of the field: `address.lines[2]`.
    #[prost(string, tag = "1")]
    pub field: String,
    /// What is wrong with it, in words.
    #[prost(string, tag = "2")]
    pub description: String,
    /// What is wrong with it, as a constant like [`ErrorInfo::reason`].
    #[prost(string, tag = "3")]
    pub reason: String,
    /// What is wrong with it, for users.
    #[prost(message, optional, tag = "4")]
    pub localized_message: Option<LocalizedMessage>,
}

/// How to name this call when asking somebody about it.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RequestInfo {
    /// The server's name for the call, to be found in its logs.
    #[prost(string, tag = "1")]
    pub request_id: String,
    /// What the server needs to know beside that, such as an encrypted stack trace.
    #[prost(string, tag = "2")]
    pub serving_data: String,
}

/// Which resource the call failed on.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ResourceInfo {
    /// What it is: `sql table`, or the URL of a type.
    #[prost(string, tag = "1")]
    pub resource_type: String,
    /// Its name.
    #[prost(string, tag = "2")]
    pub resource_name: String,
    /// Whose it is.
    #[prost(string, tag = "3")]
    pub owner: String,
    /// What was wrong with the access.
    #[prost(string, tag = "4")]
    pub description: String,
}

/// Where to read on.
#[derive(Clone, PartialEq, Message)]
pub struct Help {
    /// Pages about this failure.
    #[prost(message, repeated, tag = "1")]
    pub links: Vec<HelpLink>,
}

/// A page; `google.rpc.Help.Link`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct HelpLink {
    /// What is there.
    #[prost(string, tag = "1")]
    pub description: String,
    /// Its address.
    #[prost(string, tag = "2")]
    pub url: String,
}

/// The failure in words for users.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct LocalizedMessage {
    /// The language, by its tag of RFC 5646: `en-US`.
    #[prost(string, tag = "1")]
    pub locale: String,
    /// The text.
    #[prost(string, tag = "2")]
    pub message: String,
}

macro_rules! names {
    ($($message:ident)+) => { $(
        impl Name for $message {
            const NAME: &'static str = stringify!($message);
            const PACKAGE: &'static str = "google.rpc";

            fn type_url() -> String {
                format!("type.googleapis.com/{}", Self::full_name())
            }
        }
    )+ };
}

names! {
    ErrorInfo RetryInfo DebugInfo QuotaFailure PreconditionFailure BadRequest RequestInfo ResourceInfo Help
    LocalizedMessage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_published_messages() {
        let violation = FieldViolation { field: "a".to_owned(), ..FieldViolation::default() };
        let bad_request = BadRequest { field_violations: vec![violation] };
        assert_eq!(bad_request.encode_to_vec(), [0x0a, 3, 0x0a, 1, b'a']);
        let delay = Duration { seconds: 2, nanos: 0 };
        assert_eq!(RetryInfo { retry_delay: Some(delay) }.encode_to_vec(), [0x0a, 2, 0x08, 2]);
        let message = LocalizedMessage { locale: String::new(), message: "x".to_owned() };
        assert_eq!(message.encode_to_vec(), [0x12, 1, b'x']);
    }

    #[test]
    fn each_has_the_type_url_that_others_write() {
        assert_eq!(ErrorInfo::type_url(), "type.googleapis.com/google.rpc.ErrorInfo");
        assert_eq!(Help::type_url(), "type.googleapis.com/google.rpc.Help");
    }
}
