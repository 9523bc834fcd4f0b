//! What `#[grpc_client]` accepts compiles without a warning, and every misuse is told with what to
//! write instead. The `.stderr` files are what the compiler says, word for word; write them anew by
//! `TRYBUILD=overwrite cargo test -p grpc-macros --test ui`.

use std::process::Command;

/// The compiler whose words are recorded; another one says the same with other ones around it.
const RECORDED_WITH: &str = "rustc 1.95.";

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    let compiler = compiler();
    if compiler.starts_with(RECORDED_WITH) {
        cases.compile_fail("tests/ui/fail/*.rs");
    } else {
        println!("skipped: the messages of misuse, recorded with {RECORDED_WITH}*, not {compiler}");
    }
}

fn compiler() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(rustc).arg("--version").output().expect("cargo runs with a compiler");
    String::from_utf8_lossy(&said.stdout).trim().to_owned()
}
