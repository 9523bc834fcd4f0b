//! Times the choice of a connection among 100 ready endpoints, alone and while another thread does the same.
//!
//! `cargo bench -p tests --bench picks`. The bound is 100 ns a pick with two threads. What is timed is what each call
//! does on the published picker, through the public API: pick, and drop what came of it.

#![expect(clippy::unwrap_used, reason = "a step that fails is a measurement that fails")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use divan::{Bencher, black_box};
use grpc_runtime::lb::{Pick, PickArgs, PickFirst, Picker, PolicyBuilder, RoundRobin};
use grpc_runtime::{Metadata, MethodDescriptor, MethodKind};
use tests::balancing::{Driven, endpoints};

fn main() {
    divan::main();
}

#[divan::bench(args = [1, 2], sample_size = 20_000)]
fn pick_first(bencher: Bencher<'_, '_>, threads: usize) {
    time(bencher, threads, &PickFirst::new());
}

#[divan::bench(args = [1, 2], sample_size = 20_000)]
fn round_robin(bencher: Bencher<'_, '_>, threads: usize) {
    time(bencher, threads, &RoundRobin::new());
}

/// Times one of these threads, which all pick without a pause.
fn time(bencher: Bencher<'_, '_>, threads: usize, builder: &dyn PolicyBuilder) {
    let picker = {
        let mut policy = Driven::new(builder);
        policy.update(endpoints(0, ENDPOINTS)).unwrap();
        policy.ready()
    };
    let (picker, is_over) = (&*picker, &AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    black_box(pick(picker, &Metadata::new()));
                }
            });
        }
        let metadata = Metadata::new();
        bencher.bench_local(|| pick(picker, &metadata));
        is_over.store(true, Ordering::Relaxed);
    });
}

fn pick(picker: &dyn Picker, metadata: &Metadata) -> Pick {
    let pick = picker.pick(black_box(&PickArgs::new(&METHOD, metadata)));
    assert!(matches!(pick, Pick::Complete(_)));
    pick
}

static METHOD: MethodDescriptor =
    MethodDescriptor::new("/helloworld.Greeter/SayHello", MethodKind::Unary);

const ENDPOINTS: u16 = 100;
