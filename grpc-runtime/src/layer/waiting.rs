//! Waiting in a layer, under the deadline of the call.

use std::future::Future;
use std::time::Instant;

use crate::rt;
use crate::status::{Delivery, Status};

/// What `future` gives, or DEADLINE_EXCEEDED with what was waited for, when `deadline` comes first. The request has
/// not been passed on by then, so nothing was sent.
pub(super) async fn before<T>(
    deadline: Option<Instant>,
    future: impl Future<Output = T>,
    what: &str,
) -> Result<T, Status> {
    let Some(deadline) = deadline else { return Ok(future.await) };
    rt::until(deadline, future).await.ok_or_else(|| {
        Status::deadline_exceeded(format!("the deadline passed while the call waited for {what}"))
            .with_delivery(Delivery::NotSent)
    })
}
