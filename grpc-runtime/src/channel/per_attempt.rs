//! The settings of a [`ChannelBuilder`] for what happens at each attempt of a call, rather than once for the call.

use std::sync::Arc;

use crate::channel::ChannelBuilder;
use crate::credentials::CallCredentials;
use crate::engine::AttemptInterceptor;

impl ChannelBuilder {
    /// Sends these credentials with every call, such as a [`BearerToken`](crate::credentials::BearerToken); one that is
    /// given several of them sends all, in this order, and those of the [call](crate::Call::call_credentials) after them.
    /// Default: none. See [`credentials`](crate::credentials).
    ///
    /// A connection that is not [safe enough](CallCredentials::required_security) for one of them carries no call: it
    /// ends with UNAUTHENTICATED.
    #[doc(alias = "per_rpc_credentials")]
    pub fn call_credentials(mut self, credentials: impl CallCredentials) -> Self {
        self.per_attempt.credentials.push(Arc::new(credentials));
        self
    }

    /// Shows each attempt of every call to this interceptor, after the pick and after those that were added before it.
    /// Default: none. See [`AttemptInterceptor`].
    pub fn attempt_interceptor(mut self, interceptor: impl AttemptInterceptor) -> Self {
        self.per_attempt.interceptors.push(Arc::new(interceptor));
        self
    }
}
