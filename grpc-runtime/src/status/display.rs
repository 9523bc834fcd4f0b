//! How a status reads: one line for people, and a structure for developers.

use std::error::Error;
use std::fmt;

use crate::status::{Delivery, Status};

/// `CODE: message: cause: cause (peer 192.0.2.1:443)`, leaving out what is not there.
///
/// A cause whose text has been printed already is passed over, since many errors print their own cause
/// and return it from `source()` as well.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = self.code().as_str().to_owned();
        if !self.message().is_empty() {
            line.push_str(": ");
            line.push_str(self.message());
        }
        let mut cause = self.source();
        // A bound, because nothing keeps a foreign error from being its own source.
        for _ in 0..DEEPEST_CHAIN {
            let Some(error) = cause else { break };
            let text = error.to_string();
            if !line.contains(&text) {
                line.push_str(": ");
                line.push_str(&text);
            }
            cause = error.source();
        }
        if let Some(peer) = self.peer() {
            line.push_str(" (peer ");
            line.push_str(peer);
            line.push(')');
        }
        f.pad(&line)
    }
}

/// Leaves out what is at its default, and never shows the bytes of details or of sensitive metadata.
impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Status");
        debug.field("code", &self.code());
        debug.field("message", &self.message());
        debug.field("origin", &self.origin());
        if self.delivery() != Delivery::Unknown {
            debug.field("delivery", &self.delivery());
        }
        if !self.details().is_empty() {
            debug.field("details", &format_args!("{} bytes", self.details().len()));
        }
        if !self.metadata().is_empty() {
            debug.field("metadata", self.metadata());
        }
        if let Some(peer) = self.peer() {
            debug.field("peer", &peer);
        }
        if let Some(source) = self.source() {
            debug.field("source", &source);
        }
        debug.finish()
    }
}

const DEEPEST_CHAIN: usize = 16;
