//! What an annotated trait says, once read: the values that `parse` makes and `expand` writes out.
//! No value of these types is wrong; whatever could be is refused while reading.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::time::Duration;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ItemTrait, Meta, Path, Token, Type};

use crate::names;

/// A trait that is a service.
pub(crate) struct Service {
    /// The full name on the wire: `helloworld.Greeter`.
    pub(crate) name: String,
    /// The type of the client: `GreeterClient`.
    pub(crate) client: Ident,
    /// The module of markers: `greeter`.
    pub(crate) module: Ident,
    /// Where generated code finds the runtime.
    pub(crate) root: Root,
    /// The codec of its methods, if it is not the default.
    pub(crate) codec: Option<Path>,
    /// What its calls fail with, where the attribute says it.
    pub(crate) error: Option<Type>,
    /// The type of the mock, where there is one: `MockGreeter`.
    pub(crate) mock: Option<Ident>,
    /// The layers around all its methods, the outermost first.
    pub(crate) layers: Vec<Expr>,
    /// The trait as the user wrote it, without `#[rpc]` and `#[layer]`.
    pub(crate) declaration: ItemTrait,
    /// Its methods, in order.
    pub(crate) rpcs: Vec<Rpc>,
    /// All words that names of ours keep clear of, once they are asked for.
    pub(crate) words: OnceCell<Words>,
}

/// A method of the trait.
pub(crate) struct Rpc {
    /// Its name in Rust: `say_hello`.
    pub(crate) ident: Ident,
    /// Its marker type: `SayHello`.
    pub(crate) marker: Ident,
    /// Its name on the wire: `SayHello`.
    pub(crate) wire_name: String,
    /// Its attributes without `#[rpc]` and `#[layer]`.
    pub(crate) attributes: Vec<Attribute>,
    /// Its shape.
    pub(crate) signature: Signature,
    /// Its defaults.
    pub(crate) options: RpcOptions,
    /// The layers around it alone, the outermost first; those of the trait are outside of them.
    pub(crate) layers: Vec<Expr>,
}

/// What a method takes and gives.
pub(crate) struct Signature {
    /// The name of the argument.
    pub(crate) argument: Ident,
    /// Which sides stream.
    pub(crate) kind: Kind,
    /// One request message.
    pub(crate) request: Type,
    /// One response message.
    pub(crate) response: Type,
    /// The argument's type, as written.
    pub(crate) input: Type,
    /// The whole return type, as written.
    pub(crate) output: Type,
    /// The error type in it, as written; that of the attribute where it is not written out.
    pub(crate) error: Type,
    /// Where the error type is, or should be.
    pub(crate) error_place: Span,
}

/// Which sides stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Neither.
    Unary,
    /// The server.
    ServerStreaming,
    /// The client.
    ClientStreaming,
    /// Both.
    Bidi,
}

impl Kind {
    /// The kind, given who streams.
    pub(crate) fn new(client_streams: bool, server_streams: bool) -> Kind {
        match (client_streams, server_streams) {
            (false, false) => Kind::Unary,
            (false, true) => Kind::ServerStreaming,
            (true, false) => Kind::ClientStreaming,
            (true, true) => Kind::Bidi,
        }
    }

    /// Whether the client streams.
    pub(crate) fn client_streams(self) -> bool {
        matches!(self, Kind::ClientStreaming | Kind::Bidi)
    }

    /// The name that the runtime has for it, both as a type and as a value.
    pub(crate) fn name(self) -> Ident {
        let name = match self {
            Kind::Unary => "Unary",
            Kind::ServerStreaming => "ServerStreaming",
            Kind::ClientStreaming => "ClientStreaming",
            Kind::Bidi => "Bidi",
        };
        Ident::new(name, Span::call_site())
    }
}

