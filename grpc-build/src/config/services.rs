//! The options for services and their methods.

use super::{Config, Target};

/// # Services
impl Config {
    /// Writes an attribute above a service's trait, below `#[grpc_client]`, which sees it:
    /// `#[cfg(..)]` takes the client in or out. For layers there is [`layer`](Config::layer).
    pub fn service_attribute(self, path: impl Into<String>, attribute: impl Into<String>) -> Self {
        self.attribute(Target::Service, path, attribute)
    }

    /// Writes an attribute above methods: `#[rpc(timeout = "500ms", wait_for_ready)]`.
    /// It adds to the `#[rpc(..)]` that the `.proto` file gives rise to.
    pub fn method_attribute(self, path: impl Into<String>, attribute: impl Into<String>) -> Self {
        self.attribute(Target::Method, path, attribute)
    }

    /// Puts a layer on what `path` chooses, as `#[layer(..)]`: on all methods of a service, or on one method.
    ///
    /// ```
    /// # let config =
    /// grpc_build::configure()
    ///     .layer("helloworld.Greeter", "crate::layers::trace()")
    ///     .layer("Greeter.SayHello", "::grpc_runtime::layer::Cache::new(1_000)")
    /// # ;
    /// ```
    ///
    /// Of several, the one that is given first is the outermost; those of a service are outside of those of its
    /// methods. A path that chooses a service leaves its methods alone, so that `.` is every service.
    /// `layer` is an expression, evaluated once for each client that is made. It stands in a module of the generated
    /// code, so its paths start with `crate::` or `::`.
    ///
    /// A path that chooses nothing is an error here, for a layer that is missing goes unnoticed.
    pub fn layer(self, path: impl Into<String>, layer: impl Into<String>) -> Self {
        self.attribute(Target::Layer, path, layer)
    }

    /// Whether to generate the services' traits. Default: yes. Without them the output names `::prost` and
    /// `::prost_types` alone, unless there is a [`crate_path`](Config::crate_path): for a crate of messages
    /// that others share.
    pub fn build_traits(mut self, build: bool) -> Self {
        self.traits = build;
        self
    }

    /// Where generated code finds the `grpc-runtime` crate: for a crate that re-exports it, or renames
    /// it in `Cargo.toml`. Default: `::grpc_runtime`.
    pub fn crate_path(mut self, path: impl Into<String>) -> Self {
        self.crate_path = Some(path.into());
        self
    }

    /// The codec of every generated client, as a path: `::grpc_runtime::codec::Json`. Default: prost.
    pub fn codec(mut self, path: impl Into<String>) -> Self {
        self.codec = Some(path.into());
        self
    }
    /// What the calls of every generated client fail with, as a path: `crate::StoreError`, which is made of a `Status` as
    /// `grpc_runtime::FromStatus` says. Default: `grpc_runtime::Status`.
    pub fn error(mut self, path: impl Into<String>) -> Self {
        self.error = Some(path.into());
        self
    }

    /// Whether each generated trait has a mock, `MockGreeter` for `Greeter`, for tests: see `grpc_runtime::testing`.
    /// Requests have to be `Debug`. Default: no.
    ///
    /// What no test uses is not linked, so there is no need to generate anew for tests.
    pub fn mocks(mut self, generate: bool) -> Self {
        self.mocks = generate;
        self
    }
}
