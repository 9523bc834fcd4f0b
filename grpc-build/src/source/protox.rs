//! Reads `.proto` files in this process, with protox, and turns its findings into ours.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use ::protox::file::{File, FileResolver, GoogleFileResolver};
use miette::Diagnostic as _;

use super::includes::Includes;
use super::{Loaded, blank_lines};
use crate::error::{Diagnostic, Error, ErrorKind, Place};

pub(super) fn load(names: &[String], includes: &Includes) -> Result<Loaded, Error> {
    let opened = Opened::default();
    let resolver = Resolver { includes: includes.clone(), opened: Rc::clone(&opened) };
    let mut compiler = ::protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(true);

    let mut kind = ErrorKind::InvalidProto;
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    for name in names {
        if let Err(error) = compiler.open_file(name) {
            if error.is_io() {
                kind = ErrorKind::Io;
            }
            // A broken import is met once for each file that imports it.
            let found = translate(&error, &opened.borrow(), includes);
            diagnostics.extend(
                found.into_iter().filter(|new| !diagnostics.contains(new)).collect::<Vec<_>>(),
            );
        }
    }
    if !diagnostics.is_empty() {
        return Err(Error::diagnostics_of(kind, diagnostics));
    }
    Ok(Loaded {
        files: compiler.file_descriptor_set().file,
        encoded: compiler.encode_file_descriptor_set(),
        places: opened.take().into_iter().map(|(name, source)| (name, source.path)).collect(),
        ..Loaded::default()
    })
}

/// Every file that was found on disk, by name; filled while the compiler asks for imports.
type Opened = Rc<RefCell<BTreeMap<String, Source>>>;

struct Source {
    path: PathBuf,
    text: String,
}

struct Resolver {
    includes: Includes,
    opened: Opened,
}

impl FileResolver for Resolver {
    fn open_file(&self, name: &str) -> Result<File, ::protox::Error> {
        let Some(path) = self.includes.find(name) else {
            return GoogleFileResolver::new().open_file(name);
        };
        let text = blank_lines::keep(&read(&path)?).into_owned();
        let file = File::from_source(name, &text);
        self.opened.borrow_mut().insert(name.to_owned(), Source { path, text });
        file
    }
}

fn read(path: &Path) -> io::Result<String> {
    let shown = path.display();
    let bytes = std::fs::read(path)
        .map_err(|cause| io::Error::new(cause.kind(), format!("cannot read `{shown}`: {cause}")))?;
    // Some editors begin a file with a byte order mark; protoc skips it, and so do we.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec).unwrap_or(bytes);
    String::from_utf8(bytes).map_err(|cause| {
        let valid = cause.utf8_error().valid_up_to();
        let before = &cause.as_bytes()[..valid];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{shown}:{line}: the file is not UTF-8 text"),
        )
    })
}

fn translate(
    error: &::protox::Error,
    opened: &BTreeMap<String, Source>,
    includes: &Includes,
) -> Vec<Diagnostic> {
    let source = error.file().and_then(|name| opened.get(name));
    let file = source
        .map(|source| source.path.display().to_string())
        .or_else(|| error.file().map(str::to_owned));
    let text = source.map(|source| source.text.as_str()).unwrap_or_default();

    let mut all = vec![one(error, file.clone(), text)];
    for related in error.related().into_iter().flatten() {
        all.push(one(related, file.clone(), text));
    }
    if error.is_file_not_found() {
        all[0] = all[0].clone().with_note(format!(
            "help: imports are looked up in {}; if the file lies elsewhere, name its include folder: \
             `grpc_build::configure().compile([PROTO], [FOLDER])`, or `--include FOLDER`",
            includes.list(),
        ));
    }
    if all[0].message.contains("found 'edition'") {
        all[0] = all[0]
            .clone()
            .with_note("help: editions are not supported; write `syntax = \"proto3\";`");
    }
    all
}

fn one(error: &dyn miette::Diagnostic, file: Option<String>, source: &str) -> Diagnostic {
    let mut labels: Vec<_> = error.labels().into_iter().flatten().collect();
    // The place of the mistake itself, not of what it collides with.
    let primary = labels
        .iter()
        .position(|label| {
            label.label().is_some_and(|text| text == "found here" || text.contains("again"))
        })
        .unwrap_or(0);
    let place = if labels.is_empty() {
        let at_end = error.to_string().ends_with("end of file");
        at_end.then(|| Place::at_offset(source, source.trim_end().len(), 1))
    } else {
        let label = labels.remove(primary);
        Some(
            Place::at_offset(source, label.offset(), label.len())
                .with_label(label.label().map(str::to_owned)),
        )
    };
    let mut diagnostic = Diagnostic::new(file.clone(), error.to_string()).with_place(place);
    for other in labels {
        let place = Place::at_offset(source, other.offset(), other.len());
        diagnostic = diagnostic.with_note(format!(
            "{}: {}:{}:{}",
            other.label().unwrap_or("see also"),
            file.as_deref().unwrap_or_default(),
            place.line,
            place.column,
        ));
    }
    match error.help() {
        Some(help) => diagnostic.with_note(format!("help: {help}")),
        None => diagnostic,
    }
}
