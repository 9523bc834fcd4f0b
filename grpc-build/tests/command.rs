//! The program, run as people run it.

mod support;

use std::process::{Command, Output};

use support::Scratch;

const HELLO: &str = "syntax = \"proto3\";\npackage hello;\nmessage Hello {\n  bytes name = 1;\n}\n";

fn run(scratch: &Scratch, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_grpc-build"))
        .args(arguments)
        .current_dir(scratch.folder())
        .env_remove("OUT_DIR")
        .output()
        .expect("the program runs")
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn generate_then_check() {
    let scratch = Scratch::new(&[("proto/hello.proto", HELLO)]);
    let generate = ["generate", "--out-dir", "src/generated", "proto/hello.proto"];
    let check = ["check", "--out-dir", "src/generated", "proto/hello.proto"];

    let (code, out, error) = said(&run(&scratch, &check));
    assert_eq!(code, Some(1), "nothing is there yet");
    assert!(out.contains("+pub mod hello {"), "{out}");
    assert_eq!(
        error,
        "`src/generated/protos.rs` is stale: run `grpc-build generate` with the same arguments\n"
    );

    assert_eq!(said(&run(&scratch, &generate)), (Some(0), String::new(), String::new()));
    assert_eq!(said(&run(&scratch, &check)), (Some(0), String::new(), String::new()));

    scratch.write("proto/hello.proto", HELLO.replace("bytes name", "string name"));
    let (code, out, _) = said(&run(&scratch, &check));
    assert_eq!(code, Some(1));
    let changed: Vec<_> = out.lines().filter(|line| line.starts_with(['-', '+'])).collect();
    assert_eq!(
        changed,
        [
            "--- src/generated/protos.rs",
            "+++ src/generated/protos.rs (fresh)",
            "-        #[prost(bytes = \"vec\", tag = \"1\")]",
            "-        pub name: ::grpc_runtime::codegen::prost::alloc::vec::Vec<u8>,",
            "+        #[prost(string, tag = \"1\")]",
            "+        pub name: ::grpc_runtime::codegen::prost::alloc::string::String,",
        ]
    );
}

#[test]
fn a_stale_descriptor_set_is_found() {
    let scratch = Scratch::new(&[("hello.proto", HELLO)]);
    let arguments = ["generate", "-o", ".", "--descriptor-set-out", "hello.bin", "hello.proto"];
    assert_eq!(said(&run(&scratch, &arguments)).0, Some(0));
    scratch.write("hello.bin", "");
    let (code, out, error) = said(&run(
        &scratch,
        &["check", "-o", ".", "--descriptor-set-out", "hello.bin", "hello.proto"],
    ));
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(error.starts_with("`./hello.bin` is stale"), "{error}");
}

#[test]
fn every_option_reaches_the_library() {
    let text = "syntax = \"proto3\"; package shop; import \"part.proto\"; import \"google/protobuf/empty.proto\"; \
        // Comment.\nmessage A { bytes b = 1; map<string, string> m = 2; Part p = 3; Color c = 4; Ext e = 5; } \
        message Ext {} enum Color { COLOR_RED = 0; } \
        service S { rpc R(A) returns (google.protobuf.Empty); }";
    let scratch = Scratch::new(&[
        ("x.proto", text),
        ("parts/part.proto", "syntax = \"proto3\"; package shop; message Part {}"),
    ]);
    let base = ["generate", "-o", ".", "-I", ".", "--include", "parts", "x.proto"];
    for (option, effect) in [
        (&["--messages-only"][..], "::prost::Message"),
        (&["--codec", "a::B"], "codec = a::B"),
        (&["--error", "a::Failure"], ", a::Failure>;"),
        (&["--mocks"], "mock)]"),
        (&["--crate-path=::rt"], "::rt::grpc_client"),
        (&["--service-attribute", "S=#[on_service = \"x\"]"], "#[on_service = \"x\"]"),
        (&["--method-attribute", "S.R=#[on_method]"], "#[on_method]"),
        (&["--layer", "S=trace(a == b)"], "#[layer(trace(a == b))]"),
        (&["--extern-path", ".shop.Ext=::ext::Ext"], "Option<::ext::Ext>"),
        (&["--type-attribute", ".=#[on_type]"], "#[on_type]"),
        (&["--message-attribute", "A=#[on_a]"], "#[on_a]"),
        (&["--enum-attribute", "Color=#[on_color]"], "#[on_color]"),
        (&["--field-attribute", "A.b=#[on_b]"], "#[on_b]"),
        (&["--bytes", "."], "bytes::Bytes"),
        (&["--btree-map", "."], "BTreeMap"),
        (&["--boxed", "A.p"], "Box<Part>"),
        (&["--skip-debug", "A"], "#[prost(skip_debug)]"),
        (&["--type-names"], "prost::Name"),
        (&["--type-name-domain", ".=example.com"], "example.com/shop.A"),
        (&["--retain-enum-prefix"], "ColorRed"),
        (&["--compile-well-known-types"], "pub struct Empty"),
        (&["--prost-path", "::my::prost"], "::my::prost::Message"),
        (
            &["--prost-types-path", "::my::types", "--extern-path", ".shop.A=::google::A"],
            "pub trait S",
        ),
    ] {
        let output = run(&scratch, &[&base[..], option].concat());
        assert_eq!(said(&output), (Some(0), String::new(), String::new()), "{option:?}");
        let text = std::fs::read_to_string(scratch.path("protos.rs")).expect("written");
        assert!(text.contains(effect), "{option:?}: no {effect} in\n{text}");
    }
    assert_eq!(
        said(&run(&scratch, &[&base[..], &["--disable-comments", "."]].concat())).0,
        Some(0)
    );
    assert!(
        !std::fs::read_to_string(scratch.path("protos.rs")).expect("written").contains("Comment.")
    );

    let set =
        [&base[..], &["--descriptor-set-out", "set.bin", "--include-file", "other.rs"]].concat();
    assert_eq!(said(&run(&scratch, &set)).0, Some(0));
    assert!(scratch.path("other.rs").exists());
    assert_eq!(
        said(&run(&scratch, &["generate", "-o", "again", "--descriptor-set", "set.bin"])).0,
        Some(0)
    );
    let read = |name: &str| std::fs::read_to_string(scratch.path(name)).expect("written");
    assert_eq!(read("again/protos.rs"), read("other.rs"));
}

#[test]
fn protoc_on_request() {
    let scratch = Scratch::new(&[("hello.proto", HELLO)]);
    let (code, _, error) =
        said(&run(&scratch, &["check", "-o", ".", "--protoc=/no/protoc", "hello.proto"]));
    assert_eq!(code, Some(2));
    assert!(error.starts_with("error: cannot run `/no/protoc`"), "{error}");
    if support::has_protoc("protoc_on_request") {
        assert_eq!(
            said(&run(&scratch, &["generate", "-o", ".", "--protoc", "hello.proto"])).0,
            Some(0)
        );
        let (code, _, error) = said(&run(
            &scratch,
            &["generate", "-o", ".", "--protoc-arg", "--nonsense", "hello.proto"],
        ));
        assert_eq!(code, Some(2));
        assert!(error.contains("--nonsense"), "{error}");
    }
}

#[test]
fn mistakes_are_explained() {
    let scratch = Scratch::new(&[("hello.proto", HELLO), ("bad.proto", "message {")]);
    for (arguments, expected) in [
        (&[][..], "error: no command: it is `generate` or `check`; see --help\n"),
        (&["make"], "error: unknown command \"make\": it is `generate` or `check`; see --help\n"),
        (
            &["check", "hello.proto"],
            "error: no folder to write to: give one with `--out-dir FOLDER`\n",
        ),
        (&["check", "-o", "."], "error: no .proto file was named\n"),
        (&["check", "-o", ".", "--nope"], "error: invalid option '--nope'\n"),
        (
            &["check", "-o", ".", "--descriptor-set", "x", "hello.proto"],
            "error: `--descriptor-set` stands instead of .proto files and their include folders\n",
        ),
        (
            &["check", "-o", ".", "--extern-path", "x", "hello.proto"],
            "error: \"x\" is not of the form PATH=VALUE\n",
        ),
        (
            &["check", "-o", ".", "bad.proto"],
            "error: bad.proto:1:9: expected an identifier, but found '{'\n  |\n1 | message {\n  |         ^ found here\n",
        ),
    ] {
        assert_eq!(
            said(&run(&scratch, arguments)),
            (Some(2), String::new(), expected.to_owned()),
            "{arguments:?}"
        );
    }
    let (code, _, error) =
        said(&run(&scratch, &["generate", "-o", ".", "--boxed", "Nope", "hello.proto"]));
    assert_eq!(
        (code, error.as_str()),
        (Some(0), "warning: grpc-build: option `boxed`: no field matches `Nope`\n")
    );
}

#[test]
fn help_and_version() {
    let scratch = Scratch::new(&[]);
    let (code, out, _) = said(&run(&scratch, &["--help"]));
    assert_eq!(code, Some(0));
    assert!(out.contains("Usage: grpc-build generate"), "{out}");
    assert!(out.lines().all(|line| line.len() <= 110), "{out}");
    assert_eq!(
        said(&run(&scratch, &["-V"])).1,
        format!("grpc-build {}\n", env!("CARGO_PKG_VERSION"))
    );
}
