//! The four shapes of a gRPC method, each doing what it is for: a guide to the places in a data file.
//!
//! It prints what was asked and what came back: one place, the places of an area, a journey summed up, and a
//! conversation in which each side speaks when it has something to say.
#![expect(clippy::print_stdout, reason = "printing is what an example is for")]

use std::error::Error;

use examples::routeguide::{Point, Rectangle, RouteGuideClient, RouteNote};
use examples::{Guide, LocalServer};
use futures_util::stream;
use grpc_runtime::{Channel, Status, outbound};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let guide = Guide::from_json(include_str!("../../data/places.json"))?;
    let server = LocalServer::route_guide(guide).await?;
    let client = RouteGuideClient::new(Channel::builder(server.target()).build()?);

    get_feature(&client).await?;
    list_features(&client).await?;
    record_route(&client).await?;
    route_chat(&client).await?;

    server.stop().await?;
    Ok(())
}

/// Unary: one message each way.
async fn get_feature(client: &RouteGuideClient) -> Result<(), Status> {
    for point in [COMPASS, NOWHERE] {
        let feature = client.get_feature(point).await?;
        let name = if feature.name.is_empty() { "nothing there" } else { &feature.name };
        println!("GetFeature    {} -> {name}", show(point));
    }
    Ok(())
}

/// Server streaming: read one message after the other; `None` says that the server ended the call well.
async fn list_features(client: &RouteGuideClient) -> Result<(), Status> {
    let old_town = Rectangle {
        lo: Some(Point { latitude: 462_000_000, longitude: 61_370_000 }),
        hi: Some(Point { latitude: 462_050_000, longitude: 61_480_000 }),
    };
    let mut features = client.list_features(old_town).await?;
    while let Some(feature) = features.message().await? {
        let location = feature.location.unwrap_or_default();
        println!("ListFeatures  {} -> {}", show(location), feature.name);
    }
    Ok(())
}

/// Client streaming: anything that is a `Stream` goes; it is sent at the server's pace.
async fn record_route(client: &RouteGuideClient) -> Result<(), Status> {
    let journey = [LIGHTHOUSE, NOWHERE, COMPASS, ECHO_WALL];
    let summary = client.record_route(stream::iter(journey)).await?;
    println!(
        "RecordRoute   {} points, {} sights, {} m",
        summary.point_count, summary.feature_count, summary.distance
    );
    Ok(())
}

/// Bidirectional: `outbound` gives a sender to speak with while the replies are read.
async fn route_chat(client: &RouteGuideClient) -> Result<(), Status> {
    let (sender, requests) = outbound(8);
    let mut replies = client.route_chat(requests).await?;

    sender.send(note(COMPASS, "the needle points south")).await?;
    sender.send(note(ECHO_WALL, "it answered twice")).await?;
    println!("RouteChat     left a note at {} and one at {}", show(COMPASS), show(ECHO_WALL));

    sender.send(note(COMPASS, "not any more")).await?;
    println!("RouteChat     left another at {}", show(COMPASS));
    if let Some(earlier) = replies.message().await? {
        println!("RouteChat     found there: {}", earlier.message);
    }

    // Says that there is no more to come. Dropping the sender instead would abort the call.
    sender.finish();
    while let Some(unexpected) = replies.message().await? {
        println!("RouteChat     also: {}", unexpected.message);
    }
    println!("RouteChat     both sides are done");
    Ok(())
}

fn note(location: Point, message: &str) -> RouteNote {
    RouteNote { location: Some(location), message: message.to_owned() }
}

/// In degrees.
fn show(point: Point) -> String {
    let degrees = |value: i32| f64::from(value) / 1e7;
    format!("{:.5} {:.5}", degrees(point.latitude), degrees(point.longitude))
}

const COMPASS: Point = Point { latitude: 462_111_111, longitude: 61_444_444 };
const ECHO_WALL: Point = Point { latitude: 462_304_412, longitude: 61_367_003 };
const LIGHTHOUSE: Point = Point { latitude: 462_101_234, longitude: 61_400_000 };
const NOWHERE: Point = Point { latitude: 462_105_000, longitude: 61_420_000 };
