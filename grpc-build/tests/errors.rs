//! What people read when something is wrong, word for word.

mod support;

use grpc_build::{ErrorKind, NO_PATHS, configure};
use support::{Scratch, has_protoc};

fn complaint(text: &str) -> String {
    Scratch::new(&[("x.proto", text)]).complaint(&configure(), "x.proto")
}

#[test]
fn a_syntax_error() {
    assert_eq!(
        complaint("syntax = \"proto3\";\nmessage Foo {\n\tstring = 1;\n}\n"),
        "DIR/x.proto:3:9: expected an identifier, but found '='\n  \
           |\n\
         3 |     string = 1;\n  \
           |            ^ found here"
    );
}

#[test]
fn an_unfinished_file() {
    assert_eq!(
        complaint("syntax = \"proto3\";\nservice Foo {\n"),
        "DIR/x.proto:2:14: expected 'rpc', '}', 'option' or ';', but reached end of file\n  \
           |\n\
         2 | service Foo {\n  \
           |              ^"
    );
}

#[test]
fn a_missing_import() {
    assert_eq!(
        complaint("syntax = \"proto3\";\nimport \"no/such.proto\";\n"),
        "DIR/x.proto:2:1: import 'no/such.proto' not found\n  \
           |\n\
         2 | import \"no/such.proto\";\n  \
           | ^^^^^^^^^^^^^^^^^^^^^^^ imported here\n  \
           = help: imports are looked up in `DIR`; if the file lies elsewhere, name its include folder: \
         `grpc_build::configure().compile([PROTO], [FOLDER])`, or `--include FOLDER`"
    );
}

#[test]
fn several_types_not_found() {
    let scratch = Scratch::new(&[(
        "x.proto",
        "syntax = \"proto3\";\nmessage Foo {\n  Bar bar = 1;\n  Baz baz = 2;\n}\n",
    )]);
    assert_eq!(
        scratch.complaint(&configure(), "x.proto"),
        "DIR/x.proto:3:3: name 'Bar' is not defined\n  \
           |\n\
         3 |   Bar bar = 1;\n  \
           |   ^^^ found here\n\
         \n\
         DIR/x.proto:4:3: name 'Baz' is not defined\n  \
           |\n\
         4 |   Baz baz = 2;\n  \
           |   ^^^ found here"
    );
    let error = scratch.generate(&configure(), "x.proto").expect_err("invalid");
    assert_eq!(error.kind(), ErrorKind::InvalidProto);
    let second = &error.diagnostics()[1];
    assert_eq!(
        (second.line(), second.column(), second.message()),
        (Some(4), Some(3), "name 'Baz' is not defined")
    );
    assert!(second.file().is_some_and(|file| file.ends_with("x.proto")));
    assert_eq!(second.notes().count(), 0);
}

#[test]
fn a_name_defined_twice() {
    assert_eq!(
        complaint("syntax = \"proto3\";\nmessage Foo {}\nmessage Foo {}\n"),
        "DIR/x.proto:3:9: name 'Foo' is defined twice\n  \
           |\n\
         3 | message Foo {}\n  \
           |         ^^^ defined again here\n  \
           = first defined here: DIR/x.proto:2:9"
    );
}

#[test]
fn faults_of_several_files() {
    let scratch = Scratch::new(&[
        ("a.proto", "syntax = \"proto3\";\nimport \"broken.proto\";\n"),
        ("b.proto", "syntax = \"proto3\";\nimport \"broken.proto\";\nmessage B { X x = 1; }\n"),
        ("broken.proto", "syntax = \"proto3\";\nmessage {}\n"),
        ("c.proto", "syntax = \"proto3\";\nmessage C { Y y = 1; }\n"),
    ]);
    let paths = ["a.proto", "b.proto", "c.proto"].map(|name| scratch.path(name));
    let error = configure().generate(&paths, NO_PATHS).expect_err("invalid");
    let found: Vec<_> =
        error.diagnostics().iter().map(|found| (found.line(), found.message())).collect();
    assert_eq!(
        found,
        [(Some(2), "expected an identifier, but found '{'"), (Some(2), "name 'Y' is not defined")]
    );
}

#[test]
fn two_names_that_are_one_in_rust() {
    assert_eq!(
        complaint("syntax = \"proto3\";\npackage a;\nmessage FooBar {}\nmessage foo_bar {}\n"),
        "DIR/x.proto:4:9: `a.FooBar` and `a.foo_bar` both become `FooBar` in Rust\n  \
           |\n\
         4 | message foo_bar {}\n  \
           |         ^^^^^^^\n  \
           = help: rename one of them, or take one out with `extern_path`"
    );
    assert_eq!(
        complaint("syntax = \"proto2\";\nenum E {\n  AB_C = 0;\n  ab_c = 1;\n}\n"),
        "DIR/x.proto:4:3: `E.AB_C` and `E.ab_c` both become `AbC` in Rust\n  \
           |\n\
         4 |   ab_c = 1;\n  \
           |   ^^^^\n  \
           = help: rename one of them, or take one out with `extern_path`"
    );
    assert!(
        complaint("syntax = \"proto3\";\nmessage _ {}\n")
            .starts_with("DIR/x.proto:2:9: `_` has no letter or digit")
    );
}

