//! What the suites lean on does what it says: backends come and go, and the DNS server answers.
//!
//! Not about channels; what the client makes of it is in `balancing`, `rolling` and `names`.

use std::io::ErrorKind;
#[cfg(target_os = "linux")]
use std::net::SocketAddr;
use std::net::TcpStream;

use grpc_runtime::Code;
use tests::client::{all, hello, plaintext, said};
use tests::cluster::{Cluster, shares, spread};
use tests::load::Load;
use tests::names::{Names, Queries};
use tests::server::Behaviour;
use tests::within;

#[tokio::test]
async fn a_backend_says_its_name_and_counts() {
    let cluster = Cluster::start(["ada", "bob"]);
    for backend in cluster.iter() {
        let greeter = plaintext(backend.target());
        assert_eq!(spread(&greeter, 3).await.unwrap(), shares([(backend.name(), 3)]));
        backend.behave(Behaviour::new().replies(2));
        let replies = greeter.list_hellos(hello("Eve")).await.unwrap();
        assert_eq!(all(replies).await.unwrap(), [backend.name(); 2]);
        let counts = backend.counted("four ends", |counts| counts.finished == 4).await;
        assert_eq!((counts.started, counts.connections, counts.open), (4, 1, 1));
        drop(greeter);
        backend.counted("the connection to be closed", |counts| counts.open == 0).await;
    }
}

#[tokio::test]
async fn a_backend_keeps_its_port_while_it_is_down() {
    let mut cluster = Cluster::start(["ada"]);
    let ada = &mut cluster["ada"];
    for _ in 0..3 {
        ada.kill();
        assert_eq!(ada.counts().open, 0);
        let refused = TcpStream::connect(ada.address()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        ada.restart();
        let greeter = plaintext(ada.target());
        said(greeter.say_hello(hello(""))).await.unwrap();
        drop(greeter);
        ada.shut_down().await;
        TcpStream::connect(ada.address()).unwrap_err();
        ada.black_hole();
        let connection = TcpStream::connect(ada.address()).unwrap();
        ada.swallowed().await;
        drop(connection);
        ada.restart();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_name_may_stand_for_several_backends_on_one_port() {
    let cluster = Cluster::on_one_port(["ada", "bob", "eve"]);
    let addresses = cluster.addresses();
    assert_eq!(addresses.iter().map(SocketAddr::port).max(), Some(addresses[0].port()));
    for backend in cluster.iter() {
        let greeter = plaintext(backend.target());
        assert_eq!(said(greeter.say_hello(hello(""))).await.unwrap(), backend.name());
    }
    let names = Names::start();
    names.host("greeter.test", ["127.0.0.2"]);
    let greeter = plaintext(names.target("greeter.test", addresses[0].port()));
    assert_eq!(said(greeter.say_hello(hello(""))).await.unwrap(), "bob");
    let once = Queries { v4: 1, v6: 1, text: 1 };
    names.asked(|queries| *queries == once).await;
}

#[tokio::test]
async fn a_name_that_is_not_there_and_one_that_nobody_can_tell() {
    let names = Names::start();
    names.break_down("broken.test");
    for host in ["broken.test", "nobody.test"] {
        let greeter = plaintext(names.target(host, 1));
        let status = said(greeter.say_hello(hello(""))).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status.to_string().contains(host), "{status}");
    }
}

#[tokio::test]
async fn load_goes_on_until_it_is_stopped() {
    let mut cluster = Cluster::start(["ada"]);
    let greeter = plaintext(cluster["ada"].target());
    let load = Load::start(&greeter, 4);
    load.more(50).await;
    cluster["ada"].kill();
    load.more_failures(4).await;
    let tally = within("the load to end", load.stop()).await;
    assert_eq!(tally.answered(), tally.of("ada"));
    assert!(tally.answered() >= 50 && tally.failed >= 4, "{tally:?}");
    assert_eq!(tally.failures[0].code(), Code::Unavailable);
}
