//! What a file descriptor says, seen as a flat list of named elements; and what must be true of it
//! before code is generated. Knows nothing of Rust's syntax beyond how names are spelled.

mod check;
mod elements;
mod groups;
mod source_info;

pub(crate) use self::check::{check, check_syntax};
pub(crate) use self::elements::{Element, Kind, elements};
pub(crate) use self::groups::recursive_groups;
pub(crate) use self::source_info::complete_source_info;
