//! The mistakes found so far: reading goes on after each, so that one compilation names them all.

use proc_macro2::Span;
use quote::ToTokens;

/// Collects errors in the order in which they were found.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    /// A mistake at `place`, underlined as a whole.
    pub(crate) fn at(&mut self, place: impl ToTokens, message: impl std::fmt::Display) {
        self.add(syn::Error::new_spanned(place, message));
    }

    /// A mistake at a place that is a span rather than tokens.
    pub(crate) fn at_span(&mut self, span: Span, message: impl std::fmt::Display) {
        self.add(syn::Error::new(span, message));
    }

    /// A mistake that is an error already.
    pub(crate) fn add(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// The value of `result`, or nothing once its error is kept.
    pub(crate) fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    /// Whether there are any.
    pub(crate) fn is_any(&self) -> bool {
        self.0.is_some()
    }

    /// All the errors as one, or nothing.
    pub(crate) fn into_error(self) -> Option<syn::Error> {
        self.0
    }
}
