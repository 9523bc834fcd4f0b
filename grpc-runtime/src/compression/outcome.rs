//! The statuses that compression ends calls with.

use crate::compression::algorithms::list;
use crate::compression::{CompressionError, UnknownEncoding};
use crate::encoding::Encoding;
use crate::status::{Delivery, Origin, Status};

/// The compressor refused a request.
pub(super) fn not_compressed(encoding: Encoding, error: CompressionError) -> Status {
    Status::internal(format!("request not sent: it could not be compressed with {encoding}"))
        .with_delivery(Delivery::NotSent)
        .with_source(error)
}

/// The message inflates to more than is allowed (Z-06: limits hold for the decompressed size).
pub(super) fn too_large(encoding: Encoding, limit: usize) -> Status {
    Status::resource_exhausted(format!(
        "a response message, compressed with {encoding}, decompresses to more than the {limit} bytes allowed; raise \
         `max_response_bytes` to receive it"
    ))
}

/// The bytes are no compressed message: cut off, changed on the way, or something else.
pub(super) fn corrupt(encoding: Encoding, error: CompressionError) -> Status {
    Status::internal(format!("a response message could not be decompressed with {encoding}"))
        .with_origin(Origin::Transport)
        .with_source(error)
}

/// A flag without an encoding.
pub(super) fn no_encoding() -> Status {
    Status::internal(
        "the server marked a message as compressed, but its headers name no encoding (grpc-encoding)",
    )
    .with_origin(Origin::Transport)
}

/// An encoding that the server was not told it may use (Z-05).
pub(super) fn not_accepted(encoding: &[u8], accepted: impl Iterator<Item = Encoding>) -> Status {
    let accepted = match list(accepted) {
        none if none.is_empty() => "identity only".to_owned(),
        accepted => accepted,
    };
    Status::internal(format!(
        "the server compressed a message with {:?}, which this client did not offer: it accepts \
         {accepted}, and more with `ChannelBuilder::accept_compression`",
        String::from_utf8_lossy(encoding),
    ))
    .with_origin(Origin::Transport)
}

/// The channel cannot compress a call as it was asked to (Z-03).
impl From<UnknownEncoding> for Status {
    fn from(error: UnknownEncoding) -> Status {
        Status::internal("request not sent: it was to be compressed")
            .with_delivery(Delivery::NotSent)
            .with_source(error)
    }
}
