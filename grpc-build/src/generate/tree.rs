//! The modules of the generated file, and how they become text.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Attribute, File, Item, ItemMod, parse_quote};

use crate::error::{Error, ErrorKind};

/// A package's module: what is in it, and the packages below it.
#[derive(Default)]
pub(super) struct Module {
    items: Vec<Item>,
    below: BTreeMap<String, Module>,
}

impl Module {
    /// The module at `path`, made if need be.
    pub(super) fn module(&mut self, path: &[String]) -> &mut Module {
        path.iter().fold(self, |module, name| module.below.entry(name.clone()).or_default())
    }

    /// Adds the items in `text`.
    pub(super) fn append(&mut self, text: &str) -> Result<(), Error> {
        let file = syn::parse_file(text).map_err(|cause| {
            // Attributes have been parsed and names checked, so this is a fault of ours.
            let message = format!("the generated code is not valid Rust: {cause}; please report it with the .proto file");
            Error::new(ErrorKind::Unsupported, message)
        })?;
        self.items.extend(file.items);
        Ok(())
    }

    /// A message's inner types stand in a module of the message's name, and a package below may have
    /// the same one: `shop.Order.Line` and `shop.order.Tax` both live in `shop::order`.
    pub(super) fn join_inner_modules(&mut self) {
        let items = std::mem::take(&mut self.items);
        for item in items {
            match item {
                Item::Mod(ItemMod { ident, content: Some((_, inner)), .. })
                    if self.below.contains_key(&ident.to_string()) =>
                {
                    if let Some(below) = self.below.get_mut(&ident.to_string()) {
                        below.items.splice(0..0, inner);
                    }
                }
                other => self.items.push(other),
            }
        }
        for below in self.below.values_mut() {
            below.join_inner_modules();
        }
    }

    /// The names of the types and modules in it.
    pub(super) fn names(&self) -> BTreeSet<String> {
        let items = self.items.iter().filter_map(|item| match item {
            Item::Struct(item) => Some(&item.ident),
            Item::Enum(item) => Some(&item.ident),
            Item::Trait(item) => Some(&item.ident),
            Item::Mod(item) => Some(&item.ident),
            _ => None,
        });
        items.map(ToString::to_string).chain(self.below.keys().cloned()).collect()
    }

    /// The whole file. Lints are off in it, for the code is not the reader's to mend.
    pub(super) fn into_text(self, header: &str) -> String {
        let mut items = self.into_items("");
        for item in &mut items {
            if let Some(attributes) = attributes(item) {
                let after_docs = attributes
                    .iter()
                    .take_while(|attribute| attribute.path().is_ident("doc"))
                    .count();
                attributes.insert(after_docs, lints_off());
            }
        }
        let body = prettyplease::unparse(&File {
            shebang: None,
            frontmatter: None,
            attrs: Vec::new(),
            items,
        });
        format!("{header}\n{}", spaced(&body))
    }

    fn into_items(self, package: &str) -> Vec<Item> {
        let mut items = self.items;
        for (name, module) in self.below {
            let plain = name.trim_start_matches("r#");
            let package =
                if package.is_empty() { plain.to_owned() } else { format!("{package}.{plain}") };
            let has_items = !module.items.is_empty();
            let inner = module.into_items(&package);
            if inner.is_empty() {
                continue;
            }
            let doc = if has_items {
                format!(" The package `{package}`.")
            } else {
                format!(" Packages below `{package}`.")
            };
            let Ok(ident) = syn::parse_str::<syn::Ident>(&name) else { continue };
            items.push(parse_quote! { #[doc = #doc] pub mod #ident { #(#inner)* } });
        }
        items
    }
}

fn lints_off() -> Attribute {
    parse_quote! {
        #[allow(
            clippy::all,
            clippy::nursery,
            clippy::pedantic,
            clippy::restriction,
            deprecated,
            missing_debug_implementations,
            missing_docs,
            rustdoc::all,
            unnameable_types,
            unreachable_pub,
            unused_qualifications,
            reason = "generated code"
        )]
    }
}

fn attributes(item: &mut Item) -> Option<&mut Vec<Attribute>> {
    match item {
        Item::Struct(item) => Some(&mut item.attrs),
        Item::Enum(item) => Some(&mut item.attrs),
        Item::Trait(item) => Some(&mut item.attrs),
        Item::Mod(item) => Some(&mut item.attrs),
        Item::Impl(item) => Some(&mut item.attrs),
        _ => None,
    }
}

/// Puts an empty line between items and between methods, which the formatter leaves out.
fn spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len() + text.len() / 16);
    let mut before = "";
    for line in text.lines() {
        let ends_item = matches!(before.trim_start(), "}" | "};" | ">;")
            || before.ends_with("::Status>;")
            || before.ends_with("{}");
        let starts_item = ["///", "#[", "pub ", "impl ", "async fn "]
            .iter()
            .any(|start| line.trim_start().starts_with(start));
        if ends_item && starts_item {
            spaced.push('\n');
        }
        spaced.push_str(line);
        spaced.push('\n');
        before = line;
    }
    spaced
}
