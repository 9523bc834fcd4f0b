//! Help for tests of programs that make calls: a [`Recorder`] of the calls that were made, and a [`Mock`] that is told
//! what calls to expect and how to answer them.
//!
//! Not for shipped code, though nothing keeps it out: what a program does not use is not linked, and costs it no
//! dependency. A fake that behaves like the server needs neither: implement the client's trait, and make a client of it
//! by `GreeterClient::in_process(fake)`.
//!
//! | to | use |
//! |---|---|
//! | answer calls by a few lines of code | an implementation of the trait, [`InProcess`](crate::InProcess) |
//! | say which calls shall come and what each is answered | [`Mock`], or the one that `#[grpc_client(mock)]` makes for a trait |
//! | look afterwards at the calls that were made, over whatever client | [`Recorder`] |
//! | see what the program does about delays and failures | [`layer::Faults`](crate::layer::Faults) |

mod mock;
mod recorder;

pub use self::mock::{Expectation, Mock, MockService, Times, Unmet};
pub use self::recorder::{Recordable, RecordedCall, RecordedEnd, Recorder, RecorderService};
