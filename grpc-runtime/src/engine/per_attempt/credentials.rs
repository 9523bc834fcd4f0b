//! Asks the credentials of the channel and of the call, for the connection that was picked (requirements T-02, T-03).

use std::error::Error;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::connectivity::ConnectivityState;
use crate::credentials::{CallCredentials, CredentialsRequest, SecurityLevel};
use crate::engine::Shared;
use crate::engine::again::failure_of;
use crate::engine::ending::Ending;
use crate::engine::outcome::panicked;
use crate::engine::per_attempt::Starting;
use crate::engine::pick::{NotPicked, Picked, closed, not_sent, of_control_plane};
use crate::metadata::{InvalidMetadata, Metadata};
use crate::method::MethodDescriptor;
use crate::rt;
use crate::status::Status;
use crate::transport::h2::Connection;

/// Puts what they give beside what the picker gave; `None` when the connection has gone meanwhile.
pub(super) async fn ask(
    shared: &Shared,
    starting: &Starting<'_>,
    picked: Picked,
) -> Result<Option<Picked>, NotPicked> {
    if all(shared, starting).next().is_none() {
        return Ok(Some(picked));
    }
    let Picked { connection, slot, subchannel, metadata, ending } = picked;
    let audience = audience(starting);
    let level = connection.security_level();
    let request = CredentialsRequest::new(&audience, starting.method, level);
    let mut gathering = pin!(gather(shared, starting, &request));
    let answer = match poll_fn(|context| Poll::Ready(poll_caught(&mut gathering, context))).await {
        Poll::Ready(gathered) => gathered.map(|gathered| Some((gathered, slot))),
        Poll::Pending => {
            // Others are not to wait for a stream because these wait for a token.
            drop(slot);
            let waiting = async {
                let gathered = poll_fn(|context| poll_caught(&mut gathering, context)).await?;
                // `None`, where it has gone: then another is picked.
                Ok(connection.slot().await.map(|slot| (gathered, slot)))
            };
            within(shared, starting, waiting).await
        }
    };
    match answer {
        Ok(None) => Ok(None),
        Ok(Some((gathered, slot))) => {
            let metadata = join(metadata, gathered);
            Ok(Some(Picked { connection, slot, subchannel, metadata, ending }))
        }
        Err(status) => Err(fail(status, &connection, ending)),
    }
}

/// What all of them give without being waited for; `None` where one has to be.
pub(super) fn now(shared: &Shared, starting: &Starting<'_>) -> Option<Result<Metadata, Status>> {
    let now = || {
        let mut gathered = Metadata::new();
        for credentials in all(shared, starting) {
            gathered.take_in(credentials.metadata_now()?);
        }
        Some(gathered)
    };
    match catch_unwind(AssertUnwindSafe(now)) {
        Ok(gathered) => gathered.map(Ok),
        Err(panic) => Some(Err(panicked(WHOSE, &*panic))),
    }
}

/// Puts that beside what the picker gave, where the connection is safe enough for it.
pub(super) fn add(
    shared: &Shared,
    starting: &Starting<'_>,
    picked: Picked,
    gathered: Result<Metadata, Status>,
) -> Result<Picked, NotPicked> {
    let Picked { connection, slot, subchannel, metadata, ending } = picked;
    let level = connection.security_level();
    let check = || check(shared, starting, level);
    let checked =
        catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|panic| Err(panicked(WHOSE, &*panic)));
    match checked.and(gathered) {
        Ok(gathered) => {
            let metadata = join(metadata, gathered);
            Ok(Picked { connection, slot, subchannel, metadata, ending })
        }
        Err(status) => Err(fail(status, &connection, ending)),
    }
}

fn all<'a>(
    shared: &'a Shared,
    starting: &Starting<'a>,
) -> impl Iterator<Item = &'a Arc<dyn CallCredentials>> {
    shared.per_attempt.credentials.iter().chain(starting.options.call_credentials())
}

fn join(metadata: Option<Box<Metadata>>, gathered: Metadata) -> Option<Box<Metadata>> {
    match metadata {
        None if gathered.is_empty() => None,
        None => Some(Box::new(gathered)),
        Some(mut metadata) => {
            metadata.extend(&gathered);
            Some(metadata)
        }
    }
}

fn fail(status: Status, connection: &Connection, mut ending: Ending) -> NotPicked {
    let status = not_sent(status.with_peer(connection.peer()));
    ending.end(Err(&status), None);
    NotPicked { failure: Some(failure_of(&status)), status }
}

