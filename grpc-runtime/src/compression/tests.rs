//! The built-in algorithms and the registry around them, with every feature on.
#![cfg(all(feature = "gzip", feature = "deflate", feature = "zstd"))]

use std::error::Error as _;
use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use proptest::prelude::*;

use crate::compression::algorithms::{Algorithms, Compression, Settings};
use crate::compression::{
    BoundedBuffer, CompressionError, Compressor, Decompression, Deflate, Encoding, EncodingRefused,
    Gzip, Zstd,
};
use crate::framing::{self, Flag, FramingError};
use crate::metadata::Metadata;
use crate::status::{Code, Delivery, Origin, Status};

fn all() -> [Arc<dyn Compressor>; 3] {
    [Arc::new(Gzip::new()), Arc::new(Deflate::new()), Arc::new(Zstd::new())]
}

fn compressed(by: &dyn Compressor, message: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    by.compress(message, &mut output).unwrap();
    output
}

fn decompressed(by: &dyn Compressor, bytes: &[u8], limit: usize) -> Result<Bytes, String> {
    let mut output = BoundedBuffer::new(limit);
    match by.decompress(bytes, &mut output) {
        Ok(()) => Ok(output.into_message()),
        Err(error) => Err(error.to_string()),
    }
}

/// Words, as messages have them: repetitive, but not only so.
fn text(length: usize) -> Vec<u8> {
    let words = ["alpha ", "beta ", "gamma ", "delta "];
    let mut state = 7_u32;
    let mut text = Vec::new();
    while text.len() < length {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text.extend_from_slice(words[(state >> 30) as usize].as_bytes());
    }
    text.truncate(length);
    text
}

/// Bytes that nothing makes shorter.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    })
    .take(length)
    .collect()
}

#[test]
fn lengths_around_every_size_of_a_buffer_come_back() {
    for by in all() {
        for length in [1, 2, 511, 512, 513, 1023, 1024, 1025, 65_535, 65_536, 200_000] {
            for message in [text(length), noise(length), vec![0; length]] {
                let bytes = compressed(&*by, &message);
                let back = decompressed(&*by, &bytes, length).unwrap();
                assert!(back == message, "{} {length}", by.encoding());
            }
        }
    }
}

#[test]
fn what_is_appended_to_stays() {
    for by in all() {
        let mut output = b"head".to_vec();
        by.compress(&text(5000), &mut output).unwrap();
        assert_eq!(&output[..4], b"head");
        assert_eq!(decompressed(&*by, &output[4..], 5000).unwrap(), text(5000));
    }
}

#[test]
fn every_level_can_be_read() {
    for level in [0, 1, 9, 100] {
        for by in [&Gzip::with_level(level) as &dyn Compressor, &Deflate::with_level(level)] {
            assert_eq!(decompressed(by, &compressed(by, &text(9000)), 9000).unwrap(), text(9000));
        }
    }
    for level in [i32::MIN, 1, 19, i32::MAX] {
        let by = Zstd::with_level(level);
        assert_eq!(decompressed(&by, &compressed(&by, &text(9000)), 9000).unwrap(), text(9000));
    }
}

/// The formats as their specifications begin, so that the names mean what other implementations take them for.
#[test]
fn the_formats_are_those_of_the_names() {
    assert_eq!(compressed(&Gzip::new(), b"a")[..3], [0x1f, 0x8b, 8]);
    let deflate = compressed(&Deflate::new(), b"a");
    assert_eq!((deflate[0], u16::from_be_bytes([deflate[0], deflate[1]]) % 31), (0x78, 0));
    assert_eq!(compressed(&Zstd::new(), b"a")[..4], [0x28, 0xb5, 0x2f, 0xfd]);
}

