//! [`Call`]: what a client method returns. Await it for the message, or set options first.

use std::any::Any;
use std::fmt::Debug;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use crate::attempts::{Attempts, HedgingPolicy, RetryPolicy};
use crate::call::cancel::CancelHandle;
use crate::call::context::CallContext;
use crate::call::ended::Ended;
use crate::call::invoke::Invoke;
use crate::call::method::{Idempotent, In, Method, Out};
use crate::call::request::Request;
use crate::call::send::{SendFuture, Watch};
use crate::compression::Encoding;
use crate::credentials::CallCredentials;
use crate::engine::InvalidOption;
use crate::metadata::{IntoMetadataKey, IntoMetadataValue, InvalidMetadata};
use crate::method::MethodRef;
use crate::status::FromStatus;

/// A call about to be made. Nothing happens until it is awaited or [sent](Call::send).
///
/// Awaiting it gives the plain message, or the stream of them, or the error type of the trait. [`send`](Call::send)
/// gives the whole [`Response`](crate::Response), with headers and trailers, or the [`Status`](crate::Status) itself.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<S, M: Method> {
    service: S,
    request: Request<M>,
    /// Of the few calls that have it.
    watch: Option<Box<Watch>>,
}

impl<S, M: Method> Call<S, M> {
    /// A call of `M` through `service`. Client methods do this.
    #[inline]
    pub fn new(service: S, message: Out<M>) -> Self {
        Self { service, request: Request::new(message), watch: None }
    }

    pub(crate) fn of_method(service: S, method: MethodRef, message: Out<M>) -> Self {
        Self { service, request: Request::of_method(method, message), watch: None }
    }