fn check(shared: &Shared, starting: &Starting<'_>, level: SecurityLevel) -> Result<(), Status> {
    let required = all(shared, starting).map(CallCredentials::required_security).max();
    match required.filter(|required| *required > level) {
        Some(required) => Err(unprotected(required, level)),
        None => Ok(()),
    }
}

/// What all of them give, that of the channel first.
async fn gather(
    shared: &Shared,
    starting: &Starting<'_>,
    request: &CredentialsRequest<'_>,
) -> Result<Metadata, Status> {
    check(shared, starting, request.security_level())?;
    let mut gathered = Metadata::new();
    for credentials in all(shared, starting) {
        gathered.take_in(credentials.metadata(request).await.map_err(failed)?);
    }
    Ok(gathered)
}

/// Credentials may be anybody's: a panic of theirs ends this call, and not the task that makes it.
fn poll_caught<F>(gathering: &mut Pin<&mut F>, context: &mut Context<'_>) -> Poll<F::Output>
where
    F: Future<Output = Result<Metadata, Status>>,
{
    catch_unwind(AssertUnwindSafe(|| gathering.as_mut().poll(context)))
        .unwrap_or_else(|panic| Poll::Ready(Err(panicked(WHOSE, &*panic))))
}

/// Under the call's deadline, and as long as the channel is open.
async fn within<T>(
    shared: &Shared,
    starting: &Starting<'_>,
    waiting: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    let _in_use = shared.published.wait();
    let mut waiting = pin!(waiting);
    let mut closing = pin!(closing(shared));
    let either = poll_fn(|context| match waiting.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(answer),
        Poll::Pending => closing.as_mut().poll(context).map(|()| Err(closed())),
    });
    match starting.settled.terms.deadline {
        None => either.await,
        Some(deadline) => rt::until(deadline, either).await.unwrap_or_else(|| {
            Err(Status::deadline_exceeded(
                "the deadline passed while the call waited for its credentials",
            ))
        }),
    }
}

async fn closing(shared: &Shared) {
    let mut changes = shared.published.changes();
    loop {
        changes.borrow_and_update();
        let is_closed = shared.published.load().state == ConnectivityState::Shutdown;
        if is_closed || changes.changed().await.is_err() {
            return;
        }
    }
}

/// The service as credentials are made out to it (gRFC A97 and grpc-go write it so).
fn audience(starting: &Starting<'_>) -> String {
    let authority = starting.options.authority();
    write_audience(authority.unwrap_or(starting.settled.template.authority()), starting.method)
}

fn write_audience(authority: &str, method: &MethodDescriptor) -> String {
    let host = authority.strip_suffix(":443").unwrap_or(authority);
    format!("https://{host}/{}", method.service())
}

fn failed(error: Box<dyn Error + Send + Sync>) -> Status {
    let error = match error.downcast::<Status>() {
        Ok(status) => return of_control_plane(*status, WHOSE),
        Err(error) => error,
    };
    match error.downcast::<InvalidMetadata>() {
        Ok(invalid) => Status::from(*invalid),
        Err(error) => {
            Status::unauthenticated("the call credentials gave nothing to send").with_source(error)
        }
    }
}

fn unprotected(required: SecurityLevel, level: SecurityLevel) -> Status {
    Status::unauthenticated(format!(
        "the call credentials need a connection with {required}, and this one has {level}: use TLS \
         (`ChannelBuilder::tls`, no `plaintext`), or, where everyone on the way may read them, say so by \
         `BearerToken::allow_plaintext` or `CallCredentials::required_security`"
    ))
}

const WHOSE: &str = "what gives call credentials";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::MethodKind;

    #[test]
    fn the_audience_is_the_service_without_port_443() {
        let method = MethodDescriptor::new("/helloworld.Greeter/SayHello", MethodKind::Unary);
        for (authority, audience) in [
            ("greeter.prod", "https://greeter.prod/helloworld.Greeter"),
            ("greeter.prod:443", "https://greeter.prod/helloworld.Greeter"),
            ("greeter.prod:8443", "https://greeter.prod:8443/helloworld.Greeter"),
            ("[::1]:443", "https://[::1]/helloworld.Greeter"),
        ] {
            assert_eq!(write_audience(authority, &method), audience);
        }
    }
}
