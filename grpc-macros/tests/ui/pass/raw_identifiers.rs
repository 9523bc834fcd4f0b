//! Keywords as names of everything.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    single_use_lifetimes,
    unreachable_pub,
    unused_qualifications
)]

use grpc_runtime::{Channel, Method, Status, grpc_client};

/// A service whose name is a keyword once it is a module's.
#[grpc_client]
pub trait Match {
    /// A method that is a keyword.
    async fn r#type(&self, r#in: ()) -> Result<(), Status>;
    /// Another, whose marker cannot be one.
    async fn self_(&self, request: ()) -> Result<(), Status>;
}

/// A service that is a keyword.
#[grpc_client(module = loop_methods)]
#[allow(non_camel_case_types, reason = "to be a keyword")]
pub trait r#loop {
    /// A method.
    async fn r#yield(&self, request: ()) -> Result<(), Status>;
}

mod types {
    /// Names of the user's own, raw.
    #[grpc_runtime::grpc_client(client = r#Struct, module = r#mod)]
    pub(crate) trait Named {
        /// A method.
        async fn r#async(&self, request: ()) -> Result<(), grpc_runtime::Status>;
    }
}

fn main() {
    assert_eq!(r#match::Type::DESCRIPTOR.path(), "/Match/Type");
    assert_eq!(r#match::SelfMethod::DESCRIPTOR.path(), "/Match/Self");
    assert_eq!(types::r#mod::Async::DESCRIPTOR.path(), "/Named/Async");
    let _ = |channel: Channel| {
        let _ = MatchClient::new(channel.clone()).r#type(());
        let _ = types::Struct::new(channel).r#async(());
    };
}
