//! What a channel says of messages and attempts where nobody else does.

use std::sync::Arc;

use crate::retry::{AttemptCap, ChannelBuffer, DEFAULT_CALL_LIMIT};

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

/// The channel's say about further attempts.
#[derive(Debug, Clone)]
pub(crate) struct Retries {
    /// Whether retry policies count. What a server did not look at is started over in any case.
    pub(crate) is_on: bool,
    /// The most attempts of a call, whatever its policy says.
    pub(crate) cap: AttemptCap,
    /// How much a call keeps of what it sent, where it does not say so itself.
    pub(crate) buffer_bytes: usize,
    /// How much all calls keep together.
    pub(crate) channel_buffer: Arc<ChannelBuffer>,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            is_on: true,
            cap: AttemptCap::default(),
            buffer_bytes: DEFAULT_CALL_LIMIT,
            channel_buffer: Arc::default(),
        }
    }
}
