//! How large messages may be: the call says, else the method, else the channel.

use crate::engine::options::CallOptions;
use crate::method::MethodDescriptor;

/// The channel's limits.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// The largest request message; none by default.
    pub(crate) max_request_bytes: usize,
    /// The largest response message; 4 MiB by default, as in the other gRPC implementations.
    pub(crate) max_response_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_request_bytes: usize::MAX, max_response_bytes: 4 << 20 }
    }
}

impl Limits {
    pub(super) fn request_bytes(&self, method: &MethodDescriptor, call: &CallOptions) -> usize {
        call.max_request_bytes.or(method.max_request_bytes()).unwrap_or(self.max_request_bytes)
    }

    pub(super) fn response_bytes(&self, method: &MethodDescriptor, call: &CallOptions) -> usize {
        call.max_response_bytes.or(method.max_response_bytes()).unwrap_or(self.max_response_bytes)
    }
}
