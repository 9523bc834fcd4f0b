use std::future::{Future, poll_fn};
use std::pin::pin;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::*;

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Polls the value, which comes back with `polled`.
fn poll<R>(guarded: &mut Guarded<Arc<()>>, polled: Poll<R>) -> Poll<Option<R>> {
    let mut polled = Some(polled);
    guarded.poll(&mut Context::from_waker(Waker::noop()), |_, _| polled.take().unwrap())
}

#[test]
fn a_value_is_polled_until_it_is_cancelled() {
    let (handle, value) = (CancelHandle::new(), Arc::new(()));
    let mut guarded = Guarded::new(Arc::clone(&value), slice::from_ref(&handle));
    assert_eq!(poll(&mut guarded, Poll::Ready(1)), Poll::Ready(Some(1)));
    assert_eq!(poll::<u8>(&mut guarded, Poll::Pending), Poll::Pending);
    assert_eq!(Arc::strong_count(&value), 2);

    handle.cancel();
    assert_eq!(Arc::strong_count(&value), 1, "gone when `cancel` returns, though nobody polls");
    assert_eq!(poll(&mut guarded, Poll::Ready(1)), Poll::Ready(None));
    handle.cancel();
    assert_eq!(poll(&mut guarded, Poll::Ready(1)), Poll::Ready(None));
}

#[test]
fn who_waits_is_woken_once_and_only_when_there_is_somebody() {
    let (handle, woken) = (CancelHandle::new(), Arc::new(Woken::default()));
    let waker = Waker::from(Arc::clone(&woken));
    let mut waiting = Guarded::new((), slice::from_ref(&handle));
    let mut ready = Guarded::new((), slice::from_ref(&handle));
    let context = &mut Context::from_waker(&waker);
    assert!(waiting.poll(context, |(), _| Poll::<()>::Pending).is_pending());
    assert!(ready.poll(context, |(), _| Poll::Ready(())).is_ready());
    handle.cancel();
    handle.cancel();
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
}

#[test]
fn a_cancellation_during_a_poll_wins_over_its_result() {
    let (handle, value) = (CancelHandle::new(), Arc::new(()));
    let mut guarded = Guarded::new(Arc::clone(&value), slice::from_ref(&handle));
    let polled = guarded.poll(&mut Context::from_waker(Waker::noop()), |_, _| {
        handle.cancel();
        Poll::Ready("done")
    });
    assert_eq!(polled, Poll::Ready(None));
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn any_of_several_handles_will_do_and_late_is_early_enough() {
    let handles = [CancelHandle::new(), CancelHandle::new()];
    for handle in &handles {
        let mut guarded = Guarded::new(Arc::new(()), &handles);
        handle.cancel();
        assert_eq!(poll(&mut guarded, Poll::Ready(1)), Poll::Ready(None));
    }
    let mut late = Guarded::new(Arc::new(()), &handles);
    assert_eq!(poll(&mut late, Poll::Ready(1)), Poll::Ready(None));
}

#[test]
fn a_handle_forgets_calls_that_ended() {
    let handle = CancelHandle::new();
    let guarded = [(), ()].map(|()| Guarded::new((), &[handle.clone(), handle.clone()]));
    assert_eq!(handle.open(), 4);
    drop(guarded);
    assert_eq!(handle.open(), 0);
}

#[test]
fn a_value_lost_to_a_panic_is_gone() {
    let mut guarded = Guarded::new(Arc::new(()), &[]);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        guarded.poll(&mut Context::from_waker(Waker::noop()), |_, _| -> Poll<u8> {
            panic!("this test's own panic")
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(poll(&mut guarded, Poll::Ready(1)), Poll::Ready(None));
}

#[test]
fn values_dropped_by_a_cancellation_may_use_the_handle() {
    struct Again(CancelHandle);
    impl Drop for Again {
        fn drop(&mut self) {
            self.0.cancel();
            assert!(self.0.is_cancelled());
        }
    }
    let handle = CancelHandle::new();
    let _guarded = Guarded::new(Again(handle.clone()), slice::from_ref(&handle));
    handle.cancel();
}

#[tokio::test]
async fn the_handle_can_be_waited_for() {
    let handle = CancelHandle::new();
    let mut waiting = pin!(handle.cancelled());
    let pending = poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context).is_pending()));
    assert!(pending.await);
    drop(handle.clone().cancel_on_drop());
    waiting.await;
    handle.cancelled().await;
}

#[test]
fn threads_that_cancel_and_poll_agree() {
    for _ in 0..200 {
        let (handle, value) = (CancelHandle::new(), Arc::new(()));
        let mut guarded = Guarded::new(Arc::clone(&value), slice::from_ref(&handle));
        let canceller = std::thread::spawn(move || handle.cancel());
        while poll(&mut guarded, Poll::Ready(())) == Poll::Ready(Some(())) {
            std::thread::yield_now();
        }
        canceller.join().unwrap();
        assert_eq!(Arc::strong_count(&value), 1);
    }
}
