//! Which headers belong to the protocol, and so are no metadata.
//!
//! Pseudo headers are not here: their colon is not in the alphabet of keys.

/// Whether a header is hidden from readers of metadata and never copied into a request.
pub(super) fn is_hidden(key: &str) -> bool {
    match key.strip_prefix(GRPC_PREFIX) {
        Some(rest) => matches!(
            rest,
            "accept-encoding"
                | "encoding"
                | "message"
                | "message-type"
                | "status"
                | "status-details-bin"
                | "timeout"
        ),
        None => matches!(
            key,
            // gRPC's own among the HTTP headers.
            "content-type" | "te" | "user-agent"
                // Of the connection, and malformed in HTTP/2 (RFC 9113, section 8.2.2).
                | "connection" | "keep-alive" | "proxy-connection" | "transfer-encoding" | "upgrade"
                // They say again, and maybe otherwise, what `:authority` and the frames say.
                | "content-length" | "host"
        ),
    }
}

/// Whether users may not set it. `grpc-` as a whole is kept for the protocol (PROTOCOL-HTTP2), but for two
/// keys by which tracing libraries hand on their context. Others of the prefix may still arrive, such as
/// `grpc-retry-pushback-ms`, and are shown.
pub(super) fn is_reserved(key: &str) -> bool {
    match key.strip_prefix(GRPC_PREFIX) {
        Some(rest) => !matches!(rest, "trace-bin" | "tags-bin"),
        None => is_hidden(key),
    }
}

const GRPC_PREFIX: &str = "grpc-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_keys_are_reserved_and_not_all_reserved_ones_are_hidden() {
        for (key, hidden, reserved) in [
            ("x-tenant", false, false),
            ("authorization", false, false),
            ("grpc", false, false),
            ("grpcx-y", false, false),
            ("grpc-trace-bin", false, false),
            ("grpc-tags-bin", false, false),
            ("grpc-retry-pushback-ms", false, true),
            ("grpc-previous-rpc-attempts", false, true),
            ("grpc-", false, true),
            ("grpc-status", true, true),
            ("grpc-message", true, true),
            ("grpc-status-details-bin", true, true),
            ("grpc-timeout", true, true),
            ("grpc-encoding", true, true),
            ("grpc-accept-encoding", true, true),
            ("grpc-message-type", true, true),
            ("content-type", true, true),
            ("te", true, true),
            ("user-agent", true, true),
            ("connection", true, true),
            ("content-length", true, true),
            ("host", true, true),
        ] {
            assert_eq!((is_hidden(key), is_reserved(key)), (hidden, reserved), "{key}");
        }
    }
}
