//! The options for messages, enums and fields; most are prost's own, by their own names.

use super::{Attribute, Config, Target};

/// # Messages
impl Config {
    /// Uses types that exist already for a package, a message or an enum instead of generating them.
    ///
    /// `path` is a full protobuf name with its leading dot; `rust_path` is what to write for it:
    /// `.extern_path(".google.type", "::googleapis::r#type")`, or `crate::shared::Money` for one message.
    /// Giving `.google.protobuf`, or one of its types, replaces the well-known types.
    pub fn extern_path(mut self, path: impl Into<String>, rust_path: impl Into<String>) -> Self {
        self.extern_paths.push((path.into(), rust_path.into()));
        self
    }

    /// Writes an attribute above messages, enums and the enums of oneofs.
    ///
    /// They derive `Clone` and `PartialEq` already, and `Eq` and `Hash` where everything in them has those; what is
    /// derived twice is an error of the compiler.
    pub fn type_attribute(self, path: impl Into<String>, attribute: impl Into<String>) -> Self {
        self.attribute(Target::Type, path, attribute)
    }

    /// Writes an attribute above messages.
    pub fn message_attribute(self, path: impl Into<String>, attribute: impl Into<String>) -> Self {
        self.attribute(Target::Message, path, attribute)
    }

    /// Writes an attribute above enums and the enums of oneofs.
    pub fn enum_attribute(self, path: impl Into<String>, attribute: impl Into<String>) -> Self {
        self.attribute(Target::Enum, path, attribute)
    }

    /// Writes an attribute above fields, oneofs' fields (`.package.Message.oneof.field`) and enums' values.
    pub fn field_attribute(self, path: impl Into<String>, attribute: impl Into<String>) -> Self {
        self.attribute(Target::Field, path, attribute)
    }

    /// `bytes::Bytes` for `bytes` fields, instead of `Vec<u8>`: decoding then shares the received
    /// buffer instead of copying.
    pub fn bytes(mut self, paths: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.bytes.extend(paths.into_iter().map(Into::into));
        self
    }

    /// `BTreeMap` for `map` fields, instead of `HashMap`: entries then have an order.
    pub fn btree_map(mut self, paths: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.btree_map.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Puts a message field in a `Box`. Fields of recursive messages are boxed without being asked.
    pub fn boxed(mut self, path: impl Into<String>) -> Self {
        self.boxed.push(path.into());
        self
    }

    /// Leaves out `Debug`, so that it can be written by hand: to keep a secret out of logs, say.
    pub fn skip_debug(mut self, paths: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.skip_debug.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Leaves out the comments of what is chosen; services and methods too.
    pub fn disable_comments(mut self, paths: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.disable_comments.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Whether to implement `prost::Name`, which knows a message's full name and lets `Any` carry it.
    /// Default: no.
    pub fn type_names(mut self, generate: bool) -> Self {
        self.type_names = generate;
        self
    }

    /// The domain in the type URLs of messages, `type.googleapis.com` for instance; it also turns
    /// [`type_names`](Config::type_names) on. Default: none, and URLs begin with a slash.
    pub fn type_name_domain(mut self, path: impl Into<String>, domain: impl Into<String>) -> Self {
        self.type_names = true;
        self.type_name_domains.push((path.into(), domain.into()));
        self
    }

    /// Whether `COLOR_RED` of `enum Color` stays `ColorRed`, rather than becoming `Red`. Default: no.
    pub fn retain_enum_prefix(mut self, retain: bool) -> Self {
        self.keep_enum_prefix = retain;
        self
    }

    /// Whether to generate `google.protobuf` like any other package, instead of using `prost-types`
    /// and Rust's own types for its wrappers. Default: no.
    pub fn compile_well_known_types(mut self, generate: bool) -> Self {
        self.well_known_types = generate;
        self
    }

    /// Where generated messages find prost. Default: the one that the runtime brings, so that the
    /// program needs no dependency of its own; `"::prost"` uses its own.
    pub fn prost_path(mut self, path: impl Into<String>) -> Self {
        self.prost_path = Some(path.into());
        self
    }

    /// Where generated messages find prost-types. Default: the one that the
    /// runtime brings.
    pub fn prost_types_path(mut self, path: impl Into<String>) -> Self {
        self.prost_types_path = Some(path.into());
        self
    }

    pub(super) fn attribute(
        mut self,
        target: Target,
        path: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        self.attributes.push(Attribute { target, path: path.into(), text: text.into() });
        self
    }
}
