//! [`Validate`], and what it finds.

use std::error::Error;
use std::fmt;

use crate::error_details::{BadRequest, FieldViolation};
use crate::status::{Delivery, Status};

/// Messages that know when they are valid. [`Validation`](crate::layer::Validation) asks them before they are sent.
///
/// ```
/// use grpc_runtime::layer::{Validate, Violations};
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # struct HelloRequest { #[prost(string, tag = "1")] name: String }
///
/// impl Validate for HelloRequest {
///     fn validate(&self) -> Result<(), Violations> {
///         Violations::new()
///             .unless(!self.name.is_empty(), "name", "must not be empty")
///             .unless(self.name.len() <= 100, "name", "must not have more than 100 bytes")
///             .into_result()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say when it is valid",
    label = "needed by the layer `Validation`",
    note = "implement `grpc_runtime::layer::Validate` for it, or put the layer only on methods whose requests have it: `.layer(only::<greeter::SayHello, _>(Validation))`"
)]
pub trait Validate {
    /// What is wrong with the message.
    ///
    /// # Errors
    /// At least one thing is.
    fn validate(&self) -> Result<(), Violations>;
}

/// What is wrong with a message, field by field.
///
/// As a [`Status`] it is INVALID_ARGUMENT of this process, with nothing sent, and with a `google.rpc.BadRequest` in
/// its details, as a server would send it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Violations(Vec<(String, String)>);

impl Violations {
    /// Nothing is wrong so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Something is wrong with `field`, a path such as `address.lines[2]`.
    #[must_use]
    pub fn with(mut self, field: impl Into<String>, description: impl Into<String>) -> Self {
        self.0.push((field.into(), description.into()));
        self
    }

    /// Something is wrong with `field`, unless `is_right`.
    #[must_use]
    pub fn unless(
        self,
        is_right: bool,
        field: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        if is_right { self } else { self.with(field, description) }
    }

    /// What is wrong with the message in `field`, if anything is.
    #[must_use]
    pub fn within(mut self, field: &str, message: &impl Validate) -> Self {
        if let Err(violations) = message.validate() {
            let below = violations.0.into_iter();
            self.0.extend(below.map(|(inner, text)| (format!("{field}.{inner}"), text)));
        }
        self
    }

    /// An error, if anything is wrong.
    ///
    /// # Errors
    /// These violations, unless there are none.
    pub fn into_result(self) -> Result<(), Violations> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }

    /// Field and description of each, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(field, description)| (field.as_str(), description.as_str()))
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the request is not valid")?;
        let mut separator = ": ";
        for (field, description) in self.iter() {
            write!(formatter, "{separator}{field} {description}")?;
            separator = "; ";
        }
        Ok(())
    }
}

impl Error for Violations {}

impl From<Violations> for Status {
    fn from(violations: Violations) -> Status {
        let text = violations.to_string();
        let field_violations = violations.0.into_iter();
        let bad_request = BadRequest {
            field_violations: field_violations
                .map(|(field, description)| FieldViolation {
                    field,
                    description,
                    ..FieldViolation::default()
                })
                .collect(),
        };
        Status::invalid_argument(text).with_detail(&bad_request).with_delivery(Delivery::NotSent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::{Code, Origin};

    #[test]
    fn a_status_says_where_and_what() {
        struct Inner;
        impl Validate for Inner {
            fn validate(&self) -> Result<(), Violations> {
                Err(Violations::new().with("lines[2]", "is too long"))
            }
        }
        let violations = Violations::new()
            .unless(true, "name", "is fine")
            .unless(false, "age", "must be positive")
            .within("address", &Inner);
        let status = Status::from(violations.into_result().unwrap_err());
        assert_eq!(
            status.message(),
            "the request is not valid: age must be positive; address.lines[2] is too long"
        );
        let facts = (status.code(), status.origin(), status.delivery());
        assert_eq!(facts, (Code::InvalidArgument, Origin::Local, Delivery::NotSent));
        let bad_request = status.bad_request().unwrap();
        assert_eq!(bad_request.field_violations[1].field, "address.lines[2]");
        assert!(Violations::new().into_result().is_ok());
    }
}