#[test]
fn the_limit_is_exact() {
    for by in all() {
        for length in [1, 512, 513, 4096, 100_000] {
            let bytes = compressed(&*by, &text(length));
            assert_eq!(decompressed(&*by, &bytes, length).unwrap().len(), length);
            let error = decompressed(&*by, &bytes, length - 1).unwrap_err();
            assert!(error.contains("more than the"), "{}: {error}", by.encoding());
        }
    }
}

#[test]
fn a_cut_or_a_byte_too_many_is_found() {
    for by in all() {
        let bytes = compressed(&*by, &text(3000));
        for cut in (0..bytes.len()).step_by(7).chain([bytes.len() - 1]) {
            let error = decompressed(&*by, &bytes[..cut], 10_000).unwrap_err();
            assert!(error.contains("too early"), "{} at {cut}: {error}", by.encoding());
        }
        for garbage in [&[0][..], &[0x1f], b"some garbage"] {
            let longer = [&bytes, garbage].concat();
            decompressed(&*by, &longer, 10_000).unwrap_err();
        }
    }
}

#[test]
fn a_wrong_checksum_is_found() {
    for by in [&Gzip::new() as &dyn Compressor, &Deflate::new()] {
        let mut bytes = compressed(by, &text(3000));
        // In gzip four bytes of length follow it, in zlib nothing.
        let place = bytes.len() - if by.encoding() == Encoding::GZIP { 6 } else { 2 };
        bytes[place] ^= 1;
        let error = decompressed(by, &bytes, 10_000).unwrap_err();
        assert!(error.contains("check"), "{error}");
    }
    let mut bytes = compressed(&Gzip::new(), &text(3000));
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    decompressed(&Gzip::new(), &bytes, 10_000).unwrap_err();
}

#[test]
fn several_in_a_row_are_one_where_the_format_says_so() {
    for by in [&Gzip::new() as &dyn Compressor, &Zstd::new()] {
        let both = [compressed(by, b"one, "), compressed(by, b"two")].concat();
        assert_eq!(decompressed(by, &both, 8).unwrap(), "one, two");
        decompressed(by, &both, 7).unwrap_err();
    }
    let by = Deflate::new();
    let both = [compressed(&by, b"one, "), compressed(&by, b"two")].concat();
    let error = decompressed(&by, &both, 100).unwrap_err();
    assert_eq!(error, "there are bytes behind the end");
}

/// A head with all that RFC 1952 allows, as other writers make it.
#[test]
fn a_gzip_with_a_name_and_a_comment_is_one() {
    let plain = compressed(&Gzip::new(), b"hello");
    let mut head = vec![0x1f, 0x8b, 8, 0b1_1100, 1, 2, 3, 4, 0, 3];
    head.extend(b"\x02\x00xy");
    head.extend(b"name\0comment\0");
    let bytes = [&head, &plain[10..]].concat();
    assert_eq!(decompressed(&Gzip::new(), &bytes, 5).unwrap(), "hello");
}

/// A zstd whose writer did not know the length, as streaming writers make it: its head asks for a window of megabytes.
#[test]
fn a_zstd_of_unknown_length_is_one() {
    let mut state = zstd_safe::CCtx::create();
    state.set_parameter(zstd_safe::CParameter::CompressionLevel(19)).unwrap();
    let mut bytes = vec![0; 1000];
    let written = {
        let mut output = zstd_safe::OutBuffer::around(bytes.as_mut_slice());
        let mut input = zstd_safe::InBuffer::around(b"hello");
        state.compress_stream(&mut output, &mut input).unwrap();
        assert_eq!(state.end_stream(&mut output).unwrap(), 0);
        output.pos()
    };
    assert_eq!(decompressed(&Zstd::new(), &bytes[..written], 5).unwrap(), "hello");
}

