//! Compressed messages: which are and which are not, a server that does not know the encoding, a message that would be
//! too large, and an algorithm of one's own.
//!
//! Run it with `cargo run -p examples --bin compression`.
#![expect(clippy::print_stdout, reason = "printing is what an example is for")]

use std::error::Error;

use examples::helloworld::{GreeterClient, HelloRequest};
use examples::stubs::helloworld::greeter_server::GreeterServer;
use examples::{Greeting, LocalServer};
use grpc_runtime::compression::{
    BoundedBuffer, CompressionError, Compressor, Encoding, EncodingRefused, Gzip,
};
use grpc_runtime::{Channel, outbound};
use tonic::codec::CompressionEncoding;

/// gzip that tells what it does. A program may just as well bring another library, or another format.
struct Talkative(Gzip);

impl Compressor for Talkative {
    fn encoding(&self) -> Encoding {
        Encoding::GZIP
    }

    fn compress(&self, message: &[u8], output: &mut Vec<u8>) -> Result<(), CompressionError> {
        let before = output.len();
        self.0.compress(message, output)?;
        let smaller = output.len() - before < message.len() / 10;
        println!("  sent:     {} bytes, less than a tenth of it: {smaller}", message.len());
        Ok(())
    }

    fn decompress(
        &self,
        compressed: &[u8],
        output: &mut BoundedBuffer,
    ) -> Result<(), CompressionError> {
        self.0.decompress(compressed, output)?;
        let smaller = compressed.len() < output.len() / 10;
        println!("  received: {} bytes, less than a tenth of it: {smaller}", output.len());
        Ok(())
    }
}

/// Runs of equal bytes, as a count and the byte: no server knows it.
struct RunLength;

impl Compressor for RunLength {
    fn encoding(&self) -> Encoding {
        RUN_LENGTH
    }

    fn compress(&self, message: &[u8], output: &mut Vec<u8>) -> Result<(), CompressionError> {
        let runs = message.chunk_by(|one, other| one == other);
        for run in runs.flat_map(|run| run.chunks(usize::from(u8::MAX))) {
            output.extend([u8::try_from(run.len()).map_err(CompressionError::new)?, run[0]]);
        }
        Ok(())
    }

    fn decompress(
        &self,
        compressed: &[u8],
        output: &mut BoundedBuffer,
    ) -> Result<(), CompressionError> {
        for pair in compressed.chunks(2) {
            let &[count, byte] = pair else { return Err(CompressionError::new("half a pair")) };
            output.extend_from_slice(&vec![byte; usize::from(count)])?;
        }
        Ok(())
    }
}

const RUN_LENGTH: Encoding = Encoding::new("x-run-length");

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let gzip = CompressionEncoding::Gzip;
    let greeting = GreeterServer::new(Greeting).accept_compressed(gzip).send_compressed(gzip);
    let server = LocalServer::plaintext(greeting).await?;

    // Both ways are asked for by themselves: to compress requests, and to let the server compress its responses.
    let channel = Channel::builder(server.target())
        .compressor(Talkative(Gzip::new()))
        .compressor(RunLength)
        .compression(Encoding::GZIP)
        .accept_compression([Encoding::GZIP])
        .build()?;
    let greeter = GreeterClient::new(channel);
    let long = HelloRequest { name: "Ada ".repeat(2_000) };

    println!("both ways:");
    let reply = greeter.say_hello(long.clone()).await?;
    println!("  a greeting of {} bytes", reply.message.len());

    println!("short, so the request goes as it is:");
    let reply = greeter.say_hello(HelloRequest { name: "Ada".to_owned() }).await?;
    println!("  {}", reply.message);

    println!("this call not:");
    greeter.say_hello(long.clone()).compress(Encoding::IDENTITY).await?;

    println!("of two messages of a stream, one not, as a secret is in it:");
    let (requests, outgoing) = outbound(2);
    requests.send(long.clone()).await?;
    requests.send_uncompressed(long.clone()).await?;
    requests.finish();
    greeter.collect_hellos(outgoing).await?;

    println!("a server that does not know the encoding:");
    let runs = HelloRequest { name: "A".repeat(2_000) };
    let Err(status) = greeter.say_hello(runs).compress(RUN_LENGTH).await else {
        return Err("nobody else knows it".into());
    };
    let refused = status.source().and_then(|source| source.downcast_ref::<EncodingRefused>());
    let refused = refused.ok_or("the server said what it knows")?;
    println!("  {}: {refused}", status.code());
    println!("  it would take gzip: {}", refused.accepts(Encoding::GZIP));

    println!("the limit on responses is that of what comes out:");
    let Err(status) = greeter.say_hello(long).max_response_bytes(4_000).await else {
        return Err("it has twice that".into());
    };
    println!("  {status}");

    server.stop().await?;
    Ok(())
}
