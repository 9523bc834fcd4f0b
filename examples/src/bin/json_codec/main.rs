//! A service whose messages are JSON on the wire: `codec = Json` on the trait, and serde's derives on the types.
//!
//! It prints what the shop quotes, what becomes of an order, and how the shop refuses one. How the server does
//! it is in `server.rs`, and no part of the lesson.
#![expect(clippy::print_stdout, reason = "printing is what an example is for")]

mod orders;
mod server;

use std::error::Error;

use examples::LocalServer;
use grpc_runtime::Channel;
use grpc_runtime::codec::{Codec as _, Json};

use crate::orders::{Order, OrdersClient};
use crate::server::Shop;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = LocalServer::plaintext(Shop).await?;
    let shop = OrdersClient::new(Channel::builder(server.target()).build()?);
    println!("content-type: {}", Json::CONTENT_TYPE);

    println!("3 apples: {:?}", shop.price(order("apple", 3)).await?);
    println!("24 apples: {:?}", shop.price(order("apple", 24)).await?);

    let mut events = shop.follow(order("apple", 24)).await?;
    while let Some(event) = events.message().await? {
        println!("event: {event:?}");
    }

    match shop.price(order("pear", 1)).await {
        Ok(quote) => return Err(format!("pears are not sold, and cost {quote:?}").into()),
        Err(status) => println!("1 pear: {status}"),
    }

    server.stop().await?;
    Ok(())
}

fn order(item: &str, quantity: u32) -> Order {
    Order { item: item.to_owned(), quantity }
}
