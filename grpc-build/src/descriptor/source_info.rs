//! Fills the gaps in `source_code_info`.
//!
//! The message generator looks every element up and takes for granted that it is there; compilers
//! and descriptor sets cut by hand do not promise that.

use std::collections::BTreeSet;

use prost_types::FileDescriptorProto;
use prost_types::source_code_info::Location;

use super::elements;

/// Gives each element that has no location an empty one. A file without any information stays so.
pub(crate) fn complete_source_info(file: &mut FileDescriptorProto) {
    let wanted: Vec<Vec<i32>> =
        elements(file).into_iter().map(|element| element.location).collect();
    let Some(info) = &mut file.source_code_info else { return };
    let known: BTreeSet<&[i32]> =
        info.location.iter().map(|location| location.path.as_slice()).collect();
    let missing: Vec<_> =
        wanted.into_iter().filter(|path| !known.contains(path.as_slice())).collect();
    info.location.extend(missing.into_iter().map(|path| Location { path, ..Location::default() }));
}
