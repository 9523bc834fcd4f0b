//! Where descriptors come from: `.proto` files read by protox or by `protoc`, or a ready descriptor set.
//!
//! Each source yields the same [`Loaded`]; from there on nothing knows which one it was.

mod blank_lines;
mod descriptor_set;
mod includes;
mod protoc;
mod protox;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use prost_types::FileDescriptorProto;

pub(crate) use self::descriptor_set::{load as load_descriptor_set, read as read_descriptor_set};
use self::includes::Includes;
use crate::error::Error;

/// Who reads `.proto` files.
#[derive(Debug, Clone, Default)]
pub(crate) enum Compiler {
    /// This process, without any other program.
    #[default]
    Protox,
    /// An installed `protoc`: the one given, or the one that the environment names.
    Protoc { program: Option<PathBuf>, arguments: Vec<String> },
}

/// Descriptors that hang together, and what was read to get them.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// Every file, imports included.
    pub(crate) files: Vec<FileDescriptorProto>,
    /// The same as a serialised `FileDescriptorSet`, options of extensions included.
    pub(crate) encoded: Vec<u8>,
    /// Where each file lies on disk, by its name in imports; files that come with a compiler have no place.
    pub(crate) places: BTreeMap<String, PathBuf>,
    /// Files to watch beside those.
    pub(crate) watched: Vec<PathBuf>,
    /// Environment variables that had a say.
    pub(crate) variables: Vec<&'static str>,
    /// What the compiler had to say although it succeeded.
    pub(crate) warnings: Vec<String>,
}

/// Reads `protos` and everything that they import.
pub(crate) fn load_protos(
    compiler: &Compiler,
    protos: &[PathBuf],
    includes: Vec<PathBuf>,
) -> Result<Loaded, Error> {
    let includes = Includes::new(protos, includes)?;
    let mut names =
        protos.iter().map(|proto| includes.name_of(proto)).collect::<Result<Vec<_>, _>>()?;
    names.sort();
    names.dedup();
    match compiler {
        Compiler::Protox => protox::load(&names, &includes),
        Compiler::Protoc { program, arguments } => {
            protoc::load(&names, &includes, program.as_deref(), arguments)
        }
    }
}

/// The text of a file that has just been read without trouble, for an excerpt; empty where that fails.
fn text_of(path: &Path) -> String {
    std::fs::read(path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}
