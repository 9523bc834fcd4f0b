use proptest::prelude::*;

use super::*;

fn message(size: usize) -> Bytes {
    Bytes::from(vec![u8::try_from(size % 251).unwrap(); size])
}

fn buffer(limit: usize, channel: &Arc<ChannelBuffer>) -> ReplayBuffer {
    ReplayBuffer::new(limit, Arc::clone(channel))
}

fn used(channel: &ChannelBuffer) -> usize {
    channel.used.load(Ordering::Relaxed)
}

#[test]
fn attempts_find_what_was_sent_and_the_end() {
    let mut buffer = buffer(100, &Arc::default());
    assert_eq!(buffer.next(0), Replayed::CaughtUp);
    for size in [1, 2, 3] {
        assert_eq!(buffer.push(&message(size)), Pushed::Kept);
    }
    for _ in 0..2 {
        for size in [1, 2, 3] {
            assert_eq!(buffer.next(size - 1), Replayed::Message(message(size)));
        }
        assert_eq!(buffer.next(3), Replayed::CaughtUp);
    }
    buffer.finish();
    assert_eq!(buffer.next(2), Replayed::Message(message(3)));
    assert_eq!(buffer.next(3), Replayed::Finish);
}

#[test]
fn bytes_are_shared() {
    let mut buffer = buffer(100, &Arc::default());
    let sent = message(10);
    buffer.push(&sent);
    let Replayed::Message(again) = buffer.next(0) else { panic!("kept") };
    assert_eq!(again.as_ptr(), sent.as_ptr());
}

/// grpc-go's `TestRetryStreaming`, last case: 500 bytes over a limit of 200.
#[test]
fn the_message_over_the_limit_is_not_kept() {
    let channel = Arc::new(ChannelBuffer::new(1000));
    let mut buffer = buffer(200, &channel);
    assert_eq!(buffer.push(&message(200)), Pushed::Kept, "the limit itself is not too much");
    assert_eq!(buffer.push(&message(0)), Pushed::Kept);
    assert_eq!(buffer.push(&message(500)), Pushed::Over(BufferLimit::Call));
    assert_eq!((buffer.bytes(), used(&channel)), (200, 200));
    buffer.commit(0);
    assert_eq!(buffer.push(&message(1)), Pushed::Committed);
    assert_eq!(buffer.next(0), Replayed::Message(message(200)), "not sent yet by the one left");
    buffer.release(2);
    assert_eq!((buffer.bytes(), used(&channel)), (0, 0));
    assert_eq!(buffer.next(2), Replayed::CaughtUp);
}

#[test]
fn nothing_goes_while_another_attempt_may_need_it() {
    let mut buffer = buffer(100, &Arc::default());
    buffer.push(&message(1));
    buffer.push(&message(2));
    buffer.release(2);
    assert_eq!((buffer.next(0), buffer.bytes()), (Replayed::Message(message(1)), 3));
    buffer.commit(1);
    assert_eq!((buffer.next(1), buffer.bytes()), (Replayed::Message(message(2)), 2));
    assert_eq!(buffer.next(0), Replayed::CaughtUp, "what is gone is not sent again");
}

#[test]
fn calls_share_the_limit_of_their_channel() {
    let channel = Arc::new(ChannelBuffer::new(10));
    let (mut one, mut other) = (buffer(100, &channel), buffer(100, &channel));
    assert_eq!(one.push(&message(6)), Pushed::Kept);
    assert_eq!(other.push(&message(6)), Pushed::Over(BufferLimit::Channel));
    assert_eq!(other.push(&message(4)), Pushed::Kept);
    drop(one);
    assert_eq!(other.push(&message(6)), Pushed::Kept);
    drop(other);
    assert_eq!(used(&channel), 0);
}

