//! The arguments of `#[grpc_client(..)]`.

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream};
use syn::{ItemTrait, LitStr, Path, Type};

use crate::errors::Errors;
use crate::model::Root;
use crate::names;
use crate::parse::list;

/// What the arguments say, with what they leave open decided by the trait.
pub(crate) struct ServiceArguments {
    /// The full name of the service.
    pub(crate) name: String,
    /// The type of the client.
    pub(crate) client: Ident,
    /// The module of markers.
    pub(crate) module: Ident,
    /// The codec, if it is not the default.
    pub(crate) codec: Option<Path>,
    /// What calls fail with, if the methods are not to say it alone.
    pub(crate) error: Option<Type>,
    /// The type of the mock, if there is to be one.
    pub(crate) mock: Option<Ident>,
    /// Where the runtime is.
    pub(crate) root: Root,
}

/// Reads them.
pub(crate) fn read(
    tokens: TokenStream,
    declaration: &ItemTrait,
    errors: &mut Errors,
) -> ServiceArguments {
    let (mut service, mut package): (Option<LitStr>, Option<LitStr>) = (None, None);
    let (mut codec, mut client, mut module, mut root) = (None, None, None, None);
    let (mut error, mut mock) = (None, None);
    let known = ["service", "package", "codec", "error", "mock", "client", "module", "crate"];
    list::read(tokens, &known, &mut HashSet::new(), errors, |argument, _| {
        match argument.name.to_string().as_str() {
            "service" => service = Some(argument.string("helloworld.Greeter")?),
            "package" => package = Some(argument.string("helloworld")?),
            "codec" => codec = Some(argument.path("grpc_runtime::codec::Json")?),
            "error" => error = Some(argument.ty("StoreError")?),
            "mock" => mock = Some(argument.optional_identifier("MockGreeter")?),
            "client" => client = Some(argument.identifier("GreeterClient")?),
            "module" => module = Some(argument.identifier("greeter")?),
            _ => root = Some(argument.path("::grpc_runtime")?),
        }
        Ok(())
    });

    let ident = &declaration.ident;
    let arguments = ServiceArguments {
        name: name(ident, service.as_ref(), package.as_ref(), errors),
        client: client.clone().unwrap_or_else(|| {
            let name = syn::ext::IdentExt::unraw(ident);
            names::identifier(&format!("{name}Client"), names::generated(ident))
        }),
        module: module
            .clone()
            .unwrap_or_else(|| names::identifier(&names::snake(ident), names::generated(ident))),
        codec,
        error,
        mock: mock.as_ref().map(|named| {
            let name = syn::ext::IdentExt::unraw(ident);
            let default = || Ident::new(&format!("Mock{name}"), names::generated(ident));
            named.clone().unwrap_or_else(default)
        }),
        root: Root::new(&root.unwrap_or_else(|| syn::parse_quote!(::grpc_runtime))),
    };
    let taken = |name: &Ident, others: &[&Ident]| others.contains(&name);
    if taken(&arguments.client, &[ident]) {
        let place = client.as_ref().unwrap_or(ident);
        errors.at(place, "the client would have the trait's name: give it another, `client = ..`");
    }
    if taken(&arguments.module, &[ident, &arguments.client]) {
        errors.at(
            module.as_ref().unwrap_or(ident),
            format!(
                "the module of markers would be called `{}` as well: give it another name, \
                 `module = ..`",
                arguments.module,
            ),
        );
    }
    if let Some(name) = &arguments.mock
        && taken(name, &[ident, &arguments.client, &arguments.module])
    {
        let place = mock.as_ref().and_then(Option::as_ref).unwrap_or(ident);
        let message =
            format!("the mock would be called `{name}` as well: give it another name, `mock = ..`");
        errors.at(place, message);
    }
    arguments
}

/// The full name of the service, out of what says it.
fn name(
    ident: &Ident,
    service: Option<&LitStr>,
    package: Option<&LitStr>,
    errors: &mut Errors,
) -> String {
    let ident_name = syn::ext::IdentExt::unraw(ident).to_string();
    let mut check = |what: &str, given: &LitStr, example: &str| {
        if let Some(reason) = names::full_name_error(&given.value()) {
            errors.at(
                given,
                format!(
                    "the {what} name \"{}\" {reason}: write it as the .proto file does, \
                     `{what} = \"{example}\"`",
                    given.value(),
                ),
            );
        }
    };
    match (service, package) {
        (Some(service), package) => {
            check("service", service, "helloworld.Greeter");
            if let Some(package) = package {
                errors.at(package, "`service` holds the package already: leave `package` out");
            }
            service.value()
        }
        (None, Some(package)) => {
            check("package", package, "helloworld");
            format!("{}.{ident_name}", package.value())
        }
        (None, None) => {
            if !names::is_wire_name(&ident_name) {
                errors.at(
                    ident,
                    format!(
                        "`{ident_name}` cannot be the name of a service on the wire: give one, \
                         `#[grpc_client(service = \"..\")]`",
                    ),
                );
            }
            ident_name
        }
    }
}