proptest! {
    #[test]
    fn any_message_comes_back(message: Vec<u8>, repeated in 1..40_usize) {
        let message = message.repeat(repeated);
        for by in all() {
            let bytes = compressed(&*by, &message);
            prop_assert_eq!(decompressed(&*by, &bytes, message.len()).unwrap(), &message);
        }
    }

    #[test]
    fn any_bytes_end_in_a_message_within_the_limit_or_an_error(bytes: Vec<u8>, limit in 0..500_usize) {
        for by in all() {
            let magic: &[u8] = match by.encoding() {
                Encoding::GZIP => &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3],
                Encoding::DEFLATE => &[0x78, 0x9c],
                _ => &[0x28, 0xb5, 0x2f, 0xfd],
            };
            for bytes in [bytes.clone(), [magic, &bytes].concat()] {
                if let Ok(message) = decompressed(&*by, &bytes, limit) {
                    prop_assert!(message.len() <= limit);
                }
            }
        }
    }

    #[test]
    fn a_changed_byte_is_an_error_or_keeps_the_limit(place: prop::sample::Index, to: u8) {
        for by in all() {
            let mut bytes = compressed(&*by, &text(2000));
            let place = place.index(bytes.len());
            bytes[place] = to;
            if let Ok(message) = decompressed(&*by, &bytes, 2500) {
                prop_assert!(message.len() <= 2500);
            }
        }
    }
}

// ===== The registry =====

fn settings(accepted: &[Encoding]) -> Settings {
    Settings { accepted: accepted.to_vec(), ..Settings::default() }
}

fn by_default(encoding: Encoding) -> Settings {
    Settings { default: Some(encoding), min_bytes: Some(0), ..Settings::default() }
}

fn framed(message: &[u8]) -> Bytes {
    framing::frame::<FramingError>(Flag::Plain, message.len(), usize::MAX, &mut |buffer| {
        buffer.extend_from_slice(message);
        Ok(())
    })
    .unwrap()
}

/// What a call that is compressed with `sent` makes of `compressed`.
fn read(
    algorithms: &Arc<Algorithms>,
    sent: Option<Compression>,
    encoding: Option<&str>,
    compressed: &[u8],
    limit: usize,
) -> Result<Bytes, Status> {
    let mut headers = HeaderMap::new();
    if let Some(encoding) = encoding {
        headers.insert("grpc-encoding", encoding.parse().unwrap());
    }
    Decompression::new(algorithms, sent, limit).message(&headers, compressed)
}

fn chosen(algorithms: &Algorithms) -> Compression {
    algorithms.choose(None).unwrap().unwrap()
}

fn says(status: &Status, code: Code, origin: Origin, pieces: &[&str]) {
    assert_eq!((status.code(), status.origin()), (code, origin), "{status}");
    for piece in pieces {
        assert!(status.to_string().contains(piece), "{piece:?} is not in: {status}");
    }
}

#[test]
fn headers_name_what_is_accepted_in_the_order_given() {
    let accept = |settings: Settings| {
        settings.build().unwrap().accept().map(|accept| accept.to_str().unwrap().to_owned())
    };
    assert_eq!(accept(Settings::default()), None);
    assert_eq!(accept(settings(&[Encoding::IDENTITY])), None);
    let twice = [Encoding::ZSTD, Encoding::GZIP, Encoding::ZSTD];
    assert_eq!(accept(settings(&twice)).unwrap(), "zstd,gzip");
    // grpc-go answers with the encoding of the request, so that has to be accepted by whoever sends with it.
    let both = Settings { accepted: vec![Encoding::ZSTD], ..by_default(Encoding::GZIP) };
    let both = both.build().map(Arc::new).unwrap();
    assert_eq!(both.accept().unwrap(), "zstd");
    assert_eq!(
        (chosen(&both).header(), chosen(&both).accept()),
        (&"gzip".parse().unwrap(), &"zstd,gzip".parse().unwrap())
    );
    let same = Settings { accepted: vec![Encoding::GZIP], ..by_default(Encoding::GZIP) };
    assert_eq!(chosen(&same.build().unwrap()).accept(), "gzip");
}

