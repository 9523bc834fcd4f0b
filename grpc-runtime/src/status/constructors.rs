//! One constructor a code, each `Status::new` with that code. Nothing else.

use crate::status::{Code, Status};

macro_rules! constructors {
    ($($name:ident => $code:ident, $meaning:literal;)+) => {
        impl Status {
            $(
                #[doc = concat!("A failure with [`Code::", stringify!($code), "`]: ", $meaning, ".")]
                pub fn $name(message: impl Into<String>) -> Status {
                    Status::new(Code::$code, message)
                }
            )+
        }
    };
}

constructors! {
    cancelled => Cancelled, "the call was cancelled";
    unknown => Unknown, "an error without a known code";
    invalid_argument => InvalidArgument, "the request is not valid";
    deadline_exceeded => DeadlineExceeded, "the deadline passed before the call was over";
    not_found => NotFound, "what the request names does not exist";
    already_exists => AlreadyExists, "what the request would create exists already";
    permission_denied => PermissionDenied, "the caller may not do this";
    resource_exhausted => ResourceExhausted, "a quota or a limit was reached";
    failed_precondition => FailedPrecondition, "the system is not in the state that the request needs";
    aborted => Aborted, "the call conflicted with concurrent work";
    out_of_range => OutOfRange, "the request reaches past the valid range";
    unimplemented => Unimplemented, "the server does not offer this method";
    internal => Internal, "an invariant was broken";
    unavailable => Unavailable, "the service cannot be reached at the moment";
    data_loss => DataLoss, "data is lost or corrupt";
    unauthenticated => Unauthenticated, "the caller could not be identified";
}
