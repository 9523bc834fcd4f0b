//! Runs every example as a user would, with a bound on its time, and looks for its key lines.
//!
//! Not a test of the runtime: it holds that what the examples promise to print is what they print.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn hello() {
    let output = run(env!("CARGO_BIN_EXE_hello"));
    output.has(&[
        "generated     unary             -> Hello, Ada!",
        "generated     server streaming  -> Hello, Ada! Bonjour, Ada! Hallo, Ada!",
        "generated     client streaming  -> Hello, Ada and Alan!",
        "generated     bidirectional     -> Hello, Ada! Hello, Alan!",
        "hand-written  unary             -> Hello, Grace!",
        "hand-written  server streaming  -> Hello, Grace! Bonjour, Grace! Hallo, Grace!",
        "hand-written  client streaming  -> Hello, Grace and Edsger!",
        "hand-written  bidirectional     -> Hello, Grace! Hello, Edsger!",
    ]);
}

#[test]
fn four_shapes() {
    let output = run(env!("CARGO_BIN_EXE_four_shapes"));
    output.has(&[
        "GetFeature    46.21111 6.14444 -> Stone Compass",
        "GetFeature    46.21050 6.14200 -> nothing there",
        "ListFeatures  46.20341 6.14719 -> Blue Gate",
        "ListFeatures  46.20235 6.14073 -> Bell Founders' Court",
        "RecordRoute   4 points, 3 sights, 2590 m",
        "RouteChat     found there: the needle points south",
        "RouteChat     both sides are done",
    ]);
}

#[test]
fn handwritten_trait() {
    let output = run(env!("CARGO_BIN_EXE_handwritten_trait"));
    output.has(&[
        "/routeguide.RouteGuide/GetFeature: Unary, NoSideEffects, timeout Some(500ms)",
        "what_is_at -> Heron Pond",
        "what_is_in -> Heron Pond",
        "what_is_in -> Ferry Steps",
        "walk       -> 2 sights, 967 m",
    ]);
}

#[test]
fn three_positions() {
    let output = run(env!("CARGO_BIN_EXE_three_positions"));
    output.has(&[
        "per call:    greet \"Ada\"",
        "per channel: /helloworld.Greeter/SayHello, 5 bytes",
        "per attempt: 1, with a token: true",
        "per attempt: 1 is UNAVAILABLE",
        "per attempt: 3 is OK",
        "per channel: 13 bytes back",
        "per call:    \"Hello, Ada!\"",
        "tokens fetched: 1",
        "UNAUTHENTICATED: the call credentials need a connection with privacy and integrity",
    ]);
}

#[test]
fn compression() {
    let output = run(env!("CARGO_BIN_EXE_compression"));
    output.has(&[
        "both ways:",
        "  sent:     8003 bytes, less than a tenth of it: true",
        "  received: 8011 bytes, less than a tenth of it: true",
        "  a greeting of 8008 bytes",
        "  Hello, Ada!",
        "  UNIMPLEMENTED: the requests were compressed with x-run-length, and the server accepts",
        "  it would take gzip: true",
        "  RESOURCE_EXHAUSTED: ",
    ]);
}

#[test]
fn fake_in_test() {
    let output = run(env!("CARGO_BIN_EXE_fake_in_test"));
    output.has(&[
        "over the network: Hello, Ada!; Hello, Grace!",
        "over the fake: fake hello, Ada; fake hello, Grace",
        "/helloworld.Greeter/SayHello: NOT_FOUND: nobody",
        "all in all: fake hello, Ada; fake hello, Grace",
        "the caller saw DEADLINE_EXCEEDED",
    ]);
}

#[test]
fn metadata_and_errors() {
    let output = run(env!("CARGO_BIN_EXE_metadata_and_errors"));
    output.has(&[
        "message:  Hello, Ada!",
        "header    x-request-id: Some(\"42\")",
        "header    signature-bin: Some([0, 159, 146, 150])",
        "header    x-cost: None",
        "trailer   x-cost: Some(\"3\")",
        "X Name: metadata key \"X Name\" has ' ' at byte 1",
        "x-note-bin: ",
        "grpc-timeout: ",
        "x-crab: ",
        "status:   INVALID_ARGUMENT: whom am I to greet?",
        "origin    Server",
        "trailer   x-request-id: Some(\"43\")",
        "field     name: must not be empty",
        "reason    NAME_MISSING of greeter.example, {\"longest\": \"40\"}",
        "status:   UNAVAILABLE: too many people at the door",
        "try again in 250 ms",
        "status:   UNAVAILABLE: cannot connect to http://127.0.0.1:",
        "origin    Transport",
        "delivery  NotSent; safe to repeat: true",
    ]);
}

