//! Tracing, a circuit breaker with a fallback, a token, a cache and an error type, declared on a trait.
#![expect(clippy::print_stdout, reason = "printing is what an example is for")]

use examples::LocalServer;
use examples::helloworld::{HelloReply, HelloRequest};
use grpc_runtime::layer::{Cache, CircuitBreaker, Trace, on_end};
use grpc_runtime::{Channel, Code, Invoke, Method, Request, Response, Status, grpc_client};

/// Sends a token with every call.
#[grpc_runtime::interceptor]
async fn auth<M: Method>(
    token: &str,
    mut request: Request<M>,
    next: impl Invoke<M>,
) -> Result<Response<M>, Status> {
    request.metadata_mut().insert("authorization", format!("Bearer {token}"))?;
    next.invoke(request).await
}

/// Greets while the server is left alone.
async fn from_memory(
    _request: Request<greeter::SayHello>,
    _refused: Status,
) -> Result<Response<greeter::SayHello>, Status> {
    Ok(Response::new(HelloReply { message: "Hello, from memory!".to_owned() }))
}

/// What calls fail with. The status stays in reach.
#[derive(Debug, PartialEq)]
struct NotGreeted {
    is_nobody_there: bool,
    status: Status,
}

impl From<Status> for NotGreeted {
    fn from(status: Status) -> Self {
        NotGreeted { is_nobody_there: status.code() == Code::Unavailable, status }
    }
}

impl From<NotGreeted> for Status {
    fn from(error: NotGreeted) -> Status {
        error.status
    }
}

/// The first layer is the outermost; those of a method are inside of those of the trait.
#[grpc_client(service = "helloworld.Greeter", error = NotGreeted)]
#[layer(Trace::new())]
#[layer(on_end(|method, ended| println!("  {} ended: {}", method.method(), ended.code())))]
#[layer(CircuitBreaker::per_method().minimum_calls(3).fallback(from_memory))]
#[layer(Auth::new("sesame"))]
trait Greeter {
    #[rpc(no_side_effects, timeout = "5s")]
    #[layer(Cache::new(1_000))]
    #[layer(on_end(|method, _| println!("  {} went out", method.method())))]
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, NotGreeted>;
}

async fn welcome(greeter: &GreeterClient, guests: &[&str]) {
    for guest in guests {
        match greeter.say_hello(HelloRequest { name: (*guest).to_owned() }).await {
            Ok(reply) => println!("{guest}: {}", reply.message),
            Err(error) if error.is_nobody_there => println!("{guest}: nobody there to greet"),
            Err(error) => println!("{guest}: {}", error.status.message()),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = LocalServer::guarded_greeter("Bearer sesame").await?;
    let greeter = GreeterClient::new(Channel::builder(server.target()).build()?);
    welcome(&greeter, &["Ada", "Ada", "nobody"]).await;
    server.stop().await?;
    println!("== the server is gone");
    welcome(&greeter, &["Bob", "Cy", "Di", "Eve"]).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Counts who comes, and knows nobody but Ada.
    struct Fake(Arc<AtomicUsize>);

    impl Greeter for Fake {
        async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, NotGreeted> {
            self.0.fetch_add(1, Ordering::Relaxed);
            match request.name.as_str() {
                "Ada" => Ok(HelloReply { message: "Hello, Ada!".to_owned() }),
                "Eve" => Err(Status::permission_denied("not you").into()),
                _ => Err(Status::unavailable("out to lunch").into()),
            }
        }
    }

    fn greeter() -> (GreeterClient, Arc<AtomicUsize>) {
        let calls = Arc::new(AtomicUsize::new(0));
        (GreeterClient::in_process(Fake(Arc::clone(&calls))), calls)
    }

    async fn greet(greeter: &GreeterClient, name: &str) -> Result<String, NotGreeted> {
        Ok(greeter.say_hello(HelloRequest { name: name.to_owned() }).await?.message)
    }

    #[tokio::test]
    async fn who_was_greeted_is_greeted_from_the_cache() {
        let (greeter, calls) = greeter();
        for _ in 0..3 {
            assert_eq!(greet(&greeter, "Ada").await.as_deref(), Ok("Hello, Ada!"));
        }
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_server_in_trouble_is_left_alone() {
        let (greeter, calls) = greeter();
        for _ in 0..3 {
            let error = greet(&greeter, "Bob").await.unwrap_err();
            assert!(error.is_nobody_there, "{error:?}");
        }
        assert_eq!(greet(&greeter, "Bob").await.as_deref(), Ok("Hello, from memory!"));
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn a_refusal_is_one() {
        let (greeter, _) = greeter();
        let refused = Status::permission_denied("not you");
        assert_eq!(greet(&greeter, "Eve").await, Err(refused.into()));
    }
}
