//! Whoever reads the files, in whatever order and wherever they lie, the generated code is the same.

mod support;

use grpc_build::{ErrorKind, NO_PATHS, configure};
use support::{Scratch, has_protoc};

const AWKWARD: [&str; 4] = [
    "../tests/proto/awkward/collisions.proto",
    "../tests/proto/awkward/keywords.proto",
    "../tests/proto/awkward/no_package.proto",
    "../tests/proto/awkward/old.proto",
];

fn awkward() -> String {
    configure().generate(AWKWARD, NO_PATHS).expect("valid").source().to_owned()
}

#[test]
fn protoc_and_protox_agree() {
    if !has_protoc("protoc_and_protox_agree") {
        return;
    }
    let by_protoc = configure().protoc().generate(AWKWARD, NO_PATHS).expect("valid");
    pretty_eq(by_protoc.source(), &awkward());
    let inputs: Vec<_> =
        by_protoc.inputs().iter().filter_map(|path| path.file_name()?.to_str()).collect();
    assert_eq!(
        inputs,
        [
            "collisions.proto",
            "order.proto",
            "router.proto",
            "keywords.proto",
            "no_package.proto",
            "old.proto"
        ]
    );
    assert!(by_protoc.cargo_directives().contains(&"cargo:rerun-if-env-changed=PROTOC".to_owned()));

    let at_path = configure().protoc_path("protoc").generate(AWKWARD, NO_PATHS).expect("valid");
    assert!(!at_path.cargo_directives().contains(&"cargo:rerun-if-env-changed=PROTOC".to_owned()));
}

#[test]
fn a_descriptor_set_gives_the_same() {
    let scratch = Scratch::new(&[]);
    let configured = configure().out_dir(scratch.folder()).file_descriptor_set_path("set.bin");
    configured.generate(AWKWARD, NO_PATHS).expect("valid").write().expect("written");
    let from_set =
        configure().generate_from_descriptor_set(scratch.path("set.bin")).expect("valid");
    pretty_eq(from_set.source(), &awkward());
    assert_eq!(from_set.inputs(), [scratch.path("set.bin")]);

    let out = scratch.path("out");
    let bytes = std::fs::read(scratch.path("set.bin")).expect("written");
    configure().out_dir(&out).compile_descriptor_bytes(bytes).expect("valid");
    pretty_eq(&std::fs::read_to_string(out.join("protos.rs")).expect("written"), &awkward());
    configure()
        .out_dir(&out)
        .include_file("again.rs")
        .compile_descriptor_set(scratch.path("set.bin"))
        .expect("valid");
    pretty_eq(&std::fs::read_to_string(out.join("again.rs")).expect("written"), &awkward());
}

#[test]
fn the_order_of_files_is_nothing_to_the_output() {
    let mut reversed = AWKWARD;
    reversed.reverse();
    pretty_eq(configure().generate(reversed, NO_PATHS).expect("valid").source(), &awkward());
    let twice = [AWKWARD, AWKWARD].concat();
    pretty_eq(configure().generate(twice, NO_PATHS).expect("valid").source(), &awkward());
}

#[test]
fn the_place_of_files_is_nothing_to_the_output() {
    let scratch = Scratch::new(&[]);
    for name in [
        "collisions.proto",
        "keywords.proto",
        "no_package.proto",
        "old.proto",
        "deep/router.proto",
        "deep/order.proto",
    ] {
        let text = std::fs::read(format!("../tests/proto/awkward/{name}")).expect("in the tree");
        scratch.write(&format!("elsewhere/{name}"), text);
    }
    let elsewhere =
        AWKWARD.map(|path| scratch.path(&path.replace("../tests/proto/awkward", "elsewhere")));
    pretty_eq(configure().generate(&elsewhere, NO_PATHS).expect("valid").source(), &awkward());
    // One path relative and another absolute, one with a detour.
    let absolute = std::path::absolute("../tests/proto").expect("a current folder");
    let detour = AWKWARD.map(|path| path.replace("proto/", "../tests/proto/"));
    pretty_eq(
        configure().generate(&detour, [absolute.join("awkward")]).expect("valid").source(),
        &awkward(),
    );
}

