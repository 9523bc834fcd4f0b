//! Plays a script: the only place of the scripted peer that touches a socket.

use std::io::{self, ErrorKind, Read, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::peer::frames::{Frame, PREFACE, flag, kind};
use crate::peer::record::Record;
use crate::peer::script::{Script, Step, Target};
use crate::wait::PATIENCE;

#[derive(Debug)]
pub(super) struct Player {
    listener: TcpListener,
    release: Arc<AtomicBool>,
    told: mpsc::UnboundedSender<()>,
    connection: Option<TcpStream>,
    current: u32,
    mute: bool,
    /// How many of the record's frames the script has already waited for.
    seen: usize,
    record: Record,
}

impl Player {
    pub(super) fn new(
        listener: TcpListener,
        release: Arc<AtomicBool>,
        told: mpsc::UnboundedSender<()>,
    ) -> Self {
        Player {
            listener,
            release,
            told,
            connection: None,
            current: 0,
            mute: false,
            seen: 0,
            record: Record::default(),
        }
    }

    pub(super) fn play(&mut self, script: Script) -> Result<Record, String> {
        for (index, step) in script.steps.into_iter().enumerate() {
            let name = format!("{step:?}");
            if let Err(error) = self.step(step) {
                let frames = &self.record.frames;
                return Err(format!(
                    "step {index} of the script, {name}: {error}; frames so far: {frames:#?}"
                ));
            }
        }
        self.close();
        Ok(std::mem::take(&mut self.record))
    }

    fn step(&mut self, step: Step) -> io::Result<()> {
        match step {
            Step::Accept => self.accept(),
            Step::Preface => self.preface(),
            Step::ReadHeaders => {
                self.current = self.wait_for(|frame, _| frame.kind == kind::HEADERS)?;
                Ok(())
            }
            Step::ReadEndStream => self
                .wait_for(|frame, current| {
                    frame.stream == current
                        && matches!(frame.kind, kind::DATA | kind::HEADERS)
                        && frame.has(flag::END_STREAM)
                })
                .map(drop),
            Step::Read(wanted) => self
                .wait_for(|frame, current| {
                    frame.kind == wanted && (frame.stream == current || frame.stream == 0)
                })
                .map(drop),
            Step::On(stream) => {
                self.current = stream;
                Ok(())
            }
            Step::Send(target, mut frame) => {
                if let Target::Current = target {
                    frame.stream = self.current;
                }
                self.write(&frame.encode())
            }
            Step::Bytes(bytes) => self.write(&bytes),
            Step::Mute => {
                self.mute = true;
                Ok(())
            }
            Step::Tell => {
                // A test that does not ask is not told.
                let _ = self.told.send(());
                Ok(())
            }
            Step::Stall => self.stall(),
            Step::Close => {
                self.close();
                Ok(())
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        self.close();
        self.listener.set_nonblocking(true)?;
        let give_up = Instant::now() + PATIENCE;
        let stream = loop {
            match self.listener.accept() {
                Ok((stream, _)) => break stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if Instant::now() >= give_up {
                        return Err(io::Error::new(ErrorKind::TimedOut, "nobody connected"));
                    }
                    // std cannot wait for a connection with a bound.
                    std::thread::sleep(GLANCE);
                }
                Err(error) => return Err(error),
            }
        };
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        self.connection = Some(stream);
        self.record.connections += 1;
        Ok(())
    }

    fn preface(&mut self) -> io::Result<()> {
        let mut preface = vec![0; PREFACE.len()];
        let mut stream = self.stream()?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.read_exact(&mut preface)?;
        if preface != PREFACE {
            return Err(io::Error::other(format!("not a preface: {}", preface.escape_ascii())));
        }
        self.record.mark_connection();
        Ok(())
    }

    /// Reads until a frame not yet waited for satisfies `wanted`; gives its stream.
    fn wait_for(&mut self, wanted: impl Fn(&Frame, u32) -> bool) -> io::Result<u32> {
        let give_up = Instant::now() + PATIENCE;
        loop {
            while let Some(frame) = self.record.frames.get(self.seen) {
                self.seen += 1;
                if wanted(frame, self.current) {
                    return Ok(frame.stream);
                }
            }
            let left = give_up.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::Error::new(ErrorKind::TimedOut, "no such frame came"));
            }
            self.stream()?.set_read_timeout(Some(left))?;
            if !self.read_frame()? {
                return Err(io::Error::new(ErrorKind::UnexpectedEof, "the client closed"));
            }
        }
    }

    fn stall(&mut self) -> io::Result<()> {
        // Nothing of a frame is lost by a glance: `peek` takes no byte away.
        let mut byte = [0];
        while !self.release.load(Ordering::Acquire) {
            let stream = self.stream()?;
            stream.set_read_timeout(Some(GLANCE))?;
            match stream.peek(&mut byte) {
                Ok(0) => return Ok(()),
                Ok(_) => {
                    stream.set_read_timeout(Some(PATIENCE))?;
                    if !self.read_frame()? {
                        return Ok(());
                    }
                }
                Err(error) if is_timeout(&error) => {}
                Err(error) if is_closed(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.drain()
    }

    /// Takes in what has already arrived.
    fn drain(&mut self) -> io::Result<()> {
        let mut byte = [0];
        loop {
            let stream = self.stream()?;
            stream.set_read_timeout(Some(GLANCE))?;
            if !stream.peek(&mut byte).is_ok_and(|count| count > 0) {
                return Ok(());
            }
            stream.set_read_timeout(Some(PATIENCE))?;
            if !self.read_frame()? {
                return Ok(());
            }
        }
    }

    /// Reads and records one frame, and acknowledges it where that is due; false at the end.
    fn read_frame(&mut self) -> io::Result<bool> {
        let frame = match Frame::read(&mut self.stream()?) {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(false),
            Err(error) if is_closed(&error) => return Ok(false),
            Err(error) => return Err(error),
        };
        let due = matches!(frame.kind, kind::SETTINGS | kind::PING) && !frame.has(flag::ACK);
        let acknowledgement = (due && !self.mute).then(|| {
            let payload = if frame.kind == kind::PING { frame.payload.clone() } else { Vec::new() };
            Frame::new(frame.kind, flag::ACK, 0, payload)
        });
        self.record.frames.push(frame);
        if let Some(acknowledgement) = acknowledgement {
            match self.write(&acknowledgement.encode()) {
                Err(error) if !is_closed(&error) => return Err(error),
                // A client that has gone needs no acknowledgement; the next read tells of it.
                _ => {}
            }
        }
        Ok(true)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream()?.write_all(bytes)
    }

    fn close(&mut self) {
        if let Some(stream) = self.connection.take() {
            // Closed by the client already is closed as well.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn stream(&self) -> io::Result<&TcpStream> {
        self.connection
            .as_ref()
            .ok_or_else(|| io::Error::other("the script has no connection open"))
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
    )
}

/// How often a wait without a wake-up of its own looks again.
const GLANCE: Duration = Duration::from_millis(5);
