//! [`FromStatus`]: error types of a program's own, which calls fail with in place of a [`Status`].
//!
//! A bound and no more: what an error makes of a status is the program's to say. The typed edge asks for it.

use crate::status::Status;

/// What calls can fail with: a [`Status`], or a type of the program's that is made of one and goes back to one.
///
/// Not to be implemented: whatever is `From<Status>`, and whose opposite `From<MyError> for Status` is there as well, has
/// it. The first is what a call fails with, and what `?` makes of the end of a stream; the second keeps the status in
/// reach, and is how a fake's error travels through the layers, which see a `Status` as ever.
///
/// A trait says which it is by `#[grpc_client(error = StoreError)]`, or by its methods' results alone.
///
/// ```
/// use grpc_runtime::{Code, Status, grpc_client};
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # pub struct Key { #[prost(string, tag = "1")] pub name: String }
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # pub struct Item {}
///
/// #[derive(Debug)]
/// enum StoreError {
///     Missing { key: String },
///     Other(Status),
/// }
///
/// impl From<Status> for StoreError {
///     fn from(status: Status) -> Self {
///         match (status.code(), status.resource_info()) {
///             (Code::NotFound, Some(resource)) => Self::Missing { key: resource.resource_name },
///             _ => Self::Other(status),
///         }
///     }
/// }
///
/// impl From<StoreError> for Status {
///     fn from(error: StoreError) -> Status {
///         match error {
///             StoreError::Missing { key } => Status::not_found(key),
///             StoreError::Other(status) => status,
///         }
///     }
/// }
///
/// #[grpc_client(service = "shop.Store", error = StoreError)]
/// trait Store {
///     async fn get(&self, key: Key) -> Result<Item, StoreError>;
/// }
///
/// async fn find(store: &StoreClient) -> Result<Option<Item>, StoreError> {
///     match store.get(Key { name: "a".to_owned() }).await {
///         Ok(item) => Ok(Some(item)),
///         Err(StoreError::Missing { .. }) => Ok(None),
///         Err(error) => Err(error),
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "calls cannot fail with `{Self}`",
    label = "not an error that is made of a `Status`",
    note = "write `impl From<Status> for {Self}`, which is what a call fails with, and `impl From<{Self}> for Status`, which keeps the status in reach; or let the method fail with `grpc_runtime::Status`"
)]
pub trait FromStatus: Sized + Send + 'static {
    /// What a call fails with whose status is this.
    fn from_status(status: Status) -> Self;

    /// The status that it is made of, or one that says the same.
    fn into_status(self) -> Status;
}

#[diagnostic::do_not_recommend]
impl<E: From<Status> + Into<Status> + Send + 'static> FromStatus for E {
    #[inline]
    fn from_status(status: Status) -> Self {
        status.into()
    }

    #[inline]
    fn into_status(self) -> Status {
        self.into()
    }
}
