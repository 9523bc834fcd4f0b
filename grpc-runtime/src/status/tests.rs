//! What a status keeps, and how it reads.

use std::error::Error;
use std::fmt;
use std::io;

use super::*;

#[test]
fn a_new_status_is_local_and_bare() {
    let status = Status::not_found("no such user");
    assert_eq!((status.code(), status.message()), (Code::NotFound, "no such user"));
    assert_eq!((status.origin(), status.delivery()), (Origin::Local, Delivery::Unknown));
    assert!(status.details().is_empty() && status.metadata().is_empty());
    assert!(status.source().is_none() && status.peer().is_none());
    assert!(matches!(status.rpc_status(), Ok(None)));
}

#[test]
fn a_failure_is_never_ok() {
    let status = Status::new(Code::Ok, "fine");
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().ends_with("which is a bug: fine"), "{status}");
}

#[test]
fn the_line_shows_each_cause_once_and_the_peer() {
    let inner = io::Error::other(io::Error::other("connection refused"));
    let status = Status::unavailable("cannot connect").with_source(inner).with_peer("[::1]:443");
    assert_eq!(
        status.to_string(),
        "UNAVAILABLE: cannot connect: connection refused (peer [::1]:443)"
    );
    assert_eq!(Status::aborted("").to_string(), "ABORTED");
}

#[test]
fn a_chain_without_end_is_cut() {
    #[derive(Debug)]
    struct Ouroboros;
    impl fmt::Display for Ouroboros {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("tail")
        }
    }
    impl Error for Ouroboros {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&Ouroboros)
        }
    }
    assert_eq!(Status::unknown("head").with_source(Ouroboros).to_string(), "UNKNOWN: head: tail");
    assert_eq!(Status::from_box(Box::new(Ouroboros)).code(), Code::Unknown);
}

#[test]
fn context_goes_in_front() {
    let status = Status::not_found("x").with_peer("p").context("reading 7");
    assert_eq!((status.message(), status.peer()), ("reading 7: x", Some("p")));
    assert_eq!(Status::not_found("").context("reading 7").message(), "reading 7");
}

#[test]
fn a_clone_is_independent() {
    let first = Status::internal("a");
    let second = first.clone().context("b").with_origin(Origin::Server);
    assert_eq!((first.message(), first.origin()), ("a", Origin::Local));
    assert_eq!((second.message(), second.origin()), ("b: a", Origin::Server));
}

#[test]
fn details_go_there_and_back() {
    let message = RpcStatus { code: 5, message: "m".to_owned(), details: Vec::new() };
    let status = Status::from(message.clone());
    assert_eq!((status.code(), status.message()), (Code::NotFound, "m"));
    assert_eq!(status.rpc_status().unwrap(), Some(message));
    let broken = Status::internal("x").with_details(&b"\xff"[..]).rpc_status().unwrap_err();
    assert!(broken.source().is_some());
}

#[test]
fn a_status_is_taken_out_of_a_box() {
    let status = Status::not_found("x").with_source(io::Error::other("why")).with_peer("p");
    let out = Status::from_box(Box::new(status));
    assert_eq!(out.to_string(), "NOT_FOUND: x: why (peer p)");

    let wrapped = io::Error::other(Status::not_found("x").with_peer("p"));
    let outer = io::Error::other(Wrapper(Box::new(wrapped)));
    let out = Status::from_box(Box::new(outer));
    assert_eq!((out.code(), out.peer()), (Code::NotFound, Some("p")));
    assert!(out.to_string().contains("while wrapped"), "{out}");
}

#[test]
fn errors_of_layers_get_their_codes() {
    let elapsed = Box::new(tower::timeout::error::Elapsed::new());
    assert_eq!(Status::from_box(elapsed).code(), Code::DeadlineExceeded);
    let overloaded = Box::new(tower::load_shed::error::Overloaded::new());
    assert_eq!(Status::from_box(overloaded).code(), Code::ResourceExhausted);
    let other = Status::from_box("what is this".into());
    assert_eq!((other.code(), other.message()), (Code::Unknown, "what is this"));
    assert_eq!(other.to_string(), "UNKNOWN: what is this");
    assert!(other.source().is_some());
}

#[test]
fn metadata_that_cannot_be_sent_is_our_own_doing() {
    let error = Metadata::new().insert("Bad Key", "x").unwrap_err();
    let boxed = Status::from_box(Box::new(error.clone()));
    let status = Status::from(error);
    assert_eq!((status.code(), status.origin()), (Code::Internal, Origin::Local));
    assert_eq!(status.delivery(), Delivery::NotSent);
    assert_eq!(status, boxed);
    assert_eq!(boxed.delivery(), Delivery::NotSent);
}

#[test]
fn debugging_shows_what_is_there_and_no_secret() {
    let mut metadata = Metadata::new();
    metadata.insert("authorization", "hunter2").unwrap();
    let text = format!("{:?}", Status::internal("m").with_metadata(metadata).with_details("abc"));
    assert!(text.contains("Internal") && text.contains("3 bytes"), "{text}");
    assert!(text.contains("authorization") && !text.contains("hunter2"), "{text}");
}

#[derive(Debug)]
struct Wrapper(Box<dyn Error + Send + Sync>);

impl fmt::Display for Wrapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("while wrapped")
    }
}

impl Error for Wrapper {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.0.as_ref())
    }
}
