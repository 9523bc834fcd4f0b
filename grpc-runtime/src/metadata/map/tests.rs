//! What goes into metadata comes out of it, and nothing else does.

use proptest::prelude::*;

use super::*;
use crate::metadata::MetadataKey;

fn received(entries: &[(&'static str, &'static [u8])]) -> Metadata {
    let mut headers = HeaderMap::new();
    for (name, value) in entries {
        let value = HeaderValue::from_bytes(value).unwrap();
        headers.append(HeaderName::from_static(name), value);
    }
    Metadata::from_headers(headers)
}

fn reason(result: Result<(), InvalidMetadata>) -> InvalidMetadataReason {
    result.unwrap_err().reason()
}

#[test]
fn keys_and_values_of_many_types() {
    const KEY: MetadataKey = MetadataKey::from_static("k");
    let mut metadata = Metadata::new();
    metadata.append("k", "1").unwrap();
    metadata.append("K".to_owned(), "2".to_owned()).unwrap();
    let (key, value) = ("k".to_owned(), "3".to_owned());
    metadata.append(&key, &value).unwrap();
    let texts: [&&str; 2] = [&"k", &"4"];
    metadata.append(texts[0], texts[1]).unwrap();
    metadata.append(KEY, Cow::Borrowed("5")).unwrap();
    metadata.append(&KEY, "6").unwrap();
    assert_eq!(metadata.get_all("K").collect::<Vec<_>>(), ["1", "2", "3", "4", "5", "6"]);
    assert_eq!((metadata.len(), key, value.as_str()), (6, "k".to_owned(), "3"));
    metadata.insert("k", "7").unwrap();
    assert_eq!(metadata.get_all("k").collect::<Vec<_>>(), ["7"]);
    assert!(metadata.remove("K") && !metadata.remove("k"));
    assert!(metadata.is_empty() && metadata.get("k").is_none());
}

#[test]
fn bytes_travel_as_base64_without_padding() {
    let mut metadata = Metadata::new();
    metadata.insert_bin("a-bin", b"a").unwrap();
    metadata.append_bin("a-bin", vec![0xff]).unwrap();
    let sent: Vec<_> = metadata.as_headers().get_all("a-bin").iter().collect();
    assert_eq!(sent, ["YQ", "/w"]);
    assert_eq!(metadata.get_all_bin("A-BIN").collect::<Vec<_>>(), [&b"a"[..], b"\xff"]);
    assert_eq!(metadata.get("a-bin"), None);
    assert_eq!(metadata.get_bin("a"), None);
}

#[test]
fn received_bytes_are_split_and_decoded() {
    let metadata = received(&[("a-bin", b"YQ==,Yg , ?!"), ("a-bin", b"Yw")]);
    assert_eq!(metadata.get_all_bin("a-bin").collect::<Vec<_>>(), [&b"a"[..], b"b", b"c"]);
    assert_eq!(metadata.len(), 4);
    let values: Vec<_> = metadata.iter().map(|(_, value)| value).collect();
    assert_eq!(
        values,
        [
            MetadataValue::Binary(Bytes::from_static(b"a")),
            MetadataValue::Binary(Bytes::from_static(b"b")),
            MetadataValue::Opaque(b"?!"),
            MetadataValue::Binary(Bytes::from_static(b"c")),
        ]
    );
}

#[test]
fn the_protocol_is_hidden_and_refused() {
    let mut metadata = received(&[
        ("content-type", b"application/grpc"),
        ("grpc-status", b"0"),
        ("x", b"1"),
        ("grpc-retry-pushback-ms", b"5"),
    ]);
    assert_eq!(metadata.keys().collect::<Vec<_>>(), ["x", "grpc-retry-pushback-ms"]);
    assert_eq!((metadata.len(), metadata.iter().count()), (2, 2));
    for key in ["content-type", "Content-Type", "grpc-status", "GRPC-STATUS"] {
        assert!(metadata.get(key).is_none() && !metadata.contains_key(key), "{key}");
        assert!(!metadata.remove(key) && !metadata.set_sensitive(key, true), "{key}");
        assert_eq!(reason(metadata.insert(key, "x")), InvalidMetadataReason::Reserved);
    }
    assert_eq!(reason(metadata.insert(":path", "x")), InvalidMetadataReason::Reserved);
    assert!(metadata.as_headers().contains_key("grpc-status"));
    assert!(!format!("{metadata:?}").contains("grpc-status"));
    metadata.insert_bin("grpc-trace-bin", b"t").unwrap();

    let mut headers = HeaderMap::new();
    metadata.append_to(&mut headers);
    let sent: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
    assert_eq!(sent, ["x", "grpc-retry-pushback-ms", "grpc-trace-bin"]);
    assert!(received(&[("te", b"trailers")]).is_empty());
}

