//! Holds the shape of the hot path: what one warm unary call allocates on the client's thread, and how often it writes
//! to the socket.
//!
//! Counts, not times: they do not drift with the machine. The server runs on a thread of its own and is not counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use grpc_runtime::{Address, Channel, Status, grpc_client};
use tests::helloworld::{HelloReply, HelloRequest};
use tests::server::Server;
use tests::within;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

#[grpc_client(service = "helloworld.Greeter")]
trait Greeter {
    async fn say_hello(&self, request: HelloRequest) -> Result<HelloReply, Status>;
}

/// What h2 by hand costs for the same call, by the sizes of its allocations: measured by the second test.
#[tokio::test]
async fn a_warm_unary_call_allocates_little_and_writes_once() {
    let server = Server::start();
    let writes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&writes);
    let channel = Channel::builder(server.target())
        .plaintext()
        .connector(move |address: Address| connect(address, Arc::clone(&counted)))
        .build()
        .unwrap();
    let greeter = GreeterClient::new(channel);
    let request = HelloRequest { name: "x".repeat(64), ..HelloRequest::default() };
    for _ in 0..100 {
        within("warm up", async { greeter.say_hello(request.clone()).await }).await.unwrap();
    }

    let mut fewest = Count { allocations: usize::MAX, bytes: usize::MAX };
    let mut fewest_writes = usize::MAX;
    for _ in 0..100 {
        let request = request.clone();
        let (count, before) = (Count::now(), writes.load(Ordering::Relaxed));
        let reply = greeter.say_hello(request).await;
        let spent = Count::now().since(count);
        let written = writes.load(Ordering::Relaxed) - before;
        drop(reply.unwrap());
        if spent.allocations < fewest.allocations {
            fewest = spent;
        }
        fewest_writes = fewest_writes.min(written);
    }
    println!("{} allocations, {} bytes, {fewest_writes} writes", fewest.allocations, fewest.bytes);
}

async fn connect(address: Address, writes: Arc<AtomicUsize>) -> io::Result<CountedWrites> {
    let Address::Tcp(address) = address else { return Err(io::ErrorKind::Unsupported.into()) };
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(CountedWrites { stream, writes })
}

struct CountedWrites {
    stream: TcpStream,
    writes: Arc<AtomicUsize>,
}

impl CountedWrites {
    fn count(&self, polled: &Poll<io::Result<usize>>) {
        if polled.is_ready() {
            self.writes.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl AsyncRead for CountedWrites {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for CountedWrites {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.count(&polled);
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.count(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[derive(Clone, Copy)]
struct Count {
    allocations: usize,
    bytes: usize,
}

impl Count {
    fn now() -> Self {
        COUNT.with(Cell::get)
    }

    fn since(self, before: Self) -> Self {
        Self {
            allocations: self.allocations - before.allocations,
            bytes: self.bytes - before.bytes,
        }
    }
}

thread_local! {
    static COUNT: Cell<Count> = const { Cell::new(Count { allocations: 0, bytes: 0 }) };
}

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that is ending has no count any more.
        let _ = COUNT.try_with(|count| {
            let Count { allocations, bytes } = count.get();
            count.set(Count { allocations: allocations + 1, bytes: bytes + layout.size() });
        });
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
