//! Layers on traits and methods, of every origin, where names of the client's own code might get in their way.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    single_use_lifetimes,
    unreachable_pub,
    unused_qualifications
)]

use grpc_runtime::layer::{Cache, CatchPanic, Next, Trace, from_fn, only};
use grpc_runtime::{
    AnyMethod, Boxed, Channel, InProcess, Intercept, Interceptor, Invoke, Method, Request,
    Response, Status, Streaming, grpc_client,
};

/// A name that is local in generated code.
fn service() -> u8 {
    1
}

/// A type of the name of a parameter.
#[derive(Debug, Clone)]
pub struct S(u8);

impl<M: Method> Interceptor<M> for S {
    async fn intercept<N: Invoke<M>>(
        &self,
        request: Request<M>,
        next: N,
    ) -> Result<Response<M>, Status> {
        assert_eq!(self.0, 1);
        next.invoke(request).await
    }
}

/// A service.
#[grpc_client]
#[layer(Intercept(S(service())))]
#[layer(from_fn(|request: Request<AnyMethod>, next: Next<AnyMethod>| next.invoke(request)))]
#[layer({
    let cache = Cache::new(10);
    only::<everywhere::Read, _>(cache)
})]
pub trait Everywhere {
    /// With a layer of a closure's type, which has no name.
    #[layer(from_fn(async |request: Request<everywhere::Read>, next: Next<_>| {
        next.invoke(request).await
    }))]
    async fn read(&self, request: ()) -> Result<(), Status>;
    /// With two.
    #[layer(Trace::new())]
    #[layer(CatchPanic)]
    async fn watch(&self, request: ()) -> Result<Streaming<()>, Status>;
    /// With none.
    async fn call(&self, request: ()) -> Result<(), Status>;
}

/// Layers on methods alone.
#[grpc_client]
trait OnAMethod {
    #[layer(Trace::new())]
    async fn layered(&self, request: ()) -> Result<(), Status>;
    async fn own_0(&self, request: ()) -> Result<(), Status>;
    #[cfg(any())]
    #[layer(missing::Layer)]
    async fn absent(&self, request: ()) -> Result<(), Status>;
}

/// A trait with layers and no methods.
#[grpc_client]
#[layer(Trace::new())]
trait Empty {}

#[derive(Debug)]
struct Fake;

impl Everywhere for Fake {
    async fn read(&self, (): ()) -> Result<(), Status> {
        Ok(())
    }

    async fn watch(&self, (): ()) -> Result<Streaming<()>, Status> {
        Ok(Streaming::from_iter([]))
    }

    async fn call(&self, (): ()) -> Result<(), Status> {
        Ok(())
    }
}

impl OnAMethod for Fake {
    async fn layered(&self, (): ()) -> Result<(), Status> {
        Ok(())
    }

    async fn own_0(&self, (): ()) -> Result<(), Status> {
        Ok(())
    }
}

impl Empty for Fake {}

/// A field needs no parameter, whatever carries the calls.
#[derive(Debug, Clone)]
struct App {
    everywhere: EverywhereClient,
    on_a_method: OnAMethodClient,
    empty: EmptyClient<Boxed<empty::Services>>,
}

fn over_the_network(channel: Channel) -> App {
    App {
        everywhere: EverywhereClient::new(channel.clone()),
        on_a_method: OnAMethodClient::with_service(channel.clone()),
        empty: EmptyClient::new(channel),
    }
}

fn in_process() -> App {
    App {
        everywhere: EverywhereClient::in_process(Fake),
        on_a_method: OnAMethodClient::without_layers(InProcess::new(Fake)).boxed(),
        empty: EmptyClient::in_process(Fake),
    }
}

fn generic(everywhere: impl Everywhere, on_a_method: impl OnAMethod) {
    fn is_sent<T: Send + 'static>(_: T) {}
    is_sent(async move { (everywhere.call(()).await, on_a_method.own_0(()).await) });
}

fn main() {
    let _: fn(Channel) -> App = over_the_network;
    let App { everywhere, on_a_method, empty } = in_process();
    let _empty = empty;
    generic(everywhere.clone(), on_a_method.clone());
    generic(everywhere.layer(Intercept(S(1))), on_a_method.layer(Trace::new()).boxed());
}