#[test]
fn values_outside_the_range_are_refused_and_if_they_arrive_kept() {
    let mut metadata = Metadata::new();
    for (value, byte, position) in [("a\nb", b'\n', 1), ("\u{e9}", 0xc3, 0), ("ab\u{7f}", 0x7f, 2)]
    {
        let expected = InvalidMetadataReason::ValueByte { byte, position };
        assert_eq!(reason(metadata.insert("k", value)), expected);
        assert_eq!(reason(metadata.insert("k", value.to_owned())), expected);
    }
    let arrived = received(&[("k", b"caf\xe9"), ("k", b"plain"), ("k", b"tab\there")]);
    assert_eq!(arrived.get("k"), Some("plain"));
    metadata.extend(&arrived);
    let values: Vec<_> = metadata.iter().map(|(_, value)| value).collect();
    assert_eq!(
        values,
        [
            MetadataValue::Opaque(b"caf\xe9"),
            MetadataValue::Ascii("plain"),
            MetadataValue::Opaque(b"tab\there")
        ]
    );
    metadata.append_opaque("echo", b"caf\xe9").unwrap();
    assert_eq!(metadata.as_headers().get("echo").unwrap().as_bytes(), b"caf\xe9");
    let expected = InvalidMetadataReason::ValueByte { byte: 0, position: 1 };
    assert_eq!(reason(metadata.append_opaque("echo", b"a\0")), expected);
}

#[test]
fn white_space_at_the_ends_is_dropped() {
    let mut metadata = Metadata::new();
    metadata.append("k", " a b\t").unwrap();
    metadata.append("k", "\t ".to_owned()).unwrap();
    assert_eq!(metadata.get_all("k").collect::<Vec<_>>(), ["a b", ""]);
}

#[test]
fn text_and_bytes_are_not_mixed_up() {
    let mut metadata = Metadata::new();
    assert_eq!(reason(metadata.insert("a-bin", "x")), InvalidMetadataReason::TextForBinaryKey);
    assert_eq!(reason(metadata.append_bin("a", b"x")), InvalidMetadataReason::BytesForTextKey);
    let text = metadata.insert_bin("a", b"x").unwrap_err().to_string();
    assert!(text.contains("\"a-bin\""), "{text}");
}

#[test]
fn secrets_are_not_shown() {
    let mut metadata = Metadata::new();
    metadata.insert("authorization", "Bearer hunter2").unwrap();
    metadata.insert("x-key", "hunter3").unwrap();
    assert!(metadata.as_headers()["authorization"].is_sensitive());
    assert!(metadata.set_sensitive("X-Key", true));
    let text = format!("{metadata:?}");
    assert!(text.contains("x-key") && !text.contains("hunter"), "{text}");
    assert!(metadata.set_sensitive("x-key", false));
    assert!(format!("{metadata:?}").contains("hunter3"));
    let error = metadata.insert("x", "hunter\n").unwrap_err();
    assert!(!error.to_string().contains("hunter"), "{error}");
}

#[test]
fn all_can_be_removed() {
    let mut metadata = received(&[("a", b"1")]);
    metadata.clear();
    assert!(metadata.is_empty());
}

proptest! {
    #[test]
    fn any_bytes_come_back(values in proptest::collection::vec(any::<Vec<u8>>(), 1..5)) {
        let mut metadata = Metadata::new();
        for value in &values {
            metadata.append_bin("v-bin", value).unwrap();
        }
        prop_assert_eq!(metadata.get_all_bin("v-bin").collect::<Vec<_>>(), values);
    }

    #[test]
    fn any_text_comes_back_or_is_refused(key: String, value: String) {
        let mut metadata = Metadata::new();
        match metadata.insert(&key, &value) {
            Ok(()) => prop_assert_eq!(metadata.get(&key), Some(value.trim_matches([' ', '\t']))),
            Err(error) => prop_assert!(metadata.is_empty() && !error.to_string().is_empty()),
        }
    }

    #[test]
    fn reading_what_arrived_never_fails(values in proptest::collection::vec(any::<Vec<u8>>(), 0..5)) {
        let mut headers = HeaderMap::new();
        for value in values.iter().filter_map(|v| HeaderValue::from_bytes(v).ok()) {
            headers.append("t", value.clone());
            headers.append("v-bin", value);
        }
        let metadata = Metadata::from_headers(headers);
        prop_assert_eq!(metadata.iter().count(), metadata.len());
        let _ = (metadata.get("t"), metadata.get_bin("v-bin"), format!("{metadata:?}"));
    }
}
