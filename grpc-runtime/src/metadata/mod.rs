//! Metadata: the key and value pairs that accompany a call in both directions.
//!
//! It is what users see of HTTP headers, and it is not all of them: what belongs to the protocol is neither
//! shown nor accepted. The wire order and the protocol's own headers are the transport's.

mod base64;
mod error;
mod iter;
mod key;
mod map;
mod reserved;
mod value;

pub use error::{InvalidMetadata, InvalidMetadataReason};
pub use iter::MetadataIter;
pub use key::{IntoMetadataKey, MetadataKey};
pub use map::Metadata;
pub use value::{IntoMetadataValue, MetadataValue};

pub(crate) use self::base64::decode as decode_base64;
