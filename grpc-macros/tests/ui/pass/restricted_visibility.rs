//! Every visibility that is less than public, over messages that are no more visible.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    single_use_lifetimes,
    unreachable_pub,
    unused_qualifications
)]

/// A module.
pub mod outer {
    mod inner {
        use grpc_runtime::{Status, grpc_client};

        #[derive(Clone, PartialEq, prost::Message)]
        pub(super) struct ForSuper {}
        #[derive(Clone, PartialEq, prost::Message)]
        pub(crate) struct ForCrate {}
        #[derive(Clone, PartialEq, prost::Message)]
        struct ForSelf {}

        #[grpc_client]
        pub(super) trait Super {
            async fn call(&self, request: ForSuper) -> Result<ForSuper, Status>;
        }
        #[grpc_client]
        pub(in super::super) trait SuperSuper {
            async fn call(&self, request: ForCrate) -> Result<ForCrate, Status>;
        }
        #[grpc_client]
        pub(in crate::outer) trait Within {
            async fn call(&self, request: ForSuper) -> Result<ForSuper, Status>;
        }
        #[grpc_client]
        pub(crate) trait Crate {
            async fn call(&self, request: ForCrate) -> Result<ForCrate, Status>;
        }
        #[grpc_client]
        pub(self) trait Itself {
            async fn call(&self, request: ForSelf) -> Result<ForSelf, Status>;
        }

        pub(super) fn uses() {
            let _ = |channel| ItselfClient::new(channel).call(ForSelf {});
        }
    }

    use inner::{Crate, CrateClient, SuperClient, SuperSuper, SuperSuperClient, WithinClient, crate_};

    fn is_crate<T: Crate>(_: &T) {}
    fn is_super_super<T: SuperSuper>(_: &T) {}

    /// Uses them.
    pub fn uses() {
        inner::uses();
        let _ = |channel| SuperClient::new(channel).call(inner::ForSuper {});
        let _ = |channel| WithinClient::new(channel).call(inner::ForSuper {});
        let _ = |channel| is_crate(&CrateClient::new(channel).boxed());
        let _ = |channel| is_super_super(&SuperSuperClient::new(channel));
        let _ = |client: CrateClient<crate_::Boxed>| client.call(inner::ForCrate {});
    }
}

fn main() {
    outer::uses();
}
