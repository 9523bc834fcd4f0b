//! A message and its prefix in one buffer, which is allocated once.

use bytes::Bytes;

use crate::framing::{FramingError, PREFIX_BYTES};

/// The first byte of a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flag {
    /// The message is as its codec wrote it.
    Plain = 0,
    /// The message is compressed, by what the call's `grpc-encoding` says.
    Compressed = 1,
}

/// Frames what `write` appends to the buffer that it is given.
///
/// `encoded_len` is the length of the message where it is known, and zero where it is not. If it is right,
/// the buffer is allocated once and exactly, and a message over `max_bytes` is refused before that.
///
/// # Errors
/// That of `write`; or the message is longer than `max_bytes`, or than gRPC can carry.
#[inline]
pub(crate) fn frame<E: From<FramingError>>(
    flag: Flag,
    encoded_len: usize,
    max_bytes: usize,
    write: &mut dyn FnMut(&mut Vec<u8>) -> Result<(), E>,
) -> Result<Bytes, E> {
    let mut buffer = Vec::new();
    frame_behind(&mut buffer, flag, encoded_len, max_bytes, write)?;
    Ok(buffer.into())
}

/// As [`frame`], behind the messages that are in the buffer already: together they are one piece of the stream. What is
/// in it after an error is of no use.
///
/// # Errors
/// Those of [`frame`].
#[inline]
pub(crate) fn frame_behind<E: From<FramingError>>(
    buffer: &mut Vec<u8>,
    flag: Flag,
    encoded_len: usize,
    max_bytes: usize,
    write: &mut dyn FnMut(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let start = make_room(buffer, encoded_len, max_bytes)?;
    write(buffer)?;
    Ok(write_prefix(buffer, start, flag, max_bytes)?)
}

/// Where the message's prefix will be; its place is taken.
fn make_room(
    buffer: &mut Vec<u8>,
    encoded_len: usize,
    max_bytes: usize,
) -> Result<usize, FramingError> {
    check_length(encoded_len, max_bytes)?;
    let (start, needed) = (buffer.len(), PREFIX_BYTES.saturating_add(encoded_len));
    match start {
        0 => *buffer = Vec::with_capacity(needed),
        _ => buffer.reserve(needed),
    }
    buffer.extend_from_slice(&[0; PREFIX_BYTES]);
    Ok(start)
}

fn write_prefix(
    buffer: &mut [u8],
    start: usize,
    flag: Flag,
    max_bytes: usize,
) -> Result<(), FramingError> {
    // A codec that took bytes away has no place for a prefix.
    let framed = buffer.get_mut(start..).unwrap_or_default();
    let length = check_length(framed.len().saturating_sub(PREFIX_BYTES), max_bytes)?;
    if let Some(place) = framed.first_chunk_mut() {
        *place = prefix(flag, length);
    }
    Ok(())
}

/// Whether a framed message is compressed.
pub(crate) fn is_compressed(framed: &[u8]) -> bool {
    framed.first() == Some(&(Flag::Compressed as u8))
}

/// A framed message without its prefix.
pub(crate) fn message_of(framed: &[u8]) -> &[u8] {
    framed.get(PREFIX_BYTES..).unwrap_or_default()
}

/// The same for several framed messages, one behind the other.
pub(crate) fn messages_of(framed: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = framed;
    std::iter::from_fn(move || {
        let (&[_flag, ref length @ ..], messages) = rest.split_first_chunk::<PREFIX_BYTES>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (message, behind) = messages.split_at_checked(length)?;
        rest = behind;
        Some(message)
    })
}

/// The length of a message as its prefix says it.
///
/// # Errors
/// It is over the limit, or over what four bytes can say.
#[inline]
pub(crate) fn check_length(length: usize, limit: usize) -> Result<u32, FramingError> {
    if length > limit {
        return Err(FramingError::RequestTooLarge { length, limit });
    }
    u32::try_from(length).map_err(|_| FramingError::RequestTooLong { length })
}

fn prefix(flag: Flag, length: u32) -> [u8; PREFIX_BYTES] {
    let [first, second, third, fourth] = length.to_be_bytes();
    [flag as u8, first, second, third, fourth]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(hint: usize, limit: usize, message: &[u8]) -> Result<Bytes, FramingError> {
        frame(Flag::Plain, hint, limit, &mut |buffer| {
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
    fn the_flag_tells_whether_it_is_compressed() {
        for (flag, first) in [(Flag::Plain, 0), (Flag::Compressed, 1)] {
            let bytes = frame::<FramingError>(flag, 0, 9, &mut |buffer| {
                buffer.push(7);
                Ok(())
            });
            let bytes = bytes.unwrap();
            assert_eq!(bytes.as_ref(), [first, 0, 0, 0, 1, 7]);
            assert_eq!((is_compressed(&bytes), message_of(&bytes)), (first == 1, &[7][..]));
        }
    }

    #[test]
    fn a_right_length_is_allocated_once_and_exactly() {
        let mut seen = (0, 0);
        let bytes = frame::<FramingError>(Flag::Plain, 64, 100, &mut |buffer| {
            seen = (buffer.as_ptr() as usize, buffer.capacity());
            buffer.extend_from_slice(&[1; 64]);
            Ok(())
        });
        let bytes = bytes.unwrap();
        assert_eq!(seen, (bytes.as_ptr() as usize, 69));
    }

    #[test]
    fn over_the_limit_nothing_is_written_or_returned() {
        let refused = frame(Flag::Plain, 11, 10, &mut |_| -> Result<(), FramingError> {
            panic!("was asked to write")
        });
        assert_eq!(refused, Err(FramingError::RequestTooLarge { length: 11, limit: 10 }));
        let refused = framed(0, 10, &[0; 11]);
        assert_eq!(refused, Err(FramingError::RequestTooLarge { length: 11, limit: 10 }));
    }

    #[cfg(target_pointer_width = "64")]
    #[test]
    fn what_four_bytes_cannot_say_is_refused() {
        let length = u32::MAX as usize + 1;
        assert_eq!(check_length(length - 1, usize::MAX), Ok(u32::MAX));
        assert_eq!(framed(length, usize::MAX, b""), Err(FramingError::RequestTooLong { length }));
    }

    #[test]
    fn an_error_of_the_codec_comes_through() {
        let status = frame(Flag::Plain, 1, 9, &mut |_| Err(crate::status::Status::internal("no")))
            .unwrap_err();
        assert_eq!(status.message(), "no");
    }

    proptest! {
        #[test]
        fn messages_behind_each_other_are_those_that_were_framed(
            messages: Vec<Vec<u8>>,
            hint in 0..300_usize,
        ) {
            let mut buffer = Vec::new();
            let mut apart = Vec::new();
            for message in &messages {
                frame_behind::<FramingError>(&mut buffer, Flag::Plain, hint, 1000, &mut |buffer| {
                    buffer.extend_from_slice(message);
                    Ok(())
                })
                .unwrap();
                apart.extend_from_slice(&framed(hint, 1000, message).unwrap());
            }
            prop_assert_eq!(&buffer, &apart);
            prop_assert!(messages_of(&buffer).eq(messages.iter().map(Vec::as_slice)));
        }

        #[test]
        fn any_hint_gives_the_same_bytes(message: Vec<u8>, hint in 0..300_usize) {
            let right = framed(message.len(), 1000, &message).unwrap();
            prop_assert_eq!(framed(hint, 1000, &message).unwrap(), right);
        }
    }
}
