//! An implementation whose future cannot move between threads.

use grpc_runtime::{Status, grpc_client};


use std::rc::Rc;

#[grpc_client]
pub trait Service {
    async fn call(&self, request: ()) -> Result<(), Status>;
}

struct Fake;

impl Service for Fake {
    async fn call(&self, (): ()) -> Result<(), Status> {
        let count = Rc::new(1);
        std::future::ready(()).await;
        drop(count);
        Ok(())
    }
}

fn main() {}
