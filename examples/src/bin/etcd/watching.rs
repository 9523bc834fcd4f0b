//! A watch: one bidirectional stream on which requests make and end watchers, and events come as they happen.

use std::error::Error;

use examples::etcdserverpb::watch_request::RequestUnion;
use examples::etcdserverpb::{
    WatchCancelRequest, WatchClient, WatchCreateRequest, WatchRequest, WatchResponse,
};
use examples::mvccpb::event::EventType;
use grpc_runtime::{OutboundSender, Streaming, outbound};
use tokio::time::timeout;

use crate::PATIENCE;
use crate::keys::text;

/// A watcher of the keys of this run.
pub(crate) struct Watching {
    requests: OutboundSender<WatchRequest>,
    responses: Streaming<WatchResponse>,
    id: i64,
}

impl Watching {
    /// Begins to watch, and returns when etcd does: what happens from then on is seen.
    pub(crate) async fn start(
        client: &WatchClient,
        (key, range_end): (Vec<u8>, Vec<u8>),
    ) -> Result<Self, Box<dyn Error>> {
        let (requests, outgoing) = outbound(4);
        // A watch has no end of its own, and so no timeout: each wait below has one.
        let responses = client.watch(outgoing).await?;
        let mut watching = Watching { requests, responses, id: 0 };
        let create = WatchCreateRequest { key, range_end, ..Default::default() };
        watching.request(RequestUnion::CreateRequest(create)).await?;
        let response = watching.next().await?;
        if !response.created || response.canceled {
            return Err(format!("etcd made no watcher: {}", response.cancel_reason).into());
        }
        watching.id = response.watch_id;
        Ok(watching)
    }

    /// Prints the next `count` events; they come in any number a response.
    pub(crate) async fn print_events(&mut self, count: usize) -> Result<(), Box<dyn Error>> {
        let mut seen = 0;
        while seen < count {
            for event in self.next().await?.events {
                seen += 1;
                let kind = event.r#type();
                let kv = event.kv.unwrap_or_default();
                let key = text(&kv.key);
                let name = key.rsplit('/').next().unwrap_or_default();
                match kind {
                    EventType::Put => println!("PUT {name} = {:?}", text(&kv.value)),
                    EventType::Delete => println!("DELETE {name}"),
                }
            }
        }
        Ok(())
    }

    /// Ends the watcher, and then the call.
    pub(crate) async fn stop(mut self) -> Result<(), Box<dyn Error>> {
        let cancel = WatchCancelRequest { watch_id: self.id };
        self.request(RequestUnion::CancelRequest(cancel)).await?;
        while !self.next().await?.canceled {}
        // etcd keeps the stream open even for a client that has no more requests. Dropping it cancels the call.
        Ok(())
    }

    async fn request(&self, request: RequestUnion) -> Result<(), Box<dyn Error>> {
        Ok(self.requests.send(WatchRequest { request_union: Some(request) }).await?)
    }

    async fn next(&mut self) -> Result<WatchResponse, Box<dyn Error>> {
        let response = timeout(PATIENCE, self.responses.message()).await??;
        Ok(response.ok_or("etcd ended the watch")?)
    }
}
