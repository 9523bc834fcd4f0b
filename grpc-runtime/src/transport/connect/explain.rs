//! What the likeliest connection mistakes look like from here, and what to do about them.
//!
//! Advice only: nothing is decided by it.

use std::io;

use crate::address::Address;

/// Advice on a socket that could not be opened.
pub(super) fn socket(address: &Address, error: &io::Error) -> Option<&'static str> {
    match (error.kind(), address) {
        (io::ErrorKind::ConnectionRefused, Address::Tcp(_)) => {
            Some("nothing listens there: is the server running, and is this its port?")
        }
        (io::ErrorKind::ConnectionRefused, _) => {
            Some("nothing listens on this socket: is the server running?")
        }
        (io::ErrorKind::NotFound, Address::Unix(_)) => {
            Some("there is no such socket: is the server running, and is this its path?")
        }
        (io::ErrorKind::PermissionDenied, Address::Unix(_)) => {
            Some("this user may not write to the socket, or not enter its directory")
        }
        (io::ErrorKind::Unsupported, Address::Custom(_)) => {
            Some("the channel needs a connector for custom addresses")
        }
        _ => None,
    }
}

#[cfg(feature = "tls")]
pub(super) use tls::{NO_H2, handshake, read_failed, unwrapped};

#[cfg(feature = "tls")]
mod tls {
    use std::borrow::Cow;
    use std::error::Error as StdError;
    use std::fmt;
    use std::io;

    use rustls::{AlertDescription, CertificateError, Error};

    use super::super::error::ConnectPhase;

    pub(in super::super) const NO_H2: &str = "gRPC needs the server to choose `h2` by ALPN: \
        turn HTTP/2 on there, or in the proxy in between";
    const NO_TLS: &str = "the server may not speak TLS: if so, build the channel with .plaintext()";
    const UNTRUSTED: &str = "the certificate was issued by an authority that is not trusted: add \
        that authority with ClientTls::ca_pem";
    const OTHER_KEY: &str = "a trusted authority has the issuer's name but not its key: if the \
        authority was made anew, give its present certificate to ClientTls::ca_pem";
    const CLOCK: &str = "renew the certificate, or correct the clock of this machine";
    const NOT_YET: &str = "check the clock of this machine and when the certificate was issued";
    const NOT_FOR_SERVERS: &str = "the certificate was not issued for servers: give the server \
        one that allows serverAuth";
    const AUTHORITY_AS_SERVER: &str = "the server presents the certificate of an authority as its \
        own: give it one with CA:FALSE, issued by that authority";
    const IDENTITY_WANTED: &str = "the server wants a client certificate: present one with \
        ClientTls::identity_pem";
    const IDENTITY_REFUSED: &str = "the server refused the client certificate: check the one \
        given to ClientTls::identity_pem, and whom the server trusts";
    // In TLS 1.2 one alert stands for both (RFC 5246 section 7.2.2 and 7.4.6).
    const HANDSHAKE_FAILURE: &str = "the server accepts no cipher suite of this client, or wants \
        a client certificate: present one with ClientTls::identity_pem";
    const UNKNOWN_NAME: &str = "the server has no certificate for the name asked for: say which \
        name to ask for by ClientTls::server_name";
    const NO_COMMON_GROUND: &str = "client and server have no TLS version (1.2 or 1.3 here) or \
        no cipher suite in common";

    /// Which step a failed handshake belongs to, and advice on it.
    pub(in super::super) fn handshake(
        error: &io::Error,
    ) -> (ConnectPhase, Option<Cow<'static, str>>) {
        let Some(tls) = tls_error(error) else {
            let hint = match error.kind() {
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => Some(NO_TLS),
                _ => None,
            };
            return (ConnectPhase::TlsHandshake, hint.map(Cow::Borrowed));
        };
        let phase = match tls {
            Error::AlertReceived(AlertDescription::NoApplicationProtocol)
            | Error::NoApplicationProtocol => ConnectPhase::Alpn,
            _ => ConnectPhase::TlsHandshake,
        };
        (phase, advice(tls))
    }

