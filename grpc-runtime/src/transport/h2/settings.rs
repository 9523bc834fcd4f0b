//! What we tell the peer about ourselves, and the limits we keep on its behalf.

/// The `h2` builder's knobs that we set, with values chosen for calls rather than for pages.
#[derive(Debug, Clone)]
pub(crate) struct Http2Settings {
    /// Bytes a peer may send on one stream before we read them.
    pub(crate) stream_window: u32,
    /// Bytes a peer may send on all streams together before we read them. Eight times a stream's, so that one
    /// unread stream does not stall the others.
    pub(crate) connection_window: u32,
    /// The largest block of headers or trailers that a call accepts, as HTTP/2 counts it (gRPC default: 8 KiB).
    pub(crate) max_header_list_bytes: u32,
}

impl Default for Http2Settings {
    fn default() -> Self {
        Self { stream_window: 1 << 20, connection_window: 8 << 20, max_header_list_bytes: 8 << 10 }
    }
}

impl Http2Settings {
    pub(super) fn builder(&self) -> h2::client::Builder {
        let mut builder = h2::client::Builder::new();
        builder
            .enable_push(false)
            .initial_window_size(self.stream_window)
            .initial_connection_window_size(self.connection_window)
            .max_frame_size(MAX_FRAME_SIZE)
            .max_header_list_size(self.max_header_list_bytes.max(READABLE_HEADER_LIST))
            .max_concurrent_reset_streams(RESET_STREAMS)
            .data_frame_budget(DATA_FRAME_BUDGET)
            .initial_max_send_streams(SETTINGS_NOT_SEEN);
        builder
    }
}

/// What `h2` reports as the peer's MAX_CONCURRENT_STREAMS until the peer's SETTINGS arrive. The wire's value has
/// 32 bits, and its absence becomes `usize::MAX`, so no peer can send this one.
pub(super) const SETTINGS_NOT_SEEN: usize = usize::MAX - 1;

/// A message up to this size arrives in one DATA frame, if the server likes, and is then decoded in place.
const MAX_FRAME_SIZE: u32 = 64 << 10;

/// `h2` drops the connection, or silently a part of the trailers, when a block exceeds what it was told. So it is
/// told more than a call accepts: between the two, one call fails with a text that names the sizes, and its neighbours
/// go on.
const READABLE_HEADER_LIST: u32 = 1 << 20;

/// Streams we cancelled whose late frames are still recognised; with fewer, a burst of cancellations would look
/// like a protocol error of the peer.
const RESET_STREAMS: usize = 1024;

/// `h2` charges each unread DATA frame under 256 bytes against a budget and closes the connection when it is
/// spent. Its default kills slow readers of small messages; this one is what a full window of the smallest
/// sensible messages costs, and still bounds the memory a peer can take with one-byte frames.
const DATA_FRAME_BUDGET: usize = 64 << 20;
