//! The list in the parentheses of an attribute: `name`, `name = value`, commas between.
//! It knows no argument itself; `service` and `rpc` say which there are and what they take.

use std::collections::HashSet;
use std::fmt::Display;

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Lit, LitStr, Path, Token, token};

use crate::errors::Errors;

/// An argument's name, and the list from behind it on.
pub(crate) struct Argument<'a> {
    /// The name.
    pub(crate) name: Ident,
    /// What follows the name.
    pub(crate) rest: ParseStream<'a>,
}

/// Reads a list and gives each argument to `take`, which answers `false` for one it does not know.
/// A mistake ends its own argument only.
pub(crate) fn read(
    tokens: TokenStream,
    known: &[&str],
    seen: &mut HashSet<String>,
    errors: &mut Errors,
    mut take: impl FnMut(&Argument<'_>, &mut Errors) -> syn::Result<()>,
) {
    let mut read = |input: ParseStream<'_>| {
        while !input.is_empty() {
            match Ident::parse_any(input) {
                Ok(name) => {
                    let word = name.to_string();
                    if !known.contains(&word.as_str()) {
                        errors.at(&name, unknown(&word, known));
                        skip(input)?;
                    } else if !seen.insert(word) {
                        errors.at(&name, format!("`{name}` is given twice: write it once"));
                        skip(input)?;
                    } else if let Err(error) = take(&Argument { name, rest: input }, errors) {
                        errors.add(error);
                        skip(input)?;
                    }
                }
                Err(error) => {
                    errors.at_span(error.span(), format!("expected {}", listed(known)));
                    skip(input)?;
                }
            }
            if !input.is_empty() && !input.peek(Token![,]) {
                errors.at_span(input.span(), "expected `,`");
                skip(input)?;
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    let result = Parser::parse2(&mut read, tokens);
    errors.keep(result);
}

impl Argument<'_> {
    /// That the argument is a plain word, with no value.
    pub(crate) fn flag(&self) -> syn::Result<()> {
        if self.rest.peek(Token![=]) || self.rest.peek(token::Paren) {
            let message = format!("`{}` takes no value: write the word alone", self.name);
            return Err(syn::Error::new(self.rest.span(), message));
        }
        // Whatever else follows lacks a comma, which the reader of the list says.
        Ok(())
    }

    /// The value, where it is a string; `example` is one.
    pub(crate) fn string(&self, example: &str) -> syn::Result<LitStr> {
        self.equals(format_args!("\"{example}\""))?;
        self.value(format_args!("a string, `{} = \"{example}\"`", self.name))
    }

    /// The value, where it is an identifier; `example` is one.
    pub(crate) fn identifier(&self, example: &str) -> syn::Result<Ident> {
        self.equals(example)?;
        self.value(format_args!("an identifier, `{} = {example}`", self.name))
    }

    /// The value, where it is an identifier or left out; `example` is one.
    pub(crate) fn optional_identifier(&self, example: &str) -> syn::Result<Option<Ident>> {
        if self.at_end() { Ok(None) } else { self.identifier(example).map(Some) }
    }

    /// The value, where it is a type; `example` is one.
    pub(crate) fn ty(&self, example: &str) -> syn::Result<syn::Type> {
        self.equals(example)?;
        self.value(format_args!("a type, `{} = {example}`", self.name))
    }

    /// The value, where it is a path; `example` is one.
    pub(crate) fn path(&self, example: &str) -> syn::Result<Path> {
        self.equals(example)?;
        self.value(format_args!("a path, `{} = {example}`", self.name))
    }

    /// The value of `wait_for_ready`: `true`, `false`, or the word alone for `true`.
    pub(crate) fn boolean(&self) -> syn::Result<bool> {
        if self.at_end() {
            return Ok(true);
        }
        self.equals("false")?;
        let expected = format_args!("`true` or `false`, `{} = false`", self.name);
        self.value::<syn::LitBool>(expected).map(|literal| literal.value)
    }

    /// The value of an argument in bytes: a number that a message's length can be, or an expression.
    pub(crate) fn bytes(&self) -> syn::Result<syn::Expr> {
        self.equals("65536")?;
        let expected = format!("a number of bytes, `{} = 65536`", self.name);
        let value: syn::Expr = self.value(&expected)?;
        let expected = format!("expected {expected}");
        let syn::Expr::Lit(literal) = &value else {
            return match &value {
                syn::Expr::Unary(negative) if matches!(negative.op, syn::UnOp::Neg(_)) => {
                    Err(syn::Error::new_spanned(negative, expected))
                }
                _ => Ok(value),
            };
        };
        let Lit::Int(number) = &literal.lit else {
            return Err(syn::Error::new_spanned(literal, expected));
        };
        if !matches!(number.suffix(), "" | "usize") {
            let reason = format!("{expected} of type `usize`");
            return Err(syn::Error::new_spanned(number, reason));
        }
        match number.base10_parse::<u32>() {
            Ok(_) => Ok(value),
            Err(_) => Err(syn::Error::new_spanned(
                number,
                "a message of gRPC is at most 4294967295 bytes long: its length is sent in 32 bits",
            )),
        }
    }

    /// The value, where it is a whole number; `example` is one.
    pub(crate) fn integer(&self, example: &str) -> syn::Result<syn::LitInt> {
        self.equals(example)?;
        self.value(format_args!("a whole number, `{} = {example}`", self.name))
    }

    /// The value, where it is a number above zero, with a point or without; `example` is one.
    pub(crate) fn above_zero(&self, example: &str) -> syn::Result<f64> {
        self.equals(example)?;
        let expected = format!("a number above zero, `{} = {example}`", self.name);
        let literal: Lit = self.value(&expected)?;
        let number: Option<f64> = match &literal {
            Lit::Float(number) => number.base10_parse().ok(),
            Lit::Int(number) => number.base10_parse().ok(),
            _ => None,
        };
        number
            .filter(|number| number.is_finite() && *number > 0.0)
            .ok_or_else(|| syn::Error::new_spanned(&literal, format_args!("expected {expected}")))
    }

    /// What stands in the parentheses behind the name, if there are any; `example` could.
    pub(crate) fn settings(&self, example: &str) -> syn::Result<TokenStream> {
        if self.at_end() { Ok(TokenStream::new()) } else { self.parentheses(example) }
    }

    /// What stands in the parentheses behind the name; `example` could.
    pub(crate) fn parentheses(&self, example: &str) -> syn::Result<TokenStream> {
        if self.rest.peek(token::Paren) {
            let inside;
            syn::parenthesized!(inside in self.rest);
            return inside.parse();
        }
        let message = format!("expected parentheses: write `{}({example})`", self.name);
        if self.at_end() {
            return Err(syn::Error::new_spanned(&self.name, message));
        }
        Err(syn::Error::new(self.rest.span(), message))
    }

    /// Whether nothing more belongs to this argument.
    fn at_end(&self) -> bool {
        self.rest.is_empty() || self.rest.peek(Token![,])
    }

    /// Reads the `=`.
    fn equals(&self, example: impl Display) -> syn::Result<()> {
        if self.rest.peek(Token![=]) {
            return self.rest.parse::<Token![=]>().map(drop);
        }
        let message = format!("`{0}` needs a value: write `{0} = {example}`", self.name);
        if self.at_end() {
            return Err(syn::Error::new_spanned(&self.name, message));
        }
        Err(syn::Error::new(self.rest.span(), message))
    }

    /// Reads the value.
    fn value<T: syn::parse::Parse>(&self, expected: impl Display) -> syn::Result<T> {
        let message = format!("expected {expected}");
        if self.at_end() {
            return Err(syn::Error::new_spanned(&self.name, message));
        }
        self.rest.parse().map_err(|error| syn::Error::new(error.span(), message))
    }
}

/// Goes on to the next comma.
fn skip(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// What to say about an argument that there is not.
fn unknown(name: &str, known: &[&str]) -> String {
    format!("unknown argument `{name}`, expected {}", listed(known))
}

/// The arguments that there are, for an error message.
fn listed(known: &[&str]) -> String {
    let quoted: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    format!("one of {}", quoted.join(", "))
}
