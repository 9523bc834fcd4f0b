//! Three of the messages of `google/rpc/error_details.proto`, which is all that this program needs of it.
//!
//! Names and numbers are those of the published file. `prost::Name` gives them the type URL under which they
//! travel; code that grpc-build generates has it after `Config::type_names(true)`.

use std::collections::HashMap;

use prost::{Message, Name};

/// Why a request failed, for programs.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ErrorInfo {
    /// A constant, unique within its domain.
    #[prost(string, tag = "1")]
    pub(crate) reason: String,
    /// Who defined the reason.
    #[prost(string, tag = "2")]
    pub(crate) domain: String,
    /// Whatever else the reason comes with.
    #[prost(map = "string, string", tag = "3")]
    pub(crate) metadata: HashMap<String, String>,
}

/// What is wrong with which field.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct BadRequest {
    /// One entry for each mistake.
    #[prost(message, repeated, tag = "1")]
    pub(crate) field_violations: Vec<FieldViolation>,
}

/// One mistake.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct FieldViolation {
    /// The path of the field.
    #[prost(string, tag = "1")]
    pub(crate) field: String,
    /// What is wrong with it.
    #[prost(string, tag = "2")]
    pub(crate) description: String,
}

/// When to try again.
#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct RetryInfo {
    /// How long to wait first.
    #[prost(message, optional, tag = "1")]
    pub(crate) retry_delay: Option<prost_types::Duration>,
}

impl Name for ErrorInfo {
    const PACKAGE: &'static str = "google.rpc";
    const NAME: &'static str = "ErrorInfo";

    fn type_url() -> String {
        type_url::<Self>()
    }
}

impl Name for BadRequest {
    const PACKAGE: &'static str = "google.rpc";
    const NAME: &'static str = "BadRequest";

    fn type_url() -> String {
        type_url::<Self>()
    }
}

impl Name for RetryInfo {
    const PACKAGE: &'static str = "google.rpc";
    const NAME: &'static str = "RetryInfo";

    fn type_url() -> String {
        type_url::<Self>()
    }
}

/// With the host that other implementations write; whoever reads looks at what follows the last slash.
fn type_url<M: Name>() -> String {
    format!("type.googleapis.com/{}", M::full_name())
}
