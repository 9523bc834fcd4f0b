//! Times how long a program with a large service takes to compile, beside the same program with tonic's client: 100 unary
//! methods, each called, with no layers and with three.
//!
//! `cargo bench -p tests --bench build_time`. It fails where ours takes longer to build than tonic's. Dependencies are
//! built first, and are not in the times; builds take turns, and the fastest of a few counts. The layers are
//! what each has: ours see the methods by their types, tonic's interceptors see metadata alone. Run times are those of
//! `benches/calls.rs`.

#![expect(clippy::unwrap_used, reason = "a step that fails is a measurement that fails")]
#![expect(clippy::print_stdout, reason = "the times are what it is for")]

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

fn main() {
    // Cargo's own arguments (`--bench`) say nothing here, but `cargo test --benches` must not take minutes.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("build_time");
    write_programs(&root);
    let mut slower = Vec::new();
    for features in ["", "layers"] {
        for command in ["check", "build"] {
            let mut best = [Duration::MAX; 2];
            for round in 0..=ROUNDS {
                for (best, program) in best.iter_mut().zip(PROGRAMS) {
                    let took = compile(&root, command, program, features);
                    // The first one built the dependencies.
                    if round > 0 {
                        *best = took.min(*best);
                    }
                }
            }
            let [ours, tonics] = best.map(|best| best.as_secs_f64());
            let layers = if features.is_empty() { "no layers" } else { "three layers" };
            println!("cargo {command}, {layers}: ours {ours:.2} s, tonic's {tonics:.2} s");
            if command == "build" && ours >= tonics {
                slower.push(layers);
            }
        }
    }
    assert!(slower.is_empty(), "ours takes longer to build with {slower:?}");
}

/// How long the compiler takes.
fn compile(root: &Path, command: &str, program: &str, features: &str) -> Duration {
    let source = root.join(program).join("src/lib.rs");
    fs::write(&source, fs::read(&source).unwrap()).unwrap();
    let started = clock();
    let status = Command::new(env!("CARGO"))
        .args([command, "--quiet", "--jobs", "1", "--package", program, "--features", features])
        .current_dir(root)
        .env("CARGO_TARGET_DIR", root.join("target"))
        .env("CARGO_INCREMENTAL", "0")
        .status()
        .unwrap();
    assert!(status.success(), "cargo {command} of {program}");
    clock() - started
}

/// The processor's time that ended processes of this one took, where the system tells it without a crate of its own; else
/// the time that passes, which other programs on the machine make longer.
fn clock() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    let passed = START.get_or_init(Instant::now).elapsed();
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the program's name, in hundredths of a second.
    let ticks = stat.rsplit(')').next().and_then(|behind| behind.split_whitespace().nth(13));
    ticks
        .and_then(|ticks| ticks.parse().ok())
        .map_or(passed, |ticks: u64| Duration::from_millis(10 * ticks))
}

fn write_programs(root: &Path) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("Cargo.toml", "[workspace]\nmembers = [\"ours\", \"tonics\"]\nresolver = \"3\"\n");
    // The versions that the rest is measured with.
    fs::copy(workspace.join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
    write("large.proto", &proto());

    let dependency = |name: &str| format!("{name} = {{ path = {:?} }}\n", workspace.join(name));
    let (runtime, build) = (dependency("grpc-runtime"), dependency("grpc-build"));
    write("ours/Cargo.toml", &manifest("ours", &runtime, &build));
    write("ours/build.rs", OUR_BUILD);
    write("ours/src/lib.rs", &program(OURS, "let client"));
    write("tonics/Cargo.toml", &manifest("tonics", TONICS_DEPENDENCIES, TONICS_BUILD_DEPENDENCIES));
    write("tonics/build.rs", TONICS_BUILD);
    write("tonics/src/lib.rs", &program(TONICS, "let mut client"));
}

fn proto() -> String {
    let mut proto = String::from("syntax = \"proto3\";\npackage big;\nservice Large {\n");
    for method in 0..METHODS {
        let ends = format!("(Request{method}) returns (Reply{method})");
        writeln!(proto, "  rpc Method{method}{ends};").unwrap();
    }
    proto.push_str("}\n");
    for method in 0..METHODS {
        let fields = "{ string name = 1; int64 number = 2; repeated string tags = 3; }";
        writeln!(proto, "message Request{method} {fields}\nmessage Reply{method} {fields}")
            .unwrap();
    }
    proto
}

