//! Holds the map of the code: which module may import which, what pure modules may not name, how long a
//! file may be. It reads source text and runs nothing; `ARCHITECTURE.md` tells the same table in prose.

#[path = "layering/rules.rs"]
mod rules;
#[path = "layering/scan.rs"]
mod scan;

use std::fs;
use std::path::{Path, PathBuf};

use rules::{Module, Row, Violation, check_file, check_layers, check_table};
use scan::scan;

/// The layers of `grpc-runtime/src`. A module imports from the rows above its own, and from those modules
/// of its own row that are named `beside` it.
const TABLE: &[Row] = &[
    Row {
        name: "values",
        pure: true,
        modules: &[
            alone("address"),
            beside("attempts", &["status"]),
            alone("attributes"),
            alone("connectivity"),
            alone("encoding"),
            alone("error_details"),
            alone("metadata"),
            beside("method", &["attempts", "encoding"]),
            beside("status", &["error_details", "metadata"]),
        ],
    },
    Row {
        name: "pure decisions",
        pure: true,
        modules: &[
            alone("backoff"),
            alone("deadline"),
            alone("framing"),
            alone("idleness"),
            alone("keepalive"),
            alone("target"),
            beside("lb", &["target"]),
            beside("retry", &["service_config"]),
            beside("service_config", &["lb"]),
        ],
    },
    Row {
        name: "leaves",
        pure: false,
        modules: &[
            beside("codec", &["compression"]),
            alone("compression"),
            beside("credentials", &["rt"]),
            alone("observe"),
            alone("rt"),
        ],
    },
    Row {
        name: "the outside world",
        pure: false,
        modules: &[alone("resolver"), alone("transport")],
    },
    Row { name: "subchannel", pure: false, modules: &[alone("subchannel")] },
    Row { name: "engine", pure: false, modules: &[alone("engine")] },
    Row { name: "channel", pure: false, modules: &[alone("channel")] },
    Row {
        name: "the typed edge",
        pure: false,
        modules: &[alone("call"), beside("layer", &["call"]), beside("client", &["call", "layer"])],
    },
    Row {
        name: "fronts",
        pure: false,
        modules: &[beside("codegen", &["testing"]), alone("testing")],
    },
];

const fn alone(name: &'static str) -> Module {
    Module { name, beside: &[] }
}

const fn beside(name: &'static str, beside: &'static [&'static str]) -> Module {
    Module { name, beside }
}

#[test]
fn the_table_has_no_cycle() {
    assert_eq!(check_table(TABLE), Vec::<String>::new());
}

#[test]
fn modules_import_only_from_rows_above() {
    let mut found = Vec::new();
    for (file, text) in shipped_files("grpc-runtime") {
        found.extend(check_layers(TABLE, &file, &scan(&text)));
    }
    report(&found);
}

#[test]
fn every_file_is_introduced_short_and_safe() {
    let mut found = Vec::new();
    for member in ["grpc-runtime", "grpc-macros", "grpc-build"] {
        for (file, text) in shipped_files(member) {
            found.extend(check_file(&format!("{member}/src/{file}"), &scan(&text)));
        }
    }
    report(&found);
}

fn report(found: &[Violation]) {
    let lines: Vec<String> = found.iter().map(|violation| format!("  {violation}\n")).collect();
    assert!(found.is_empty(), "{} broken rules:\n{}", found.len(), lines.concat());
}

/// Files of `member/src` relative to it, without those that are compiled for tests only.
fn shipped_files(member: &str) -> Vec<(String, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(member).join("src");
    let mut files = Vec::new();
    collect(&source, "", &mut files);
    let for_tests: Vec<String> = files
        .iter()
        .flat_map(|(file, text)| {
            let folder = match file.rsplit_once('/') {
                Some((folder, "mod.rs")) => format!("{folder}/"),
                None if file == "lib.rs" || file == "main.rs" => String::new(),
                _ => format!("{}/", file.trim_end_matches(".rs")),
            };
            scan(text).test_modules.into_iter().map(move |name| format!("{folder}{name}"))
        })
        .collect();
    files.retain(|(file, _)| {
        !for_tests.iter().any(|module| {
            file.strip_prefix(module.as_str())
                .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        })
    });
    files.sort();
    files
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path: PathBuf = entry.expect("a folder of the repository can be listed").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("file names are UTF-8");
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source file is UTF-8");
            files.push((format!("{prefix}{name}"), text));
        }
    }
}

// ===== the checker itself can fail =====

/// What `check_layers` says of a file, one violation a string.
fn layers(file: &str, source: &str) -> Vec<String> {
    check_layers(TABLE, file, &scan(source)).iter().map(Violation::to_string).collect()
}

#[test]
fn an_import_from_a_lower_row_is_named() {
    let found = layers(
        "retry/policy.rs",
        "//! x\nuse std::fmt;\nuse crate::{\n    status::Code,\n    channel::{Channel, self},\n};\n",
    );
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(
        found[0],
        "retry/policy.rs:5: `retry` (row 1, pure decisions) imports `crate::channel::Channel` from row 6 (channel); \
         a module imports only from rows above its own"
    );
}

