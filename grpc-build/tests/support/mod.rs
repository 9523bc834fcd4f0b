//! What several suites need: a folder of one's own, and a look for `protoc`.
#![allow(dead_code, reason = "each suite uses its own part")]

use std::fs;
use std::path::{Path, PathBuf};

use grpc_build::{Config, Error, Generated};
use tempfile::TempDir;

/// A folder with files in it, gone when dropped.
pub(crate) struct Scratch(TempDir);

impl Scratch {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let scratch = Scratch(tempfile::tempdir().expect("a scratch folder"));
        for (name, text) in files {
            scratch.write(name, text);
        }
        scratch
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, text).expect("written");
        path
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    /// What `config` makes of the file of that name.
    pub(crate) fn generate(&self, config: &Config, name: &str) -> Result<Generated, Error> {
        config.generate(self.path(name), self.folder())
    }

    /// The text of the error, with this folder's path as `DIR`.
    pub(crate) fn complaint(&self, config: &Config, name: &str) -> String {
        let error = self.generate(config, name).expect_err("an error");
        assert_eq!(format!("{error:?}"), error.to_string(), "Debug reads like Display");
        error.to_string().replace(&self.folder().display().to_string(), "DIR")
    }
}

/// Generates from `text` as `x.proto`.
pub(crate) fn generate(config: &Config, text: &str) -> Generated {
    Scratch::new(&[("x.proto", text)]).generate(config, "x.proto").expect("valid")
}

/// Whether protoc is installed; says so where it is not.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub(crate) fn has_protoc(test: &str) -> bool {
    let found = std::process::Command::new("protoc").arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: {test}: no protoc on the PATH");
    }
    found
}
