//! [`Validation`]: requests that are not valid fail here, before anything is sent.

mod layer;
mod violations;

pub use self::layer::{Validation, ValidationService};
pub use self::violations::{Validate, Violations};
