//! The generated code for files that have something to them, word for word.
//!
//! After a change that is meant, `UPDATE_GOLDEN=1 cargo test -p grpc-build --test golden` writes the
//! files anew; read the difference before it is committed.

use std::fs;
use std::path::PathBuf;

fn check(name: &str, protos: &[&str]) {
    check_with(name, protos, &grpc_build::NO_PATHS);
}

fn check_with(name: &str, protos: &[&str], includes: &[&str]) {
    let generated = grpc_build::configure().generate(protos, includes).expect("valid");
    assert_eq!(generated.warnings(), [] as [String; 0]);
    let path = PathBuf::from(format!("tests/golden/{name}.rs"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, generated.source()).expect("written");
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    let difference = similar::TextDiff::from_lines(golden.as_str(), generated.source());
    assert!(
        golden == generated.source(),
        "{name} has changed; UPDATE_GOLDEN=1 accepts it:\n{}",
        difference.unified_diff()
    );
}

#[test]
fn the_four_shapes() {
    check("helloworld", &["../proto/helloworld.proto"]);
}

#[test]
fn keywords_and_names_of_the_prelude() {
    check("keywords", &["../tests/proto/awkward/keywords.proto"]);
}

#[test]
fn taken_names_and_nested_packages() {
    check("collisions", &["../tests/proto/awkward/collisions.proto"]);
}

#[test]
fn well_known_types_and_no_package() {
    check("no_package", &["../tests/proto/awkward/no_package.proto"]);
}

#[test]
fn proto2_deprecation_and_markdown() {
    check("old", &["../tests/proto/awkward/old.proto"]);
}

#[test]
fn several_packages_in_one_file() {
    check_with("etcd", &["../proto/etcd/rpc.proto"], &["../proto"]);
}
