//! The generated file: its text, and its way to disk. Decides nothing about what is in it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::environment;
use crate::error::{Error, ErrorKind};

/// What was generated, before it is written.
#[derive(Debug, Clone)]
#[must_use = "nothing is written until `write` is called"]
pub struct Generated {
    pub(crate) source: String,
    pub(crate) file_name: PathBuf,
    pub(crate) out_dir: Option<PathBuf>,
    pub(crate) descriptor_set: Option<(PathBuf, Vec<u8>)>,
    pub(crate) watched: Vec<PathBuf>,
    pub(crate) variables: Vec<&'static str>,
    pub(crate) warnings: Vec<String>,
    pub(crate) emit_directives: Option<bool>,
}

impl Generated {
    /// The text of the generated file. It depends on the `.proto` files and the options alone: not on
    /// the order of files, nor on where they lie.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The files that were read, imports included: those to watch. Sorted.
    pub fn inputs(&self) -> &[PathBuf] {
        &self.watched
    }

    /// What looks like a mistake but stops nothing, one line each: an option's path that chooses
    /// nothing, a warning of `protoc`.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Where [`write`](Generated::write) puts the file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidOption`] where no folder was given and Cargo's `OUT_DIR` is not set either.
    pub fn path(&self) -> Result<PathBuf, Error> {
        Ok(self.folder()?.join(&self.file_name))
    }

    /// The serialised `FileDescriptorSet` and where [`write`](Generated::write) puts it, if
    /// [`file_descriptor_set_path`](crate::Config::file_descriptor_set_path) asked for one.
    ///
    /// # Errors
    ///
    /// Those of [`path`](Generated::path).
    pub fn descriptor_set(&self) -> Result<Option<(PathBuf, &[u8])>, Error> {
        match &self.descriptor_set {
            Some((file, bytes)) => Ok(Some((self.folder()?.join(file), bytes))),
            None => Ok(None),
        }
    }

    /// The lines for Cargo that belong to this result, in the form a build script prints them.
    pub fn cargo_directives(&self) -> Vec<String> {
        let files =
            self.watched.iter().map(|path| format!("cargo:rerun-if-changed={}", path.display()));
        let variables =
            self.variables.iter().map(|name| format!("cargo:rerun-if-env-changed={name}"));
        let warnings = self
            .warnings
            .iter()
            .map(|warning| format!("cargo:warning={}", warning.replace('\n', " ")));
        files.chain(variables).chain(warnings).collect()
    }

    /// Writes the file, and the descriptor set if one was asked for. Files that have the right
    /// content already are left untouched, so that nothing is rebuilt for their sake. In a build
    /// script it then prints the [`cargo_directives`](Generated::cargo_directives).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] where a file cannot be written, [`ErrorKind::InvalidOption`] where this build script
    /// has already generated something else under that name, and those of [`path`](Generated::path).
    pub fn write(&self) -> Result<(), Error> {
        let path = self.path()?;
        if self.out_dir.is_none() {
            let mut claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
            claim(&mut claimed, &path, &self.source)?;
        }
        write_if_changed(&path, self.source.as_bytes())?;
        if let Some((file, bytes)) = self.descriptor_set()? {
            write_if_changed(&file, bytes)?;
        }
        if self.emit_directives.unwrap_or_else(|| environment::out_dir().is_some()) {
            let mut lines = self.cargo_directives().join("\n");
            lines.push('\n');
            io::stdout().write_all(lines.as_bytes()).map_err(|cause| {
                Error::io(
                    "cannot tell Cargo what to watch through",
                    Path::new("standard output"),
                    &cause,
                )
            })?;
        }
        Ok(())
    }

    fn folder(&self) -> Result<PathBuf, Error> {
        self.out_dir.clone().or_else(environment::out_dir).ok_or_else(|| {
            let message = "nowhere to write to: `OUT_DIR` is set in build scripts only, so name a folder with `out_dir`";
            Error::new(ErrorKind::InvalidOption, message)
        })
    }
}

/// What this build script has generated into `OUT_DIR`, each file with its text.
///
/// Nothing else is nested in this lock.
static CLAIMED: Mutex<BTreeMap<PathBuf, String>> = Mutex::new(BTreeMap::new());

/// Fails where an earlier call has generated something else under the same name: it would be gone.
fn claim(claimed: &mut BTreeMap<PathBuf, String>, path: &Path, source: &str) -> Result<(), Error> {
    let first = claimed.entry(path.to_path_buf()).or_insert_with(|| source.to_owned());
    if first == source {
        return Ok(());
    }
    let message = format!(
        "`{}` was generated by an earlier call in this build script and would be lost: compile all \
         files in one call, or give each call a file of its own with `include_file`",
        path.display(),
    );
    Err(Error::new(ErrorKind::InvalidOption, message))
}

fn write_if_changed(path: &Path, content: &[u8]) -> Result<(), Error> {
    if fs::read(path).is_ok_and(|present| present == content) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .map_err(|cause| Error::io("cannot make the folder", folder, &cause))?;
    }
    fs::write(path, content).map_err(|cause| Error::io("cannot write", path, &cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_call_does_not_undo_the_first() {
        let mut claimed = BTreeMap::new();
        let path = Path::new("protos.rs");
        assert!(claim(&mut claimed, path, "one").is_ok());
        assert!(claim(&mut claimed, path, "one").is_ok());
        assert!(claim(&mut claimed, Path::new("other.rs"), "two").is_ok());
        let error = claim(&mut claimed, path, "two").expect_err("another text");
        assert!(error.to_string().contains("`include_file`"), "{error}");
    }
}
