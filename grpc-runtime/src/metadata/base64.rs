//! The base64 of `-bin` values (RFC 4648, section 4): sent without padding, accepted with and without.

use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, encoded_len};

/// The text that is sent for these bytes.
pub(super) fn encode(bytes: &[u8]) -> String {
    let capacity = encoded_len(bytes.len(), false).unwrap_or_default();
    let mut text = String::with_capacity(capacity);
    ENGINE.encode_string(bytes, &mut text);
    text
}

/// The bytes that one received value stands for; `None` where it is not base64.
///
/// Bits left over at the end may be anything: encoders are known that do not clear them, and no two
/// meanings are possible.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    ENGINE.decode(text).ok()
}

/// The values in one received header: a peer or a proxy may have joined several by commas (PROTOCOL-HTTP2,
/// "Custom-Metadata"), with white space around them.
pub(super) fn split(joined: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    joined.split(|&byte| byte == b',').map(<[u8]>::trim_ascii)
}

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn padding_is_not_sent_and_not_needed() {
        assert_eq!(encode(b"a"), "YQ");
        for text in ["YQ", "YQ=="] {
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(&b"a"[..]));
        }
        assert_eq!(decode(b""), Some(Vec::new()));
        for text in ["Y", "Y Q", "Y-_Q", "YQ==YQ=="] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_joined_header_is_taken_apart() {
        let parts: Vec<_> = split(b"YQ, Yg==,,\tYw ").collect();
        assert_eq!(parts, [&b"YQ"[..], b"Yg==", b"", b"Yw"]);
    }

    proptest! {
        #[test]
        fn bytes_come_back(bytes: Vec<u8>) {
            let text = encode(&bytes);
            prop_assert!(!text.contains(['=', ',']));
            prop_assert_eq!(decode(text.as_bytes()), Some(bytes));
        }

        #[test]
        fn garbage_does_no_harm(text: Vec<u8>) {
            for part in split(&text) {
                let _ = decode(part);
            }
        }
    }
}
