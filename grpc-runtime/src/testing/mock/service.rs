//! [`MockService`]: what clients of a mock stand on.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::call::{InvokeFuture, Kind, Method, Out, Request, Response};
use crate::client::carry_out;
use crate::metadata::Metadata;
use crate::method::MethodRef;
use crate::status::Status;
use crate::testing::mock::book::{Book, Taken};

/// Carries the calls of every method to a [`Mock`](crate::testing::Mock). Cheap to clone.
#[derive(Clone)]
pub struct MockService {
    book: Arc<Book>,
}

impl MockService {
    pub(super) fn new(book: &Arc<Book>) -> Self {
        Self { book: Arc::clone(book) }
    }

    async fn answer<M: Method>(
        self,
        message: Out<M>,
        method: MethodRef,
        metadata: Metadata,
    ) -> Result<Response<M>, Status>
    where
        M::Request: fmt::Debug,
    {
        // A conversation can begin only while its requests are unread.
        let message = match method.kind().is_client_streaming() {
            false => message,
            true => match self.book.take::<M>(method.path(), &metadata, None) {
                Taken::Answer(answer) => return answer.carry_out(message).await,
                Taken::Unread => message,
                Taken::Unexpected(status) => return Err(status),
            },
        };
        let messages = M::Kind::gather(message).await?;
        match self.book.take::<M>(method.path(), &metadata, Some(&messages)) {
            Taken::Answer(answer) => answer.carry_out(M::Kind::regather(messages)).await,
            Taken::Unexpected(status) => Err(status),
            Taken::Unread => Err(Status::internal("messages that were read count as unread")),
        }
    }
}

impl<M> Service<Request<M>> for MockService
where
    M: Method,
    M::Request: fmt::Debug,
{
    type Response = Response<M>;
    type Error = Status;
    type Future = InvokeFuture<M>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<M>) -> Self::Future {
        let this = self.clone();
        carry_out(request, move |request| {
            let (message, method, options) = request.into_parts();
            this.answer(message, method, options.metadata)
        })
    }
}

impl fmt::Debug for MockService {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MockService").finish_non_exhaustive()
    }
}