#[test]
fn imports_are_watched_and_bundled_files_are_not() {
    let generated =
        configure().generate("../tests/proto/awkward/old.proto", NO_PATHS).expect("valid");
    let lines = generated.cargo_directives();
    assert_eq!(
        lines,
        [
            "cargo:rerun-if-changed=../tests/proto/awkward/keywords.proto",
            "cargo:rerun-if-changed=../tests/proto/awkward/no_package.proto",
            "cargo:rerun-if-changed=../tests/proto/awkward/old.proto",
        ]
    );
}

#[test]
fn outer_folders_come_first() {
    let scratch = Scratch::new(&[
        (
            "proto/a.proto",
            "syntax = \"proto3\"; package a; import \"sub/b.proto\"; message A { b.B b = 1; }",
        ),
        ("proto/sub/b.proto", "syntax = \"proto3\"; package b; message B {}"),
    ]);
    let protos = [scratch.path("proto/sub/b.proto"), scratch.path("proto/a.proto")];
    let generated = configure().generate(&protos, NO_PATHS).expect("valid");
    assert!(
        generated.source().contains("// - a.proto\n// - sub/b.proto\n"),
        "{}",
        generated.source()
    );
    // By its name below an include folder, as protoc has it.
    let by_name = configure().generate("sub/b.proto", scratch.path("proto")).expect("valid");
    assert!(by_name.source().contains("pub struct B"));
}

#[test]
fn a_file_hidden_by_another_is_an_error() {
    let scratch = Scratch::new(&[
        ("one/x.proto", "syntax = \"proto3\";"),
        ("two/x.proto", "syntax = \"proto3\";"),
    ]);
    let folders = [scratch.path("one"), scratch.path("two")];
    let error = configure().generate(scratch.path("two/x.proto"), &folders).expect_err("hidden");
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
    assert!(error.to_string().contains("reorder the include folders"), "{error}");
}

#[test]
fn a_set_without_its_imports_is_an_error() {
    let mut set = protox_set();
    set.file.retain(|file| file.name() != "keywords.proto");
    let bytes = prost::Message::encode_to_vec(&set);
    let scratch = Scratch::new(&[]);
    let error = configure()
        .out_dir(scratch.folder())
        .compile_descriptor_bytes(&bytes)
        .expect_err("incomplete");
    assert_eq!(error.kind(), ErrorKind::InvalidDescriptorSet);
    assert!(error.to_string().contains("--include_imports"), "{error}");

    let error = configure().compile_descriptor_bytes(b"no descriptor").expect_err("garbage");
    assert_eq!(error.kind(), ErrorKind::InvalidDescriptorSet);
    let error = configure().compile_descriptor_set(scratch.path("none")).expect_err("missing");
    assert_eq!(error.kind(), ErrorKind::Io);
}

#[test]
fn a_set_with_gaps_in_its_source_info_is_fine() {
    let mut set = protox_set();
    for file in &mut set.file {
        let info = file.source_code_info.get_or_insert_default();
        info.location.retain(|location| location.path.len() % 3 == 0);
    }
    let scratch = Scratch::new(&[]);
    configure()
        .out_dir(scratch.folder())
        .compile_descriptor_bytes(prost::Message::encode_to_vec(&set))
        .expect("valid");
}

#[test]
fn line_ends_and_byte_order_marks_are_nothing_to_the_output() {
    let text =
        "// Of.\nsyntax = \"proto3\";\n/* One.\n\n   Two. */\nmessage M {\n  int32 i = 1;\n}\n";
    let plain = support::generate(&configure(), text);
    assert!(plain.source().contains("/// One.\n///\n/// Two.\n"), "{}", plain.source());
    let windows =
        support::generate(&configure(), &format!("\u{feff}{}", text.replace('\n', "\r\n")));
    pretty_eq(windows.source(), plain.source());
}

#[test]
fn editions_are_named_in_the_error() {
    let mut set = protox_set();
    set.file[0].syntax = Some("editions".to_owned());
    let error = configure()
        .compile_descriptor_bytes(prost::Message::encode_to_vec(&set))
        .expect_err("an edition");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(
        error
            .to_string()
            .ends_with("the syntax is \"editions\"; \"proto2\" and \"proto3\" are supported"),
        "{error}"
    );
}

fn protox_set() -> prost_types::FileDescriptorSet {
    protox::compile(["no_package.proto"], ["../tests/proto/awkward"]).expect("valid")
}

fn pretty_eq(left: &str, right: &str) {
    assert!(left == right, "{}", similar::TextDiff::from_lines(left, right).unified_diff());
}
