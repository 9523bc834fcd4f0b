//! Put, get and delete: unary calls, each with its timeout.

use examples::etcdserverpb::{
    DeleteRangeRequest, KvClient, PutRequest, RangeRequest, RangeResponse, kv,
};
use grpc_runtime::{Call, Channel, Status};

use crate::PATIENCE;

/// The keys of one run of this program.
pub(crate) struct Keys {
    client: KvClient,
    prefix: String,
}

impl Keys {
    pub(crate) fn new(client: KvClient, run: u32) -> Self {
        Keys { client, prefix: format!("grpc-examples/{run}/") }
    }

    /// A cheap call, to see whether anybody answers.
    pub(crate) fn revision(&self) -> Call<Channel, kv::Range> {
        let (key, range_end) = self.range();
        self.client.range(RangeRequest { key, range_end, count_only: true, ..Default::default() })
    }

    /// All of these keys, as etcd writes it: from the prefix to the first key that no longer has it.
    pub(crate) fn range(&self) -> (Vec<u8>, Vec<u8>) {
        let key = self.prefix.clone().into_bytes();
        let mut end = key.clone();
        if let Some(last) = end.last_mut() {
            // A slash, so that there is a next one.
            *last += 1;
        }
        (key, end)
    }

    /// `lease` is the number of the lease that the key ends with; 0 is none.
    pub(crate) async fn put(&self, name: &str, value: &str, lease: i64) -> Result<(), Status> {
        let request = PutRequest {
            key: self.key(name),
            value: value.into(),
            lease,
            prev_kv: true,
            ..Default::default()
        };
        let response = self.client.put(request).timeout(PATIENCE).await?;
        match response.prev_kv {
            Some(earlier) => println!("put {name} = {value:?}, was {:?}", text(&earlier.value)),
            None => println!("put {name} = {value:?}, was not there"),
        }
        Ok(())
    }

    pub(crate) async fn show(&self, name: &str) -> Result<(), Status> {
        let request = RangeRequest { key: self.key(name), ..Default::default() };
        let response = self.client.range(request).timeout(PATIENCE).await?;
        match response.kvs.first() {
            Some(kv) => println!("get {name} = {:?}, version {}", text(&kv.value), kv.version),
            None => println!("get {name}: not there"),
        }
        Ok(())
    }

    pub(crate) async fn delete(&self, name: &str) -> Result<(), Status> {
        let request = DeleteRangeRequest { key: self.key(name), ..Default::default() };
        let response = self.client.delete_range(request).timeout(PATIENCE).await?;
        println!("delete {name}: {} deleted", response.deleted);
        Ok(())
    }

    fn key(&self, name: &str) -> Vec<u8> {
        format!("{}{name}", self.prefix).into_bytes()
    }
}

/// The revision of the whole store.
pub(crate) fn revision_of(response: &RangeResponse) -> i64 {
    response.header.as_ref().map_or(0, |header| header.revision)
}

/// What etcd stores are bytes; what this program stores is text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
