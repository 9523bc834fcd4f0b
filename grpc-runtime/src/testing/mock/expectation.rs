//! [`Expectation`]: says which calls are meant, what they are answered, and how often they come.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};

use crate::call::{In, Method, Out, Script, SingleRequest, SingleResponse, StreamingResponse};
use crate::metadata::Metadata;
use crate::status::Status;
use crate::testing::mock::book::Book;
use crate::testing::mock::plan::{Answer, Condition, Plan};
use crate::testing::mock::times::Times;

/// Calls of the method `M` that a [`Mock`](crate::testing::Mock) expects. It counts from the moment when it is made;
/// what is said here adds to it.
///
/// | which calls | what they are answered | how often they come |
/// |---|---|---|
/// | [`with`](Self::with), [`with_message`](Self::with_message) | [`returns`](Self::returns), [`streams`](Self::streams) | once, if nothing is said |
/// | [`with_all`](Self::with_all): of a stream of requests | [`fails`](Self::fails) | once for each answer, if there are several |
/// | [`with_metadata`](Self::with_metadata) | [`answers`](Self::answers) | [`times`](Self::times), [`never`](Self::never) |
///
/// Where it has several answers they are given in their order, one a call.
pub struct Expectation<M: Method> {
    book: Arc<Book>,
    index: usize,
    /// Held to write it; no code of the program runs meanwhile.
    plan: Arc<Mutex<Plan<M>>>,
}

impl<M: Method> Expectation<M> {
    pub(super) fn new(book: &Arc<Book>, place: &'static Location<'static>) -> Self {
        let (index, plan) = book.add(place);
        Self { book: Arc::clone(book), index, plan }
    }

    // ----- which calls -----

    /// Only calls whose message fits `condition`.
    #[must_use = "it still has to be said what is answered"]
    pub fn with(self, condition: impl Fn(&M::Request) -> bool + Send + Sync + 'static) -> Self
    where
        M::Kind: SingleRequest,
    {
        let condition = move |messages: &[M::Request]| messages.iter().all(&condition);
        self.with_condition(condition, "with a message that fits".to_owned())
    }

    /// Only calls with this message. What is told of a call that did not come shows it.
    #[must_use = "it still has to be said what is answered"]
    pub fn with_message(self, message: M::Request) -> Self
    where
        M::Kind: SingleRequest,
        M::Request: PartialEq + fmt::Debug + Sync,
    {
        let told = format!("with {message:?}");
        self.with_condition(move |messages| messages.iter().all(|one| *one == message), told)
    }

    /// Only calls whose messages, all that are sent, fit `condition`. They are read to their end before the call is
    /// answered.
    #[must_use = "it still has to be said what is answered"]
    pub fn with_all(
        self,
        condition: impl Fn(&[M::Request]) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.with_condition(condition, "with messages that fit".to_owned())
    }

    /// Only calls whose metadata has this value under this key, be it with others.
    #[must_use = "it still has to be said what is answered"]
    pub fn with_metadata(self, key: &str, value: &str) -> Self {
        self.book.add_condition(self.index, format!("with metadata {key}: {value}"));
        let condition = Condition::Metadata { key: key.to_owned(), value: value.to_owned() };
        self.write(|plan| plan.conditions.push(condition));
        self
    }

    // ----- what they are answered -----

    /// Answers with this message. For a call that sends a stream: once all of it is read.
    pub fn returns(self, message: M::Response) -> Self
    where
        M::Kind: SingleResponse,
    {
        self.answer(Answer::script(vec![message], Ok(())))
    }

    /// Answers with these messages, and then OK, or what [`then_fails`](Self::then_fails) says. For a call that sends
    /// a stream: once all of it is read. A conversation is for [`answers`](Self::answers).
    pub fn streams(self, messages: impl IntoIterator<Item = M::Response>) -> Self
    where
        M::Kind: StreamingResponse,
    {
        self.answer(Answer::script(messages.into_iter().collect(), Ok(())))
    }

    /// The stream that was named last ends with this failure, after its messages.
    pub fn then_fails(self, status: Status) -> Self
    where
        M::Kind: StreamingResponse,
    {
        self.change_last(|script| script.end = Err(status))
    }

    /// Answers with this failure, with no message before it.
    pub fn fails(self, status: Status) -> Self {
        self.answer(Answer::script(Vec::new(), Err(status)))
    }

    /// Answers with what `answer` makes of the message, or of the [`Outbound`](crate::Outbound) of messages: as an
    /// implementation of the trait would.
    ///
    /// ```
    /// # use grpc_runtime::{Method, Status, Unary};
    /// # use grpc_runtime::testing::Expectation;
    /// # fn example<M: Method<Request = String, Response = usize, Kind = Unary>>(expectation: Expectation<M>) {
    /// expectation.answers(|name| async move { Ok(name.len()) }).times(..);
    /// # }
    /// ```
    pub fn answers<F>(self, answer: impl Fn(Out<M>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<In<M>, Status>> + Send + 'static,
    {
        self.answer(Answer::Function(Arc::new(move |message| Box::pin(answer(message)))))
    }

    /// The headers of the answer that was named last, which has to be one of [`returns`](Self::returns) or
    /// [`streams`](Self::streams).
    pub fn with_headers(self, headers: Metadata) -> Self {
        self.change_last(|script| script.headers = headers)
    }

    /// The trailers of the answer that was named last, as [`with_headers`](Self::with_headers). Those of a failure are
    /// its [metadata](Status::with_metadata).
    pub fn with_trailers(self, trailers: Metadata) -> Self {
        self.change_last(|script| script.trailers = trailers)
    }

    // ----- how often they come -----

    /// How often the calls come: `2`, `1..`, `..=3`, or `..` for any number; see [`Times`]. Where there are more calls
    /// than answers, the last answer is given again, which is why its messages have to be `Clone`.
    pub fn times(self, times: impl Into<Times>) -> Self
    where
        M::Response: Clone,
    {
        self.write(|plan| plan.again = Some(Script::clone));
        self.book.set_times(self.index, times.into());
        self
    }

    /// Such calls must not come: one that does is unexpected, whatever is expected after this.
    pub fn never(self) -> Self {
        self.book.set_times(self.index, Times::NEVER);
        self
    }

    fn with_condition(
        self,
        condition: impl Fn(&[M::Request]) -> bool + Send + Sync + 'static,
        told: String,
    ) -> Self {
        self.book.add_condition(self.index, told);
        self.write(|plan| plan.conditions.push(Condition::Messages(Arc::new(condition))));
        self
    }

    fn answer(self, answer: Answer<M>) -> Self {
        let answers = self.write(|plan| {
            plan.answers.push_back(answer);
            plan.answered()
        });
        self.book.set_answers(self.index, answers);
        self
    }

    fn change_last(self, change: impl FnOnce(&mut Script<M::Response>)) -> Self {
        self.write(|plan| match plan.answers.back_mut() {
            Some(Answer::Script(script)) => change(script),
            Some(Answer::Function(_)) => {
                panic!("the function of `answers(..)` says itself how a stream goes")
            }
            None => panic!("first say what is answered, by `returns(..)` or `streams(..)`"),
        });
        self
    }

    fn write<R>(&self, write: impl FnOnce(&mut Plan<M>) -> R) -> R {
        write(&mut self.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<M: Method> fmt::Debug for Expectation<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Expectation").field(&M::DESCRIPTOR.path()).finish()
    }
}