/// What `#[rpc(..)]` sets.
#[derive(Default)]
pub(crate) struct RpcOptions {
    /// The name on the wire, where it is not the method's in `UpperCamelCase`.
    pub(crate) name: Option<syn::LitStr>,
    /// What a repetition of the call does.
    pub(crate) idempotency: Option<Idempotency>,
    /// The default deadline, from the start of the call.
    pub(crate) timeout: Option<Duration>,
    /// Whether calls wait for a connection rather than fail without one.
    pub(crate) wait_for_ready: Option<bool>,
    /// What requests are compressed with.
    pub(crate) compression: Option<syn::LitStr>,
    /// The largest request that is sent.
    pub(crate) max_request_bytes: Option<Expr>,
    /// The largest response that is accepted.
    pub(crate) max_response_bytes: Option<Expr>,
    /// Whether a call is made more than once.
    pub(crate) attempts: Option<Attempts>,
}

/// `retry(..)` or `hedge(..)`.
pub(crate) struct Attempts {
    /// The word as it was written, for messages.
    pub(crate) word: Ident,
    /// What it says.
    pub(crate) policy: Policy,
}

/// How often a call is made, and when; every setting is filled in.
pub(crate) enum Policy {
    /// Again, after a failure.
    Retry(Retry),
    /// Several times at once.
    Hedge(Hedge),
}

/// The settings of `retry`.
pub(crate) struct Retry {
    /// The first one included.
    pub(crate) max_attempts: u32,
    /// The first pause.
    pub(crate) initial_backoff: Duration,
    /// The longest pause.
    pub(crate) max_backoff: Duration,
    /// How many times longer each pause is than the one before.
    pub(crate) backoff_multiplier: f64,
    /// The failures that are retried.
    pub(crate) codes: Vec<Code>,
    /// How long an attempt waits for response headers.
    pub(crate) attempt_timeout: Option<Duration>,
}

/// The settings of `hedge`.
pub(crate) struct Hedge {
    /// The first one included.
    pub(crate) max_attempts: u32,
    /// The time between two attempts.
    pub(crate) delay: Duration,
    /// The failures that do not end the call.
    pub(crate) codes: Vec<Code>,
    /// Whether the method may be hedged though nothing says that it is idempotent.
    pub(crate) allows_duplicates: bool,
}

/// A status code, by its name and by the variant of the runtime.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Code {
    /// `UNAVAILABLE`
    pub(crate) name: &'static str,
    /// `Unavailable`
    pub(crate) variant: &'static str,
}

/// What a repetition of a call does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Idempotency {
    /// Nothing more than the call itself.
    Idempotent,
    /// Nothing at all.
    NoSideEffects,
}

/// Where generated code finds what it names, from the trait's own scope and from the module in it.
#[derive(Clone)]
pub(crate) struct Root {
    /// `::grpc_runtime::codegen`
    pub(crate) codegen: TokenStream,
    /// The same, one module deeper.
    pub(crate) codegen_in_module: TokenStream,
}

