//! The guide of `routeguide.proto`, over tonic's generated trait: it knows the places of a JSON file.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::{Stream, StreamExt as _, stream};
use serde::Deserialize;
use tonic::{Request, Response, Status, Streaming};

use crate::routeguide::{Feature, Point, Rectangle, RouteNote, RouteSummary};
use crate::stubs::routeguide::route_guide_server::RouteGuide;

/// Answers from a list of places, and remembers the notes that travellers leave.
#[derive(Debug)]
pub struct Guide {
    places: Vec<Feature>,
    /// Held for a look or an addition at a time; nothing else is locked meanwhile.
    notes: Arc<Mutex<HashMap<Point, Vec<RouteNote>>>>,
}

/// A place as the file has it; degrees, as people write them.
#[derive(Deserialize)]
struct Place {
    name: String,
    latitude: f64,
    longitude: f64,
}

impl Guide {
    /// A guide to the places of a JSON text: a list of objects with `name`, `latitude` and `longitude`.
    ///
    /// # Errors
    ///
    /// Where the text is something else.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let places: Vec<Place> = serde_json::from_str(text)?;
        let places = places.into_iter().map(|place| Feature {
            name: place.name,
            location: Some(Point {
                latitude: from_degrees(place.latitude),
                longitude: from_degrees(place.longitude),
            }),
        });
        Ok(Guide { places: places.collect(), notes: Arc::default() })
    }

    fn at(&self, point: Point) -> Option<&Feature> {
        self.places.iter().find(|place| place.location == Some(point))
    }
}

#[tonic::async_trait]
impl RouteGuide for Guide {
    async fn get_feature(&self, request: Request<Point>) -> Result<Response<Feature>, Status> {
        let point = request.into_inner();
        let unnamed = || Feature { name: String::new(), location: Some(point) };
        Ok(Response::new(self.at(point).cloned().unwrap_or_else(unnamed)))
    }

    type ListFeaturesStream = Pin<Box<dyn Stream<Item = Result<Feature, Status>> + Send>>;

    async fn list_features(
        &self,
        request: Request<Rectangle>,
    ) -> Result<Response<Self::ListFeaturesStream>, Status> {
        let Rectangle { lo: Some(lo), hi: Some(hi) } = request.into_inner() else {
            return Err(Status::invalid_argument("a rectangle has two corners: `lo` and `hi`"));
        };
        let inside = |point: Point| {
            is_between(point.latitude, lo.latitude, hi.latitude)
                && is_between(point.longitude, lo.longitude, hi.longitude)
        };
        let found = self.places.iter().filter(|place| place.location.is_some_and(inside));
        let found: Vec<_> = found.cloned().map(Ok).collect();
        Ok(Response::new(Box::pin(stream::iter(found))))
    }

    async fn record_route(
        &self,
        request: Request<Streaming<Point>>,
    ) -> Result<Response<RouteSummary>, Status> {
        let mut points = request.into_inner();
        let start = Instant::now();
        let (mut summary, mut metres, mut last) = (RouteSummary::default(), 0.0, None);
        while let Some(point) = points.message().await? {
            summary.point_count += 1;
            summary.feature_count += i32::from(self.at(point).is_some());
            metres += last.map_or(0.0, |last| distance(last, point));
            last = Some(point);
        }
        summary.distance = metres.round() as i32;
        summary.elapsed_time = start.elapsed().as_secs().try_into().unwrap_or(i32::MAX);
        Ok(Response::new(summary))
    }

    type RouteChatStream = Pin<Box<dyn Stream<Item = Result<RouteNote, Status>> + Send>>;

    async fn route_chat(
        &self,
        request: Request<Streaming<RouteNote>>,
    ) -> Result<Response<Self::RouteChatStream>, Status> {
        let notes = Arc::clone(&self.notes);
        let answers = request.into_inner().map(move |note| match note {
            Ok(note) => leave(&notes, note).into_iter().map(Ok).collect(),
            Err(status) => vec![Err(status)],
        });
        Ok(Response::new(Box::pin(answers.flat_map(stream::iter))))
    }
}

/// Adds a note, and gives those that were at its place before.
fn leave(notes: &Mutex<HashMap<Point, Vec<RouteNote>>>, note: RouteNote) -> Vec<RouteNote> {
    // A panic elsewhere leaves whole notes behind.
    let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    let here = notes.entry(note.location.unwrap_or_default()).or_default();
    let earlier = here.clone();
    here.push(note);
    earlier
}

/// Ten-millionths of a degree, as `Point` has them.
fn from_degrees(degrees: f64) -> i32 {
    (degrees * PER_DEGREE).round() as i32
}

fn is_between(value: i32, one: i32, other: i32) -> bool {
    (one.min(other)..=one.max(other)).contains(&value)
}

/// Metres along a great circle, by the haversine formula.
fn distance(from: Point, to: Point) -> f64 {
    let radians = |value: i32| (f64::from(value) / PER_DEGREE).to_radians();
    let (from_latitude, to_latitude) = (radians(from.latitude), radians(to.latitude));
    let latitude = (to_latitude - from_latitude) / 2.0;
    let longitude = (radians(to.longitude) - radians(from.longitude)) / 2.0;
    let half_chord =
        latitude.sin().powi(2) + from_latitude.cos() * to_latitude.cos() * longitude.sin().powi(2);
    2.0 * EARTH_RADIUS * half_chord.sqrt().min(1.0).asin()
}

const PER_DEGREE: f64 = 1e7;
/// The mean radius, in metres.
const EARTH_RADIUS: f64 = 6_371_000.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn point(latitude: f64, longitude: f64) -> Point {
        Point { latitude: from_degrees(latitude), longitude: from_degrees(longitude) }
    }

    #[test]
    fn a_degree_of_latitude_is_about_111_kilometres() {
        let metres = distance(point(0.0, 0.0), point(1.0, 0.0));
        assert!((111_000.0..111_400.0).contains(&metres), "{metres}");
        assert_eq!(distance(point(46.2, 6.1), point(46.2, 6.1)), 0.0);
    }

    #[test]
    fn a_note_brings_back_the_earlier_ones_of_its_place() {
        let notes = Mutex::default();
        let note = |latitude, message: &str| RouteNote {
            location: Some(point(latitude, 0.0)),
            message: message.to_owned(),
        };
        assert!(leave(&notes, note(1.0, "first")).is_empty());
        assert!(leave(&notes, note(2.0, "elsewhere")).is_empty());
        assert_eq!(leave(&notes, note(1.0, "second")), [note(1.0, "first")]);
    }

    #[test]
    fn the_data_file_has_places_with_names_of_their_own() {
        let guide = Guide::from_json(include_str!("../data/places.json")).unwrap();
        let names: std::collections::HashSet<_> =
            guide.places.iter().map(|place| &place.name).collect();
        assert_eq!((guide.places.len(), names.len()), (30, 30));
    }
}