#[test]
fn a_call_goes_before_the_channel() {
    let channel = by_default(Encoding::GZIP).build().map(Arc::new).unwrap();
    let choose = |encoding| channel.choose(encoding).unwrap().map(|chosen| chosen.encoding());
    assert_eq!(choose(None), Some(Encoding::GZIP));
    assert_eq!(choose(Some(Encoding::ZSTD)), Some(Encoding::ZSTD));
    assert_eq!(choose(Some(Encoding::IDENTITY)), None);
    let quiet = Settings::default().build().map(Arc::new).unwrap();
    assert!(quiet.choose(None).unwrap().is_none());
}

#[test]
fn what_there_is_no_compressor_for_is_told_before_anything_is_sent() {
    let snappy = Encoding::new("snappy");
    assert_eq!(by_default(snappy).build().unwrap_err().encoding(), snappy);
    let error = settings(&[snappy]).build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the channel has no compressor for \"snappy\", only for gzip,deflate,zstd: add one with \
         `ChannelBuilder::compressor`"
    );
    let channel = Settings::default().build().map(Arc::new).unwrap();
    let status = Status::from(channel.choose(Some(snappy)).unwrap_err());
    says(&status, Code::Internal, Origin::Local, &["not sent", "snappy"]);
    assert_eq!(status.delivery(), Delivery::NotSent);
}

/// Says how often it was asked, in its output.
struct Fails;

impl Compressor for Fails {
    fn encoding(&self) -> Encoding {
        Encoding::GZIP
    }

    fn compress(&self, _: &[u8], _: &mut Vec<u8>) -> Result<(), CompressionError> {
        Err(CompressionError::new("no"))
    }

    fn decompress(&self, _: &[u8], output: &mut BoundedBuffer) -> Result<(), CompressionError> {
        // Hides that it was stopped.
        let _ = output.write_all(&[0; 100]);
        Ok(())
    }
}

#[test]
fn a_compressor_of_the_programs_goes_before_the_built_in_one() {
    let given = Settings {
        compressors: vec![Arc::new(Gzip::new()), Arc::new(Fails)],
        ..by_default(Encoding::GZIP)
    };
    let channel = given.build().map(Arc::new).unwrap();
    let status = chosen(&channel).compress(framed(b"message")).unwrap_err();
    says(&status, Code::Internal, Origin::Local, &["not sent", "compressed with gzip", "no"]);
    assert_eq!(status.delivery(), Delivery::NotSent);
    // And one that does not hand on the limit is bound by it all the same.
    let sent = chosen(&channel);
    let status = read(&channel, Some(sent.clone()), Some("gzip"), b"", 99).unwrap_err();
    says(&status, Code::ResourceExhausted, Origin::Local, &["99", "max_response_bytes"]);
    assert_eq!(read(&channel, Some(sent), Some("gzip"), b"", 100).unwrap().len(), 100);
}

fn refused(code: Code, accepts: &str, in_trailers: bool) -> Status {
    let channel = by_default(Encoding::ZSTD).build().map(Arc::new).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("grpc-accept-encoding", accepts.parse().unwrap());
    let mut status = Status::new(code, "no").with_origin(Origin::Server);
    if in_trailers {
        status = status.with_metadata(Metadata::from_headers(std::mem::take(&mut headers)));
    }
    let sent = chosen(&channel);
    Decompression::new(&channel, Some(sent), 9).explain(status, &headers)
}

#[test]
fn what_a_server_would_take_is_told() {
    for in_trailers in [false, true] {
        let status = refused(Code::Unimplemented, "identity, gzip,,deflate", in_trailers);
        let source = status.source().unwrap().downcast_ref::<EncodingRefused>().unwrap();
        assert_eq!(source.accepted().collect::<Vec<_>>(), ["identity", "gzip", "deflate"]);
        assert_eq!(source.encoding(), Encoding::ZSTD);
        assert!(source.accepts(Encoding::GZIP) && !source.accepts(Encoding::ZSTD));
        says(&status, Code::Unimplemented, Origin::Server, &["zstd", "identity, gzip, deflate"]);
    }
    assert!(refused(Code::Unimplemented, "gzip,zstd", true).source().is_none());
    assert!(refused(Code::Unknown, "gzip", true).source().is_none());
}

