//! Any cutting gives the same messages, and no bytes do harm.

use proptest::prelude::*;

use super::*;
use crate::status::{Code, Status};

const LIMIT: usize = 1000;

fn prefixed(flag: u8, length: u32, message: &[u8]) -> Vec<u8> {
    let mut bytes = vec![flag];
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(message);
    bytes
}

fn whole(compressed: bool, message: &[u8]) -> Vec<u8> {
    prefixed(u8::from(compressed), u32::try_from(message.len()).unwrap(), message)
}

fn drain(deframer: &mut Deframer) -> Result<Vec<Frame>, FramingError> {
    let mut frames = Vec::new();
    while let Some(frame) = deframer.next()? {
        frames.push(frame);
    }
    Ok(frames)
}

#[test]
fn messages_in_one_chunk_are_slices_of_it() {
    let chunk =
        Bytes::from([whole(false, b"one"), whole(true, b""), whole(false, b"three")].concat());
    let memory = chunk.as_ptr_range();
    let mut deframer = Deframer::new(LIMIT);
    deframer.push(chunk);
    let frames = drain(&mut deframer).unwrap();
    let texts: Vec<_> = frames.iter().map(|f| (f.compressed, f.message.as_ref())).collect();
    assert_eq!(texts, [(false, &b"one"[..]), (true, b""), (false, b"three")]);
    assert!(memory.contains(&frames[0].message.as_ptr()));
    assert!(memory.contains(&frames[2].message.as_ptr()));
    assert_eq!(deframer.finish(), Ok(()));
}

#[test]
fn nothing_is_held_between_messages() {
    let chunk = Bytes::from(whole(false, b"message"));
    let mut deframer = Deframer::new(LIMIT);
    deframer.push(chunk.clone());
    drop(drain(&mut deframer).unwrap());
    assert!(chunk.is_unique());
    deframer.push(chunk.slice(..3));
    assert_eq!(drain(&mut deframer), Ok(Vec::new()));
    assert!(chunk.is_unique(), "a piece of a prefix is copied");
}

#[test]
fn a_gathered_message_takes_no_more_than_twice_what_arrived() {
    let mut deframer = Deframer::new(usize::MAX);
    deframer.push(Bytes::from(prefixed(0, u32::MAX, &[0; 10])));
    for arrived in 1..1000 {
        assert_eq!(deframer.next(), Ok(None));
        let State::Message { gathered, .. } = &deframer.state else { panic!("not in a message") };
        assert!(gathered.capacity() <= 2 * (10 * arrived), "{}", gathered.capacity());
        deframer.push(Bytes::from_static(&[0; 10]));
    }
}

#[test]
fn a_gathered_message_ends_with_an_exact_buffer() {
    let mut deframer = Deframer::new(LIMIT);
    for piece in whole(false, &[7; 999]).chunks(100) {
        assert_eq!(deframer.next(), Ok(None));
        deframer.push(Bytes::copy_from_slice(piece));
    }
    let frame = deframer.next().unwrap().unwrap();
    assert_eq!(frame.message, [7; 999][..]);
    assert_eq!(Vec::from(frame.message).capacity(), 999);
}

#[test]
fn mistakes_are_found_at_the_prefix_and_stay() {
    for (bytes, error, code) in [
        (prefixed(7, 0, b""), FramingError::Flag(7), Code::Internal),
        (prefixed(0x80, 3, b"abc"), FramingError::Flag(0x80), Code::Internal),
        (
            prefixed(0, 1001, b""),
            FramingError::ResponseTooLarge { length: 1001, limit: LIMIT },
            Code::ResourceExhausted,
        ),
        (
            prefixed(1, u32::MAX, b"x"),
            FramingError::ResponseTooLarge { length: u32::MAX as usize, limit: LIMIT },
            Code::ResourceExhausted,
        ),
    ] {
        let mut deframer = Deframer::new(LIMIT);
        deframer.push(bytes.into());
        assert_eq!(deframer.next(), Err(error));
        deframer.push(whole(false, b"fine").into());
        assert_eq!((deframer.next(), deframer.finish()), (Err(error), Err(error)));
        assert_eq!(Status::from(error).code(), code);
    }
    let text = FramingError::ResponseTooLarge { length: 5, limit: 4 }.to_string();
    assert!(text.contains("max_response_bytes"), "{text}");
}