impl Root {
    /// The root that `crate = path` names; a path that starts with a plain name starts with a crate.
    pub(crate) fn new(path: &Path) -> Root {
        let first = path.segments.first().map(|segment| segment.ident.to_string());
        let rest = path.segments.iter().skip(1);
        let (outer, inner) = match first.as_deref() {
            _ if path.leading_colon.is_some() => (quote!(#path), quote!(#path)),
            Some("crate") => (quote!(#path), quote!(#path)),
            Some("self") => (quote!(#path), quote!(super #(::#rest)*)),
            Some("super") => (quote!(#path), quote!(super::#path)),
            _ => (quote!(::#path), quote!(::#path)),
        };
        Root { codegen: quote!(#outer::codegen), codegen_in_module: quote!(#inner::codegen) }
    }
}

impl Service {
    /// The path of a method on the wire: `/helloworld.Greeter/SayHello`.
    pub(crate) fn path(&self, rpc: &Rpc) -> String {
        format!("/{}/{}", self.name, rpc.wire_name)
    }

    /// Whether there are layers on the trait or on one of its methods.
    pub(crate) fn has_layers(&self) -> bool {
        !self.layers.is_empty() || self.rpcs.iter().any(|rpc| !rpc.layers.is_empty())
    }

    /// `name`, or with `_` behind it until it is not a word of the trait's, its attributes' or the
    /// markers': a generic parameter of ours must not hide a type of the user's.
    pub(crate) fn unused(&self, name: &str) -> Ident {
        let words = self.words.get_or_init(|| {
            let (declaration, codec, layers) = (&self.declaration, &self.codec, &self.layers);
            let (error, client, mock) = (&self.error, &self.client, &self.mock);
            let module = &self.module;
            let more = self.rpcs.iter().flat_map(|rpc| &rpc.layers);
            let markers = self.rpcs.iter().map(|rpc| &rpc.marker);
            Words::of(quote! {
                #declaration #codec #error #client #module #mock #(#layers)* #(#more)* #(#markers)*
            })
        });
        words.unused(name)
    }
}

impl Rpc {
    /// What must be on everything that this method becomes: its `#[cfg]`s.
    pub(crate) fn cfgs(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"))
    }

    /// The attributes that carry over to the client's method: docs, deprecation and `#[cfg]`s.
    pub(crate) fn carried(&self) -> impl Iterator<Item = &Attribute> {
        let carried =
            |path: &Path| ["doc", "deprecated", "cfg"].iter().any(|name| path.is_ident(name));
        self.attributes.iter().filter(move |attribute| {
            carried(attribute.path())
                || conditional(attribute)
                    .is_some_and(|inner| inner.iter().all(|meta| carried(meta.path())))
        })
    }

    /// The condition under which this method is compiled, if there is one.
    pub(crate) fn condition(&self) -> Option<TokenStream> {
        let conditions: Vec<TokenStream> = self
            .cfgs()
            .filter_map(|cfg| Some(cfg.meta.require_list().ok()?.tokens.clone()))
            .collect();
        match conditions.as_slice() {
            [] => None,
            [condition] => Some(quote!(#condition)),
            _ => Some(quote!(all(#(#conditions),*))),
        }
    }

    /// What stands for this method in a bound: `Invoke<greeter::SayHello>`, or, where the method is
    /// compiled only at times, the trait that then stands in for it.
    pub(crate) fn bound(&self, service: &Service) -> TokenStream {
        let (module, marker, codegen) = (&service.module, &self.marker, &service.root.codegen);
        match self.stand_in(service) {
            Some(stand_in) => quote!(#module::#stand_in),
            None => quote!(#codegen::Invoke<#module::#marker>),
        }
    }

    /// The name of the trait that stands for this method in bounds, which cannot carry `#[cfg]`s.
    pub(crate) fn stand_in(&self, service: &Service) -> Option<Ident> {
        self.cfgs().next()?;
        let same: Vec<&Rpc> = service.rpcs.iter().filter(|rpc| rpc.marker == self.marker).collect();
        let index = same.iter().position(|rpc| std::ptr::eq(*rpc, self)).unwrap_or_default();
        let number = if index == 0 { String::new() } else { format!("_{index}") };
        // No marker has a `_` after a letter, so nothing else in the module has this name.
        Some(Ident::new(&format!("Invoke_{}{number}", self.marker), names::generated(&self.marker)))
    }
}

/// The attributes that a `#[cfg_attr(condition, ..)]` puts on its item, if it is one.
pub(crate) fn conditional(attribute: &Attribute) -> Option<Vec<Meta>> {
    let list =
        attribute.path().is_ident("cfg_attr").then(|| attribute.meta.require_list().ok())??;
    let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
    Some(list.parse_args_with(parser).ok()?.into_iter().skip(1).collect())
}

/// Names that are taken.
pub(crate) struct Words(HashSet<String>);

impl Words {
    /// All that stand anywhere in `tokens`.
    pub(crate) fn of(tokens: TokenStream) -> Self {
        let mut words = HashSet::new();
        add_words(tokens, &mut words);
        Self(words)
    }

    /// `name`, or with `_` behind it until it is none of them.
    pub(crate) fn unused(&self, name: &str) -> Ident {
        let mut name = name.to_owned();
        while self.0.contains(&name) {
            name.push('_');
        }
        Ident::new(&name, Span::call_site())
    }
}

fn add_words(tokens: TokenStream, words: &mut HashSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                words.insert(ident.to_string());
            }
            TokenTree::Group(group) => add_words(group.stream(), words),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}
