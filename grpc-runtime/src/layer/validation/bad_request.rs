//! `google.rpc.BadRequest` (`google/rpc/error_details.proto` of the googleapis project), so that a request that is
//! refused here says why in the same way as one that a server refuses.

use prost::{Message, Name};

#[derive(Clone, PartialEq, Message)]
pub(super) struct BadRequest {
    #[prost(message, repeated, tag = "1")]
    pub(super) field_violations: Vec<FieldViolation>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct FieldViolation {
    #[prost(string, tag = "1")]
    pub(super) field: String,
    #[prost(string, tag = "2")]
    pub(super) description: String,
}

impl Name for BadRequest {
    const NAME: &'static str = "BadRequest";
    const PACKAGE: &'static str = "google.rpc";

    fn type_url() -> String {
        format!("type.googleapis.com/{}", Self::full_name())
    }
}
