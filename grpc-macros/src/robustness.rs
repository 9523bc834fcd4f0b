//! Whatever stands in the place of a trait, the attribute answers with Rust and never panics: a
//! sound trait is broken in every way that takes away or doubles one token.

use proc_macro2::{Group, TokenStream, TokenTree};

use crate::expanded;

#[test]
fn no_broken_trait_makes_it_panic() {
    let sound = tokens(
        r#"
        #[deprecated]
        pub(in crate::a) trait Greeter: Named + 'static {
            #[rpc(name = "Hello", idempotent, timeout = "500ms", retry(max_attempts = 4, codes(ABORTED)))]
            #[rpc(compress = "gzip", wait_for_ready = false, max_request_bytes = 2 * LIMIT, max_response_bytes = 8)]
            async fn say_hello(&self, request: a::HelloRequest) -> Result<Vec<u8>, Status>;
            #[rpc(hedge(delay = "10ms", non_fatal_codes(), allow_duplicates))]
            #[cfg(unix)]
            #[cfg_attr(test, doc = "Tested.")]
            async fn r#type(&self, _: impl Stream<Item = u8> + Send) -> Result<Streaming<()>, E>;
            const fn wrong<'a, T>(self, (a, b): &'a T) -> impl Future where T: Send {}
            type Message;
        }
        "#,
    );
    let arguments = tokens(r#"service = "a.B", codec = a::Json, module = c, crate = super::d"#);
    for broken in breakings(&sound) {
        expanded(arguments.clone(), broken);
    }
    for broken in breakings(&arguments) {
        expanded(broken, tokens("trait Greeter {}"));
    }
}

#[test]
fn every_sound_part_survives_alone() {
    for item in
        ["", ";", "trait", "fn f();", "mod m;", "trait A { x!(); }", "trait _ {}", "{}", "'a"]
    {
        let expansion = expanded(TokenStream::new(), tokens(item)).to_string();
        assert!(expansion.contains("compile_error"), "{item}");
    }
}

/// `sound` without one of its tokens, or with one twice, for each.
fn breakings(sound: &TokenStream) -> Vec<TokenStream> {
    let trees: Vec<TokenTree> = sound.clone().into_iter().collect();
    let mut broken = Vec::new();
    for (index, tree) in trees.iter().enumerate() {
        let mut with = |middle: Vec<TokenTree>| {
            let (before, after) = (&trees[..index], &trees[index + 1..]);
            broken.push(before.iter().chain(&middle).chain(after).cloned().collect());
        };
        with(Vec::new());
        with(vec![tree.clone(), tree.clone()]);
        if let TokenTree::Group(group) = tree {
            for inner in breakings(&group.stream()) {
                with(vec![Group::new(group.delimiter(), inner).into()]);
            }
        }
    }
    broken
}

fn tokens(text: &str) -> TokenStream {
    text.parse().expect("the test's own text is Rust")
}
