//! What the types of a signature say: which sides stream, and what the messages are.
//! Types are read as written, by their last name; no resolution happens in a macro.

use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{GenericArgument, PathArguments, PathSegment, Token, Type, TypeParamBound};

use crate::errors::Errors;
use crate::names::written;

/// The type within parentheses, and within the invisible ones around a macro's `$type`.
pub(crate) fn peeled(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            _ => return ty,
        };
    }
}

/// The bounds of an `impl ..` type, to add to.
pub(crate) fn impl_bounds_mut(ty: &mut Type) -> Option<&mut Punctuated<TypeParamBound, Token![+]>> {
    match ty {
        Type::Group(group) => impl_bounds_mut(&mut group.elem),
        Type::Paren(paren) => impl_bounds_mut(&mut paren.elem),
        Type::ImplTrait(implementation) => Some(&mut implementation.bounds),
        _ => None,
    }
}

/// The last segment of a type that is a plain path.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match peeled(ty) {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

/// The arguments of a segment, where all are types.
pub(crate) fn type_arguments(segment: &PathSegment) -> Option<Vec<&Type>> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return Some(Vec::new()).filter(|_| segment.arguments.is_none());
    };
    arguments
        .args
        .iter()
        .map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        })
        .collect()
}

/// The `T` of a type that is called `name<T>`.
pub(crate) fn inside<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let segment = last_segment(ty).filter(|segment| segment.ident == name)?;
    match type_arguments(segment)?.as_slice() {
        [inside] => Some(inside),
        _ => None,
    }
}

/// The message of a type of a signature: `T` itself, or the `T` of an `impl Stream<Item = T>`.
pub(crate) struct Argument {
    /// One request message.
    pub(crate) message: Type,
    /// Whether there is a stream of them.
    pub(crate) streams: bool,
}

/// Reads the type of a method's argument.
pub(crate) fn argument(ty: &Type, errors: &mut Errors) -> Option<Argument> {
    for wrapper in ["Outbound", "Streaming"] {
        if let Some(message) = inside(ty, wrapper) {
            let message = written(message);
            errors.at(ty, format!("write a stream of requests as `impl Stream<Item = {message}>`"));
            return None;
        }
    }
    let (message, streams) = match peeled(ty) {
        Type::ImplTrait(implementation) => (stream_item(ty, &implementation.bounds, errors)?, true),
        _ => (ty, false),
    };
    is_message(message, errors).then(|| Argument { message: message.clone(), streams })
}

/// The `T` of an `impl Stream<Item = T>`.
fn stream_item<'a>(
    ty: &Type,
    bounds: &'a Punctuated<TypeParamBound, Token![+]>,
    errors: &mut Errors,
) -> Option<&'a Type> {
    let mut item = None;
    let mut strange = false;
    for bound in bounds {
        match bound {
            TypeParamBound::Lifetime(lifetime) if lifetime.ident == "static" => {}
            TypeParamBound::Trait(bound) if bound.maybe.is_none() && bound.lifetimes.is_none() => {
                let Some(segment) = bound.path.segments.last() else { continue };
                if segment.ident == "Stream" && item.is_none() {
                    item = item_of(segment);
                    strange |= item.is_none();
                } else if segment.ident != "Send" || !segment.arguments.is_none() {
                    strange = true;
                }
            }
            _ => strange = true,
        }
    }
    match item {
        Some(item) if !strange => Some(item),
        Some(item) => {
            errors.at(
                ty,
                format!(
                    "a stream of requests has no bounds of its own: write `impl Stream<Item = {}>`; \
                     `Send + 'static` is added",
                    written(item),
                ),
            );
            None
        }
        None => {
            errors.at(
                ty,
                "an argument is a message, or a stream of messages, \
                 `impl Stream<Item = HelloRequest>`",
            );
            None
        }
    }
}

/// The `T` of a segment `Stream<Item = T>`.
fn item_of(segment: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::AssocType(item))
            if item.ident == "Item" && arguments.args.len() == 1 =>
        {
            Some(&item.ty)
        }
        _ => None,
    }
}

/// Whether `ty` can be a message: owned, sized, and the same wherever it is written.
pub(crate) fn is_message(ty: &Type, errors: &mut Errors) -> bool {
    let owned = match peeled(ty) {
        Type::Reference(reference) => Some(owned_form(&reference.elem)),
        Type::Slice(_) | Type::TraitObject(_) | Type::ImplTrait(_) | Type::Infer(_) => {
            Some(owned_form(ty))
        }
        _ => None,
    };
    if let Some(owned) = owned {
        let wrong = written(ty);
        errors.at(
            ty,
            format!("messages are owned types that are spelled out: `{owned}`, not `{wrong}`"),
        );
        return false;
    }
    let mut visitor = Unspeakable { errors, found: false };
    visitor.visit_type(ty);
    !visitor.found
}

/// What to write instead of a type that is borrowed or has no size.
fn owned_form(ty: &Type) -> String {
    match peeled(ty) {
        Type::Reference(reference) => owned_form(&reference.elem),
        Type::Slice(slice) => format!("Vec<{}>", written(&slice.elem)),
        Type::TraitObject(_) | Type::ImplTrait(_) | Type::Infer(_) => "HelloRequest".to_owned(),
        other => match written(other) {
            text if text == "str" => "String".to_owned(),
            text => text,
        },
    }
}

/// Finds what means something else, or nothing, away from the method: `Self`, lifetimes, `impl`.
struct Unspeakable<'a> {
    errors: &'a mut Errors,
    found: bool,
}

impl Unspeakable<'_> {
    fn found(&mut self, place: impl quote::ToTokens, message: &str) {
        self.found = true;
        self.errors.at(place, message);
    }
}

impl<'ast> Visit<'ast> for Unspeakable<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.first().is_some_and(|first| first.ident == "Self") {
            self.found(path, "a message cannot be named through `Self`: write its own name");
        }
        visit::visit_path(self, path);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast syn::Lifetime) {
        if lifetime.ident != "static" {
            self.found(lifetime, "messages are owned: write a type without lifetimes");
        }
    }

    fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
        match &reference.lifetime {
            None => self.found(reference, "messages are owned: write a type without references"),
            Some(lifetime) => self.visit_lifetime(lifetime),
        }
    }

    fn visit_type_impl_trait(&mut self, implementation: &'ast syn::TypeImplTrait) {
        self.found(implementation, "messages are spelled out: write the type that it is");
    }
}
