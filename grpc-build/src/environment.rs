//! The environment variables that this crate reads: all of them, here.

use std::env;
use std::path::PathBuf;

/// Names the `protoc` to run, for [`Config::protoc`](crate::Config::protoc).
pub(crate) const PROTOC: &str = "PROTOC";

/// Cargo's folder for what a build script generates; set in build scripts only.
pub(crate) fn out_dir() -> Option<PathBuf> {
    env::var_os("OUT_DIR").map(PathBuf::from)
}

/// See [`PROTOC`].
pub(crate) fn protoc() -> Option<PathBuf> {
    env::var_os(PROTOC).filter(|value| !value.is_empty()).map(PathBuf::from)
}
