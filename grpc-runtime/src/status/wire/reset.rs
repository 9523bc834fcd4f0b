//! An HTTP/2 error code in RST_STREAM, read as a status (PROTOCOL-HTTP2, "Errors"; RFC 9113, section 7).

use crate::status::{Code, Delivery, Origin, Status};

/// The status of a call whose stream the peer reset with this error code.
///
/// A peer that cancels because it saw the deadline pass is not told from one that cancels for another
/// reason, so a CANCEL after our own deadline counts as the deadline (D-02).
pub(crate) fn from_reset(reason: u32, deadline_is_past: bool) -> Status {
    let (name, code) = match reason {
        0x0 => ("NO_ERROR", Code::Internal),
        0x1 => ("PROTOCOL_ERROR", Code::Internal),
        INTERNAL_ERROR => ("INTERNAL_ERROR", Code::Internal),
        // The gRPC document says INTERNAL; grpc-go says RESOURCE_EXHAUSTED. We follow the document.
        0x3 => ("FLOW_CONTROL_ERROR", Code::Internal),
        0x4 => ("SETTINGS_TIMEOUT", Code::Internal),
        // No mapping is defined, as no open stream should meet it; one that does has met a bug.
        0x5 => ("STREAM_CLOSED", Code::Internal),
        0x6 => ("FRAME_SIZE_ERROR", Code::Internal),
        REFUSED_STREAM => ("REFUSED_STREAM", Code::Unavailable),
        0x8 if deadline_is_past => ("CANCEL", Code::DeadlineExceeded),
        0x8 => ("CANCEL", Code::Cancelled),
        0x9 => ("COMPRESSION_ERROR", Code::Internal),
        0xa => ("CONNECT_ERROR", Code::Internal),
        0xb => ("ENHANCE_YOUR_CALM", Code::ResourceExhausted),
        0xc => ("INADEQUATE_SECURITY", Code::PermissionDenied),
        0xd => ("HTTP_1_1_REQUIRED", Code::Internal),
        _ => ("an unknown code", Code::Unknown),
    };
    let hint = match (code, reason) {
        // What grpc-go does with headers or trailers larger than we told it to send (its `checkForHeaderListSize`).
        (_, INTERNAL_ERROR) => {
            "; among others, servers do so when their headers or trailers are larger than this channel accepts, which \
             `ChannelBuilder::max_header_list_bytes` can raise"
        }
        (Code::ResourceExhausted, _) => "; it found too much bandwidth or too many calls in use",
        (Code::PermissionDenied, _) => "; it wants better transport security",
        (Code::DeadlineExceeded, _) => "; the deadline of the call had passed",
        _ => "",
    };
    let message = format!("the peer reset the stream with {name} (0x{reason:x}){hint}");
    // RFC 9113, section 8.7: a refused stream was not processed.
    let delivery = match reason {
        REFUSED_STREAM => Delivery::NotProcessed,
        _ => Delivery::Unknown,
    };
    Status::new(code, message).with_origin(Origin::Transport).with_delivery(delivery)
}

const INTERNAL_ERROR: u32 = 0x2;
const REFUSED_STREAM: u32 = 0x7;
