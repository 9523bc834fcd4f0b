//! The TLS handshake on top of an open socket.

use std::sync::Arc;

use rustls_pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::error::ConnectError;
use super::io::{Io, Socket};
use crate::address::Address;
use crate::credentials::{ALPN_H2, PreparedTls};

/// Verifies the server and agrees on `h2`.
///
/// # Cancel safety
///
/// Dropping the future closes the socket.
pub(super) async fn handshake(
    tls: &PreparedTls,
    address: &Address,
    authority: &str,
    socket: Socket,
) -> Result<Io, ConnectError> {
    let name = match tls.server_name() {
        Some(name) => name.clone(),
        None => name_of(address, authority)?,
    };
    let stream = TlsConnector::from(Arc::clone(tls.config()))
        .connect(name, socket)
        .await
        .map_err(|source| ConnectError::handshake(address, source))?;
    if stream.get_ref().1.alpn_protocol() != Some(ALPN_H2) {
        return Err(ConnectError::no_h2(address));
    }
    Ok(Io::Tls(stream))
}

fn name_of(address: &Address, authority: &str) -> Result<ServerName<'static>, ConnectError> {
    let host = host_of(authority);
    ServerName::try_from(host.to_owned())
        .map_err(|source| ConnectError::unverifiable_name(address, host, source))
}

/// The host of `host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address.
pub(super) fn host_of(authority: &str) -> &str {
    if let Some((host, _)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return host;
    }
    match authority.split_once(':') {
        Some((host, port)) if !port.contains(':') => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_found_in_every_form_of_authority() {
        for (authority, host) in [
            ("greeter.prod", "greeter.prod"),
            ("greeter.prod:50051", "greeter.prod"),
            ("127.0.0.1:443", "127.0.0.1"),
            ("[::1]:443", "::1"),
            ("[::1]", "::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("", ""),
        ] {
            assert_eq!(host_of(authority), host, "{authority}");
        }
    }
}
