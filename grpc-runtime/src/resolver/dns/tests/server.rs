//! A DNS server for tests: one UDP and one TCP port, and a table that may change at any time.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

use crate::rt::{self, Task};

pub(super) const A: u16 = 1;
pub(super) const TXT: u16 = 16;
pub(super) const AAAA: u16 = 28;

/// What it says to a question.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// The data of these records; with none, that the name exists.
    Records(Vec<Vec<u8>>),
    /// This code (RFC 1035, section 4.1.1).
    Code(u8),
    /// Bytes that are no answer.
    Garbage,
    /// Nothing.
    Silence,
    /// Over UDP that there is no room; over TCP these.
    Truncated(Vec<Vec<u8>>),
}

/// Answers until it is dropped. What is not in its table does not exist.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: [Task; 2],
}

#[derive(Default)]
struct Shared {
    table: Mutex<HashMap<(String, u16), Reply>>,
    questions: Mutex<Vec<(String, u16)>>,
}

impl Server {
    pub(super) async fn start() -> Self {
        // TCP first, as its ports are the scarcer ones; UDP on the same number is then mostly free.
        let (tcp, udp) = loop {
            let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
            if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
                break (tcp, udp);
            }
        };
        let shared = Arc::new(Shared::default());
        Self {
            address: udp.local_addr().unwrap(),
            _tasks: [
                rt::spawn(serve_udp(udp, Arc::clone(&shared))),
                rt::spawn(serve_tcp(tcp, Arc::clone(&shared))),
            ],
            shared,
        }
    }

    pub(super) fn say(&self, name: &str, kind: u16, reply: Reply) {
        self.shared.table.lock().unwrap().insert((name.to_owned(), kind), reply);
    }

    /// A name and all its addresses, and no text.
    pub(super) fn host(&self, name: &str, v4: &[&str], v6: &[&str]) {
        let v4 = v4.iter().map(|ip| ip.parse::<Ipv4Addr>().unwrap().octets().to_vec());
        let v6 = v6.iter().map(|ip| ip.parse::<Ipv6Addr>().unwrap().octets().to_vec());
        self.say(name, A, Reply::Records(v4.collect()));
        self.say(name, AAAA, Reply::Records(v6.collect()));
    }

    /// A TXT record of these strings.
    pub(super) fn text(&self, name: &str, strings: &[&str]) {
        let data = strings
            .iter()
            .flat_map(|text| [&[u8::try_from(text.len()).unwrap()][..], text.as_bytes()].concat());
        let other = b"\x05v=spf".to_vec();
        self.say(name, TXT, Reply::Records(vec![other, data.collect()]));
    }

    /// How often it was asked for records of this kind.
    pub(super) fn asked(&self, kind: u16) -> usize {
        self.shared.questions.lock().unwrap().iter().filter(|(_, asked)| *asked == kind).count()
    }
}

impl Shared {
    fn answer(&self, query: &[u8], is_tcp: bool) -> Option<Vec<u8>> {
        let (mut at, mut labels) = (12, Vec::new());
        while query[at] != 0 {
            let end = at + 1 + usize::from(query[at]);
            labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_lowercase());
            at = end;
        }
        let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
        let question = (labels.join("."), kind);
        let reply = self.table.lock().unwrap().get(&question).cloned();
        self.questions.lock().unwrap().push(question);
        let (code, truncated, records) = match reply.unwrap_or(Reply::Code(NAME_ERROR)) {
            Reply::Silence => return None,
            Reply::Garbage => return Some([&query[..2], &[0xff; 40]].concat()),
            Reply::Code(code) => (code, 0, Vec::new()),
            Reply::Truncated(_) if !is_tcp => (0, TRUNCATED, Vec::new()),
            Reply::Truncated(records) | Reply::Records(records) => (0, 0, records),
        };
        let mut answer = query[..2].to_vec();
        answer.extend([0x81 | truncated, 0x80 | code, 0, 1]);
        answer.extend(u16::try_from(records.len()).unwrap().to_be_bytes());
        answer.extend([0; 4]);
        answer.extend(&query[12..at + 5]);
        for data in records {
            // The name of the question, type, class IN, TTL of an hour.
            answer.extend([0xc0, 12]);
            answer.extend(kind.to_be_bytes());
            answer.extend([0, 1, 0, 0, 0x0e, 0x10]);
            answer.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            answer.extend(data);
        }
        Some(answer)
    }
}

async fn serve_udp(socket: UdpSocket, shared: Arc<Shared>) {
    let mut query = [0; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut query).await {
        if let Some(answer) = shared.answer(&query[..length], false) {
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

async fn serve_tcp(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        while let Ok(length) = stream.read_u16().await {
            let mut query = vec![0; usize::from(length)];
            if stream.read_exact(&mut query).await.is_err() {
                break;
            }
            if let Some(answer) = shared.answer(&query, true) {
                let _ = stream.write_u16(u16::try_from(answer.len()).unwrap()).await;
                let _ = stream.write_all(&answer).await;
            }
        }
    }
}

/// There is no such name.
pub(super) const NAME_ERROR: u8 = 3;
/// The server has a problem of its own.
pub(super) const SERVER_FAILURE: u8 = 2;
/// The server does not want to.
pub(super) const REFUSED: u8 = 5;
const TRUNCATED: u8 = 2;
