//! [`Compression`]: what a [`Server`](super::Server) compresses with. A value.

use tonic::codec::CompressionEncoding;

use crate::server::stubs::greeter_server::GreeterServer;

/// Which encodings a server knows, by direction; none unless told.
#[derive(Debug, Clone, Copy, Default)]
pub struct Compression {
    /// What requests may be compressed with.
    pub accepts: &'static [CompressionEncoding],
    /// What responses are compressed with, where the client accepts it.
    pub sends: &'static [CompressionEncoding],
}

impl Compression {
    pub(super) fn of<T>(self, mut server: GreeterServer<T>) -> GreeterServer<T> {
        for encoding in self.accepts {
            server = server.accept_compressed(*encoding);
        }
        for encoding in self.sends {
            server = server.send_compressed(*encoding);
        }
        server
    }
}
