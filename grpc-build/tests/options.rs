//! Each option has the effect that its documentation promises.

mod support;

use grpc_build::{Config, NO_PATHS, configure};
use support::{Scratch, has_protoc};

const SHOP: &str = r#"syntax = "proto3";
package shop.v1;

import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";

// An order.
message Order {
  // Its number.
  bytes number = 1;
  map<string, Line> lines = 2;
  Line first = 3;
  oneof payment {
    Line card = 4;
    string cash = 5;
  }
  google.protobuf.Timestamp made = 6;
  google.protobuf.StringValue note = 7;
  Color color = 8;
}

message Line {
  bytes code = 1;
}

// A color.
enum Color {
  COLOR_RED = 0;
}

// A shop.
service Shop {
  // Buys.
  rpc Buy(Order) returns (Line);
  rpc Look(Line) returns (stream Order);
}
"#;

/// What `config` makes of the shop; nothing it was told was in vain.
fn shop(config: Config) -> String {
    let generated = support::generate(&config, SHOP);
    assert_eq!(generated.warnings(), [] as [String; 0]);
    squashed(generated.source())
}

/// On one line, as if the formatter had room for it.
fn squashed(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").replace("< ", "<").replace(", >", ">")
}

#[track_caller]
fn changes(config: Config, before: &str, after: &str) {
    let plain = shop(configure());
    let changed = shop(config);
    assert!(plain.contains(before), "{before} is not in\n{plain}");
    assert!(!plain.contains(after), "{after} is in\n{plain}");
    assert!(changed.contains(after), "{after} is not in\n{changed}");
}

#[test]
fn attributes() {
    let text = shop(
        configure()
            .type_attribute(".", "#[on_type]")
            .message_attribute("Order", "#[on_order]")
            .enum_attribute(".shop", "#[on_enum]")
            .field_attribute("Order.number", "#[on_number]")
            .field_attribute(".shop.v1.Order.payment.cash", "#[on_cash]")
            .field_attribute("Color.COLOR_RED", "#[on_red]")
            .service_attribute(".shop.v1.Shop", "#[on_service]")
            .service_attribute("Shop", "#[again]")
            .method_attribute(".shop.v1.Shop", "#[rpc(timeout = \"1s\")]")
            .method_attribute("Shop.Buy", "#[layer(Cache::new(8))]"),
    );
    for (attribute, count) in [
        ("#[on_type]", 4),
        ("#[on_order]", 1),
        ("#[on_enum]", 2),
        ("#[on_number] pub number", 1),
        ("#[on_cash] Cash(", 1),
        ("#[on_red] Red", 1),
        ("#[rpc(timeout = \"1s\")]", 2),
    ] {
        assert_eq!(text.matches(attribute).count(), count, "{attribute} in\n{text}");
    }
    assert!(
        text.contains("Shop\")] #[on_service] #[again] pub trait Shop {"),
        "below `#[grpc_client]`"
    );
    assert!(
        text.contains("#[rpc(timeout = \"1s\")] #[layer(Cache::new(8))] async fn buy("),
        "{text}"
    );
}

