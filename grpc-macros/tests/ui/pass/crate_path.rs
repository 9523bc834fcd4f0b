//! The runtime under other names, from every place.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    single_use_lifetimes,
    unreachable_pub,
    unused_qualifications
)]

extern crate grpc_runtime as renamed;

/// A module with the runtime in it.
pub mod reexports {
    pub use ::grpc_runtime as runtime;
}

/// From the root of the crate.
#[renamed::grpc_client(crate = crate::reexports::runtime)]
pub trait FromCrate {
    /// A method.
    async fn call(&self, request: ()) -> Result<(), renamed::Status>;
}

/// By a crate's name.
#[renamed::grpc_client(crate = renamed)]
pub trait ByName {
    /// A method.
    async fn call(&self, request: ()) -> Result<(), renamed::Status>;
}

/// By a crate's name, told to be one.
#[renamed::grpc_client(crate = ::grpc_runtime)]
pub trait Absolute {
    /// A method.
    async fn call(&self, request: ()) -> Result<(), renamed::Status>;
}

/// A module.
pub mod nested {
    use grpc_runtime as local;

    /// From the module itself.
    #[local::grpc_client(crate = self::local)]
    pub trait FromSelf {
        /// A method.
        #[cfg(not(any()))]
        async fn call(&self, request: ()) -> Result<(), local::Status>;
    }

    /// From the module above.
    #[local::grpc_client(crate = super::reexports::runtime)]
    pub trait FromSuper {
        /// A method.
        async fn call(&self, request: ()) -> Result<(), local::Status>;
    }
}

fn main() {}
