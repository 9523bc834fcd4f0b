//! Wraps a tonic service at the HTTP level: records calls and changes answers as told.
//!
//! tonic's own API cannot send headers and then stall, or trailers with a successful answer; an HTTP
//! response body can.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use http_body::Frame;
use tokio::sync::{mpsc, watch};
use tonic::body::Body;
use tower::Service;

use crate::server::behaviour::{Behaviour, Outcome};
use crate::server::counts::Counts;
use crate::server::events::{CallStart, Event};

/// What the calls of one server share. The lock is held for a copy only.
#[derive(Debug)]
pub(super) struct Program {
    behaviour: Mutex<Behaviour>,
    /// Calls that fail before the others are answered as `behaviour` has it.
    failures: Mutex<VecDeque<tonic::Status>>,
    events: mpsc::UnboundedSender<Event>,
    counts: watch::Sender<Counts>,
}

impl Program {
    pub(super) fn new(behaviour: Behaviour, events: mpsc::UnboundedSender<Event>) -> Self {
        Program {
            behaviour: Mutex::new(behaviour),
            failures: Mutex::default(),
            events,
            counts: watch::Sender::default(),
        }
    }

    pub(super) fn behaviour(&self) -> Behaviour {
        self.behaviour.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap_or_else(PoisonError::into_inner) = behaviour;
    }

    pub(super) fn fail_next(&self, status: tonic::Status) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push_back(status);
    }

    /// What the call that comes now meets.
    fn next(&self) -> Behaviour {
        let failure = self.failures.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        match failure {
            Some(status) => self.behaviour().fail(status),
            None => self.behaviour(),
        }
    }

    pub(super) fn counts(&self) -> watch::Receiver<Counts> {
        self.counts.subscribe()
    }

    pub(super) fn closed(&self) {
        self.counts.send_modify(|counts| counts.open -= 1);
    }

    pub(super) fn report(&self, event: Event) {
        self.counts.send_modify(|counts| match event {
            Event::Connected => {
                counts.connections += 1;
                counts.open += 1;
            }
            Event::Started(_) => counts.started += 1,
            Event::Finished(_) => counts.finished += 1,
            Event::Cancelled(_) => counts.cancelled += 1,
        });
        // Nobody listens once the test has dropped its handle, and then nobody minds.
        let _ = self.events.send(event);
    }
}

/// A service that does as [`Program`] says.
#[derive(Debug, Clone)]
pub(super) struct Programmed<S> {
    pub(super) inner: S,
    pub(super) program: Arc<Program>,
}

impl<S> Service<http::Request<Body>> for Programmed<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible> + Clone,
    S: Send + 'static,
    S::Future: Send,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        let program = Arc::clone(&self.program);
        let behaviour = program.next();
        let start = CallStart::of(&request);
        let guard =
            Guard { path: start.path.clone(), program: Arc::clone(&program), finished: false };
        let mut extra = HeaderMap::new();
        if behaviour.echo {
            for (key, value) in
                start.headers.iter().filter(|(key, _)| key.as_str().starts_with("x-"))
            {
                extra.append(key, value.clone());
            }
        }
        program.report(Event::Started(start));
        Box::pin(async move {
            if !behaviour.delay.is_zero() {
                tokio::time::sleep(behaviour.delay).await;
            }
            let mut response = match &behaviour.outcome {
                Outcome::NeverAnswer => pending().await,
                Outcome::Fail(status) => status.clone().into_http(),
                Outcome::StallAfterHeaders => {
                    let mut response = http::Response::new(Body::empty());
                    let grpc = http::HeaderValue::from_static("application/grpc");
                    response.headers_mut().insert(http::header::CONTENT_TYPE, grpc);
                    response
                }
                Outcome::Answer => inner.call(request).await?,
            };
            append(response.headers_mut(), &extra);
            append(response.headers_mut(), behaviour.headers.as_ref());
            append(&mut extra, behaviour.trailers.as_ref());
            let stalled = matches!(behaviour.outcome, Outcome::StallAfterHeaders);
            Ok(response.map(|inner| Body::new(Answer { inner, extra, stalled, guard })))
        })
    }
}

/// The response body: passes frames on, adds to the trailers, and knows whether it got to its end.
struct Answer {
    inner: Body,
    extra: HeaderMap,
    stalled: bool,
    guard: Guard,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        if self.stalled {
            return Poll::Pending;
        }
        let mut polled = Pin::new(&mut self.inner).poll_frame(context);
        match &mut polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_mut() {
                    append(trailers, &self.extra);
                    self.guard.finished = true;
                }
            }
            Poll::Ready(_) => self.guard.finished = true,
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        !self.stalled && self.inner.is_end_stream()
    }
}

/// Tells how the call ended: dropped before its end means that the client reset it or went away.
#[derive(Debug)]
struct Guard {
    path: String,
    program: Arc<Program>,
    finished: bool,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let path = std::mem::take(&mut self.path);
        self.program.report(if self.finished {
            Event::Finished(path)
        } else {
            Event::Cancelled(path)
        });
    }
}

fn append(to: &mut HeaderMap, from: &HeaderMap) {
    for (key, value) in from {
        to.append(key, value.clone());
    }
}
