//! TLS with a certificate authority of one's own, and what each mistake with it looks like.
//!
//! It prints the reply of a server whose authority is trusted, then the failures of channels that trust the
//! wrong one, expect another name, or speak no TLS, and last a server that wants to see a certificate too.
#![expect(clippy::print_stdout, reason = "printing is what an example is for")]

use std::error::Error;

use examples::helloworld::{GreeterClient, HelloRequest};
use examples::{Authority, LocalServer};
use grpc_runtime::{Channel, ChannelError, ClientTls, Status};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let authority = Authority::new("our own authority")?;
    let server = LocalServer::greeter_tls(&authority.issue("localhost")?, None).await?;
    let target = server.target();
    println!("a server at https://localhost, certified by our own authority");

    // Trusts this authority and no other.
    let trusting = ClientTls::new().ca_pem(authority.pem());
    println!("trusting it:            {}", greet(&target, trusting.clone()).await?);

    let stranger = ClientTls::new().ca_pem(Authority::new("another authority")?.pem());
    println!("trusting another:       {}", refusal(greet(&target, stranger).await)?);

    // What one gets without saying anything: the authorities that this machine trusts, or Mozilla's list.
    println!("trusting the usual:     {}", refusal(greet(&target, usual_roots()).await)?);

    let misnamed = trusting.clone().server_name("greeter.example");
    println!("expecting another name: {}", refusal(greet(&target, misnamed).await)?);

    let bare = target.replace("https://", "");
    let channel = Channel::builder(&bare).plaintext().build()?;
    println!("speaking plaintext:     {}", refusal(say_hello(channel).await)?);

    println!("== mistakes that are found before anything is sent");
    let broken = ClientTls::new().ca_pem("-----BEGIN CERTIFICATE-----");
    println!(
        "half a certificate:     {}",
        rejection(Channel::builder(&target).tls(broken).build())?
    );
    println!(
        "https and plaintext:    {}",
        rejection(Channel::builder(&target).plaintext().build())?
    );

    println!("== a server that wants to know who calls");
    let members = Authority::new("the club")?;
    let club = LocalServer::greeter_tls(&authority.issue("localhost")?, Some(&members)).await?;
    let member = members.issue("ada.example")?;
    let known = trusting.clone().identity_pem(member.certificate, member.key);
    println!("with a certificate:     {}", greet(&club.target(), known).await?);
    println!("without one:            {}", refusal(greet(&club.target(), trusting).await)?);

    club.stop().await?;
    server.stop().await?;
    Ok(())
}

async fn greet(target: &str, tls: ClientTls) -> Result<String, Box<dyn Error>> {
    say_hello(Channel::builder(target).tls(tls).build()?).await
}

async fn say_hello(channel: Channel) -> Result<String, Box<dyn Error>> {
    let request = HelloRequest { name: "Ada".to_owned() };
    Ok(GreeterClient::new(channel).say_hello(request).await?.message)
}

/// Not the default `ClientTls::new()`, only so that this program prints the same on every machine.
fn usual_roots() -> ClientTls {
    ClientTls::new().webpki_roots()
}

fn refusal(outcome: Result<String, Box<dyn Error>>) -> Result<Status, Box<dyn Error>> {
    match outcome {
        Ok(reply) => Err(format!("the call was to fail, and gave {reply}").into()),
        Err(error) => Ok(*error.downcast::<Status>()?),
    }
}

fn rejection(outcome: Result<Channel, ChannelError>) -> Result<ChannelError, &'static str> {
    outcome.err().ok_or("the channel was not to be built")
}