#[test]
fn an_edition() {
    assert_eq!(
        complaint("edition = \"2023\";\n").lines().last(),
        Some("  = help: editions are not supported; write `syntax = \"proto3\";`")
    );
}

#[test]
fn an_import_cycle() {
    assert_eq!(
        complaint("syntax = \"proto3\";\nimport \"x.proto\";\n"),
        "DIR/x.proto: import cycle detected: x.proto -> x.proto"
    );
}

#[test]
fn paths_that_lead_nowhere() {
    let scratch = Scratch::new(&[("here/x.proto", "syntax = \"proto3\";")]);
    let generate = |proto: &str, include: &str| {
        let error = configure()
            .generate(scratch.path(proto), scratch.path(include))
            .expect_err("wrong path");
        (error.kind(), error.to_string().replace(&scratch.folder().display().to_string(), "DIR"))
    };
    let current = std::env::current_dir().expect("a folder");
    let current = current.display();
    assert_eq!(
        generate("here/y.proto", "here"),
        (
            ErrorKind::Io,
            format!(
                "`DIR/here/y.proto` does not exist: give the path of a .proto file from `{current}`, or its name in one of the include folders (`DIR/here`)"
            )
        )
    );
    assert_eq!(
        generate("here/x.proto", "there"),
        (
            ErrorKind::Io,
            format!(
                "the include folder `DIR/there` does not exist: correct it or leave it out (a relative path starts at `{current}`)"
            )
        )
    );
    scratch.write("there/y.proto", "");
    assert_eq!(
        generate("here/x.proto", "there"),
        (ErrorKind::InvalidOption, "`DIR/here/x.proto` lies in none of the include folders (`DIR/there`): add its folder, or one above it".to_owned())
    );
    assert_eq!(
        generate("here", "here"),
        (
            ErrorKind::InvalidOption,
            "`DIR/here` is a folder: name the .proto files in it".to_owned()
        )
    );
    let error = configure().generate(NO_PATHS, NO_PATHS).expect_err("nothing");
    assert_eq!(error.to_string(), "no .proto file was named: pass at least one path");
}

#[test]
fn nowhere_to_write() {
    let scratch = Scratch::new(&[("x.proto", "syntax = \"proto3\";")]);
    let error = configure().compile(scratch.path("x.proto"), NO_PATHS).expect_err("no folder");
    assert_eq!(
        error.to_string(),
        "nowhere to write to: `OUT_DIR` is set in build scripts only, so name a folder with `out_dir`"
    );
    let file = scratch.path("x.proto");
    let error =
        configure().out_dir(&file).compile(&file, NO_PATHS).expect_err("a file is no folder");
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("x.proto"), "{error}");
}

#[test]
fn options_that_make_no_sense() {
    let text = "syntax = \"proto3\";";
    let scratch = Scratch::new(&[("x.proto", text)]);
    for (config, expected) in [
        (
            configure().type_attribute(".", "derive(Eq)"),
            "option `type_attribute`: `derive(Eq)`: not an attribute such as `#[name(..)]`: unexpected token",
        ),
        (
            configure().method_attribute("", "#[a]"),
            "option `method_attribute`: ``: the path is empty; `.` chooses everything",
        ),
        (
            configure().extern_path("a.B", "::b::B"),
            "option `extern_path`: `a.B`: write the full name with its leading dot, `.package.Message`",
        ),
        (
            configure().extern_path(".a", "::b").extern_path(".a", "::c"),
            "option `extern_path`: `.a`: given twice",
        ),
        (
            configure().extern_path(".a", "super::b"),
            "option `extern_path`: `super::b`: it is written in modules of every depth: start with `crate::` or `::`",
        ),
        (configure().codec("a b"), "option `codec`: `a b`: not a Rust path: unexpected token"),
    ] {
        let error = scratch.generate(&config, "x.proto").expect_err("no sense");
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::InvalidOption, expected)
        );
    }
}

#[test]
fn protoc_is_read_as_well() {
    if !has_protoc("protoc_is_read_as_well") {
        return;
    }
    let scratch =
        Scratch::new(&[("x.proto", "syntax = \"proto3\";\nmessage Foo {\n\tBar bar = 1;\n}\n")]);
    assert_eq!(
        scratch.complaint(&configure().protoc(), "x.proto"),
        "DIR/x.proto:3:2: \"Bar\" is not defined.\n  \
           |\n\
         3 |     Bar bar = 1;\n  \
           |     ^^^"
    );
}

#[test]
fn a_protoc_that_is_not_there() {
    let scratch = Scratch::new(&[("x.proto", "syntax = \"proto3\";")]);
    let error = scratch
        .generate(&configure().protoc_path("/no/such/protoc"), "x.proto")
        .expect_err("missing");
    assert_eq!(error.kind(), ErrorKind::Protoc);
    assert_eq!(
        error.to_string(),
        "cannot run `/no/such/protoc`: No such file or directory (os error 2): correct the path given to `protoc_path`"
    );
}