#[test]
fn paths_in_code_and_macros_count_but_comments_and_text_do_not() {
    let source = "//! crate::channel\n/// [`crate::channel`]\nfn f() -> &'static str {\n  /* crate::call */ let _ = 'c';\n  \
                  let _ = r#\"crate::call\"#; \"crate::\\\"call\"\n}\nfn g() { debug!(x = crate::call::now()) }\n";
    let found = layers("target.rs", source);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("target.rs:7: `target` (row 1"), "{found:?}");
}

#[test]
fn modules_of_one_row_are_strangers_unless_the_table_says_so() {
    assert_eq!(layers("status/mod.rs", "use crate::metadata::Metadata;"), Vec::<String>::new());
    let found = layers("metadata/mod.rs", "use crate::status::Status;");
    assert!(found[0].contains("does not put `status` beside `metadata`"), "{found:?}");
    let found = layers("transport/h2/mod.rs", "use crate::resolver::Resolver;");
    assert!(found[0].contains("both are in row 3"), "{found:?}");
}

#[test]
fn a_path_that_climbs_out_of_its_module_is_refused() {
    assert_eq!(
        layers("status/wire.rs", "use super::Code; mod a { use super::super::Code; }"),
        Vec::<String>::new()
    );
    let found = layers("status/wire.rs", "use super::super::channel::Channel;");
    assert!(found[0].contains("climbs out of `status`"), "{found:?}");
    let found = layers("status/mod.rs", "use super::channel::Channel;");
    assert!(found[0].contains("climbs out of `status`"), "{found:?}");
    let found = layers("engine/mod.rs", "use crate::Status;");
    assert!(found[0].contains("names no module of the table"), "{found:?}");
}

#[test]
fn an_unplaced_module_is_refused() {
    let found = layers("utilities.rs", "");
    assert!(found[0].contains("`utilities` is not in the table"), "{found:?}");
}

#[test]
fn pure_modules_name_no_runtime_clock_lock_or_async() {
    for (source, name) in [
        ("use tokio::sync::mpsc;", "tokio::"),
        ("use h2::Reason;", "h2::"),
        ("async fn f() {}", "async"),
        ("use std::{sync::{Arc, Mutex}};", "Mutex"),
        ("fn f() -> u8 { fastrand::u8(..) }", "fastrand::"),
        ("use std::env;", "std::env"),
    ] {
        let found = layers("backoff.rs", source);
        assert_eq!(found.len(), 1, "{source}: {found:?}");
        assert!(found[0].contains(&format!("`{name}` in `backoff`, which is pure")), "{found:?}");
    }
    let allowed =
        "use std::{sync::Arc, time::{Duration, Instant}}; use http::HeaderMap; use bytes::Bytes;";
    assert_eq!(layers("backoff.rs", allowed), Vec::<String>::new());
}

#[test]
fn only_rt_spawns_sleeps_and_reads_the_clock() {
    for source in [
        "fn f() { tokio::spawn(g()); }",
        "use tokio::{net::TcpStream, time::sleep};",
        "fn f() { let _ = std::time::Instant::now(); }",
        "use tokio::task::JoinSet;",
    ] {
        let found = layers("transport/connect/tcp.rs", source);
        assert_eq!(found.len(), 1, "{source}: {found:?}");
        assert!(found[0].contains("only `rt`"), "{found:?}");
        assert_eq!(layers("rt/mod.rs", source), Vec::<String>::new());
    }
}

#[test]
fn test_code_may_name_anything() {
    let source = "fn a() {}\n#[cfg(test)]\nmod tests {\n  use crate::channel::Channel;\n  async fn f() {}\n}\n\
                  #[cfg(all(test, unix))]\nuse tokio::spawn;\n#[cfg(test)]\nmod more;\nuse crate::call::Call;\n";
    let found = layers("deadline.rs", source);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("deadline.rs:11:"), "{found:?}");
    let scanned = scan(source);
    assert_eq!(scanned.test_modules, ["more"]);
    assert_eq!(scanned.shipped_lines, 2);
}

#[test]
fn files_are_introduced_short_and_safe_or_refused() {
    let long = format!("//! x\n#![forbid(unsafe_code)]\n{}", "fn f() {}\n".repeat(449));
    let found = check_file("a/src/lib.rs", &scan(&long));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].what.starts_with("451 lines besides tests"), "{found:?}");
    let found = check_file("a/src/lib.rs", &scan("// #![forbid(unsafe_code)]\n"));
    assert_eq!(found.iter().map(|violation| violation.line).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(check_file("a/src/lib.rs", &scan("//! x\n#![forbid(unsafe_code)]\n")), []);
}

#[test]
fn a_wrong_table_is_refused() {
    const CYCLE: &[Row] = &[Row {
        name: "x",
        pure: false,
        modules: &[beside("a", &["b"]), beside("b", &["a"]), beside("c", &["z"]), alone("c")],
    }];
    let found = check_table(CYCLE);
    assert_eq!(found.len(), 3, "{found:?}");
}
