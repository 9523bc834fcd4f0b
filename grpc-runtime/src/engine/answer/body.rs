//! What comes after the head of a response: messages and trailers, or what something else than a gRPC server says.
//!
//! Reads; how the call goes on is the answer's.

use std::task::{Context, Poll, ready};

use bytes::Bytes;

use crate::engine::answer::{Answer, State};
use crate::engine::outcome;
use crate::retry::Pushback;
use crate::status::Status;

impl Answer {
    /// The next message, or the end, which the state then says.
    pub(super) fn poll_messages(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, Status>> {
        let State::Messages { stream, deframer } = &mut self.state else {
            return Poll::Ready(Ok(None));
        };
        loop {
            if let Some(frame) = deframer.next()? {
                if !frame.compressed {
                    return Poll::Ready(Ok(Some(frame.message)));
                }
                let headers = self.headers.as_headers();
                return Poll::Ready(self.decompression.message(headers, &frame.message).map(Some));
            }
            match ready!(stream.poll_data(context)) {
                Some(Ok(data)) => {
                    // The window opens as the program reads: what is held here is one message at most.
                    let _ = stream.flow_control().release_capacity(data.len());
                    deframer.push(data);
                }
                Some(Err(error)) => {
                    return Poll::Ready(Err(self.transport_failure(error.into())));
                }
                None => break,
            }
        }
        let trailers = match ready!(stream.poll_trailers(context)) {
            Ok(trailers) => trailers,
            Err(error) => return Poll::Ready(Err(self.transport_failure(error.into()))),
        };
        let limit = self.connection.max_header_list_bytes();
        if let Some(trailers) = &trailers {
            outcome::check_size(trailers, limit, "response trailers")?;
        }
        let whole = deframer.finish();
        // The server's own word wins over a message that it cut off.
        let result =
            outcome::of_trailers(trailers).and_then(|trailers| Ok(whole.map(|()| trailers)?));
        Poll::Ready(self.end(result).map(|()| None))
    }

    pub(super) fn poll_not_grpc(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        let State::NotGrpc { stream, answer } = &mut self.state else {
            return Poll::Ready(Ok(()));
        };
        while !answer.is_enough() {
            match ready!(stream.poll_data(context)) {
                Some(Ok(data)) => {
                    let _ = stream.flow_control().release_capacity(data.len());
                    answer.push(&data);
                }
                Some(Err(_)) | None => break,
            }
        }
        let trailers = match answer.is_enough() {
            true => None,
            false => ready!(stream.poll_trailers(context)).ok().flatten(),
        };
        let result = answer.end(trailers);
        Poll::Ready(self.end_attempt(result, Pushback::Absent))
    }
}
