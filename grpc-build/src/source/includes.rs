//! The folders in which imports are looked up, and the name that a file has in them.
//!
//! A `.proto` file is known by its path below an include folder, with slashes; that name, never the
//! path on disk, is what enters the output.

use std::path::{Component, Path, PathBuf};

use crate::error::{Error, ErrorKind};

#[derive(Debug, Clone)]
pub(super) struct Includes {
    folders: Vec<PathBuf>,
}

impl Includes {
    /// The folders given, or, where there are none, the folder of each file (outermost first) and
    /// then the current one, which in a build script is the package's own.
    pub(super) fn new(protos: &[PathBuf], given: Vec<PathBuf>) -> Result<Self, Error> {
        if protos.is_empty() {
            let message = "no .proto file was named: pass at least one path";
            return Err(Error::new(ErrorKind::InvalidOption, message));
        }
        if given.is_empty() {
            return Ok(Includes { folders: default_folders(protos) });
        }
        match given.iter().find(|folder| !folder.is_dir()) {
            None => Ok(Includes { folders: given }),
            Some(missing) => Err(Error::new(
                ErrorKind::Io,
                format!(
                    "the include folder `{}` does not exist: correct it or leave it out (a relative path starts at `{}`)",
                    missing.display(),
                    current_folder(),
                ),
            )),
        }
    }

    pub(super) fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// The first file of that name.
    pub(super) fn find(&self, name: &str) -> Option<PathBuf> {
        self.folders.iter().map(|folder| join(folder, name)).find(|path| path.is_file())
    }

    /// The name of a file that the user has given by its path, or by its name.
    pub(super) fn name_of(&self, proto: &Path) -> Result<String, Error> {
        if !proto.exists() {
            return match file_name(proto) {
                Some(name) if self.find(&name).is_some() => Ok(name),
                _ => Err(self.missing(proto)),
            };
        }
        if proto.is_dir() {
            let message = format!("`{}` is a folder: name the .proto files in it", proto.display());
            return Err(Error::new(ErrorKind::InvalidOption, message));
        }
        let path = normalized(proto);
        let name = self
            .folders
            .iter()
            .find_map(|folder| file_name(path.strip_prefix(normalized(folder)).ok()?))
            .ok_or_else(|| self.outside(proto))?;
        match self.find(&name) {
            Some(found) if normalized(&found) != path => Err(Error::new(
                ErrorKind::InvalidOption,
                format!(
                    "`{}` is hidden by `{}`, which has the same name in an include folder that comes earlier: reorder the include folders",
                    proto.display(),
                    found.display(),
                ),
            )),
            _ => Ok(name),
        }
    }

    /// "`a`, `b`", for messages.
    pub(super) fn list(&self) -> String {
        let folders: Vec<_> =
            self.folders.iter().map(|folder| format!("`{}`", folder.display())).collect();
        folders.join(", ")
    }

    fn missing(&self, proto: &Path) -> Error {
        Error::new(
            ErrorKind::Io,
            format!(
                "`{}` does not exist: give the path of a .proto file from `{}`, or its name in one of the include folders ({})",
                proto.display(),
                current_folder(),
                self.list(),
            ),
        )
    }

    fn outside(&self, proto: &Path) -> Error {
        Error::new(
            ErrorKind::InvalidOption,
            format!(
                "`{}` lies in none of the include folders ({}): add its folder, or one above it",
                proto.display(),
                self.list(),
            ),
        )
    }
}

fn default_folders(protos: &[PathBuf]) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = protos
        .iter()
        .map(|proto| match proto.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
            _ => PathBuf::from("."),
        })
        .collect();
    // Outermost first: a file in `proto/sub` is then `sub/x.proto`, as its neighbours in `proto` import it.
    folders.sort_by_key(|folder| (normalized(folder).components().count(), folder.clone()));
    folders.push(PathBuf::from("."));
    let mut seen = Vec::new();
    folders.retain(|folder| {
        let folder = normalized(folder);
        let new = !seen.contains(&folder);
        seen.push(folder);
        new
    });
    folders
}

/// `folder/name`, without a leading `./`.
fn join(folder: &Path, name: &str) -> PathBuf {
    if folder == Path::new(".") { PathBuf::from(name) } else { folder.join(name) }
}

/// Absolute, without `.` and `..`, links left alone: build systems that link single files into
/// place must find them where they are linked.
fn normalized(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    absolute.components().fold(PathBuf::new(), |mut normal, component| {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
        normal
    })
}

fn file_name(relative: &Path) -> Option<String> {
    let parts = relative.components().map(|component| match component {
        Component::Normal(part) => part.to_str(),
        _ => None,
    });
    let name = parts.collect::<Option<Vec<_>>>()?.join("/");
    (!name.is_empty()).then_some(name)
}

fn current_folder() -> String {
    std::env::current_dir()
        .map(|folder| folder.display().to_string())
        .unwrap_or_else(|_| ".".to_owned())
}
