//! Machine and buffer together, driven as the engine is to: what each attempt of a stream gets to send.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::retry::buffer::BufferLimit;
use crate::service_config::{CodeSet, HedgingPolicy, RetryPolicy};
use crate::status::Code;

/// What the server does with one attempt.
#[derive(Debug, Clone, Copy)]
enum Server {
    /// Fails it with UNAVAILABLE when it has read this many messages.
    FailsAfter(usize),
    /// Refuses it unseen.
    Refuses,
    /// Sends headers when it has read this many messages, and fails it after this many.
    AnswersThenFails(usize, usize),
    /// Reads to the end of the request stream and ends with OK.
    Succeeds,
}

/// A call that sends messages and the end, one attempt after the other; for each attempt what the server read of it,
/// with `$` for the end.
fn play(messages: &[&str], limit: usize, script: &[Server]) -> (Vec<String>, Result<(), GaveUp>) {
    let policy = RetryPolicy::new(4, CodeSet::of(&[Code::Unavailable])).unwrap();
    let mut retry = Retry::new(Some(&policy), AttemptCap::default(), None);
    let channel = Arc::new(ChannelBuffer::default());
    let mut buffer = ReplayBuffer::new(limit, channel);
    let mut program = messages.iter();
    let mut seen = Vec::new();
    for &server in script {
        let (mut position, mut number, mut read) = (0, 0, String::new());
        let failure = loop {
            match server {
                Server::FailsAfter(end) if number == end => break Some(unavailable()),
                Server::Refuses => break Some(Failure::Refused),
                Server::AnswersThenFails(_, end) if number == end => {
                    break Some(unavailable());
                }
                Server::AnswersThenFails(answer, _) if number == answer => {
                    if retry.on_commit(CommittedBy::Headers) == Some(Decision::Commit) {
                        buffer.commit(position);
                    }
                }
                Server::FailsAfter(_) | Server::AnswersThenFails(..) | Server::Succeeds => {}
            }
            match buffer.next(position) {
                Replayed::Message(message) => {
                    read.push_str(std::str::from_utf8(&message).unwrap());
                    position += 1;
                    buffer.release(position);
                }
                Replayed::Finish => {
                    read.push('$');
                    break None;
                }
                Replayed::CaughtUp => {
                    let Some(message) = program.next() else {
                        buffer.finish();
                        continue;
                    };
                    match buffer.push(&Bytes::from(message.as_bytes().to_vec())) {
                        Pushed::Kept => continue,
                        Pushed::Over(_) => {
                            assert_eq!(
                                retry.on_commit(CommittedBy::BufferLimit),
                                Some(Decision::Commit)
                            );
                            buffer.commit(position);
                        }
                        Pushed::Committed => {}
                    }
                    // Not kept: it goes to the one attempt left, and has no position in the buffer.
                    read.push_str(message);
                }
            }
            number += 1;
        };
        seen.push(read);
        match failure.map(|failure| retry.on_failed(failure, 0.5)) {
            None => {
                retry.on_succeeded();
                return (seen, Ok(()));
            }
            Some(Some(Decision::Fail(reason))) => return (seen, Err(reason)),
            Some(Some(Decision::Retry { .. } | Decision::RetryTransparently)) => {}
            Some(other) => panic!("{other:?}"),
        }
    }
    panic!("the script is too short")
}

fn unavailable() -> Failure {
    Failure::Status { code: Code::Unavailable, pushback: Pushback::Absent }
}

/// The cases of grpc-go's `TestRetryStreaming` that are about what is sent again.
#[test]
fn a_stream_is_sent_again_from_its_start() {
    use Server::{AnswersThenFails, FailsAfter, Refuses, Succeeds};
    let headers = Err(GaveUp::Committed(CommittedBy::Headers));
    for (name, script, expected, end) in [
        ("4: two messages", &[FailsAfter(2), Succeeds][..], &["ab", "abc$"][..], Ok(())),
        (
            "5: after 1, then 2",
            &[FailsAfter(1), FailsAfter(2), Succeeds],
            &["a", "ab", "abc$"],
            Ok(()),
        ),
        ("10: the end as well", &[FailsAfter(3), Succeeds], &["abc", "abc$"], Ok(())),
        ("refused", &[Refuses, Succeeds], &["", "abc$"], Ok(())),
        ("refused, then it fails", &[Refuses, FailsAfter(1), Succeeds], &["", "a", "abc$"], Ok(())),
        ("6: answered", &[FailsAfter(1), AnswersThenFails(1, 2)], &["a", "ab"], headers),
    ] {
        let (seen, ended) = play(&["a", "b", "c"], 100, script);
        let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
        assert_eq!((seen.as_slice(), ended), (expected, end), "{name}");
    }
}

#[test]
fn what_is_over_the_limit_is_sent_once() {
    // 15: of a limit of 2 bytes, "cc" is over; what comes after it is not kept either.
    let (seen, ended) = play(&["a", "b", "cc", "d"], 2, &[Server::Succeeds]);
    assert_eq!((seen, ended), (vec!["abccd$".to_owned()], Ok(())));
    let script = [Server::FailsAfter(1), Server::Succeeds];
    let (seen, ended) = play(&["a", "b", "cc", "d"], 2, &script);
    assert_eq!((seen, ended), (vec!["a".to_owned(), "abccd$".to_owned()], Ok(())));
}

/// HG-02: each attempt reads the messages at its own pace, and the buffer bounds how far they are apart.
#[test]
fn hedges_read_at_their_own_pace_until_the_buffer_is_full() {
    let policy = HedgingPolicy::new(3).unwrap().with_delay(Duration::ZERO);
    let mut hedge = Hedge::new(&policy, AttemptCap::default(), None);
    let mut attempts = Vec::new();
    while let Some(action) = hedge.poll_action() {
        let Action::Start { attempt, .. } = action else { panic!("{action:?}") };
        attempts.push((attempt, 0));
    }
    let mut buffer = ReplayBuffer::new(3, Arc::new(ChannelBuffer::default()));
    let pushed: Vec<Pushed> = (0..4).map(|_| buffer.push(&Bytes::from_static(b"a"))).collect();
    assert_eq!(pushed[2..], [Pushed::Kept, Pushed::Over(BufferLimit::Call)]);
    for (pace, (_, position)) in [1, 3, 2].into_iter().zip(&mut attempts) {
        while *position < pace {
            assert!(matches!(buffer.next(*position), Replayed::Message(_)));
            *position += 1;
        }
    }
    let position = |wanted| attempts.iter().find(|(id, _)| *id == wanted).unwrap().1;
    hedge.on_buffer_full(position);
    let (first, fastest, last) = (attempts[0].0, attempts[1].0, attempts[2].0);
    for expected in [Action::Cancel(first), Action::Cancel(last), Action::Commit(fastest)] {
        assert_eq!(hedge.poll_action(), Some(expected));
    }
    buffer.commit(position(fastest));
    assert_eq!(buffer.bytes(), 0, "it has sent all that was kept");
}
