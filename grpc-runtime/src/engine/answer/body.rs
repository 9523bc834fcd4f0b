//! What comes after the head of a response: messages and trailers, or what something else than a gRPC server says.
//!
//! Reads; how the call goes on is the answer's.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use http::HeaderMap;

use crate::engine::answer::{Answer, State};
use crate::engine::outcome;
use crate::retry::Pushback;
use crate::status::Status;

/// What the server sends after the head. Its window opens again as it is read.
#[derive(Debug)]
pub(super) struct Body {
    stream: RecvStream,
    /// How many bytes were read of which the server has not been told.
    untold: usize,
}

impl Body {
    pub(super) fn new(stream: RecvStream) -> Self {
        Self { stream, untold: 0 }
    }

    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, h2::Error>>> {
        let polled = self.stream.poll_data(context);
        if let Poll::Ready(Some(Ok(data))) = &polled {
            self.untold += data.len();
        }
        // A stream that waits, or that nobody polls for a while, takes nothing to speak of from the connection's window.
        // What a stream has not told by its end is told as it is dropped.
        if self.untold > MOST_UNTOLD || (polled.is_pending() && self.untold > 0) {
            let _ = self.stream.flow_control().release_capacity(std::mem::take(&mut self.untold));
        }
        polled
    }

    fn poll_trailers(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<HeaderMap>, h2::Error>> {
        self.stream.poll_trailers(context)
    }
}

/// So small messages share the cost of telling.
const MOST_UNTOLD: usize = 1 << 10;

impl Answer {
    /// The next message, or the end, which the state then says.
    pub(super) fn poll_messages(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, Status>> {
        let State::Messages { body, deframer } = &mut self.state else {
            return Poll::Ready(Ok(None));
        };
        let trailers = loop {
            if let Some(frame) = deframer.next()? {
                if !frame.compressed {
                    return Poll::Ready(Ok(Some(frame.message)));
                }
                let headers = self.headers.as_headers();
                return Poll::Ready(self.decompression.message(headers, &frame.message).map(Some));
            }
            // The one message of a call has the end behind it, which is found sooner where it is looked for.
            if self.single.is_some()
                && let Poll::Ready(trailers) = body.poll_trailers(context)
            {
                break trailers;
            }
            match ready!(body.poll_data(context)) {
                // The window opens as the program reads: what is held here is one message at most.
                Some(Ok(data)) => deframer.push(data),
                Some(Err(error)) => {
                    return Poll::Ready(Err(self.transport_failure(error.into())));
                }
                None => break ready!(body.poll_trailers(context)),
            }
        };
        let trailers = match trailers {
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
        let State::NotGrpc { body, answer } = &mut self.state else {
            return Poll::Ready(Ok(()));
        };
        while !answer.is_enough() {
            match ready!(body.poll_data(context)) {
                Some(Ok(data)) => answer.push(&data),
                Some(Err(_)) | None => break,
            }
        }
        let trailers = match answer.is_enough() {
            true => None,
            false => ready!(body.poll_trailers(context)).ok().flatten(),
        };
        let result = answer.end(trailers);
        Poll::Ready(self.end_attempt(result, Pushback::Absent))
    }
}
