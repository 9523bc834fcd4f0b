//! [`Mock`]: told which calls to expect and how to answer them, it says in the end what did not come as told.
//!
//! [`Expectation`] is how it is told, `book` decides which call is for which expectation, and [`MockService`] carries the
//! calls.

mod book;
mod expectation;
mod plan;
mod service;
mod times;
mod unmet;

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::thread;

use crate::call::Method;
use crate::testing::mock::book::Book;

pub use self::expectation::Expectation;
pub use self::service::MockService;
pub use self::times::Times;
pub use self::unmet::Unmet;

/// A peer that is told what calls to expect, and what each is answered.
///
/// `#[grpc_client(mock)]` on a trait `Greeter` makes a `MockGreeter` around one, with a method for each method of the
/// trait; this type is for methods by their markers, and of several services at once.
///
/// ```
/// # use grpc_runtime::{Code, Status, grpc_client};
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # pub struct HelloRequest { #[prost(string, tag = "1")] pub name: String }
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # pub struct HelloReply { #[prost(string, tag = "1")] pub message: String }
/// #[grpc_client(service = "helloworld.Greeter", mock)]
/// trait Greeter {
///     async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
/// }
///
/// # async fn example() -> Result<(), Status> {
/// let mock = MockGreeter::new();
/// mock.say_hello()
///     .with(|request| request.name == "Ada")
///     .returns(HelloReply { message: "Hello, Ada!".to_owned() });
/// mock.say_hello().fails(Status::not_found("nobody of that name")).times(2);
///
/// let greeter = mock.client(); // for the code under test
/// # let ask = |name: &str| greeter.say_hello(HelloRequest { name: name.to_owned() });
/// # assert_eq!(ask("Bob").await.unwrap_err().code(), Code::NotFound);
/// # ask("Ada").await?;
/// # assert!(ask("Cy").await.is_err());
/// // .. the test ..
/// mock.verify(); // or by dropping it
/// # Ok(()) }
/// ```
///
/// # Which expectation a call is for
///
/// The first, in the order in which they were made, that is of the call's method, wants more calls and has no
/// condition ([`with`](Expectation::with) and its like) that the call fails. With [`in_order`](Mock::in_order) all that
/// were made before it must have had their calls.
///
/// A call that is for none of them fails with UNIMPLEMENTED. The message names the method, the message of the call and
/// what was expected, and [`verify`](Mock::verify) tells of the call again, lest the program keep the failure to itself.
///
/// # What is not checked on the way
///
/// Layers of the client run as ever, and the deadline of the call holds. Messages are not encoded, so limits on them and
/// compression have no effect.
///
/// # Panics
/// Dropping a mock panics as [`verify`](Mock::verify) does, unless the thread panics already. Clients of it may outlive
/// it; what they do then is not checked any more.
pub struct Mock {
    book: Arc<Book>,
}

impl Mock {
    /// One that expects no call yet.
    pub fn new() -> Self {
        Self { book: Arc::default() }
    }

    /// Expects calls of the method `M`: exactly one, unless the expectation says otherwise.
    #[track_caller]
    pub fn expect<M: Method>(&self) -> Expectation<M>
    where
        M::Request: fmt::Debug,
    {
        Expectation::new(&self.book, Location::caller())
    }

    /// From now on calls come in the order in which they are expected, whatever their methods: each one after those that
    /// were expected before have come as often as they have to. Default: in any order.
    pub fn in_order(&self) -> &Self {
        self.book.keep_order();
        self
    }

    /// What carries calls to this mock: `GreeterClient::with_service(mock.service())`.
    pub fn service(&self) -> MockService {
        MockService::new(&self.book)
    }

    /// Whether everything came as it was expected until now, and nothing else did.
    ///
    /// # Errors
    /// What is missing, and the calls that were not expected.
    pub fn check(&self) -> Result<(), Unmet> {
        self.book.check()
    }

    /// Ends the test here unless everything came as it was expected until now, and nothing else did. Dropping the mock
    /// does the same.
    ///
    /// # Panics
    /// With what is missing, where in the test it was expected, and the calls that were not expected.
    #[track_caller]
    pub fn verify(&self) {
        if let Err(unmet) = self.check() {
            self.book.tell();
            panic!("{unmet}");
        }
    }
}

impl Default for Mock {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        // Two panics at once would end the process, and hide the first.
        if !thread::panicking() && !self.book.is_told() {
            self.verify();
        }
    }
}

/// Shows what is expected.
impl fmt::Debug for Mock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.book.fmt(formatter)
    }
}
