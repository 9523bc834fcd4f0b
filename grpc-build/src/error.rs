//! What can go wrong while generating, and how it reads in a terminal.
//!
//! Everything below and beside this file returns [`Error`]; nothing here knows who found the fault.

use std::fmt;
use std::io;
use std::path::Path;

/// The reason why nothing was generated.
///
/// [`Display`](fmt::Display) is the whole story, ready for a terminal: for each mistake in a `.proto`
/// file its place (`file:line:column`), what is wrong, and the line with a caret under the spot.
/// [`Debug`] prints the same text, because that is what a build script's
/// `fn main() -> Result<(), Box<dyn Error>>` shows. Causes are part of the text, so
/// [`source`](std::error::Error::source) is always `None` and nothing is printed twice.
pub struct Error(Box<Inner>);

/// What kind of fault an [`Error`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A `.proto` file is not valid; [`Error::diagnostics`] says where.
    InvalidProto,
    /// A file or folder could not be found, read or written.
    Io,
    /// The `protoc` program could not be run, or failed without saying where.
    Protoc,
    /// A descriptor set is not one, or refers to something that it does not hold.
    InvalidDescriptorSet,
    /// The value given to one of the [`Config`](crate::Config)'s options makes no sense.
    InvalidOption,
    /// The `.proto` files are valid, but have no form in Rust: two messages that would have the same
    /// name, an edition.
    Unsupported,
}

/// One mistake in a `.proto` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub(crate) file: Option<String>,
    pub(crate) place: Option<Place>,
    pub(crate) message: String,
    pub(crate) notes: Vec<String>,
}

/// A spot in a file, with the line around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Counted from 1.
    pub(crate) line: usize,
    /// In characters, counted from 1.
    pub(crate) column: usize,
    /// How many characters the caret underlines, at least 1.
    pub(crate) width: usize,
    /// The whole line, without its end.
    pub(crate) text: String,
    /// What stands beside the caret.
    pub(crate) label: Option<String>,
}

struct Inner {
    kind: ErrorKind,
    message: String,
    diagnostics: Vec<Diagnostic>,
}

// ===== impl Error =====

impl Error {
    /// One sentence, complete with what to do about it.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner { kind, message: message.into(), diagnostics: Vec::new() }))
    }

    /// `action` reads "cannot read the folder"; the path and the cause are added.
    pub(crate) fn io(action: &str, path: &Path, cause: &io::Error) -> Self {
        Error::new(ErrorKind::Io, format!("{action} `{}`: {cause}", path.display()))
    }

    pub(crate) fn diagnostics_of(kind: ErrorKind, diagnostics: Vec<Diagnostic>) -> Self {
        Error(Box::new(Inner { kind, message: String::new(), diagnostics }))
    }

    /// What kind of fault this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The mistakes in `.proto` files, in the order found; empty where the fault is none of theirs.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.0.diagnostics
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let diagnostics = &self.0.diagnostics;
        if diagnostics.is_empty() {
            return f.write_str(&self.0.message);
        }
        for (index, diagnostic) in diagnostics.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            diagnostic.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

// ===== impl Diagnostic =====

impl Diagnostic {
    pub(crate) fn new(file: Option<String>, message: impl Into<String>) -> Self {
        Diagnostic { file, place: None, message: message.into(), notes: Vec::new() }
    }

    pub(crate) fn with_place(mut self, place: Option<Place>) -> Self {
        self.place = place;
        self
    }

    pub(crate) fn with_note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The file as it was found: its include folder joined with its name. `None` where the mistake
    /// belongs to no single file.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The line, counted from 1, where one is known.
    pub fn line(&self) -> Option<usize> {
        self.place.as_ref().map(|place| place.line)
    }

    /// The column in characters, counted from 1, where one is known.
    pub fn column(&self) -> Option<usize> {
        self.place.as_ref().map(|place| place.column)
    }

    /// What is wrong, in one line, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What else helps: where the other half of a conflict stands, what to write instead.
    pub fn notes(&self) -> impl Iterator<Item = &str> {
        self.notes.iter().map(String::as_str)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
            if let Some(place) = &self.place {
                write!(f, "{}:{}:", place.line, place.column)?;
            }
            f.write_str(" ")?;
        }
        f.write_str(&self.message)?;
        let gutter = self.place.as_ref().map_or(1, |place| place.line.to_string().len());
        if let Some(place) = &self.place {
            place.fmt_excerpt(f, gutter)?;
        }
        for note in &self.notes {
            write!(f, "\n{:gutter$} = {note}", "")?;
        }
        Ok(())
    }
}

// ===== impl Place =====

