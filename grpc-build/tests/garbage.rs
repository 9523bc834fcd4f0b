//! Whatever stands in a `.proto` file or a descriptor set, the answer is code or an error.

mod support;

use grpc_build::configure;
use proptest::prelude::*;
use support::Scratch;

/// Pieces that get past the first checks when strung together.
const WORDS: [&str; 46] = [
    "syntax = \"proto3\";",
    "syntax = \"proto2\";",
    "package a.b;",
    "package type;",
    "import \"google/protobuf/empty.proto\";",
    "message",
    "enum",
    "service",
    "rpc",
    "returns",
    "stream",
    "oneof",
    "map<string, M>",
    "optional",
    "repeated",
    "group",
    "extend",
    "reserved",
    "option",
    "M",
    "Self",
    "new",
    "_",
    "__",
    "_1",
    "int32",
    "string",
    ".a.b.M",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "=",
    ";",
    "1",
    "0",
    "-1",
    "2147483648",
    "\"text\"",
    "'",
    "/*",
    "*/",
    "//",
    "\n",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in ".{0,200}") {
        try_text(&text);
    }

    #[test]
    fn any_string_of_words(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..40)) {
        try_text(&words.join(" "));
        try_text(&format!("syntax = \"proto3\"; message M {{}} {}", words.join(" ")));
    }

    #[test]
    fn any_names(names in prop::collection::vec("[A-Za-z_]([A-Za-z0-9_]{0,3})", 9)) {
        let [package, message, other, field, second, value, another, service, method] = &names[..] else { unreachable!("nine names") };
        try_text(&format!(
            "syntax = \"proto3\"; package {package}; \
             message {message} {{ int32 {field} = 1; .{package}.{other} {second} = 2; oneof {method} {{ int32 {another} = 3; }} message {service} {{}} }} \
             message {other} {{ enum {message} {{ {value} = 0; {another} = 1; }} }} \
             service {service} {{ rpc {method} (.{package}.{message}) returns (.{package}.{other}); rpc {second} (.{package}.{other}) returns (.{package}.{other}); }}"
        ));
    }

    #[test]
    fn any_bytes_as_a_descriptor_set(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        try_set(&bytes);
    }

    #[test]
    fn a_descriptor_set_with_a_byte_changed(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let set = protox::compile(["x.proto"], [Scratch::new(&[("x.proto", SMALL)]).folder()]).expect("valid");
        let mut bytes = prost::Message::encode_to_vec(&set);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        try_set(&bytes);
    }
}

const SMALL: &str = "syntax = \"proto3\"; package a.b; /* one */ message M { int32 i = 1; oneof o { M m = 2; string s = 3; } \
    map<string, E> e = 4; optional bool b = 5; message N { M.N n = 1; } } enum E { E_A = 0; E_B = 1; } \
    service S { rpc A(M) returns (stream M.N); rpc B(stream M) returns (M) { option deprecated = true; } }";

fn try_text(text: &str) {
    let scratch = Scratch::new(&[("x.proto", text)]);
    match scratch.generate(&configure(), "x.proto") {
        Ok(generated) => assert!(generated.source().starts_with("// @generated")),
        Err(error) => assert!(!error.to_string().contains("please report"), "{error}\n{text}"),
    }
}

fn try_set(bytes: &[u8]) {
    let scratch = Scratch::new(&[]);
    let result = configure()
        .out_dir(scratch.folder())
        .emit_rerun_if_changed(false)
        .compile_descriptor_bytes(bytes);
    if let Err(error) = result {
        assert!(!error.to_string().contains("please report"), "{error}");
    }
}

#[test]
fn deep_nesting_is_an_error() {
    for text in [
        "message A {".repeat(100_000),
        format!("option a = {};", "{a:".repeat(100_000)),
        "[".repeat(100_000),
    ] {
        try_text(&format!("syntax = \"proto3\"; {text}"));
    }
    try_text(&format!("syntax = \"proto3\"; option a = {}", "[".repeat(50_000)));
    try_text(&format!(
        "syntax = \"proto3\"; message M {{ int32 a = 1 [(b) = {{ {} ",
        "c < ".repeat(50_000)
    ));
}

#[test]
fn bytes_that_are_no_text() {
    let scratch = Scratch::new(&[]);
    scratch.write("x.proto", b"syntax = \"proto3\";\n// \xff\n");
    assert_eq!(
        scratch.complaint(&configure(), "x.proto"),
        "DIR/x.proto:2: the file is not UTF-8 text"
    );
}
