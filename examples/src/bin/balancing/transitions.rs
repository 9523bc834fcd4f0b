//! Prints what becomes of the channel and of each of its connections, and why.
//!
//! A channel tells its own states by `state_changes`. Those of its connections are its own affair, and go to the log: the
//! events of [`tracing`], of which a subscriber prints what it likes.

use std::fmt;
use std::time::Instant;

use grpc_runtime::StateChanges;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Until the channel is closed.
pub(crate) async fn of_channel(start: Instant, mut changes: StateChanges) {
    while let Some(change) = changes.next().await {
        let reason = change.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        print(start, "channel", &format!("{}{reason}", change.state));
    }
}

/// From now on, in the whole program.
pub(crate) fn of_subchannels(start: Instant) {
    tracing_subscriber::registry()
        .with(Subchannels { start }.with_filter(LevelFilter::DEBUG))
        .init();
}

struct Subchannels {
    start: Instant,
}

impl<S: Subscriber> Layer<S> for Subchannels {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if fields.message == "subchannel state" {
            print(self.start, &fields.address, &fields.state);
        } else if fields.message == "subchannel removed" {
            print(self.start, &fields.address, "removed");
        }
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    address: String,
    state: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            "address" => self.address = format!("{value:?}"),
            "state" => self.state = format!("{value:?}"),
            _ => {}
        }
    }
}

fn print(start: Instant, what: &str, state: &str) {
    println!("  {:6.3} s  {what:<16} {state}", start.elapsed().as_secs_f32());
}