    /// How long the whole call may take from the moment it is sent: waiting for a connection, and all messages of
    /// a stream, included. Then it ends with DEADLINE_EXCEEDED here, and the server is told to stop. The server
    /// learns of the limit at the start (`grpc-timeout`).
    ///
    /// Default: what the method's `#[rpc(timeout = ..)]` says, else none. Replaces [`deadline`](Call::deadline).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.request.options_mut().set_timeout(timeout);
        self
    }

    /// When the whole call has to be over, as a point in time. See [`timeout`](Call::timeout), which it replaces.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.request.options_mut().set_deadline(deadline);
        self
    }

    /// Whether the call waits while the server cannot be reached (up to its deadline), rather than fail with
    /// UNAVAILABLE after the first failed connection attempt. Default: `false` (gRPC wait-for-ready).
    pub fn wait_for_ready(mut self, wait: bool) -> Self {
        self.request.options_mut().wait_for_ready = Some(wait);
        self
    }

    /// Compresses the request messages, each where that makes it shorter; [`Encoding::IDENTITY`] compresses none. The
    /// server may answer with what it was sent. One that does not know the encoding ends the call, by the book with
    /// UNIMPLEMENTED. Where it says which ones it knows (`grpc-accept-encoding`; not every server does),
    /// [`EncodingRefused`](crate::compression::EncodingRefused) is the source of that status.
    ///
    /// A channel knows the encodings of the features that are on, and those of
    /// [`ChannelBuilder::compressor`](crate::ChannelBuilder::compressor); with another the call fails with INTERNAL and
    /// is not sent.
    ///
    /// Default: what the method's `#[rpc(compress = "..")]` or the channel says, else none. Without effect in process,
    /// where messages are no bytes. See [`compression`](crate::compression).
    pub fn compress(mut self, encoding: Encoding) -> Self {
        self.request.options_mut().set_compression(encoding);
        self
    }

    /// The largest request message, in bytes as encoded, or as compressed where it is. Larger ones fail with RESOURCE_EXHAUSTED and are not
    /// sent. Default: what the method's attribute or the channel says, else none.
    pub fn max_request_bytes(mut self, bytes: usize) -> Self {
        self.request.options_mut().set_max_request_bytes(bytes);
        self
    }

    /// The largest response message, in bytes, decompressed as well. Larger ones end the call with RESOURCE_EXHAUSTED, before memory is
    /// taken for them. Default: what the method's attribute or the channel says, else 4 MiB.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.request.options_mut().set_max_response_bytes(bytes);
        self
    }

    /// Makes the call again when it fails, as the policy has it, up to its first response headers. Replaces what the
    /// service config or the method's `#[rpc(retry(..))]` or `#[rpc(hedge(..))]` says, with all its settings.
    ///
    /// A call can be made again as long as what it sent is kept
    /// ([`retry_buffer_bytes`](crate::ChannelBuilder::retry_buffer_bytes)), on a channel that does not have it
    /// [off](crate::ChannelBuilder::disable_retry). Without effect in process, where there is nothing to fail on the way.
    ///
    /// ```
    /// # async fn example<M: grpc_runtime::Method<Error = grpc_runtime::Status>>(
    /// #     call: grpc_runtime::Call<grpc_runtime::Channel, M>,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// use grpc_runtime::Code;
    /// use grpc_runtime::service_config::{CodeSet, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new(3, CodeSet::of(&[Code::Unavailable, Code::ResourceExhausted]))?;
    /// let reply = call.retry(policy).await?;
    /// # Ok(()) }
    /// ```
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.request.options_mut().set_attempts(policy);
        self
    }

    /// Makes the call several times without waiting for the earlier attempts to fail, as the policy has it; the first
    /// response headers decide, and the other attempts are cancelled. Replaces what the service config or the method's
    /// attribute says, with all its settings. As [`retry`](Call::retry) otherwise.
    ///
    /// The method has to be marked `idempotent` or `no_side_effects`; the compiler refuses others.
    ///
    /// ```
    /// # async fn example<M: grpc_runtime::Idempotent<Error = grpc_runtime::Status>>(
    /// #     call: grpc_runtime::Call<grpc_runtime::Channel, M>,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    ///
    /// use grpc_runtime::service_config::HedgingPolicy;
    ///
    /// // On another server as well, where the first has not answered within 20 ms.
    /// let policy = HedgingPolicy::new(2)?.with_delay(Duration::from_millis(20));
    /// let reply = call.hedge(policy).await?;
    /// # Ok(()) }
    /// ```
    pub fn hedge(self, policy: HedgingPolicy) -> Self
    where
        M: Idempotent,
    {
        self.hedge_allowing_duplicates(policy)
    }

    /// As [`hedge`](Call::hedge), for a method that is not marked, and where a call that takes effect several times is
    /// all the same right.
    pub fn hedge_allowing_duplicates(mut self, policy: HedgingPolicy) -> Self {
        self.request.options_mut().set_attempts(policy);
        self
    }

    /// Makes the call once, whatever the service config or the method's attribute says of retries and hedging. What a
    /// server certainly did not look at is sent again all the same, as that cannot have an effect twice.
    #[doc(alias = "no_retry")]
    pub fn disable_retry(mut self) -> Self {
        self.request.options_mut().set_attempts(Attempts::Once);
        self
    }

    /// Sends a text beside the message. A key may be given several times; the values keep their order.
    ///
    /// # Errors
    /// When the key or the value cannot be sent; the error names it and says why. `?` makes a [`Status`](crate::Status) of it.
    pub fn metadata(
        mut self,
        key: impl IntoMetadataKey,
        value: impl IntoMetadataValue,
    ) -> Result<Self, InvalidMetadata> {
        self.request.metadata_mut().append(key, value)?;
        Ok(self)
    }

    /// Sends bytes beside the message. The key ends in `-bin`.
    ///
    /// # Errors
    /// When the key cannot be sent; the error names it and says why.
    pub fn metadata_bin(
        mut self,
        key: impl IntoMetadataKey,
        value: impl AsRef<[u8]>,
    ) -> Result<Self, InvalidMetadata> {
        self.request.metadata_mut().append_bin(key, value)?;
        Ok(self)
    }

    /// Sends these credentials with the call, after those of the
    /// [channel](crate::ChannelBuilder::call_credentials) and those that the call has already. Default: none. See
    /// [`credentials`](crate::credentials).
    ///
    /// The call ends with UNAUTHENTICATED where its connection is not safe enough for them. In process, where there is no
    /// connection, they have no effect.
    #[doc(alias = "per_rpc_credentials")]
    pub fn call_credentials(mut self, credentials: impl CallCredentials) -> Self {
        self.request.options_mut().add_call_credentials(credentials);
        self
    }

    /// Names the server in another way than the channel does: `:authority`, a host or a host and a port, for a server
    /// or a proxy that answers for several. It does not change where the call goes. Default: what
    /// [`ChannelBuilder::authority`](crate::ChannelBuilder::authority) or the target says.
    ///
    /// With TLS the server's certificate has to be valid for that host as well, or the call ends with UNAVAILABLE and
    /// is not sent (gRFC A81).
    ///
    /// # Errors
    /// When it cannot be an authority. `?` makes a [`Status`](crate::Status) of it.
    pub fn authority(mut self, authority: impl Into<String>) -> Result<Self, InvalidOption> {
        self.request.options_mut().set_authority(authority)?;
        Ok(self)
    }

    /// Says what the messages are written in, in place of what their codec says: `content-type: application/grpc+json`,
    /// for `"json"`. Nothing but the header changes: it is for calls whose messages are bytes already, as those of a
    /// [`DynamicClient`](crate::DynamicClient), and for servers that ask for a name of their own. Default: the codec's
    /// [`CONTENT_TYPE`](crate::codec::Codec::CONTENT_TYPE).
    ///
    /// # Errors
    /// When it is no subtype. `?` makes a [`Status`](crate::Status) of it.
    pub fn content_subtype(mut self, subtype: impl Into<String>) -> Result<Self, InvalidOption> {
        self.request.options_mut().set_content_subtype(subtype)?;
        Ok(self)
    }

    /// Tells the load-balancing policy something of the call that is not sent: which shard it is for, say. A value takes the
    /// place of one of the same type. See [`PickArgs::attributes`](crate::lb::PickArgs::attributes).
    pub fn attribute<T>(mut self, value: T) -> Self
    where
        T: Any + Debug + PartialEq + Send + Sync,
    {
        self.request.options_mut().set_attribute(value);
        self
    }

    /// Ends the call with CANCELLED when `handle` is cancelled, at once and whatever the call is doing; see
    /// [`CancelHandle`]. A call that has several ends with the first of them. Default: none but those of the
    /// [`CallContext`] that the call is made in.
    ///
    /// Layers do not see this: they are dropped with the call.
    pub fn cancel_on(mut self, handle: &CancelHandle) -> Self {
        self.watch().handles.push(handle.clone());
        self
    }

    /// Runs `hook` at the end of the call, exactly once, whatever ends it and whatever its kind: a stream ends with its
    /// last message, not with its start. Layers are inside: the end is the one that the program sees.
    ///
    /// [`Ended::Dropped`] also tells of a call that was never sent. Hooks run in the order in which they were added, in
    /// whatever task polls or drops the call: they must not block. What shall be told of every call of a client is
    /// [`layer::on_end`](crate::layer::on_end()).
    ///
    /// ```
    /// # async fn example<M: grpc_runtime::Method>(call: grpc_runtime::Call<grpc_runtime::Channel, M>) {
    /// let outcome = call.on_end(|ended| println!("it ended with {}", ended.code())).await;
    /// # }
    /// ```
    #[doc(alias = "on_finish")]
    pub fn on_end(mut self, hook: impl FnOnce(Ended<'_>) + Send + 'static) -> Self {
        self.watch().hooks.push(hook);
        self
    }

    /// The call as a layer would see it, for options that have no method here.
    pub fn request_mut(&mut self) -> &mut Request<M> {
        &mut self.request
    }

    fn watch(&mut self) -> &mut Watch {
        self.watch.get_or_insert_default()
    }
}

