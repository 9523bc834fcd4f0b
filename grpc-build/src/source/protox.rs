//! Reads `.proto` files in this process, with protox, and turns its findings into ours.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use ::protox::file::{File, FileResolver, GoogleFileResolver};
use miette::Diagnostic as _;

use super::includes::Includes;
use super::{Loaded, text_of};
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
        places: opened.take(),
        ..Loaded::default()
    })
}

/// The place of every file that was found on disk, by name; filled while the compiler asks for imports.
type Opened = Rc<RefCell<BTreeMap<String, PathBuf>>>;

struct Resolver {
    includes: Includes,
    opened: Opened,
}

impl FileResolver for Resolver {
    fn open_file(&self, name: &str) -> Result<File, ::protox::Error> {
        match self.includes.find(name) {
            Some(path) => {
                self.opened.borrow_mut().insert(name.to_owned(), path.clone());
                File::open(name, &path)
            }
            None => GoogleFileResolver::new().open_file(name),
        }
    }
}

fn translate(
    error: &::protox::Error,
    opened: &BTreeMap<String, PathBuf>,
    includes: &Includes,
) -> Vec<Diagnostic> {
    let place = error.file().and_then(|name| opened.get(name));
    let file =
        place.map(|path| path.display().to_string()).or_else(|| error.file().map(str::to_owned));
    let source = place.map(|path| text_of(path)).unwrap_or_default();

    let mut all = vec![one(error, file.clone(), &source)];
    for related in error.related().into_iter().flatten() {
        all.push(one(related, file.clone(), &source));
    }
    if error.is_file_not_found() {
        all[0] = all[0].clone().with_note(format!(
            "help: imports are looked up in {}; name another include folder if the file lies elsewhere",
            includes.list(),
        ));
    }
    if let Some(cause) = std::error::Error::source(error).filter(|_| error.is_io()) {
        all[0].message = format!("{}: {cause}", all[0].message);
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
