//! Every return type but a `Result` with its error written out.

use grpc_runtime::{Status, Stream, Streaming, grpc_client};


use std::io;

type Reply = Result<u8, Status>;

#[grpc_client]
pub trait Service {
    async fn nothing(&self, request: ());
    async fn message(&self, request: ()) -> u8;
    async fn option(&self, request: ()) -> Option<u8>;
    async fn one_argument(&self, request: ()) -> io::Result<u8>;
    async fn no_argument(&self, request: ()) -> std::fmt::Result;
    async fn alias(&self, request: ()) -> Reply;
    async fn stream(&self, request: ()) -> Result<impl Stream<Item = u8>, Status>;
    async fn reference(&self, request: ()) -> Result<&u8, Status>;
    async fn stream_of_references(&self, request: ()) -> Result<Streaming<&u8>, Status>;
}

fn main() {}