#[test]
fn deadlines_and_cancellation() {
    let output = run(env!("CARGO_BIN_EXE_deadlines_and_cancellation"));
    output.has(&[
        "caller: DEADLINE_EXCEEDED",
        "server: SayHello began with grpc-timeout ",
        "server: SayHello was told to stop",
        "caller: Hello, Ada!",
        "caller: DEADLINE_EXCEEDED",
        "server: ListHellos was told to stop",
        "== a deadline",
        "caller: DEADLINE_EXCEEDED",
        "== a deadline that has passed already",
        "caller: DEADLINE_EXCEEDED",
        "== dropping a call",
        "server: SayHello began without a limit",
        "server: SayHello was told to stop",
        "caller: Hello, Ada! That will do.",
        "server: ListHellos was told to stop",
        "server: CollectHellos heard of Ada",
        "caller: ABORTED: Alan is not coming after all",
        "server: CollectHellos was told to stop",
    ]);
}

#[test]
fn tls() {
    let output = run(env!("CARGO_BIN_EXE_tls"));
    output.has(&[
        "trusting it:            Hello, Ada!",
        "trusting another:       UNAVAILABLE: cannot connect to https://localhost:",
        "trusting the usual:     UNAVAILABLE: cannot connect to https://localhost:",
        "the certificate is for localhost, not for greeter.example",
        "speaking plaintext:     UNAVAILABLE: cannot connect to localhost:",
        "half a certificate:     malformed PEM",
        "https and plaintext:    the target begins with `https://`",
        "with a certificate:     Hello, Ada!",
        "without one:            UNAVAILABLE: cannot connect to https://localhost:",
    ]);
}

#[test]
fn json_codec() {
    let output = run(env!("CARGO_BIN_EXE_json_codec"));
    output.has(&[
        "content-type: application/grpc+json",
        "3 apples: Quote { cents: 75, discount: None }",
        "24 apples: Quote { cents: 480, discount: Some(\"by the dozen\") }",
        "event: Packed { boxes: 3 }",
        "event: Delivered",
        "1 pear: NOT_FOUND: we have apples, and no pear",
    ]);
}

#[test]
fn interceptors() {
    let output = run(env!("CARGO_BIN_EXE_interceptors"));
    output.has(&[
        "without a token: UNAUTHENTICATED: say the word",
        "log: SayHello, Unary: OK",
        "with one: Hello, Ada!",
        "log: ListHellos, ServerStreaming: OK",
        "with one: 3 greetings",
        "SayHello: Hello, dear Ada! How do you do?",
        "SayHello: INVALID_ARGUMENT: do not greet nobody",
        "ListHellos: Hello, Ada!",
        "6 meals at once, 2 pots on the stove at a time",
        "a slow meal: DEADLINE_EXCEEDED",
    ]);
}

#[test]
fn retry_and_hedge() {
    let output = run(env!("CARGO_BIN_EXE_retry_and_hedge"));
    output.has(&["none         |", "retries      |", "hedging      |"]);
    let succeeded = |policy: &str| -> f64 {
        let row = output.0.lines().find(|line| line.starts_with(policy)).unwrap();
        row.split(['|', '%']).nth(1).unwrap().trim().parse().unwrap()
    };
    let (none, retries, hedging) = (succeeded("none"), succeeded("retries"), succeeded("hedging"));
    assert!(none < 90.0 && retries > 95.0 && hedging > 95.0, "in:\n{}", output.0);
}

#[test]
fn balancing() {
    let output = run(env!("CARGO_BIN_EXE_balancing"));
    output.has(&[
        "channel          IDLE",
        "channel          CONNECTING",
        "channel          READY",
        "== 300 calls",
        " got 100",
        " got 100",
        " got 100",
        "== one server after the other restarts",
        "  restart of 127.0.0.1:",
        "IDLE (UNAVAILABLE: ",
        "READY",
        "  restart of 127.0.0.",
        "READY",
        "  restart of 127.0.0.",
        "READY",
        "calls in the meantime, failed: 0",
        "== the name changes",
        " is gone, now there are [",
        " got 100",
        " got 100",
        " got 100",
        "channel          SHUTDOWN",
    ]);
    let refusal = "TRANSIENT_FAILURE (UNAVAILABLE: attempt 1 at 127.0.0.";
    assert!(output.0.contains(refusal), "a restart takes longer than an attempt:\n{}", output.0);
}

#[test]
fn own_policy() {
    let output = run(env!("CARGO_BIN_EXE_own_policy"));
    output.has(&[
        "== all servers",
        "geneva got 50",
        "geneva, the other got 50",
        "== without one in geneva",
        "geneva got 100",
        "== without both",
        "zurich got 100",
        "== one is back",
        "geneva got 100",
        "\"geneva\" is no zone and address",
    ]);
}

#[test]
fn layers() {
    let output = run(env!("CARGO_BIN_EXE_layers"));
    output.has(&[
        "  SayHello was sent",
        "  SayHello: OK",
        "Hello, Ada!",
        "again: Hello, Ada!",
        "Hallo, Ada!",
        "  ListHellos: OK",
        "nobody: INVALID_ARGUMENT: do not greet nobody",
        "Bob: UNAVAILABLE",
        "Cy: UNAVAILABLE",
        "Hello, Di, from memory!",
        "Ada: ABORTED: on purpose",
    ]);
}