#[test]
fn layers() {
    let text = shop(
        configure()
            .layer(".shop", "outermost::<u8>(1, 2)")
            .layer("Shop", "second()")
            .layer("Shop.Buy", "own()")
            .layer(".shop.v1.Shop.Look", "crate::layers::look()")
            .method_attribute("Buy", "#[rpc(wait_for_ready)]"),
    );
    for expected in [
        "Shop\")] #[layer(outermost::<u8>(1, 2))] #[layer(second())] pub trait Shop {",
        "#[rpc(wait_for_ready)] #[layer(own())] async fn buy(",
        "#[layer(crate::layers::look())] async fn look(",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    assert_eq!(text.matches("#[layer(").count(), 4);
}

#[test]
fn layers_that_would_be_nowhere_are_refused() {
    for (config, error) in [
        (
            configure().layer("Shop.Sell", "own()"),
            "option `layer`: `Shop.Sell`: no service and no method matches",
        ),
        (
            configure().layer("shop.v1.Shop/Buy", "own()"),
            "option `layer`: `shop.v1.Shop/Buy`: write a dot between service and method",
        ),
        (configure().layer("", "own()"), "option `layer`: ``: the path is empty"),
        (
            configure().layer("Shop", "own() +"),
            "option `layer`: `own() +`: not an expression such as `crate::layers::trace()`: ",
        ),
        (
            configure().layer("Shop", "own()").build_traits(false),
            "option `layer`: `Shop`: without traits there is nothing to put it on",
        ),
    ] {
        let refused = Scratch::new(&[("x.proto", SHOP)]).complaint(&config, "x.proto");
        assert!(refused.starts_with(error), "{refused}");
    }
}

#[test]
fn extern_path_of_a_message() {
    let text = shop(configure().extern_path(".shop.v1.Line", "crate::shared::Line"));
    assert!(!text.contains("struct Line"));
    assert!(text.contains("pub first: ::core::option::Option<crate::shared::Line>"));
    assert!(text.contains("Result<crate::shared::Line, ::grpc_runtime::Status>"));
}

#[test]
fn extern_path_of_a_package() {
    let text = shop(configure().extern_path(".shop.v1", "::shop_types::v1"));
    assert!(!text.contains("struct Order") && !text.contains("enum Color"));
    assert!(text.contains("request: ::shop_types::v1::Order"), "{text}");
}

#[test]
fn extern_path_of_well_known_types() {
    let plain = shop(configure());
    assert!(plain.contains("Option<::grpc_runtime::codegen::prost_types::Timestamp>"));
    assert!(plain.contains("Option<::grpc_runtime::codegen::prost::alloc::string::String>"));
    let one = shop(configure().extern_path(".google.protobuf.Timestamp", "::time::Stamp"));
    assert!(
        one.contains("Option<::time::Stamp>")
            && one.contains(
                "pub note: ::core::option::Option<::grpc_runtime::codegen::prost::alloc::string::String>"
            )
    );
    let all = shop(configure().extern_path(".google.protobuf", "::pbjson_types"));
    assert!(
        all.contains("Option<::pbjson_types::Timestamp>")
            && all.contains("Option<::pbjson_types::StringValue>")
    );
}

#[test]
fn bytes() {
    changes(
        configure().bytes(["."]),
        "number: ::grpc_runtime::codegen::prost::alloc::vec::Vec<u8>",
        "number: ::grpc_runtime::codegen::prost::bytes::Bytes",
    );
    let one = shop(configure().bytes([".shop.v1.Order"]));
    assert!(one.contains("pub code: ::grpc_runtime::codegen::prost::alloc::vec::Vec<u8>"));
}

#[test]
fn btree_map() {
    changes(
        configure().btree_map([".shop"]),
        "::std::collections::HashMap<",
        "::grpc_runtime::codegen::prost::alloc::collections::BTreeMap<",
    );
}

#[test]
fn boxed() {
    changes(
        configure().boxed("Order.first"),
        "pub first: ::core::option::Option<Line>",
        "::grpc_runtime::codegen::prost::alloc::boxed::Box<Line>",
    );
}

#[test]
fn skip_debug() {
    let text = shop(configure().skip_debug(["Line"]));
    assert!(text.contains("#[prost(skip_debug)] pub struct Line"), "{text}");
    assert_eq!(text.matches("skip_debug").count(), 1);
}

#[test]
fn disable_comments() {
    let text = shop(configure().disable_comments([".shop.v1.Order", ".shop.v1.Shop", "Color"]));
    for gone in ["An order.", "Its number.", "A shop.", "Buys.", "A color."] {
        assert!(!text.contains(gone), "{gone} in\n{text}");
    }
    assert!(shop(configure().disable_comments(["Shop.Buy"])).contains("/// A shop."));
}

#[test]
fn type_names() {
    let text = shop(configure().type_names(true));
    assert!(text.contains("impl ::grpc_runtime::codegen::prost::Name for Order"));
    assert!(text.contains("\"/shop.v1.Order\""), "{text}");
    let text = shop(configure().type_name_domain(".shop.v1.Order", "type.example.com"));
    assert!(
        text.contains("\"type.example.com/shop.v1.Order\"") && text.contains("\"/shop.v1.Line\""),
        "{text}"
    );
}

#[test]
fn retain_enum_prefix() {
    changes(configure().retain_enum_prefix(true), " Red = 0,", " ColorRed = 0,");
}

#[test]
fn compile_well_known_types() {
    let text = shop(configure().compile_well_known_types(true));
    assert!(text.contains("pub mod google {") && text.contains("pub struct Timestamp"));
    assert!(text.contains("Option<super::super::google::protobuf::Timestamp>"), "{text}");
    assert!(text.contains("// - google/protobuf/timestamp.proto"));
}

#[test]
fn build_traits() {
    let text = shop(configure().build_traits(false));
    assert!(!text.contains("trait") && !text.contains("grpc_runtime"), "{text}");
    assert!(text.contains("::prost::Message") && text.contains("::prost_types::Timestamp"));
    assert!(
        shop(configure().build_traits(false).crate_path("::rt"))
            .contains("::rt::codegen::prost::Message")
    );
}

#[test]
fn crate_path() {
    let text = shop(configure().crate_path("crate::net"));
    assert!(!text.contains("grpc_runtime"), "{text}");
    assert!(
        text.contains("#[crate::net::grpc_client(service = \"shop.v1.Shop\", crate = crate::net)]"),
        "{text}"
    );
    assert!(
        text.contains("crate::net::Streaming<Order>")
            && text.contains("crate::net::codegen::prost_types::Timestamp")
    );
}

#[test]
fn prost_paths() {
    let text = shop(configure().prost_path("::prost").prost_types_path("::prost_types"));
    assert!(
        text.contains("#[derive(Clone, PartialEq, ::prost::Message)]")
            && text.contains("Option<::prost_types::Timestamp>")
    );
    assert!(!text.contains("::grpc_runtime::codegen::prost"), "{text}");
}

#[test]
fn codec() {
    changes(
        configure().codec("::grpc_runtime::codec::Json"),
        "#[::grpc_runtime::grpc_client(service = \"shop.v1.Shop\")]",
        "codec = ::grpc_runtime::codec::Json",
    );
}

#[test]
fn error() {
    let text = shop(configure().error("crate::ShopError"));
    assert!(text.contains("-> ::core::result::Result<Line, crate::ShopError>;"), "{text}");
    assert!(!text.contains("Status"), "{text}");
}

#[test]
fn mocks() {
    changes(
        configure().mocks(true),
        "#[::grpc_runtime::grpc_client(service = \"shop.v1.Shop\")]",
        "#[::grpc_runtime::grpc_client(service = \"shop.v1.Shop\", mock)]",
    );
}

#[test]
fn files_and_folders() {
    let scratch = Scratch::new(&[("x.proto", SHOP)]);
    let config = configure()
        .out_dir(scratch.path("out/deep"))
        .include_file("shop.rs")
        .file_descriptor_set_path("shop.bin");
    config.clone().compile(scratch.path("x.proto"), NO_PATHS).expect("valid");
    let written = std::fs::read_to_string(scratch.path("out/deep/shop.rs")).expect("written");
    assert_eq!(squashed(&written), shop(configure()));
    let set = std::fs::read(scratch.path("out/deep/shop.bin")).expect("written");
    let set: prost_types::FileDescriptorSet =
        prost::Message::decode(set.as_slice()).expect("a set");
    assert!(set.file.iter().any(|file| file.name() == "x.proto") && set.file.len() == 3);

    let modified = |name: &str| {
        std::fs::metadata(scratch.path(name)).and_then(|found| found.modified()).expect("there")
    };
    let (before, set_before) = (modified("out/deep/shop.rs"), modified("out/deep/shop.bin"));
    config.compile(scratch.path("x.proto"), NO_PATHS).expect("valid");
    assert_eq!(
        (before, set_before),
        (modified("out/deep/shop.rs"), modified("out/deep/shop.bin")),
        "left untouched"
    );
}

#[test]
fn protoc_arguments_reach_protoc() {
    if !has_protoc("protoc_arguments_reach_protoc") {
        return;
    }
    let scratch =
        Scratch::new(&[("x.proto", SHOP), ("extra/y.proto", "syntax = \"proto3\"; message Y {}")]);
    scratch.write("z.proto", "syntax = \"proto3\"; import \"y.proto\"; message Z { Y y = 1; }");
    let path = scratch.path("extra").display().to_string();
    let config = configure().protoc_arg(format!("-I{path}"));
    assert!(
        config
            .generate(scratch.path("z.proto"), scratch.folder())
            .expect("found")
            .source()
            .contains("pub struct Y")
    );
    let error = configure()
        .protoc_arg("--no-such")
        .protoc()
        .generate(scratch.path("x.proto"), scratch.folder())
        .expect_err("refused");
    assert!(error.to_string().contains("--no-such"), "{error}");
}

#[test]
fn a_path_that_chooses_nothing_is_a_warning() {
    let config = configure()
        .type_attribute(".shop.v2", "#[a]")
        .message_attribute("Color", "#[a]")
        .enum_attribute("Order", "#[a]")
        .field_attribute("Order", "#[a]")
        .service_attribute(".shop.v1.Shop.Buy", "#[a]")
        .method_attribute("Shop.buy", "#[a]")
        .bytes(["Order.nr"])
        .btree_map(["x"])
        .boxed("y")
        .skip_debug(["z"])
        .disable_comments(["w"])
        .type_name_domain("v", "d")
        .extern_path(".shop.v1.Ordre", "::a::B");
    let generated = support::generate(&config, SHOP);
    assert_eq!(generated.warnings().len(), 13, "{:#?}", generated.warnings());
    assert_eq!(
        generated.warnings()[0],
        "grpc-build: option `type_attribute`: no message or enum matches `.shop.v2`"
    );
    assert!(
        generated
            .cargo_directives()
            .contains(&"cargo:warning=grpc-build: option `boxed`: no field matches `y`".to_owned())
    );
}