#[test]
fn no_limit_overflows() {
    let channel = Arc::new(ChannelBuffer::new(usize::MAX));
    channel.used.store(usize::MAX - 1, Ordering::Relaxed);
    let mut buffer = buffer(usize::MAX, &channel);
    assert_eq!(buffer.push(&message(2)), Pushed::Over(BufferLimit::Channel));
    assert_eq!(ChannelBuffer::default().limit, 16 * 1024 * 1024);
    assert_eq!(DEFAULT_CALL_LIMIT, 262_144);
}

#[derive(Debug, Clone)]
enum Operation {
    Push { call: usize, size: usize },
    Commit { call: usize, position: usize },
    Release { call: usize, position: usize },
    Finish { call: usize },
    End { call: usize },
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let call = || 0..3_usize;
    let operation = prop_oneof![
        6 => (call(), 0..40_usize).prop_map(|(call, size)| Operation::Push { call, size }),
        1 => (call(), 0..8_usize).prop_map(|(call, position)| Operation::Commit { call, position }),
        3 => (call(), 0..9_usize).prop_map(|(call, position)| Operation::Release { call, position }),
        1 => call().prop_map(|call| Operation::Finish { call }),
        1 => call().prop_map(|call| Operation::End { call }),
    ];
    proptest::collection::vec(operation, 0..60)
}

/// Every message that was ever kept, and whether it still has to be.
#[derive(Debug, Default)]
struct Model {
    messages: Vec<(usize, bool)>,
    is_committed: bool,
    is_finished: bool,
}

impl Model {
    fn bytes(&self) -> usize {
        self.messages.iter().filter(|(_, is_kept)| *is_kept).map(|(size, _)| size).sum()
    }

    fn release(&mut self, position: usize) {
        if self.is_committed {
            self.messages.iter_mut().take(position).for_each(|(_, is_kept)| *is_kept = false);
        }
    }
}

proptest! {
    #[test]
    fn as_three_lists_with_two_limits(operations in operations()) {
        const CALL: usize = 90;
        const CHANNEL: usize = 150;
        let channel = Arc::new(ChannelBuffer::new(CHANNEL));
        let mut buffers: Vec<ReplayBuffer> = (0..3).map(|_| buffer(CALL, &channel)).collect();
        let mut models: Vec<Model> = (0..3).map(|_| Model::default()).collect();
        for operation in operations {
            match operation {
                Operation::Push { call, size } => {
                    let all: usize = models.iter().map(Model::bytes).sum();
                    let model = &mut models[call];
                    let expected = if model.is_committed {
                        Pushed::Committed
                    } else if model.bytes() + size > CALL {
                        Pushed::Over(BufferLimit::Call)
                    } else if all + size > CHANNEL {
                        Pushed::Over(BufferLimit::Channel)
                    } else {
                        model.messages.push((size, true));
                        Pushed::Kept
                    };
                    prop_assert_eq!(buffers[call].push(&message(size)), expected);
                }
                Operation::Commit { call, position } => {
                    models[call].is_committed = true;
                    models[call].release(position);
                    buffers[call].commit(position);
                }
                Operation::Release { call, position } => {
                    models[call].release(position);
                    buffers[call].release(position);
                }
                Operation::Finish { call } => {
                    models[call].is_finished = true;
                    buffers[call].finish();
                }
                Operation::End { call } => {
                    models[call] = Model::default();
                    buffers[call] = buffer(CALL, &channel);
                }
            }
            for (model, buffer) in models.iter().zip(&buffers) {
                prop_assert_eq!(buffer.bytes(), model.bytes());
                for position in 0..=model.messages.len() {
                    let expected = match model.messages.get(position) {
                        Some(&(size, true)) => Replayed::Message(message(size)),
                        _ if model.is_finished => Replayed::Finish,
                        _ => Replayed::CaughtUp,
                    };
                    prop_assert_eq!(buffer.next(position), expected);
                }
            }
            prop_assert_eq!(used(&channel), models.iter().map(Model::bytes).sum::<usize>());
        }
        drop(buffers);
        prop_assert_eq!(used(&channel), 0);
    }
}