#[test]
fn declared_layers() {
    let output = run(env!("CARGO_BIN_EXE_declared_layers"));
    output.has(&[
        "  SayHello went out",
        "  SayHello ended: OK",
        "Ada: Hello, Ada!",
        "  SayHello ended: OK",
        "Ada: Hello, Ada!",
        "  SayHello went out",
        "nobody: nobody is not there to be greeted",
        "== the server is gone",
        "Bob: nobody there to greet",
        "Eve: Hello, from memory!",
    ]);
}

#[test]
fn mock_in_test() {
    let output = run(env!("CARGO_BIN_EXE_mock_in_test"));
    output.has(&[
        "70 of 100 cents: 30 are left",
        "50 of 30 cents: FAILED_PRECONDITION: Ada has 30 cents, not 50",
        "a test that ended here would fail, because the calls were not as the mock expected them:",
        "  /bank.Bank/Balance was expected once and came never (examples",
        "  /bank.Bank/Transfer with Transfer { from: \"Ada\", cents: 20 } was expected once",
        "20 of 30 cents: 10 are left",
    ]);
}

#[test]
fn etcd() {
    let Some(etcd) = Etcd::start() else {
        println!("not run: there is no etcd on this machine");
        return;
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_etcd"));
    command.env("ETCD_ENDPOINT", &etcd.endpoint);
    let (code, output, errors) = run_to_end(command);
    assert_eq!(code, Some(0), "{}\n{errors}", output.0);
    output.has(&[
        "put greeting = \"hello\", was not there",
        "put greeting = \"hello again\", was \"hello\"",
        "get greeting = \"hello again\", version 2",
        "delete greeting: 1 deleted",
        "get greeting: not there",
        "a lease of 60 s",
        "heartbeat 2: 60 s from now",
        "the lease is revoked",
        "get session: not there",
        "PUT greeting = \"hello\"",
        "DELETE session",
    ]);
}

#[test]
fn etcd_says_how_to_start_one() {
    let endpoint = format!("http://127.0.0.1:{}", free_port());
    let mut command = Command::new(env!("CARGO_BIN_EXE_etcd"));
    command.env("ETCD_ENDPOINT", &endpoint);
    let (code, output, errors) = run_to_end(command);
    assert_eq!(code, Some(2), "{}\n{errors}", output.0);
    assert!(errors.contains(&format!("no etcd answers at {endpoint}: UNAVAILABLE: ")), "{errors}");
    assert!(errors.contains("apt install etcd-server"), "{errors}");
}

/// An etcd of this test's own, with its data in a folder of its own.
struct Etcd {
    server: Child,
    endpoint: String,
    _data: tempfile::TempDir,
}

impl Etcd {
    /// `None` where there is no program `etcd`.
    fn start() -> Option<Self> {
        let data = tempfile::tempdir().expect("there is room for a folder");
        let port = free_port();
        let endpoint = format!("http://127.0.0.1:{port}");
        let peers = format!("http://127.0.0.1:{}", free_port());
        let mut server = Command::new("etcd")
            .arg("--data-dir")
            .arg(data.path())
            .args(["--listen-client-urls", &endpoint, "--advertise-client-urls", &endpoint])
            .args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers])
            .args(["--initial-cluster", &format!("default={peers}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = server.try_wait().expect("a child can be waited for");
            assert!(ended.is_none(), "etcd ended at once: {ended:?}");
            assert!(start.elapsed() < PATIENCE, "etcd does not listen");
            thread::sleep(Duration::from_millis(10));
        }
        Some(Etcd { server, endpoint, _data: data })
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    listener.local_addr().expect("a listener has an address").port()
}

/// What a program printed until it ended well.
struct Output(String);

impl Output {
    /// Each of these is a part of some line, in this order.
    #[track_caller]
    fn has(&self, parts: &[&str]) {
        let mut lines = self.0.lines();
        for part in parts {
            assert!(
                lines.any(|line| line.contains(part)),
                "{part:?} is missing, or out of order, in:\n{}",
                self.0
            );
        }
    }
}

/// Runs a program to its end, which has to be a good one.
#[track_caller]
fn run(program: &str) -> Output {
    let (code, output, errors) = run_to_end(Command::new(program));
    assert_eq!(code, Some(0), "{program} failed:\n{}\n{errors}", output.0);
    output
}

/// Runs a program to its end: its exit code, and what it printed on standard output and error.
#[track_caller]
fn run_to_end(mut command: Command) -> (Option<i32>, Output, String) {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("cargo has built the program");
    // The pipes are read meanwhile, so that the program never waits for room in them.
    let output = reader(child.stdout.take().expect("it is piped"));
    let errors = reader(child.stderr.take().expect("it is piped"));
    let code = wait(&mut child);
    let output = Output(output.join().expect("reading does not panic"));
    (code, output, errors.join().expect("reading does not panic"))
}

fn reader(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).expect("programs print UTF-8");
        text
    })
}

/// Polls, because the standard library cannot wait for a child with a bound.
fn wait(child: &mut Child) -> Option<i32> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return status.code();
        }
        if start.elapsed() > PATIENCE {
            child.kill().expect("a child can be killed");
            child.wait().expect("a child can be waited for");
            panic!("the program ran for more than {PATIENCE:?}");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

const PATIENCE: Duration = Duration::from_secs(30);