#[test]
fn a_message_of_the_limit_is_taken() {
    let mut deframer = Deframer::new(LIMIT);
    deframer.push(whole(false, &[1; LIMIT]).into());
    assert_eq!(drain(&mut deframer).unwrap()[0].message.len(), LIMIT);
}

#[test]
fn a_cut_message_is_told_with_what_arrived() {
    for (bytes, error) in [
        (&[0][..], FramingError::CutInPrefix { received: 1 }),
        (&[0, 0, 0, 0], FramingError::CutInPrefix { received: 4 }),
        (&[0, 0, 0, 0, 2], FramingError::CutInMessage { received: 0, length: 2 }),
        (&[0, 0, 0, 0, 2, 9], FramingError::CutInMessage { received: 1, length: 2 }),
    ] {
        let mut deframer = Deframer::new(LIMIT);
        deframer.push(Bytes::copy_from_slice(bytes));
        assert_eq!((deframer.next(), deframer.finish()), (Ok(None), Err(error)));
        assert_eq!(Status::from(error).code(), Code::Internal);
    }
}

/// What the deframer must do, in the plainest way: on all bytes at once.
fn reference(mut bytes: &[u8]) -> (Vec<(bool, Vec<u8>)>, bool) {
    let mut frames = Vec::new();
    while let [flag, a, b, c, d, rest @ ..] = bytes {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        if *flag > 1 || length > LIMIT {
            return (frames, false);
        }
        let Some((message, rest)) = rest.split_at_checked(length) else { return (frames, false) };
        frames.push((*flag == 1, message.to_vec()));
        bytes = rest;
    }
    (frames, bytes.is_empty())
}

fn cut(bytes: &[u8], cuts: &[usize]) -> Vec<Bytes> {
    let mut rest = Bytes::copy_from_slice(bytes);
    let mut chunks = Vec::new();
    for cut in cuts {
        chunks.push(rest.split_to(rest.len().min(*cut)));
    }
    chunks.push(rest);
    chunks
}

fn some_bytes() -> impl Strategy<Value = Vec<u8>> {
    let message = (0..5_u8, proptest::collection::vec(any::<u8>(), 0..40), 0..20_i32).prop_map(
        |(flag, message, lie)| {
            let length = i32::try_from(message.len()).unwrap() + if lie == 0 { 3 } else { 0 };
            prefixed(u8::from(flag == 0), u32::try_from(length).unwrap(), &message)
        },
    );
    prop_oneof![
        4 => proptest::collection::vec(message, 0..8).prop_map(|messages| messages.concat()),
        1 => any::<Vec<u8>>(),
    ]
}

proptest! {
    #[test]
    fn any_cutting_gives_what_the_reference_gives(
        bytes in some_bytes(),
        cuts in proptest::collection::vec(0..30_usize, 0..20),
        drain_each in any::<bool>(),
    ) {
        let (expected, expected_fine) = reference(&bytes);
        let mut deframer = Deframer::new(LIMIT);
        let mut frames = Vec::new();
        for chunk in cut(&bytes, &cuts) {
            deframer.push(chunk);
            if drain_each {
                while let Ok(Some(frame)) = deframer.next() {
                    frames.push(frame);
                }
            }
        }
        while let Ok(Some(frame)) = deframer.next() {
            frames.push(frame);
        }
        let frames: Vec<_> = frames.iter().map(|f| (f.compressed, f.message.to_vec())).collect();
        prop_assert_eq!(frames, expected);
        prop_assert_eq!(deframer.finish().is_ok(), expected_fine);
    }
}