    /// Adds advice to an error of an established connection, where the server refused the client
    /// only after the handshake (RFC 8446 section 4.4.2.4: the client is done first).
    pub(in super::super) fn read_failed(error: io::Error) -> io::Error {
        match tls_error(&error) {
            Some(alert @ Error::AlertReceived(_)) => match advice(alert) {
                Some(hint) => io::Error::new(error.kind(), Refused { hint, source: error }),
                None => error,
            },
            _ => error,
        }
    }

    /// The TLS error itself, where tokio-rustls wrapped one in an I/O error.
    pub(in super::super) fn unwrapped(error: io::Error) -> Box<dyn StdError + Send + Sync> {
        match tls_error(&error) {
            Some(tls) => Box::new(tls.clone()),
            None => Box::new(error),
        }
    }

    fn advice(error: &Error) -> Option<Cow<'static, str>> {
        let hint = match error {
            Error::InvalidMessage(_) | Error::PeerSentOversizedRecord => NO_TLS,
            Error::InvalidCertificate(error) => return certificate(error),
            Error::NoApplicationProtocol => NO_H2,
            Error::PeerIncompatible(_) => NO_COMMON_GROUND,
            Error::AlertReceived(alert) => match alert {
                AlertDescription::NoApplicationProtocol => NO_H2,
                AlertDescription::CertificateRequired => IDENTITY_WANTED,
                // From the server these speak of the client's certificate.
                AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::DecryptError
                | AlertDescription::AccessDenied => IDENTITY_REFUSED,
                AlertDescription::HandshakeFailure => HANDSHAKE_FAILURE,
                AlertDescription::UnrecognisedName => UNKNOWN_NAME,
                AlertDescription::ProtocolVersion | AlertDescription::InsufficientSecurity => {
                    NO_COMMON_GROUND
                }
                _ => return None,
            },
            _ => return None,
        };
        Some(hint.into())
    }

    fn certificate(error: &CertificateError) -> Option<Cow<'static, str>> {
        let hint = match error {
            CertificateError::UnknownIssuer => UNTRUSTED,
            CertificateError::BadSignature => OTHER_KEY,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => CLOCK,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => NOT_YET,
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                NOT_FOR_SERVERS
            }
            CertificateError::NotValidForName => {
                "if the server is the right one, say which name its certificate has by \
                 ClientTls::server_name"
            }
            CertificateError::NotValidForNameContext { expected, presented } => {
                return Some(wrong_name(&expected.to_str(), presented).into());
            }
            // rustls passes what its verifier (webpki) says without a kind of its own; the name of
            // the variant is all there is to go by.
            CertificateError::Other(other)
                if format!("{other:?}").contains("CaUsedAsEndEntity") =>
            {
                AUTHORITY_AS_SERVER
            }
            _ => return None,
        };
        Some(hint.into())
    }

    fn wrong_name(expected: &str, presented: &[String]) -> String {
        if presented.is_empty() {
            return format!(
                "the certificate has no names at all, so not {expected} either: it needs a \
                 subjectAltName"
            );
        }
        let presented = presented.iter().map(|name| plain_name(name)).collect::<Vec<_>>();
        format!(
            "the certificate is for {}, not for {expected}: if the server is the right one, say \
             which name to verify by ClientTls::server_name",
            presented.join(", ")
        )
    }

    /// `DnsName("localhost")` as `localhost`: rustls names the kind, a person need not see it.
    fn plain_name(name: &str) -> &str {
        name.split_once('(')
            .and_then(|(_, rest)| rest.strip_suffix(')'))
            .map_or(name, |name| name.trim_matches('"'))
    }

    fn tls_error(error: &io::Error) -> Option<&Error> {
        error.get_ref().and_then(|inner| inner.downcast_ref())
    }

    /// An error of an established connection with advice in front of it.
    #[derive(Debug)]
    struct Refused {
        hint: Cow<'static, str>,
        source: io::Error,
    }

    impl fmt::Display for Refused {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "the server ended the TLS session ({})", self.hint)
        }
    }

    impl StdError for Refused {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.source)
        }
    }
}
