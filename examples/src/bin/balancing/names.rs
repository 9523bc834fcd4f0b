//! A DNS server of one name, whose addresses can be changed. It stands in for the one of your network.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// Answers on a free port of `127.0.0.1`, whatever the name. Dropping it ends it.
pub(crate) struct Names {
    address: SocketAddr,
    records: Arc<Mutex<Vec<Ipv4Addr>>>,
    serving: JoinHandle<()>,
}

impl Names {
    pub(crate) async fn start() -> io::Result<Self> {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await?;
        let address = socket.local_addr()?;
        let records = Arc::new(Mutex::new(Vec::new()));
        let serving = tokio::spawn(serve(socket, Arc::clone(&records)));
        Ok(Names { address, records, serving })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// These are the A records from now on.
    pub(crate) fn set(&self, addresses: Vec<Ipv4Addr>) {
        *self.records.lock().unwrap_or_else(PoisonError::into_inner) = addresses;
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(socket: UdpSocket, records: Arc<Mutex<Vec<Ipv4Addr>>>) {
    let mut question = [0; 4096];
    loop {
        // An error tells that somebody did not wait for an earlier answer.
        let Ok((length, from)) = socket.recv_from(&mut question).await else { continue };
        let addresses = records.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(answer) = answer(&question[..length], &addresses) {
            // One that gets lost is asked for again.
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

fn answer(question: &[u8], addresses: &[Ipv4Addr]) -> Option<Vec<u8>> {
    let question = Message::from_vec(question).ok()?;
    let query = question.queries.first()?;
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    answer.metadata.recursion_desired = question.metadata.recursion_desired;
    answer.metadata.recursion_available = true;
    answer.metadata.response_code = ResponseCode::NoError;
    answer.add_query(query.clone());
    // There are no IPv6 addresses, and no service config in TXT.
    if query.query_type() == RecordType::A {
        answer.add_answers(addresses.iter().map(|address| {
            Record::from_rdata(query.name().clone(), TIME_TO_LIVE, RData::A(A(*address)))
        }));
    }
    answer.to_vec().ok()
}

/// In seconds. A channel does not keep answers: it asks when a connection is lost or cannot be made.
const TIME_TO_LIVE: u32 = 60;
