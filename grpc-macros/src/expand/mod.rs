//! From the model to tokens: the trait, the markers, the client, and what ties them together.
//! Every path in it is absolute and none is imported, so no name of the user's can get in between.

mod client;
mod declaration;
mod glue;
mod layers;
mod markers;
mod mock;

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::Service;

pub(crate) use declaration::{make_future_send, require_thread_safety};

/// All that a trait becomes.
pub(crate) fn service(service: &Service) -> TokenStream {
    let declaration = declaration::declaration(service);
    let module = markers::module(service);
    let methods = markers::methods(service);
    let client = client::client(service);
    let glue = glue::glue(service);
    let mock = mock::mock(service);
    quote!(#declaration #module #methods #client #glue #mock)
}
