//! What `#[grpc_client]` accepts compiles without a warning, and every misuse is told with what to
//! write instead. The `.stderr` files are what the compiler says, word for word; write them anew by
//! `TRYBUILD=overwrite cargo test -p grpc-macros --test ui`.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}
