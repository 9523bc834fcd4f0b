//! The sockets of a DNS server: UDP and TCP on one port, on a thread of their own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::oneshot;

use crate::names::Shared;
use crate::names::answer::answer;

#[derive(Debug)]
pub(super) struct Serving {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Serving {
    pub(super) fn start(shared: Arc<Shared>) -> Self {
        let (udp, tcp) = one_port();
        let address = tcp.local_addr().expect("a bound listener has an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let body = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            // Connections are tasks of the runtime and end with it.
            runtime.expect("a thread may have a runtime").block_on(async move {
                let udp = UdpSocket::from_std(udp).expect("it is non-blocking");
                let tcp = TcpListener::from_std(tcp).expect("it is non-blocking");
                tokio::select! {
                    () = serve_udp(udp, &shared) => {}
                    () = serve_tcp(tcp, &shared) => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = thread::Builder::new().name("names".to_owned()).spawn(body);
        let thread = thread.expect("a process may have one more thread");
        Serving { address, stop: Some(stop), thread: Some(thread) }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed.
            let _ = thread.join();
        }
    }
}

async fn serve_udp(socket: UdpSocket, shared: &Shared) {
    let mut question = [0; 4096];
    loop {
        // An error tells that somebody did not wait for an earlier answer.
        let Ok((length, from)) = socket.recv_from(&mut question).await else { continue };
        if let Some(answer) = answer(shared, &question[..length]) {
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

async fn serve_tcp(listener: TcpListener, shared: &Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(converse(stream, Arc::clone(shared)));
    }
}

/// Messages over TCP have their length in front (RFC 1035, section 4.2.2).
async fn converse(mut stream: TcpStream, shared: Arc<Shared>) -> std::io::Result<()> {
    loop {
        let mut question = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut question).await?;
        if let Some(answer) = answer(&shared, &question) {
            stream.write_u16(u16::try_from(answer.len()).unwrap_or(u16::MAX)).await?;
            stream.write_all(&answer).await?;
        }
    }
}

fn one_port() -> (std::net::UdpSocket, std::net::TcpListener) {
    const TRIES: usize = 100;
    let one_try = || {
        // TCP first, as its ports are the scarcer ones; UDP on the same number is then mostly free.
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let udp = std::net::UdpSocket::bind(tcp.local_addr().ok()?).ok()?;
        Some((udp, tcp))
    };
    let found = std::iter::repeat_with(one_try).take(TRIES).flatten().next();
    let (udp, tcp) = found.expect("some port is free for UDP and TCP");
    udp.set_nonblocking(true).expect("a socket can be non-blocking");
    tcp.set_nonblocking(true).expect("a socket can be non-blocking");
    (udp, tcp)
}
