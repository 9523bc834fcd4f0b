//! The seventeen status codes of gRPC, their numbers, names and meanings.
//!
//! Not the status itself (see [`Status`](crate::Status)), and not the tables that turn HTTP and HTTP/2
//! outcomes into codes (those are in `status/wire`).

use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// How a call ended, as one of gRPC's codes (`doc/statuscodes.md` of the gRPC project).
///
/// The numbers are those on the wire, so `code as i32` is what a `grpc-status` says.
/// The list is closed: the protocol has not added to it since it was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// The call succeeded.
    Ok = 0,
    /// The call was cancelled, typically by the caller.
    Cancelled = 1,
    /// An error that has no better code, or a code that is not known here.
    Unknown = 2,
    /// The request is wrong whatever the state of the system.
    InvalidArgument = 3,
    /// The deadline passed before the call was over. It may still have had its effect.
    DeadlineExceeded = 4,
    /// Something that the request names does not exist.
    NotFound = 5,
    /// Something that the request wanted to create is there already.
    AlreadyExists = 6,
    /// The caller is known and may not do this.
    PermissionDenied = 7,
    /// A quota, a size limit or some other resource ran out.
    ResourceExhausted = 8,
    /// The system is not in the state that the request needs; repeating it alone does not help.
    FailedPrecondition = 9,
    /// A conflict with concurrent work; repeat from a higher level.
    Aborted = 10,
    /// Past the valid range, such as reading past the end of a file.
    OutOfRange = 11,
    /// The server does not offer this method, or not in this way.
    Unimplemented = 12,
    /// Something that must always hold does not: a bug, or a breach of the protocol.
    Internal = 13,
    /// The service cannot be reached at the moment; repeating, after a pause, may help.
    Unavailable = 14,
    /// Data is lost or corrupt beyond repair.
    DataLoss = 15,
    /// The caller could not be identified.
    Unauthenticated = 16,
}

impl Code {
    /// Every code, in the order of their numbers.
    pub const ALL: [Code; 17] = [
        Code::Ok,
        Code::Cancelled,
        Code::Unknown,
        Code::InvalidArgument,
        Code::DeadlineExceeded,
        Code::NotFound,
        Code::AlreadyExists,
        Code::PermissionDenied,
        Code::ResourceExhausted,
        Code::FailedPrecondition,
        Code::Aborted,
        Code::OutOfRange,
        Code::Unimplemented,
        Code::Internal,
        Code::Unavailable,
        Code::DataLoss,
        Code::Unauthenticated,
    ];

    /// The code with this number; [`Code::Unknown`] where there is none, as the protocol wants of a
    /// receiver. Use `Code::try_from` to tell the two apart.
    pub fn from_i32(number: i32) -> Code {
        Code::try_from(number).unwrap_or(Code::Unknown)
    }

    /// The name that specifications, logs and service configs use, such as `NOT_FOUND`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Code::Ok => "OK",
            Code::Cancelled => "CANCELLED",
            Code::Unknown => "UNKNOWN",
            Code::InvalidArgument => "INVALID_ARGUMENT",
            Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Code::NotFound => "NOT_FOUND",
            Code::AlreadyExists => "ALREADY_EXISTS",
            Code::PermissionDenied => "PERMISSION_DENIED",
            Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Code::FailedPrecondition => "FAILED_PRECONDITION",
            Code::Aborted => "ABORTED",
            Code::OutOfRange => "OUT_OF_RANGE",
            Code::Unimplemented => "UNIMPLEMENTED",
            Code::Internal => "INTERNAL",
            Code::Unavailable => "UNAVAILABLE",
            Code::DataLoss => "DATA_LOSS",
            Code::Unauthenticated => "UNAUTHENTICATED",
        }
    }

    /// What the code means, in a few words for a person.
    pub const fn description(self) -> &'static str {
        match self {
            Code::Ok => "the call succeeded",
            Code::Cancelled => "the call was cancelled",
            Code::Unknown => "an error without a known code",
            Code::InvalidArgument => "the request is not valid",
            Code::DeadlineExceeded => "the deadline passed before the call was over",
            Code::NotFound => "what the request names does not exist",
            Code::AlreadyExists => "what the request would create exists already",
            Code::PermissionDenied => "the caller may not do this",
            Code::ResourceExhausted => "a quota or a limit was reached",
            Code::FailedPrecondition => "the system is not in the state that the request needs",
            Code::Aborted => "the call conflicted with concurrent work",
            Code::OutOfRange => "the request reaches past the valid range",
            Code::Unimplemented => "the server does not offer this method",
            Code::Internal => "an invariant was broken",
            Code::Unavailable => "the service cannot be reached at the moment",
            Code::DataLoss => "data is lost or corrupt",
            Code::Unauthenticated => "the caller could not be identified",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<Code> for i32 {
    fn from(code: Code) -> i32 {
        code as i32
    }
}

/// Strict: a number that is not a code is an error.
impl TryFrom<i32> for Code {
    type Error = UnknownCode;

    fn try_from(number: i32) -> Result<Code, UnknownCode> {
        usize::try_from(number)
            .ok()
            .and_then(|index| Code::ALL.get(index).copied())
            .ok_or_else(|| UnknownCode { given: number.to_string() })
    }
}

/// Reads a name such as `NOT_FOUND`, in any letter case, as service configs write it (gRFC A6).
impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(name: &str) -> Result<Code, UnknownCode> {
        Code::ALL
            .into_iter()
            .find(|code| code.as_str().eq_ignore_ascii_case(name))
            .ok_or_else(|| UnknownCode { given: name.to_owned() })
    }
}

/// What was read as a [`Code`] is the name or number of none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownCode {
    given: String,
}

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a gRPC status code: expected a number from 0 to 16, or a name such as NOT_FOUND",
            self.given
        )
    }
}

impl Error for UnknownCode {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_go_there_and_back() {
        for (number, code) in (0_i32..).zip(Code::ALL) {
            assert_eq!(code as i32, number);
            assert_eq!(Code::from_i32(number), code);
            assert_eq!(code.as_str().parse(), Ok(code));
            assert_eq!(code.as_str().to_lowercase().parse(), Ok(code));
            assert!(!code.description().is_empty());
        }
    }

    #[test]
    fn strangers_are_unknown_or_an_error() {
        for number in [-1, 17, i32::MIN, i32::MAX] {
            assert_eq!(Code::from_i32(number), Code::Unknown);
            assert!(Code::try_from(number).is_err());
        }
        let error = "NOTFOUND".parse::<Code>().unwrap_err();
        assert!(error.to_string().contains("\"NOTFOUND\""), "{error}");
    }
}
