//! The language of scripts: what a [`Peer`] does, one word a step. Nothing happens before `play`.

use crate::peer::Peer;
use crate::peer::frames::{Frame, flag, header_block, kind};

/// Steps of a peer, in order. Steps about a stream mean the current one: the stream of the last
/// [`read_headers`](Self::read_headers), or the one that [`on`](Self::on) named.
#[derive(Debug, Clone, Default)]
pub struct Script {
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    Accept,
    Preface,
    ReadHeaders,
    ReadEndStream,
    Read(u8),
    On(u32),
    Send(Target, Frame),
    Bytes(Vec<u8>),
    Mute,
    Tell,
    Stall,
    Close,
}

/// Which stream a frame goes to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    Current,
    AsWritten,
}

impl Script {
    /// Accepts the next connection; an earlier one is closed.
    pub fn accept(self) -> Self {
        self.step(Step::Accept)
    }

    /// Reads the client's preface.
    pub fn preface(self) -> Self {
        self.step(Step::Preface)
    }

    /// Sends SETTINGS.
    pub fn settings<const N: usize>(self, settings: [(u16, u32); N]) -> Self {
        let mut payload = Vec::new();
        for (name, value) in settings {
            payload.extend(name.to_be_bytes());
            payload.extend(value.to_be_bytes());
        }
        self.frame(Frame::new(kind::SETTINGS, 0, 0, payload))
    }

    /// Waits for request headers and makes their stream the current one.
    pub fn read_headers(self) -> Self {
        self.step(Step::ReadHeaders)
    }

    /// Waits until the client is through with the current stream.
    pub fn read_end_stream(self) -> Self {
        self.step(Step::ReadEndStream)
    }

    /// Waits for a reset of the current stream.
    pub fn read_reset(self) -> Self {
        self.read(kind::RST_STREAM)
    }

    /// Waits for a frame of this [`kind`] that had not been waited for.
    pub fn read(self, kind: u8) -> Self {
        self.step(Step::Read(kind))
    }

    /// Makes `stream` the current one, opened or not.
    pub fn on(self, stream: u32) -> Self {
        self.step(Step::On(stream))
    }

    /// Sends headers that leave the stream open.
    pub fn headers<const N: usize>(self, headers: [(&str, &str); N]) -> Self {
        self.send(kind::HEADERS, flag::END_HEADERS, header_block(headers))
    }

    /// Sends headers that end the stream: trailers, or all there is (trailers-only).
    pub fn trailers<const N: usize>(self, headers: [(&str, &str); N]) -> Self {
        self.send(kind::HEADERS, flag::END_HEADERS | flag::END_STREAM, header_block(headers))
    }

    /// Sends one DATA frame that leaves the stream open.
    pub fn data(self, bytes: &[u8]) -> Self {
        self.send(kind::DATA, 0, bytes)
    }

    /// Sends one DATA frame that ends the stream.
    pub fn end_data(self, bytes: &[u8]) -> Self {
        self.send(kind::DATA, flag::END_STREAM, bytes)
    }

    /// Sends one DATA frame with `padding` bytes of padding (RFC 9113 §6.1).
    pub fn padded_data(self, bytes: &[u8], padding: u8) -> Self {
        let mut payload = vec![padding];
        payload.extend(bytes);
        payload.resize(payload.len() + usize::from(padding), 0);
        self.send(kind::DATA, flag::PADDED, payload)
    }

    /// Resets the current stream with one of [`code`](crate::peer::code).
    pub fn rst(self, code: u32) -> Self {
        self.send(kind::RST_STREAM, 0, code.to_be_bytes())
    }

    /// Sends GOAWAY with the last stream taken, one of [`code`](crate::peer::code), and debug data.
    pub fn goaway(self, last: u32, code: u32, debug: &str) -> Self {
        let mut payload = last.to_be_bytes().to_vec();
        payload.extend(code.to_be_bytes());
        payload.extend(debug.as_bytes());
        self.frame(Frame::new(kind::GOAWAY, 0, 0, payload))
    }

    /// Sends PING.
    pub fn ping(self, payload: [u8; 8]) -> Self {
        self.frame(Frame::new(kind::PING, 0, 0, payload))
    }

    /// Widens the window of the current stream, or of the connection after `on(0)`.
    pub fn window_update(self, bytes: u32) -> Self {
        self.send(kind::WINDOW_UPDATE, 0, bytes.to_be_bytes())
    }

    /// Sends any frame as it is.
    pub fn frame(self, frame: Frame) -> Self {
        self.step(Step::Send(Target::AsWritten, frame))
    }

    /// Sends bytes that need not be a frame.
    pub fn bytes(self, bytes: &[u8]) -> Self {
        self.step(Step::Bytes(bytes.to_vec()))
    }

    /// From here on acknowledges nothing.
    pub fn mute(self) -> Self {
        self.step(Step::Mute)
    }

    /// Tells the test, which waits in [`Peer::told`], that the script got here.
    pub fn tell(self) -> Self {
        self.step(Step::Tell)
    }

    /// Sends nothing more but reads on, until [`Peer::finish`] or until the client closes.
    pub fn stall(self) -> Self {
        self.step(Step::Stall)
    }

    /// Closes the connection. The end of a script does so too.
    pub fn close(self) -> Self {
        self.step(Step::Close)
    }

    /// The steps of `part` after these, for what scripts have in common.
    pub fn then(mut self, part: Script) -> Self {
        self.steps.extend(part.steps);
        self
    }

    /// Starts to listen and plays.
    ///
    /// # Panics
    ///
    /// When the machine has no loopback interface.
    pub fn play(self) -> Peer {
        Peer::launch(self)
    }

    fn send(self, kind: u8, flags: u8, payload: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Send(Target::Current, Frame::new(kind, flags, 0, payload)))
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}
