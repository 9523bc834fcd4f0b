//! Has an installed `protoc` read the `.proto` files, and turns what it prints into our findings.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::includes::Includes;
use super::{Loaded, text_of};
use crate::environment;
use crate::error::{Diagnostic, Error, ErrorKind, Place};

pub(super) fn load(
    names: &[String],
    includes: &Includes,
    program: Option<&Path>,
    arguments: &[String],
) -> Result<Loaded, Error> {
    let chosen = program.map(Path::to_path_buf).or_else(environment::protoc);
    let protoc = chosen.unwrap_or_else(|| PathBuf::from("protoc"));
    let scratch = tempfile::tempdir().map_err(|cause| {
        Error::io("cannot make a scratch folder below", &std::env::temp_dir(), &cause)
    })?;
    let output_file = scratch.path().join("descriptors");

    let mut command = Command::new(&protoc);
    command.args(["--include_imports", "--include_source_info"]).arg("-o").arg(&output_file);
    for folder in includes.folders() {
        command.arg("-I").arg(folder);
    }
    command.args(arguments);
    command.args(names.iter().filter_map(|name| includes.find(name)));

    let output =
        command.output().map_err(|cause| cannot_run(&protoc, program.is_some(), &cause))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(failed(&protoc, &said, includes));
    }
    let encoded = std::fs::read(&output_file)
        .map_err(|cause| Error::io("protoc left nothing to read at", &output_file, &cause))?;
    let files = super::descriptor_set::decode(&encoded).map_err(|cause| {
        Error::new(
            ErrorKind::Protoc,
            format!("`{}` wrote something that is no descriptor set: {cause}", protoc.display()),
        )
    })?;
    let places = files
        .iter()
        .filter_map(|file| Some((file.name().to_owned(), includes.find(file.name())?)))
        .collect();
    Ok(Loaded {
        files,
        encoded,
        places,
        variables: if program.is_none() { vec![environment::PROTOC] } else { Vec::new() },
        warnings: said.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect(),
        ..Loaded::default()
    })
}

fn cannot_run(protoc: &Path, given: bool, cause: &io::Error) -> Error {
    let advice = if given {
        "correct the path given to `protoc_path`"
    } else {
        "install protoc, set the environment variable PROTOC to its path, or leave `protoc()` out: no protoc is needed by default"
    };
    Error::new(ErrorKind::Protoc, format!("cannot run `{}`: {cause}: {advice}", protoc.display()))
}

fn failed(protoc: &Path, said: &str, includes: &Includes) -> Error {
    let lines: Vec<_> =
        said.lines().filter(|line| !line.trim().is_empty() && !is_warning(line)).collect();
    let found: Option<Vec<_>> = lines.iter().map(|line| diagnostic(line, includes)).collect();
    match found {
        Some(diagnostics) if !diagnostics.is_empty() => {
            Error::diagnostics_of(ErrorKind::InvalidProto, diagnostics)
        }
        _ => Error::new(
            ErrorKind::Protoc,
            format!("`{}` failed:\n{}", protoc.display(), said.trim_end()),
        ),
    }
}

fn is_warning(line: &str) -> bool {
    line.contains(": warning: ") || line.starts_with("[libprotobuf WARNING")
}

/// Reads `file:line:column: message` or `file: message`; `None` where the line is neither.
fn diagnostic(line: &str, includes: &Includes) -> Option<Diagnostic> {
    let (file, rest) = line.split_once(".proto:")?;
    let file = format!("{file}.proto");
    let path = includes.find(&file).unwrap_or_else(|| PathBuf::from(&file));
    let shown = Some(path.display().to_string());
    let numbered = rest.split_once(": ").and_then(|(place, message)| {
        let (line, column) = place.split_once(':')?;
        Some((line.parse::<usize>().ok()?, column.parse::<usize>().ok()?, message))
    });
    let Some((line, column, message)) = numbered else {
        return Some(Diagnostic::new(shown, rest.trim_start()));
    };
    let source = text_of(&path);
    let text = source.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let column = untabbed(text, column);
    let width = text
        .chars()
        .skip(column - 1)
        .take_while(|character| character.is_alphanumeric() || "_.".contains(*character))
        .count();
    Some(Diagnostic::new(shown, message).with_place(Place::at_line(&source, line, column, width)))
}

/// protoc counts a tab up to the next multiple of eight; we count it as one character.
fn untabbed(text: &str, column: usize) -> usize {
    let mut wide = 1;
    for (index, character) in text.chars().enumerate() {
        if wide >= column {
            return index + 1;
        }
        wide += if character == '\t' { 8 - (wide - 1) % 8 } else { 1 };
    }
    text.chars().count() + 1
}

#[cfg(test)]
mod tests {
    use super::untabbed;

    #[test]
    fn tabs_count_as_one_character() {
        assert_eq!(untabbed("  Bar", 3), 3);
        assert_eq!(untabbed("\tBar", 9), 2);
        assert_eq!(untabbed(" \tBar", 9), 3);
        assert_eq!(untabbed("Bar", 99), 4);
    }
}
