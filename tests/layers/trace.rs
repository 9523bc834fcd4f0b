//! A span for each call, as a subscriber sees it.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use grpc_runtime::layer::Trace;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::greeter::{Fake, all, hello, said};

/// Keeps the fields of each `grpc.call`, and the events in it.
#[derive(Clone, Default)]
struct Recorder(Arc<Recorded>);

#[derive(Default)]
struct Recorded {
    last: AtomicU64,
    spans: Mutex<BTreeMap<u64, Fields>>,
    events: Mutex<Vec<String>>,
}

#[derive(Default, Clone)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        write!(text, "{value:?}").unwrap();
        self.0.insert(field.name(), text);
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "grpc_runtime::call"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = self.0.last.fetch_add(1, Ordering::Relaxed) + 1;
        let mut fields = Fields::default();
        span.record(&mut fields);
        self.0.spans.lock().unwrap().insert(id, fields);
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        if let Some(fields) = self.0.spans.lock().unwrap().get_mut(&span.into_u64()) {
            values.record(fields);
        }
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let span = event.parent().map_or(0, Id::into_u64);
        let level = event.metadata().level();
        let code = fields.0.get("code").cloned().unwrap_or_default();
        self.0.events.lock().unwrap().push(format!("{span} {level} {code}"));
    }

    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test(start_paused = true)]
async fn a_span_tells_method_target_code_and_duration() {
    let recorder = Recorder::default();
    // Were there one subscriber only, whether an event is of interest would be asked of the thread that meets it first, which
    // may be that of another test.
    let _second = tracing::Dispatch::new(recorder.clone());
    let _guard = tracing::subscriber::set_default(recorder.clone());
    let greeter = Fake::default().client().layer(Trace::new().target("in:process"));

    said(&greeter, "slow").await.unwrap();
    said(&greeter, "missing").await.unwrap_err();
    let replies = greeter.list_hellos(hello("slow")).await.unwrap();
    let field = |span: u64, name: &str| {
        recorder.0.spans.lock().unwrap()[&span].0.get(name).cloned().unwrap_or_default()
    };
    assert_eq!(field(3, "duration_ms"), "", "a stream ends with its end");
    all(replies).await.unwrap();
    drop(greeter.list_hellos(hello("Ada")).await.unwrap());

    assert_eq!(field(1, "rpc.service"), "\"helloworld.Greeter\"");
    assert_eq!(field(1, "rpc.method"), "\"SayHello\"");
    assert_eq!(field(1, "server.target"), "\"in:process\"");
    let numbers = [1, 2, 3, 4].map(|span| field(span, "rpc.grpc.status_code"));
    assert_eq!(numbers, ["0", "5", "0", "1"]);
    let durations = [1, 2, 3, 4].map(|span| field(span, "duration_ms"));
    assert_eq!(durations, ["1000.0", "0.0", "1000.0", "0.0"]);
    let events = recorder.0.events.lock().unwrap().clone();
    let expected = ["1 DEBUG ", "2 INFO \"NOT_FOUND\"", "3 DEBUG ", "4 DEBUG \"CANCELLED\""];
    assert_eq!(events, expected);
}

#[tokio::test]
async fn nobody_listening_is_no_matter() {
    let greeter = Fake::default().client().layer(Trace::new());
    assert_eq!(said(&greeter, "Ada").await.unwrap(), "Hello, Ada!");
}
