//! The tables of the protocol, row by row, and garbage.

use ::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use proptest::prelude::*;

use super::trailers::Outcome;
use super::*;
use crate::status::{Code, Delivery, Origin, Status};

fn headers(entries: &[(&'static str, &[u8])]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in entries {
        let value = HeaderValue::from_bytes(value).unwrap();
        map.append(HeaderName::from_static(name), value);
    }
    map
}

fn failed(entries: &[(&'static str, &[u8])]) -> Status {
    match from_trailers(&headers(entries)) {
        Outcome::Failed(status) => status,
        other => panic!("{other:?}"),
    }
}

#[test]
fn zero_is_ok_and_nothing_is_missing() {
    assert!(matches!(from_trailers(&headers(&[("grpc-status", b"0")])), Outcome::Ok));
    assert!(matches!(from_trailers(&headers(&[("grpc-message", b"x")])), Outcome::Missing));
}

#[test]
fn each_code_comes_through_with_its_message() {
    for code in Code::ALL.into_iter().skip(1) {
        let number = (code as i32).to_string();
        let status = failed(&[("grpc-status", number.as_bytes()), ("grpc-message", b"why")]);
        assert_eq!((status.code(), status.message()), (code, "why"));
        assert_eq!((status.origin(), status.delivery()), (Origin::Server, Delivery::Answered));
    }
}

#[test]
fn a_strange_or_malformed_status_is_unknown_and_quoted() {
    for (value, expected) in [
        ("17", "grpc-status 17: why"),
        ("-1", "grpc-status -1: why"),
        ("2147483647", "grpc-status 2147483647: why"),
        ("2147483648", "malformed grpc-status \"2147483648\": why"),
        ("", "malformed grpc-status \"\": why"),
        ("00", "malformed grpc-status \"00\": why"),
        ("05", "malformed grpc-status \"05\": why"),
        ("-0", "malformed grpc-status \"-0\": why"),
        ("+5", "malformed grpc-status \"+5\": why"),
        ("5 ", "malformed grpc-status \"5 \": why"),
        ("NOT_FOUND", "malformed grpc-status \"NOT_FOUND\": why"),
    ] {
        let status = failed(&[("grpc-status", value.as_bytes()), ("grpc-message", b"why")]);
        assert_eq!((status.code(), status.message()), (Code::Unknown, expected));
    }
    assert_eq!(failed(&[("grpc-status", b"\xff")]).code(), Code::Unknown);
}

#[test]
fn messages_are_percent_decoded_and_never_lost() {
    for (value, expected) in [
        ("plain".as_bytes(), "plain"),
        (b"a%20b%0Ac", "a b\nc"),
        (b"%E2%82%AC%e2%82%ac", "\u{20ac}\u{20ac}"),
        (b"100%", "100%"),
        (b"%zz%4", "%zz%4"),
        (b"%ff!", "\u{fffd}!"),
        (b"raw \xe2\x82\xac", "raw \u{20ac}"),
        (b"raw \xff", "raw \u{fffd}"),
    ] {
        let status = failed(&[("grpc-status", b"5"), ("grpc-message", value)]);
        assert_eq!(status.message(), expected);
    }
}

#[test]
fn details_are_decoded_or_dropped() {
    for (value, expected) in
        [("CAUSAWE", &b"\x08\x05\x12\x01a"[..]), ("CAUSAWE=", b"\x08\x05\x12\x01a"), ("?!", b"")]
    {
        let entries = [("grpc-status", &b"5"[..]), ("grpc-status-details-bin", value.as_bytes())];
        let status = failed(&entries);
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(status.details().as_ref(), expected, "{value}");
    }
    let entries = [("grpc-status", &b"5"[..]), ("grpc-status-details-bin", b"CAUSAWE")];
    let decoded = failed(&entries).rpc_status().unwrap().unwrap();
    assert_eq!((decoded.code, decoded.message.as_str()), (5, "a"));
}

#[test]
fn trailers_become_the_metadata() {
    let map = headers(&[("grpc-status", b"5"), ("x-why", b"because")]);
    let status = from_trailers(&map).into_result(map, missing_trailers).unwrap_err();
    assert_eq!(status.metadata().get("x-why"), Some("because"));
    assert_eq!(status.metadata().get("grpc-status"), None);

    let map = headers(&[("grpc-status", b"0"), ("x-cost", b"3")]);
    let trailers = from_trailers(&map).into_result(map, missing_trailers).unwrap();
    assert_eq!(trailers.get("x-cost"), Some("3"));

    let map = headers(&[("x-cost", b"3")]);
    let status = from_trailers(&map).into_result(map, missing_trailers).unwrap_err();
    assert_eq!((status.code(), status.origin()), (Code::Internal, Origin::Transport));
    assert_eq!(status.metadata().get("x-cost"), Some("3"));
}

#[test]
fn http_statuses_map_by_the_table() {
    for number in 100..600 {
        let expected = match number {
            400 => Code::Internal,
            401 => Code::Unauthenticated,
            403 => Code::PermissionDenied,
            404 => Code::Unimplemented,
            429 | 502 | 503 | 504 => Code::Unavailable,
            _ => Code::Unknown,
        };
        let status = from_http(StatusCode::from_u16(number).unwrap(), None, b"");
        assert_eq!((status.code(), status.origin()), (expected, Origin::Transport), "{number}");
        assert!(status.message().contains(&number.to_string()));
    }
}

#[test]
fn an_http_answer_is_described() {
    let html = HeaderValue::from_static("text/html");
    let status = from_http(StatusCode::BAD_GATEWAY, Some(&html), b"<h1>\n\xff");
    assert_eq!(
        status.message(),
        "the server answered with HTTP status 502 (Bad Gateway), content-type \"text/html\" and \
         without a grpc-status; its body begins \"<h1>\\n\u{fffd}\""
    );
    let long = from_http(StatusCode::OK, None, &[b'x'; 10_000]);
    assert!(long.message().contains("without a content-type"));
    assert!(long.message().len() < BODY_PIECE_BYTES + 200);
}

#[test]
fn content_types_of_grpc() {
    for (text, expected) in [
        ("application/grpc", true),
        ("application/grpc+proto", true),
        ("application/grpc;charset=utf-8", true),
        ("Application/GRPC+json", true),
        ("application/grpc-web", false),
        ("application/grpcx", false),
        ("application/json", false),
        ("application/grp", false),
        ("", false),
    ] {
        let value = HeaderValue::from_static(text);
        assert_eq!(is_grpc_content_type(Some(&value)), expected, "{text}");
    }
    assert!(!is_grpc_content_type(None));
}

#[test]
fn resets_map_by_the_table() {
    for reason in 0..=0x20 {
        let status = from_reset(reason, false);
        let expected = match reason {
            0x7 => Code::Unavailable,
            0x8 => Code::Cancelled,
            0xb => Code::ResourceExhausted,
            0xc => Code::PermissionDenied,
            0x0..=0xd => Code::Internal,
            _ => Code::Unknown,
        };
        assert_eq!((status.code(), status.origin()), (expected, Origin::Transport), "{reason:x}");
        assert_eq!(status.delivery().is_safe_to_repeat(), reason == 0x7);
    }
    assert_eq!(from_reset(0x8, true).code(), Code::DeadlineExceeded);
    assert_eq!(from_reset(0x2, true).code(), Code::Internal);
    assert!(from_reset(0x2, false).message().contains("max_header_list_bytes"), "the usual cause");
}

#[test]
fn codes_that_belong_to_applications_are_never_made_here() {
    let reserved = [
        Code::InvalidArgument,
        Code::NotFound,
        Code::AlreadyExists,
        Code::FailedPrecondition,
        Code::Aborted,
        Code::OutOfRange,
        Code::DataLoss,
    ];
    let http = (100..=999).map(|n| from_http(StatusCode::from_u16(n).unwrap(), None, b""));
    let reset = (0..64).flat_map(|n| [from_reset(n, false), from_reset(n, true)]);
    for status in http.chain(reset) {
        assert!(!reserved.contains(&status.code()), "{status}");
    }
}

proptest! {
    #[test]
    fn any_trailers_end_in_something(
        status in header_value(),
        message in header_value(),
        details in header_value(),
    ) {
        let mut map = HeaderMap::new();
        map.insert("grpc-status", status.clone());
        map.insert("grpc-message", message);
        map.insert("grpc-status-details-bin", details);
        match from_trailers(&map) {
            Outcome::Ok => prop_assert_eq!(status.as_bytes(), b"0"),
            Outcome::Failed(failed) => prop_assert!(!failed.to_string().is_empty()),
            Outcome::Missing => prop_assert!(false),
        }
    }

    #[test]
    fn an_encoded_message_is_read_back(text in any::<String>()) {
        let encoded = percent_encoding::percent_encode(text.as_bytes(), percent_encoding::NON_ALPHANUMERIC);
        let value = encoded.to_string();
let status = failed(&[("grpc-status", b"2"), ("grpc-message", value.as_bytes())]);
        prop_assert_eq!(status.message(), text);
    }
}

fn header_value() -> impl Strategy<Value = HeaderValue> {
    proptest::collection::vec(any::<u8>(), 0..40)
        .prop_filter_map("not a header value", |bytes| HeaderValue::from_bytes(&bytes).ok())
}
