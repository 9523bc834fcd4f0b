//! A real etcd: put, get, delete, a watch, and a lease with its heartbeat.
//!
//! It talks to the etcd at `ETCD_ENDPOINT`, by default `http://127.0.0.1:2379`, below a key of its own, and
//! leaves nothing behind. It prints what it did and what the watch saw of it.
//!
//! Ends with 0 when all went well, with 1 when a call failed, and with 2, within seconds, when no etcd could be
//! reached; it then says how to start one.
#![expect(clippy::print_stdout, reason = "printing is what an example is for")]
#![expect(clippy::print_stderr, reason = "why a program failed goes to standard error")]

mod keys;
mod lease;
mod watching;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, process};

use examples::etcdserverpb::{KvClient, LeaseClient, WatchClient};
use grpc_runtime::Channel;

use crate::keys::Keys;
use crate::watching::Watching;

#[tokio::main]
async fn main() -> ExitCode {
    let endpoint = env::var("ETCD_ENDPOINT").unwrap_or_else(|_| DEFAULT_ENDPOINT.to_owned());
    // `http://` asks for plaintext HTTP/2, which is what etcd speaks there.
    let channel = match Channel::builder(&endpoint).build() {
        Ok(channel) => channel,
        Err(error) => {
            eprintln!("ETCD_ENDPOINT is not a target: {error}");
            return ExitCode::from(UNREACHABLE);
        }
    };
    let keys = Keys::new(KvClient::new(channel.clone()), process::id());
    match keys.revision().timeout(PATIENCE).await {
        Ok(response) => println!("etcd at {endpoint}, revision {}", keys::revision_of(&response)),
        Err(status) => {
            eprintln!("no etcd answers at {endpoint}: {status}\n\n{HOW_TO_START}");
            return ExitCode::from(UNREACHABLE);
        }
    }
    match lesson(&keys, channel).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn lesson(keys: &Keys, channel: Channel) -> Result<(), Box<dyn Error>> {
    // One channel, three services.
    let mut watching = Watching::start(&WatchClient::new(channel.clone()), keys.range()).await?;

    println!("== put, get, delete");
    keys.put("greeting", "hello", 0).await?;
    keys.put("greeting", "hello again", 0).await?;
    keys.show("greeting").await?;
    keys.delete("greeting").await?;
    keys.show("greeting").await?;

    println!("== a lease");
    lease::lesson(keys, &LeaseClient::new(channel)).await?;

    println!("== what the watch saw");
    watching.print_events(5).await?;
    watching.stop().await?;
    Ok(())
}

const DEFAULT_ENDPOINT: &str = "http://127.0.0.1:2379";
/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(5);
const UNREACHABLE: u8 = 2;
const HOW_TO_START: &str = "\
To start one: install it (Debian, Ubuntu: apt install etcd-server), then run

    etcd --data-dir \"$(mktemp -d)\" \\
         --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \\
         --listen-peer-urls http://127.0.0.1:2380

and this program again. For one that listens elsewhere, set ETCD_ENDPOINT to its client URL.";