fn manifest(name: &str, dependencies: &str, build_dependencies: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [features]\nlayers = []\n\n\
         [dependencies]\n{dependencies}\n[build-dependencies]\n{build_dependencies}"
    )
}

/// With a function that calls each method.
fn program(head: &str, binding: &str) -> String {
    let mut program = format!(
        "{head}\npub async fn all(channel: Channel) -> Result<(), Status> {{\n    \
         {binding} = client(channel);\n"
    );
    for method in 0..METHODS {
        let call = format!("client.method{method}(Request{method}::default())");
        writeln!(program, "    {call}.await?;").unwrap();
    }
    program.push_str("    Ok(())\n}\n");
    program
}

const ROUNDS: usize = 4;
const METHODS: usize = 100;
const PROGRAMS: [&str; 2] = ["ours", "tonics"];

const OUR_BUILD: &str = r#"
fn main() {
    let mut config = grpc_build::configure();
    if std::env::var_os("CARGO_FEATURE_LAYERS").is_some() {
        for layer in ["crate::First", "crate::Second", "crate::Third"] {
            config = config.layer("big.Large", layer);
        }
    }
    config.compile(["../large.proto"], ["../"]).unwrap();
}
"#;

const OURS: &str = r#"
#![allow(dead_code, unused_imports)]
grpc_runtime::include_protos!();
use grpc_runtime::{Channel, Invoke, Method, Request, Response, Status, interceptor};
use big::*;

#[interceptor(name = First)]
async fn first<M: Method>(mut request: Request<M>, next: impl Invoke<M>) -> Result<Response<M>, Status> {
    request.metadata_mut().insert("x-first", "1")?;
    next.invoke(request).await
}

#[interceptor(name = Second)]
async fn second<M: Method>(mut request: Request<M>, next: impl Invoke<M>) -> Result<Response<M>, Status> {
    request.metadata_mut().insert("x-second", "1")?;
    next.invoke(request).await
}

#[interceptor(name = Third)]
async fn third<M: Method>(mut request: Request<M>, next: impl Invoke<M>) -> Result<Response<M>, Status> {
    request.metadata_mut().insert("x-third", "1")?;
    next.invoke(request).await
}

fn client(channel: Channel) -> LargeClient {
    LargeClient::new(channel)
}
"#;

const TONICS_DEPENDENCIES: &str = r#"
tonic = { version = "0.14", default-features = false, features = ["codegen", "channel"] }
tonic-prost = "0.14"
prost = "0.14"
"#;

const TONICS_BUILD_DEPENDENCIES: &str = r#"
protox = "0.10"
tonic-prost-build = "0.14"
"#;

const TONICS_BUILD: &str = r#"
fn main() {
    println!("cargo::rerun-if-changed=../large.proto");
    let descriptors = protox::compile(["../large.proto"], ["../"]).unwrap();
    tonic_prost_build::configure().build_server(false).compile_fds(descriptors).unwrap();
}
"#;

const TONICS: &str = r#"
#![allow(dead_code)]
mod big {
    include!(concat!(env!("OUT_DIR"), "/big.rs"));
}
use big::large_client::LargeClient;
use big::*;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

fn first(mut request: Request<()>) -> Result<Request<()>, Status> {
    request.metadata_mut().insert("x-first", "1".parse().unwrap());
    Ok(request)
}

fn second(mut request: Request<()>) -> Result<Request<()>, Status> {
    request.metadata_mut().insert("x-second", "1".parse().unwrap());
    Ok(request)
}

fn third(mut request: Request<()>) -> Result<Request<()>, Status> {
    request.metadata_mut().insert("x-third", "1".parse().unwrap());
    Ok(request)
}

type Interceptor = fn(Request<()>) -> Result<Request<()>, Status>;
type Layered = InterceptedService<InterceptedService<InterceptedService<Channel, Interceptor>, Interceptor>, Interceptor>;

#[cfg(feature = "layers")]
fn client(channel: Channel) -> LargeClient<Layered> {
    let channel = InterceptedService::new(channel, third as Interceptor);
    let channel = InterceptedService::new(channel, second as Interceptor);
    LargeClient::new(InterceptedService::new(channel, first as Interceptor))
}

#[cfg(not(feature = "layers"))]
fn client(channel: Channel) -> LargeClient<Channel> {
    LargeClient::new(channel)
}
"#;
