//! Metadata beside every call: the same each time ([`StaticMetadata`]), or fetched for each call
//! ([`AsyncMetadata`]).
//!
//! Not credentials, which must know how safe the connection is: a layer does not see it (`credentials`).

mod asynchronous;
mod fixed;

pub use self::asynchronous::{AsyncMetadata, AsyncMetadataService};
pub use self::fixed::{StaticMetadata, StaticMetadataService};
