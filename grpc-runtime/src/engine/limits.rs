//! How large messages may be where nobody else says.

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