impl<S: Invoke<M>, M: Method> Call<S, M> {
    /// Makes the call and gives back all of the outcome.
    ///
    /// The [`CallContext`] that surrounds this moment holds for the call, wherever the future is awaited then.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the call: the server is told, if it has heard of it.
    #[inline]
    pub fn send(mut self) -> SendFuture<S, M> {
        if let Some(handles) = CallContext::apply(self.request.options_mut())
            && !handles.is_empty()
        {
            self.watch().handles.extend(handles);
        }
        let Self { service, request, watch } = self;
        SendFuture::new(service, request, watch)
    }
}

impl<S: Invoke<M>, M: Method> IntoFuture for Call<S, M> {
    type Output = Result<In<M>, M::Error>;
    type IntoFuture = CallFuture<S, M>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        CallFuture { response: self.send() }
    }
}

impl<S, M: Method> Debug for Call<S, M> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Call")
            .field("method", &self.request.method().path())
            .field("options", self.request.options())
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// A call under way that will give the plain message.
    pub struct CallFuture<S, M>
    where
        M: Method,
        S: Invoke<M>,
    {
        #[pin]
        response: SendFuture<S, M>,
    }
}

impl<S: Invoke<M>, M: Method> Future for CallFuture<S, M> {
    type Output = Result<In<M>, M::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match ready!(self.project().response.poll(context)) {
            Ok(response) => Ok(response.into_message()),
            Err(status) => Err(M::Error::from_status(status)),
        })
    }
}

impl<S: Invoke<M>, M: Method> Debug for CallFuture<S, M> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("CallFuture").field(&M::DESCRIPTOR.path()).finish()
    }
}
