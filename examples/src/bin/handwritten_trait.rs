//! A client without a `.proto` file and without a build script: messages and service are written in Rust.
//!
//! The server speaks `routeguide.RouteGuide`. This program declares the part of it that it needs, under names
//! that it likes better, and prints what each attribute became and what the server answered.
#![expect(clippy::print_stdout, reason = "printing is what an example is for")]

use std::error::Error;

use examples::{Guide, LocalServer};
use grpc_runtime::{Channel, Method, Status, Stream, Streaming, grpc_client};

/// A message is a struct that derives `prost::Message`. The tags are what counts on the wire; names are ours.
#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Position {
    #[prost(int32, tag = "1")]
    latitude: i32,
    #[prost(int32, tag = "2")]
    longitude: i32,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Area {
    #[prost(message, optional, tag = "1")]
    one_corner: Option<Position>,
    #[prost(message, optional, tag = "2")]
    other_corner: Option<Position>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Sight {
    #[prost(string, tag = "1")]
    name: String,
}

/// Fields that the server sends and that are not declared here are passed over.
#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Journey {
    #[prost(int32, tag = "2")]
    sights: i32,
    #[prost(int32, tag = "3")]
    metres: i32,
}

/// Which side streams is read from the types. The module of method types is called `travel`, after the trait.
#[grpc_client(service = "routeguide.RouteGuide", client = Traveller)]
trait Travel {
    /// `name` is the method's name on the wire, where it is not `WhatIsAt`. The others are defaults that a call may
    /// change: it takes half a second at most, and where the server fails with UNAVAILABLE, it is made up to three times.
    #[rpc(name = "GetFeature", no_side_effects, timeout = "500ms", retry)]
    async fn what_is_at(&self, position: Position) -> Result<Sight, Status>;

    /// Waits for a connection rather than fail while there is none. After 50 ms without an answer it is made once more
    /// beside, which `idempotent` says does no harm; the first answer counts.
    #[rpc(name = "ListFeatures", idempotent, wait_for_ready, hedge(delay = "50ms"))]
    async fn what_is_in(&self, area: Area) -> Result<Streaming<Sight>, Status>;

    /// Takes replies of 1 KiB at most.
    #[rpc(name = "RecordRoute", max_response_bytes = 1024)]
    async fn walk(&self, way: impl Stream<Item = Position>) -> Result<Journey, Status>;
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    describe::<travel::WhatIsAt>();
    describe::<travel::WhatIsIn>();
    describe::<travel::Walk>();

    let guide = Guide::from_json(include_str!("../../data/places.json"))?;
    let server = LocalServer::route_guide(guide).await?;
    let traveller = Traveller::new(Channel::builder(server.target()).build()?);

    let sight = traveller.what_is_at(HERON_POND).await?;
    println!("what_is_at -> {}", sight.name);

    let area = Area { one_corner: Some(HERON_POND), other_corner: Some(FERRY_STEPS) };
    let mut sights = traveller.what_is_in(area).await?;
    while let Some(sight) = sights.message().await? {
        println!("what_is_in -> {}", sight.name);
    }

    let way = futures_util::stream::iter([HERON_POND, FERRY_STEPS]);
    let journey = traveller.walk(way).await?;
    println!("walk       -> {} sights, {} m", journey.sights, journey.metres);

    server.stop().await?;
    Ok(())
}

/// A method is a type, and knows all about itself without a call being made.
fn describe<M: Method>() {
    let method = M::DESCRIPTOR;
    println!(
        "{}: {:?}, {:?}, timeout {:?}, wait_for_ready {:?}, max_response_bytes {:?}",
        method.path(),
        method.kind(),
        method.idempotency(),
        method.timeout(),
        method.wait_for_ready(),
        method.max_response_bytes(),
    );
}

const HERON_POND: Position = Position { latitude: 462_153_001, longitude: 61_523_400 };
const FERRY_STEPS: Position = Position { latitude: 462_066_020, longitude: 61_520_330 };
