//! The expansion as a person reads it: what traits become, compared with files that are reviewed.
//! Write them anew by `GOLDEN=overwrite cargo test -p grpc-macros`.

use std::path::Path;

use proc_macro2::TokenStream;

use crate::{expanded, interceptor};

#[test]
fn four_shapes() {
    let arguments = r#"service = "helloworld.Greeter""#;
    let item = r#"
        /// Greets.
        pub trait Greeter {
            /// Says hello.
            #[rpc(idempotent, timeout = "500ms")]
            async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
            async fn list(&self, request: HelloRequest) -> Result<Streaming<HelloReply>, Status>;
            async fn collect(
                &self,
                requests: impl Stream<Item = HelloRequest>,
            ) -> Result<HelloReply, Status>;
            async fn chat(
                &self,
                requests: impl Stream<Item = HelloRequest>,
            ) -> Result<Streaming<HelloReply>, Status>;
        }
    "#;
    check("four_shapes", arguments, item);
}

#[test]
fn every_argument() {
    let arguments = r#"
        package = "a.b", codec = codecs::Json, client = Calls, module = calls, crate = self::runtime
    "#;
    let item = r#"
        #[deprecated]
        pub(super) trait Kept: Named {
            #[cfg(unix)]
            #[cfg(feature = "more")]
            #[deprecated = "write `put`"]
            #[rpc(name = "Put", no_side_effects, timeout = "1.000001s")]
            #[rpc(compress = "gzip", wait_for_ready = false, max_request_bytes = 8, max_response_bytes = 2 * LIMIT)]
            async fn r#type(&self, _: S) -> Result<(), Status>;
        }
    "#;
    check("every_argument", arguments, item);
}

#[test]
fn policies() {
    let item = r#"
        pub trait Shop {
            #[rpc(no_side_effects, hedge(delay = "20ms"))]
            async fn find(&self, request: Query) -> Result<Found, Status>;
            #[rpc(
                timeout = "5s",
                retry(max_attempts = 4, initial_backoff = "100ms", max_backoff = "1s", codes(UNAVAILABLE, ABORTED)),
            )]
            #[cfg(unix)]
            async fn buy(&self, request: Order) -> Result<Bought, Status>;
            #[rpc(idempotent, retry(attempt_timeout = "1s"))]
            async fn cancel(&self, request: Order) -> Result<(), Status>;
        }
    "#;
    check("policies", r#"service = "shop.Shop""#, item);
}

#[test]
fn layers_on_the_trait() {
    let item = r#"
        #[layer(Trace::new())]
        #[layer(CACHE.clone())]
        pub trait Greeter {
            async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
        }
    "#;
    check("layers_on_the_trait", "", item);
}

#[test]
fn layers_on_both() {
    let item = r#"
        #[layer(Trace::new())]
        trait Greeter {
            #[layer(Cache::new(100))]
            #[layer(Validation)]
            async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
            #[cfg(unix)]
            #[layer(Validation)]
            async fn list(&self, request: HelloRequest) -> Result<Streaming<HelloReply>, Status>;
            async fn other(&self, request: HelloRequest) -> Result<HelloReply, Status>;
        }
    "#;
    check("layers_on_both", "", item);
}

#[test]
fn mocked() {
    let item = r#"
        pub trait Store: Named {
            #[cfg(feature = "more")]
            async fn get(&self, request: Key) -> Result<Item>;
            async fn put_all(&self, requests: impl Stream<Item = Item>) -> Result<Count, StoreError>;
        }
    "#;
    check("mocked", "error = StoreError, mock", item);
}

#[test]
fn mistakes_leave_the_trait() {
    let item = r#"
        pub trait Greeter {
            #[rpc(timeout = "never")]
            async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
            const fn wrong<T>(self, Pattern(inside): T) {}
        }
    "#;
    check("mistakes_leave_the_trait", r#"service = "a/b", codex = Json"#, item);
}

#[test]
fn interceptors() {
    let item = r#"
        /// Counts calls.
        #[cfg(unix)]
        pub(crate) async fn count_calls<M: Method>(
            counter: &Counter,
            step: usize,
            request: Request<M>,
            next: impl Invoke<M>,
        ) -> Result<Response<M>, Status>
        where
            M: Shareable,
        {
            counter.add(step);
            next.invoke(request).await
        }
    "#;
    check_with("interceptor_with_state", "", item, interceptor::expanded);
    let item = r#"
        async fn polite(
            request: Request<greeter::SayHello>,
            next: impl Invoke<greeter::SayHello>,
        ) -> Result<Response<greeter::SayHello>, Status> {
            next.invoke(request).await
        }
    "#;
    check_with("interceptor_of_one_method", "name = Manners", item, interceptor::expanded);
}

fn check(name: &str, arguments: &str, item: &str) {
    check_with(name, arguments, item, expanded);
}

type Expand = fn(TokenStream, TokenStream) -> TokenStream;

fn check_with(name: &str, arguments: &str, item: &str, expand: Expand) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/golden/{name}.expanded"));
    let expansion = written(arguments, item, expand);
    if std::env::var_os("GOLDEN").is_some_and(|value| value == "overwrite") {
        std::fs::write(&path, &expansion).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(&path).expect("there is a golden file");
    assert_eq!(expansion, golden, "the expansion changed: is the new one right?");
}

fn written(arguments: &str, item: &str, expand: Expand) -> String {
    let tokens = |text: &str| text.parse::<TokenStream>().expect("the test's own text is Rust");
    let expansion = expand(tokens(arguments), tokens(item));
    prettyplease::unparse(&syn::parse2(expansion).expect("the expansion is a file of Rust"))
}