#[test]
fn a_message_is_compressed_where_that_makes_it_shorter() {
    for encoding in [Encoding::GZIP, Encoding::DEFLATE, Encoding::ZSTD] {
        let channel = by_default(encoding).build().map(Arc::new).unwrap();
        let sent = chosen(&channel);
        let bytes = sent.compress(framed(&text(5000))).unwrap();
        assert!(framing::is_compressed(&bytes) && bytes.len() < 2500, "{}", bytes.len());
        assert_eq!(bytes[1..5], u32::try_from(bytes.len() - 5).unwrap().to_be_bytes());
        let back =
            read(&channel, Some(sent.clone()), Some(encoding.name()), &bytes[5..], 5000).unwrap();
        assert_eq!(back, text(5000));
        for plain in [framed(b""), framed(b"x"), framed(&noise(5000))] {
            assert_eq!(sent.compress(plain.clone()).unwrap(), plain);
        }
    }
}

#[test]
fn short_messages_stay_as_they_are() {
    let channel = Settings { default: Some(Encoding::GZIP), ..Settings::default() };
    let sent = chosen(&channel.build().unwrap());
    assert_eq!(sent.compress(framed(&text(1023))).unwrap(), framed(&text(1023)));
    assert!(framing::is_compressed(&sent.compress(framed(&text(1024))).unwrap()));
}

#[test]
fn responses_are_read_with_what_was_offered_only() {
    let channel = settings(&[Encoding::GZIP, Encoding::ZSTD]).build().map(Arc::new).unwrap();
    let gzip = compressed(&Gzip::new(), b"message");
    let deflate = compressed(&Deflate::new(), b"message");
    let answer = |encoding: Option<&str>, bytes: &[u8]| read(&channel, None, encoding, bytes, 100);
    assert_eq!(answer(Some("gzip"), &gzip).unwrap(), "message");
    for none in [None, Some("identity")] {
        let status = answer(none, &gzip).unwrap_err();
        says(&status, Code::Internal, Origin::Transport, &["compressed", "grpc-encoding"]);
    }
    for other in ["deflate", "GZIP", "br", ""] {
        let status = answer(Some(other), &deflate).unwrap_err();
        says(&status, Code::Internal, Origin::Transport, &[other, "accepts gzip,zstd"]);
    }
    let status = answer(Some("gzip"), &gzip[1..]).unwrap_err();
    says(&status, Code::Internal, Origin::Transport, &["decompressed with gzip"]);
    // What the call itself is compressed with may come back.
    let sent = channel.choose(Some(Encoding::DEFLATE)).unwrap().unwrap();
    let back = read(&channel, Some(sent), Some("deflate"), &deflate, 100);
    assert_eq!(back.unwrap(), "message");
    let quiet = Settings::default().build().map(Arc::new).unwrap();
    let status = read(&quiet, None, Some("gzip"), &gzip, 100).unwrap_err();
    says(&status, Code::Internal, Origin::Transport, &["accepts identity only"]);
}

/// A thousand bytes for each: the limit ends it, and says what to change.
#[test]
fn a_bomb_goes_off_within_the_limit() {
    let zeros = vec![0; 32 << 20];
    for by in all() {
        let bomb = compressed(&*by, &zeros);
        assert!(bomb.len() < zeros.len() / 900, "{}", bomb.len());
        let channel = settings(&[by.encoding()]).build().map(Arc::new).unwrap();
        let status = read(&channel, None, Some(by.encoding().name()), &bomb, 1 << 20).unwrap_err();
        let pieces = ["1048576 bytes allowed", "max_response_bytes"];
        says(&status, Code::ResourceExhausted, Origin::Local, &pieces);
    }
}