impl Place {
    /// The place of the `width` bytes at `offset`; an offset behind the end is the end.
    pub(crate) fn at_offset(source: &str, offset: usize, width: usize) -> Self {
        let offset = floor_char_boundary(source, offset);
        let start = source[..offset].rfind('\n').map_or(0, |newline| newline + 1);
        let text = source[start..].lines().next().unwrap_or_default();
        let end = floor_char_boundary(source, offset.saturating_add(width));
        let marked = source[offset..end.max(offset)].lines().next().unwrap_or_default();
        Place {
            line: source[..start].matches('\n').count() + 1,
            column: source[start..offset].chars().count() + 1,
            width: marked.chars().count().max(1),
            text: text.to_owned(),
            label: None,
        }
    }

    /// The place at a line and a column, both counted from 1; `None` where there is no such line.
    pub(crate) fn at_line(source: &str, line: usize, column: usize, width: usize) -> Option<Self> {
        let text = source.lines().nth(line.checked_sub(1)?)?.to_owned();
        Some(Place { line, column: column.max(1), width: width.max(1), text, label: None })
    }

    pub(crate) fn with_label(mut self, label: Option<String>) -> Self {
        self.label = label;
        self
    }

    /// The line, or the part of a long one that is near the spot, and the carets under it.
    fn fmt_excerpt(&self, f: &mut fmt::Formatter<'_>, gutter: usize) -> fmt::Result {
        let first =
            if self.column > LONGEST_EXCERPT { self.column - LONGEST_EXCERPT / 2 } else { 1 };
        let cut = if first > 1 { "..." } else { "" };
        let mut shown = self.text.chars().skip(first - 1);
        let before = expand_tabs(shown.by_ref().take(self.column - first));
        let after = expand_tabs(shown.by_ref().take(LONGEST_EXCERPT));
        let more = if shown.next().is_some() { "..." } else { "" };
        let indent = cut.len() + before.chars().count();
        let carets = "^".repeat(self.width.min(LONGEST_EXCERPT));

        write!(f, "\n{:gutter$} |", "")?;
        write!(f, "\n{} | {cut}{before}{after}{more}", self.line)?;
        write!(f, "\n{:gutter$} | {:indent$}{carets}", "", "")?;
        match &self.label {
            Some(label) => write!(f, " {label}"),
            None => Ok(()),
        }
    }
}

/// In characters, on each side of the spot.
const LONGEST_EXCERPT: usize = 120;

/// A tab is as wide as the terminal likes; four spaces are four carets wide everywhere.
fn expand_tabs(characters: impl Iterator<Item = char>) -> String {
    characters.fold(String::new(), |mut line, character| {
        match character {
            '\t' => line.push_str("    "),
            other if other.is_control() => line.push('\u{fffd}'),
            other => line.push(other),
        }
        line
    })
}

fn floor_char_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_excerpt_points_at_the_spot() {
        let source = "syntax = \"proto3\";\n\tBär bar = 1;\n";
        let place = Place::at_offset(source, source.find("bar").expect("in the text"), 3);
        assert_eq!((place.line, place.column, place.width), (2, 6, 3));
        let diagnostic = Diagnostic::new(Some("a.proto".into()), "no such thing")
            .with_place(Some(place.with_label(Some("here".into()))))
            .with_note("help: write another");
        assert_eq!(
            diagnostic.to_string(),
            "a.proto:2:6: no such thing\n  |\n2 |     Bär bar = 1;\n  |         ^^^ here\n  = help: write another"
        );
    }

    #[test]
    fn an_offset_behind_the_end_is_the_end() {
        let place = Place::at_offset("a\nb", 99, 7);
        assert_eq!((place.line, place.column, place.width), (2, 2, 1));
        let place = Place::at_offset("ä", 1, 1);
        assert_eq!((place.line, place.column), (1, 1));
        assert_eq!(Place::at_line("a\n", 0, 1, 1), None);
        assert_eq!(Place::at_line("a\n", 7, 1, 1), None);
    }

    #[test]
    fn a_long_line_is_cut() {
        let source = format!("{}bad{}", "a".repeat(100_000), "b".repeat(100_000));
        let place = Place::at_offset(&source, 100_000, 3);
        let shown = Diagnostic::new(None, "no").with_place(Some(place)).to_string();
        let expected = format!(
            "no\n  |\n1 | ...{}bad{}...\n  | {}^^^",
            "a".repeat(60),
            "b".repeat(117),
            " ".repeat(63)
        );
        assert_eq!(shown, expected);
    }

    #[test]
    fn errors_can_travel() {
        fn check<T: std::error::Error + Send + Sync + 'static>() {}
        check::<Error>();
    }

    #[test]
    fn debug_reads_like_display() {
        let error = Error::new(ErrorKind::InvalidOption, "no");
        assert_eq!(format!("{error:?}"), format!("{error}"));
    }
}
