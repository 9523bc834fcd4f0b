//! The messages of the service, and the service: all that client and server have to agree on.

use grpc_runtime::codec::Json;
use grpc_runtime::{Status, Streaming, grpc_client};
use serde::{Deserialize, Serialize};

/// What somebody wants.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) item: String,
    pub(crate) quantity: u32,
}

/// What it costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Quote {
    pub(crate) cents: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) discount: Option<String>,
}

/// What becomes of an order. Any type of serde's will do, an enum with data as well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub(crate) enum Progress {
    Packed { boxes: u32 },
    Shipped { carrier: String },
    Delivered,
}

/// A service whose messages are JSON: one argument more, and nothing else changes.
#[grpc_client(service = "shop.Orders", codec = Json)]
pub(crate) trait Orders {
    #[rpc(no_side_effects)]
    async fn price(&self, order: Order) -> Result<Quote, Status>;
    async fn follow(&self, order: Order) -> Result<Streaming<Progress>, Status>;
}
