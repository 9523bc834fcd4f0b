//! Calls fail with the error type of the trait: as its methods say it, or as the attribute does.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    single_use_lifetimes,
    unreachable_pub,
    unused_qualifications
)]

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use grpc_runtime::{Code, Status, Streaming, grpc_client};

/// What the store's calls fail with.
#[derive(Debug, PartialEq)]
pub enum StoreError {
    /// There is no such thing.
    Missing,
    /// Anything else.
    Other(Status),
}

impl From<Status> for StoreError {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::NotFound => Self::Missing,
            _ => Self::Other(status),
        }
    }
}

impl From<StoreError> for Status {
    fn from(error: StoreError) -> Status {
        match error {
            StoreError::Missing => Status::not_found("missing"),
            StoreError::Other(status) => status,
        }
    }
}

mod aliased {
    pub(crate) type Result<T> = std::result::Result<T, super::StoreError>;
}

/// The attribute says it, for an alias that does not show it.
#[grpc_client(error = StoreError, mock)]
pub trait Store {
    /// Fails.
    async fn get(&self, request: ()) -> aliased::Result<()>;
    /// Fails with the first message.
    async fn list(&self, request: ()) -> Result<Streaming<()>, StoreError>;
}

/// The methods say it, each its own.
#[grpc_client]
pub trait Mixed {
    /// One.
    async fn one(&self, request: ()) -> Result<(), StoreError>;
    /// Another.
    async fn other(&self, request: ()) -> Result<(), Status>;
}

#[derive(Debug)]
struct Fake;

impl Store for Fake {
    async fn get(&self, (): ()) -> aliased::Result<()> {
        Err(StoreError::Missing)
    }

    async fn list(&self, (): ()) -> Result<Streaming<()>, StoreError> {
        Ok(Streaming::from_iter([Err(Status::not_found("gone"))]))
    }
}

impl Mixed for Fake {
    async fn one(&self, (): ()) -> Result<(), StoreError> {
        Err(Status::aborted("one").into())
    }

    async fn other(&self, (): ()) -> Result<(), Status> {
        // The way back, by `?`.
        Err(StoreError::Missing)?
    }
}

async fn use_them() -> Result<(), StoreError> {
    let store = StoreClient::in_process(Fake);
    assert_eq!(store.get(()).await, Err(StoreError::Missing));
    let status: Status = store.get(()).send().await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let mixed = MixedClient::in_process(Fake).boxed();
    assert!(matches!(mixed.one(()).await, Err(StoreError::Other(_))));
    assert_eq!(mixed.other(()).await.unwrap_err().code(), Code::NotFound);
    // The end of a stream is a status, which `?` makes the error of.
    store.list(()).await?.message().await?;
    Ok(())
}

fn main() {
    // Nothing here has to wait for anything.
    let polled = pin!(use_them()).poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Ready(Err(StoreError::Missing)));
}
