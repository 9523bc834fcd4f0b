//! A message and its prefix in one buffer, which is allocated once.

use bytes::Bytes;

use crate::framing::{FramingError, PREFIX_BYTES};

/// Frames what `write` appends to the buffer that it is given, uncompressed.
///
/// `encoded_len` is the length of the message where it is known, and zero where it is not. If it is right,
/// the buffer is allocated once and exactly, and a message over `max_bytes` is refused before that.
///
/// # Errors
/// That of `write`; or the message is longer than `max_bytes`, or than gRPC can carry.
pub(crate) fn frame<E: From<FramingError>>(
    encoded_len: usize,
    max_bytes: usize,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<Bytes, E> {
    checked_length(encoded_len, max_bytes)?;
    let mut buffer = Vec::with_capacity(PREFIX_BYTES.saturating_add(encoded_len));
    buffer.extend_from_slice(&[0; PREFIX_BYTES]);
    write(&mut buffer)?;
    let length = checked_length(buffer.len().saturating_sub(PREFIX_BYTES), max_bytes)?;
    // The flag, which comes first, stays 0. A codec that took bytes away has no place for a length.
    if let Some(place) = buffer.get_mut(1..PREFIX_BYTES) {
        place.copy_from_slice(&length.to_be_bytes());
    }
    Ok(buffer.into())
}

fn checked_length(length: usize, limit: usize) -> Result<u32, FramingError> {
    if length > limit {
        return Err(FramingError::RequestTooLarge { length, limit });
    }
    u32::try_from(length).map_err(|_| FramingError::RequestTooLong { length })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(hint: usize, limit: usize, message: &[u8]) -> Result<Bytes, FramingError> {
        frame(hint, limit, |buffer| {
            buffer.extend_from_slice(message);
            Ok(())
        })
    }

    #[test]
    fn the_prefix_is_a_flag_and_a_length() {
        assert_eq!(framed(0, 9, b"").unwrap().as_ref(), [0; 5]);
        let message = [7; 300];
        let bytes = framed(300, 300, &message).unwrap();
        assert_eq!(bytes[..5], [0, 0, 0, 1, 44]);
        assert_eq!(bytes[5..], message);
    }

    #[test]
    fn a_right_length_is_allocated_once_and_exactly() {
        let mut seen = (0, 0);
        let bytes = frame::<FramingError>(64, 100, |buffer| {
            seen = (buffer.as_ptr() as usize, buffer.capacity());
            buffer.extend_from_slice(&[1; 64]);
            Ok(())
        });
        let bytes = bytes.unwrap();
        assert_eq!(seen, (bytes.as_ptr() as usize, 69));
    }

    #[test]
    fn over_the_limit_nothing_is_written_or_returned() {
        let refused =
            frame(11, 10, |_| -> Result<(), FramingError> { panic!("was asked to write") });
        assert_eq!(refused, Err(FramingError::RequestTooLarge { length: 11, limit: 10 }));
        let refused = framed(0, 10, &[0; 11]);
        assert_eq!(refused, Err(FramingError::RequestTooLarge { length: 11, limit: 10 }));
    }

    #[cfg(target_pointer_width = "64")]
    #[test]
    fn what_four_bytes_cannot_say_is_refused() {
        let length = u32::MAX as usize + 1;
        assert_eq!(checked_length(length - 1, usize::MAX), Ok(u32::MAX));
        assert_eq!(framed(length, usize::MAX, b""), Err(FramingError::RequestTooLong { length }));
    }

    #[test]
    fn an_error_of_the_codec_comes_through() {
        let status = frame(1, 9, |_| Err(crate::status::Status::internal("no"))).unwrap_err();
        assert_eq!(status.message(), "no");
    }

    proptest! {
        #[test]
        fn any_hint_gives_the_same_bytes(message: Vec<u8>, hint in 0..300_usize) {
            let right = framed(message.len(), 1000, &message).unwrap();
            prop_assert_eq!(framed(hint, 1000, &message).unwrap(), right);
        }
    }
}
