//! Tracing, a circuit breaker with a fallback, a token and a cache, declared on a trait: whoever makes a client gets them.
//! It prints which calls went further than the cache, and the end of each; the tests below use no network.
#![expect(clippy::print_stdout, reason = "printing is what an example is for")]

use examples::LocalServer;
use examples::helloworld::{HelloReply, HelloRequest};
use grpc_runtime::layer::{Cache, CircuitBreaker, Trace, on_end};
use grpc_runtime::{
    Channel, Code, Invoke, Method, Request, Response, Status, grpc_client, interceptor,
};

/// Sends a token with every call.
#[interceptor]
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
    request: Request<greeter::SayHello>,
    _refused: Status,
) -> Result<Response<greeter::SayHello>, Status> {
    let message = format!("Hello, {}, from memory!", request.message().name);
    Ok(Response::new(HelloReply { message }))
}

/// The first layer is the outermost; those of a method are inside of those of the trait.
#[grpc_client(service = "helloworld.Greeter")]
#[layer(Trace::new())]
#[layer(on_end(|method, ended| println!("  {} ended: {}", method.method(), ended.code())))]
#[layer(CircuitBreaker::per_method().minimum_calls(3).fallback(from_memory))]
#[layer(Auth::new("sesame"))]
trait Greeter {
    #[rpc(no_side_effects, timeout = "5s")]
    #[layer(Cache::new(1_000))]
    #[layer(on_end(|method, _| println!("  {} went out", method.method())))]
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
}

/// What the program makes of a failure.
#[derive(Debug, PartialEq)]
enum NotGreeted {
    NobodyThere,
    Failed(Code),
}

impl From<Status> for NotGreeted {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::Unavailable => NotGreeted::NobodyThere,
            code => NotGreeted::Failed(code),
        }
    }
}

/// Takes the one type that a client has, whatever carries its calls.
async fn welcome(greeter: &GreeterClient, name: &str) -> Result<String, NotGreeted> {
    Ok(greeter.say_hello(HelloRequest { name: name.to_owned() }).await?.message)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = LocalServer::guarded_greeter("Bearer sesame").await?;
    let greeter = GreeterClient::new(Channel::builder(server.target()).build()?);
    for name in ["Ada", "Ada", "nobody"] {
        println!("{name}: {:?}", welcome(&greeter, name).await);
    }
    server.stop().await?;
    println!("== the server is gone");
    for name in ["Bob", "Cy", "Di", "Eve"] {
        println!("{name}: {:?}", welcome(&greeter, name).await);
    }
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
        async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status> {
            self.0.fetch_add(1, Ordering::Relaxed);
            match request.name.as_str() {
                "Ada" => Ok(HelloReply { message: "Hello, Ada!".to_owned() }),
                "Eve" => Err(Status::permission_denied("not you")),
                _ => Err(Status::unavailable("out to lunch")),
            }
        }
    }

    fn greeter() -> (GreeterClient, Arc<AtomicUsize>) {
        let calls = Arc::new(AtomicUsize::new(0));
        (GreeterClient::in_process(Fake(Arc::clone(&calls))), calls)
    }

    #[tokio::test]
    async fn who_was_greeted_is_greeted_from_the_cache() {
        let (greeter, calls) = greeter();
        for _ in 0..3 {
            assert_eq!(welcome(&greeter, "Ada").await.as_deref(), Ok("Hello, Ada!"));
        }
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_server_in_trouble_is_left_alone() {
        let (greeter, calls) = greeter();
        for _ in 0..3 {
            assert_eq!(welcome(&greeter, "Bob").await, Err(NotGreeted::NobodyThere));
        }
        assert_eq!(welcome(&greeter, "Bob").await.as_deref(), Ok("Hello, Bob, from memory!"));
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn a_refusal_is_one() {
        let (greeter, _) = greeter();
        let refused = Err(NotGreeted::Failed(Code::PermissionDenied));
        assert_eq!(welcome(&greeter, "Eve").await, refused);
    }
}
