//! Hedging, by a call or a service config, of a method that nothing is said of.

use grpc_runtime::service_config::{HedgingPolicy, ServiceConfig};
use grpc_runtime::{Channel, Status, grpc_client};

#[grpc_client]
pub trait Orders {
    async fn create(&self, request: ()) -> Result<(), Status>;
    #[rpc(idempotent)]
    async fn delete(&self, request: ()) -> Result<(), Status>;
}

async fn calls(orders: OrdersClient<Channel>, policy: HedgingPolicy) -> Result<(), Status> {
    orders.delete(()).hedge(policy).await?;
    orders.create(()).hedge(policy).await
}

fn configs(policy: HedgingPolicy) -> ServiceConfig {
    ServiceConfig::new()
        .method::<orders::Delete>(|m| m.hedge(policy))
        .method::<orders::Create>(|m| m.hedge(policy))
}

fn main() {}
