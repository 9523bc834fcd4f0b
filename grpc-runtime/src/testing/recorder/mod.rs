//! [`Recorder`]: a layer that keeps the calls that go through it, in order, with their messages.

mod call;
mod service;
mod tape;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tower_layer::Layer;

use crate::testing::recorder::tape::AnyTape;

pub use self::call::{RecordedCall, RecordedEnd};
pub use self::service::RecorderService;
pub use self::tape::Recordable;

/// A layer that keeps every call that goes through it: metadata, options, messages both ways and the end, in the order in
/// which the calls were made. Clones are the same recorder.
///
/// It goes on any client: over a fake, a mock, or a real channel. Put on last it sees calls as the program makes them; put
/// on first, as the layers have made them.
///
/// ```
/// # use grpc_runtime::{Status, grpc_client};
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # pub struct HelloRequest { #[prost(string, tag = "1")] pub name: String }
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # pub struct HelloReply { #[prost(string, tag = "1")] pub message: String }
/// # #[grpc_client(service = "helloworld.Greeter")]
/// # trait Greeter {
/// #     async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
/// # }
/// # async fn example(fake: impl Greeter) -> Result<(), Status> {
/// use grpc_runtime::Code;
/// use grpc_runtime::testing::Recorder;
///
/// let recorder = Recorder::new();
/// let greeter = GreeterClient::in_process(fake).layer(recorder.clone());
/// greeter.say_hello(HelloRequest { name: "Ada".to_owned() }).metadata("x-tenant", "a")?.await?;
///
/// assert_eq!(recorder.paths(), ["/helloworld.Greeter/SayHello"]);
/// let calls = recorder.calls::<greeter::SayHello>();
/// assert_eq!(calls[0].request().name, "Ada");
/// assert_eq!(calls[0].metadata().get("x-tenant"), Some("a"));
/// assert_eq!(calls[0].code(), Some(Code::Ok));
/// # Ok(()) }
/// ```
///
/// Messages have to be `Clone`, as the call needs them too.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Calls>);

/// Held to add a call, and to look at them; no other code runs meanwhile.
#[derive(Default)]
struct Calls(Mutex<Vec<Arc<dyn AnyTape>>>);

impl Recorder {
    /// One that has seen no call yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The calls of the method `M` until now, in the order in which they were made.
    pub fn calls<M: Recordable>(&self) -> Vec<RecordedCall<M>> {
        self.tapes().into_iter().filter_map(|tape| tape::recorded(&*tape)).collect()
    }

    /// The paths of all calls until now, in the order in which they were made: `/helloworld.Greeter/SayHello`.
    pub fn paths(&self) -> Vec<String> {
        self.tapes().iter().map(|tape| tape.path().to_owned()).collect()
    }

    /// How all calls until now have ended, in the order in which they were made; `None` for one that goes on.
    pub fn ends(&self) -> Vec<(String, Option<RecordedEnd>)> {
        self.tapes().iter().map(|tape| (tape.path().to_owned(), tape.end())).collect()
    }

    /// Forgets the calls until now. Those that go on are not recorded any further.
    pub fn clear(&self) {
        let forgotten = std::mem::take(&mut *self.lock());
        // Not under the lock: messages are dropped here.
        drop(forgotten);
    }

    fn add(&self, tape: Arc<dyn AnyTape>) {
        self.lock().push(tape);
    }

    fn tapes(&self) -> Vec<Arc<dyn AnyTape>> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<dyn AnyTape>>> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Layer<S> for Recorder {
    type Service = RecorderService<S>;

    fn layer(&self, next: S) -> Self::Service {
        RecorderService::new(self.clone(), next)
    }
}

/// Shows the paths.
impl fmt::Debug for Recorder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Recorder").field(&self.paths()).finish()
    }
}
