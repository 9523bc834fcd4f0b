//! Plays a server of the network: opens the door as it is told, and answers calls.

use std::future::{pending, poll_fn};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use grpc_runtime::IoStream;
use h2::Reason;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Request, Response};
use prost::Message as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::helloworld::HelloReply;
use crate::network::door::{Answer, Door};
use crate::network::state::{Orders, Place};
use crate::peer::{Frame, PREFACE, kind, message};

/// What the connector returns for one attempt.
pub(super) async fn knock(place: Arc<Place>) -> io::Result<Box<dyn IoStream>> {
    let (door, _goes_on) = place.attempted();
    match door {
        Door::OpensAfter(delay) => sleep(delay).await,
        Door::Silent => pending().await,
        Door::Refuses => return Err(io::ErrorKind::ConnectionRefused.into()),
        Door::RefusesAfter(delay) => {
            sleep(delay).await;
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        Door::Opens
        | Door::SettingsAfter(_)
        | Door::Closes
        | Door::Mute
        | Door::SettingsThenCloses
        | Door::SettingsThenGoaway => {}
    }
    let (client, server) = tokio::io::duplex(PIPE);
    let (orders, is_open) = place.opened();
    tokio::spawn(async move {
        tokio::select! {
            () = host(&place, server, door, &orders) => {}
            () = orders.cut.notified() => {}
        }
        drop(is_open);
    });
    Ok(Box::new(client))
}

async fn host(place: &Arc<Place>, mut io: DuplexStream, door: Door, orders: &Orders) {
    // Whoever has gone misses nothing: all results of I/O are the client's to care about.
    match door {
        Door::Closes | Door::Silent | Door::Refuses | Door::RefusesAfter(_) => {}
        Door::Mute => drop(tokio::io::copy(&mut io, &mut tokio::io::sink()).await),
        Door::SettingsThenCloses => {
            let _ = io.write_all(&Frame::new(kind::SETTINGS, 0, 0, []).encode()).await;
            // Nothing the client writes at first shall fail.
            let _ = io.read_exact(&mut [0; PREFACE.len()]).await;
        }
        Door::SettingsAfter(delay) => {
            sleep(delay).await;
            let _ = serve(place, io, orders).await;
        }
        Door::SettingsThenGoaway => {
            orders.goaway.notify_one();
            let _ = serve(place, io, orders).await;
        }
        Door::Opens | Door::OpensAfter(_) => drop(serve(place, io, orders).await),
    }
}

async fn serve(place: &Arc<Place>, io: DuplexStream, orders: &Orders) -> Result<(), h2::Error> {
    let mut builder = h2::server::Builder::new();
    let most_calls = place.lock().most_calls;
    if let Some(most) = most_calls {
        builder.max_concurrent_streams(most);
    }
    let mut connection = builder.handshake(io).await?;
    // They end with the connection.
    let mut answers = JoinSet::new();
    loop {
        tokio::select! {
            () = orders.goaway.notified() => connection.graceful_shutdown(),
            accepted = connection.accept() => match accepted {
                None => return Ok(()),
                Some(accepted) => {
                    let (request, respond) = accepted?;
                    let place = Arc::clone(place);
                    answers.spawn(async move { answer(&place, request, respond).await });
                }
            },
        }
    }
}

async fn answer(
    place: &Place,
    request: Request<h2::RecvStream>,
    mut respond: SendResponse<Bytes>,
) -> Result<(), h2::Error> {
    let (head, _body) = request.into_parts();
    let answer = place.called(head.uri.path(), head.headers);
    let text = place.address().to_string();
    let reply = Bytes::from(message(&HelloReply { message: text }.encode_to_vec()));
    let headers = Response::builder().header("content-type", "application/grpc");
    let headers = headers.body(()).expect("these are headers");
    let delay = match answer {
        Answer::Never => Duration::MAX,
        Answer::After(delay) | Answer::FailsAfter(delay, _) => delay,
        _ => Duration::ZERO,
    };
    tokio::select! {
        biased;
        () = sleep(delay) => {}
        reason = poll_fn(|context| respond.poll_reset(context)) => {
            place.was_reset(reason?);
            return Ok(());
        }
    }
    match answer {
        Answer::Never => {}
        Answer::Refuses => respond.send_reset(Reason::REFUSED_STREAM),
        Answer::Fails(code) | Answer::FailsAfter(_, code) | Answer::PushesBack(code, _) => {
            let mut headers = headers;
            headers.headers_mut().insert("grpc-status", i32::from(code).into());
            if let Answer::PushesBack(_, pause) = answer {
                let pause = HeaderValue::from_static(pause);
                headers.headers_mut().insert("grpc-retry-pushback-ms", pause);
            }
            respond.send_response(headers, true)?;
        }
        Answer::AddressAndOn => {
            let mut stream = respond.send_response(headers, false)?;
            stream.send_data(reply, false)?;
            // Until the client resets it.
            let reason = poll_fn(|context| stream.poll_reset(context)).await?;
            place.was_reset(reason);
        }
        Answer::Address | Answer::After(_) => {
            let mut stream = respond.send_response(headers, false)?;
            stream.send_data(reply, false)?;
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", 0.into());
            stream.send_trailers(trailers)?;
        }
    }
    Ok(())
}

/// What fits between the two ends.
const PIPE: usize = 256 << 10;
