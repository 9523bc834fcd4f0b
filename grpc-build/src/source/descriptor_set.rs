//! Takes a `FileDescriptorSet` that some other program has made, and checks that it hangs together.

use std::path::Path;

use ::protox::prost_reflect::DescriptorPool;
use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

use super::Loaded;
use crate::error::{Diagnostic, Error, ErrorKind};

/// Reads the set from a file; the file is watched.
pub(crate) fn read(path: &Path) -> Result<Loaded, Error> {
    let bytes = std::fs::read(path)
        .map_err(|cause| Error::io("cannot read the descriptor set", path, &cause))?;
    let loaded = load(&bytes).map_err(|error| match error.diagnostics() {
        [] => Error::new(error.kind(), format!("`{}`: {error}", path.display())),
        _ => error,
    })?;
    Ok(Loaded { watched: vec![path.to_path_buf()], ..loaded })
}

/// Takes the set from memory.
pub(crate) fn load(bytes: &[u8]) -> Result<Loaded, Error> {
    let invalid = |cause: prost::DecodeError| {
        let help = "make it with `protoc --include_imports --include_source_info -o FILE`, or `buf build -o FILE`";
        Error::new(
            ErrorKind::InvalidDescriptorSet,
            format!("not a descriptor set ({cause}): {help}"),
        )
    };
    let files = decode(bytes).map_err(invalid)?;
    crate::descriptor::check_syntax(&files)?;
    let pool = DescriptorPool::decode(bytes).map_err(|error| {
        let place = error.line().zip(error.column());
        let place =
            place.map(|(line, column)| format!(" (line {}, column {})", line + 1, column + 1));
        let message = format!("{error}{}", place.unwrap_or_default());
        let diagnostic = Diagnostic::new(error.file().map(str::to_owned), message)
            .with_note("help: the set must hold every imported file: protoc's `--include_imports`");
        Error::diagnostics_of(ErrorKind::InvalidDescriptorSet, vec![diagnostic])
    })?;
    // The pool's, not the ones given: in these, every type is named in full.
    let files = pool.files().map(|file| file.file_descriptor_proto().clone()).collect();
    Ok(Loaded { files, encoded: bytes.to_vec(), ..Loaded::default() })
}

pub(super) fn decode(bytes: &[u8]) -> Result<Vec<FileDescriptorProto>, prost::DecodeError> {
    Ok(FileDescriptorSet::decode(bytes)?.file)
}
