//! What a scripted peer received, for a test to look at afterwards.

use http::HeaderMap;

use crate::peer::frames::{Frame, PREFACE, flag, kind};
use crate::wait::within;

/// Everything that arrived, in order.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// All frames of all connections.
    pub frames: Vec<Frame>,
    /// How many connections the script accepted.
    pub connections: usize,
    /// Where in `frames` each connection begins.
    beginnings: Vec<usize>,
}

/// Decoded request headers.
#[derive(Debug, Clone)]
pub struct RequestHead {
    /// `:path`.
    pub path: String,
    /// `:authority`.
    pub authority: Option<String>,
    /// All other headers.
    pub headers: HeaderMap,
}

impl Record {
    /// Frames of one kind.
    pub fn of_kind(&self, kind: u8) -> impl Iterator<Item = &Frame> {
        self.frames.iter().filter(move |frame| frame.kind == kind)
    }

    /// The error code of the reset of `stream`, where there was one.
    pub fn reset(&self, stream: u32) -> Option<u32> {
        self.of_kind(kind::RST_STREAM).find(|frame| frame.stream == stream)?.error_code()
    }

    /// What the client sent on `stream`; of padded frames nothing is taken away.
    pub fn data(&self, stream: u32) -> Vec<u8> {
        let frames = self.of_kind(kind::DATA).filter(|frame| frame.stream == stream);
        frames.flat_map(|frame| frame.payload.iter().copied()).collect()
    }

    /// Whether the client finished its side of `stream`.
    pub fn ended(&self, stream: u32) -> bool {
        self.frames.iter().any(|frame| {
            frame.stream == stream
                && matches!(frame.kind, kind::DATA | kind::HEADERS)
                && frame.has(flag::END_STREAM)
        })
    }

    /// The request heads of all connections, decoded by the h2 crate.
    ///
    /// # Panics
    ///
    /// When the client's header blocks cannot be decoded.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and asked again.
    pub async fn requests(&self) -> Vec<RequestHead> {
        let mut heads = Vec::new();
        for (index, &start) in self.beginnings.iter().enumerate() {
            let end = self.beginnings.get(index + 1).copied().unwrap_or(self.frames.len());
            heads.extend(within("header blocks to decode", decode(&self.frames[start..end])).await);
        }
        heads
    }

    pub(super) fn mark_connection(&mut self) {
        self.beginnings.push(self.frames.len());
    }
}

/// Replays header frames to an h2 server over an in-memory pipe, which decodes them as any server would.
async fn decode(frames: &[Frame]) -> Vec<RequestHead> {
    let mut bytes = PREFACE.to_vec();
    bytes.extend(Frame::new(kind::SETTINGS, 0, 0, []).encode());
    for frame in frames {
        if matches!(frame.kind, kind::HEADERS | kind::CONTINUATION) {
            bytes.extend(frame.encode());
        }
    }
    let (mut client, server) = tokio::io::duplex(bytes.len().max(64 * 1024));
    tokio::io::AsyncWriteExt::write_all(&mut client, &bytes)
        .await
        .expect("the pipe is wide enough");
    let mut connection =
        h2::server::handshake(server).await.expect("a preface and SETTINGS are a handshake");
    let wanted = frames.iter().filter(|frame| frame.kind == kind::HEADERS).count();
    let mut heads = Vec::new();
    while heads.len() < wanted {
        let Some(accepted) = connection.accept().await else { break };
        let (request, _respond) = accepted.expect("header blocks of a client can be decoded");
        let (parts, _body) = request.into_parts();
        heads.push(RequestHead {
            path: parts.uri.path().to_owned(),
            authority: parts.uri.authority().map(ToString::to_string),
            headers: parts.headers,
        });
    }
    heads
}
