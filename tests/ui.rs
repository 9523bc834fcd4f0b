//! What `#[grpc_client]` accepts compiles without a warning, and every misuse is told with what to
//! write instead. The `.stderr` files are what the compiler says, word for word; write them anew by
//! `TRYBUILD=overwrite cargo test -p tests --test ui`.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    cases.compile_fail("ui/fail/*.rs");
}
