//! A lease: keys that are gone when nobody keeps them any more. Its heartbeat is a bidirectional stream.

use std::error::Error;

use examples::etcdserverpb::{
    LeaseClient, LeaseGrantRequest, LeaseKeepAliveRequest, LeaseRevokeRequest,
};
use grpc_runtime::outbound;

use crate::PATIENCE;
use crate::keys::Keys;

pub(crate) async fn lesson(keys: &Keys, client: &LeaseClient) -> Result<(), Box<dyn Error>> {
    let request = LeaseGrantRequest { ttl: 60, id: 0 };
    let lease = client.lease_grant(request).timeout(PATIENCE).await?;
    println!("a lease of {} s", lease.ttl);
    keys.put("session", "ada", lease.id).await?;

    // A program would go on sending one of these every few seconds.
    let (heartbeat, requests) = outbound(1);
    let mut answers = client.lease_keep_alive(requests).timeout(PATIENCE).await?;
    for beat in 1..=2 {
        heartbeat.send(LeaseKeepAliveRequest { id: lease.id }).await?;
        let answer = answers.message().await?.ok_or("etcd ended the heartbeat")?;
        println!("heartbeat {beat}: {} s from now", answer.ttl);
    }
    heartbeat.finish();
    // This stream etcd ends as well, with OK.
    while answers.message().await?.is_some() {}

    client.lease_revoke(LeaseRevokeRequest { id: lease.id }).timeout(PATIENCE).await?;
    println!("the lease is revoked");
    keys.show("session").await?;
    Ok(())
}
