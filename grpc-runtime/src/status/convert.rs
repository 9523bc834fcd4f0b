//! Other errors that become a [`Status`]: what layers fail with, metadata that cannot be sent, and
//! `google.rpc.Status`. What arrives on the wire is not here but in `wire`.

use std::error::Error;
use std::io;

use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;

use crate::metadata::InvalidMetadata;
use crate::status::{Code, Delivery, RpcStatus, Status};

impl Status {
    /// The status in an error of unknown type, which is how tower's layers fail.
    ///
    /// | the error, or one below it | becomes |
    /// |---|---|
    /// | a `Status` | itself, with everything it holds |
    /// | [`InvalidMetadata`] | INTERNAL |
    /// | `Elapsed` of tower's timeout layer | DEADLINE_EXCEEDED |
    /// | `Overloaded` of tower's load shedding layer | RESOURCE_EXHAUSTED |
    /// | anything else | UNKNOWN, with the error's text |
    ///
    /// The error given is kept as the [`source`](Error::source), unless it is the status.
    pub fn from_box(error: Box<dyn Error + Send + Sync>) -> Status {
        match error.downcast::<Status>() {
            Ok(status) => *status,
            Err(error) => from_chain(error),
        }
    }
}

fn from_chain(error: Box<dyn Error + Send + Sync>) -> Status {
    let mut current: Option<&(dyn Error + 'static)> = Some(error.as_ref());
    // A bound, because nothing keeps a foreign error from being its own source.
    for _ in 0..DEEPEST_CHAIN {
        let Some(cause) = current else { break };
        if let Some(status) = cause.downcast_ref::<Status>() {
            let status = status.clone();
            return if status.source().is_some() { status } else { status.with_source(error) };
        }
        if let Some(invalid) = cause.downcast_ref::<InvalidMetadata>() {
            return Status::from(invalid.clone()).with_source(error);
        }
        if cause.is::<Elapsed>() {
            return Status::deadline_exceeded("the time of a timeout layer ran out")
                .with_source(error);
        }
        if cause.is::<Overloaded>() {
            return Status::resource_exhausted("a load shedding layer turned the call away")
                .with_source(error);
        }
        current = below(cause);
    }
    Status::unknown(error.to_string()).with_source(error)
}

/// The error below. `io::Error` shows the text of the error that it carries as its own, and so passes over
/// it in `source()`.
fn below<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(carried) => Some(carried),
        None => error.source(),
    }
}

impl From<InvalidMetadata> for Status {
    /// INTERNAL: the caller's own doing, found before anything was sent (as in grpc-go).
    fn from(error: InvalidMetadata) -> Status {
        Status::internal(error.to_string()).with_delivery(Delivery::NotSent).with_source(error)
    }
}

impl From<RpcStatus> for Status {
    /// Code and message are taken from the message, and all of it becomes the details.
    fn from(rpc_status: RpcStatus) -> Status {
        Status::new(Code::from_i32(rpc_status.code), rpc_status.message.clone())
            .with_rpc_status(&rpc_status)
    }
}

const DEEPEST_CHAIN: usize = 16;
