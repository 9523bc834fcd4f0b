//! The program `grpc-build`, for generated code that is kept under version control.
//!
//! It reads its arguments, calls the library, and reports; what is generated is the library's matter.
#![forbid(unsafe_code)]

mod arguments;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use grpc_build::Generated;

use self::arguments::{Action, Command, Input};

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(failure) => {
            // Nothing is left to tell if standard error is closed.
            let _ = writeln!(io::stderr(), "{}", failure.0);
            ExitCode::from(2)
        }
    }
}

/// The text of whatever went wrong, ready to be shown.
struct Failure(String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure(format!("error: {error}"))
    }
}

fn run() -> Result<ExitCode, Failure> {
    let command = match arguments::parse(std::env::args_os())? {
        Command::Show(text) => {
            io::stdout().write_all(text.as_bytes())?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Run(command) => command,
    };
    let generated = match &command.input {
        Input::Protos { protos, includes } => command.config.generate(protos, includes)?,
        Input::DescriptorSet(file) => command.config.generate_from_descriptor_set(file)?,
    };
    for warning in generated.warnings() {
        writeln!(io::stderr(), "warning: {warning}")?;
    }
    match command.action {
        Action::Generate => {
            generated.write()?;
            Ok(ExitCode::SUCCESS)
        }
        Action::Check => check(&generated),
    }
}

/// Compares what is on disk with what it should be; a missing file is an empty one.
fn check(generated: &Generated) -> Result<ExitCode, Failure> {
    let mut stale = Vec::new();
    let path = generated.path()?;
    let present = read(&path)?;
    if present != generated.source().as_bytes() {
        let shown = path.display().to_string();
        let present = String::from_utf8_lossy(&present);
        let difference = similar::TextDiff::from_lines(&*present, generated.source());
        let fresh = format!("{shown} (fresh)");
        write!(io::stdout(), "{}", difference.unified_diff().header(&shown, &fresh))?;
        stale.push(shown);
    }
    if let Some((path, fresh)) = generated.descriptor_set()?
        && read(&path)? != fresh
    {
        stale.push(path.display().to_string());
    }
    for shown in &stale {
        writeln!(
            io::stderr(),
            "`{shown}` is stale: run `grpc-build generate` with the same arguments"
        )?;
    }
    Ok(if stale.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    match std::fs::read(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        other => other
            .map_err(|cause| Failure(format!("error: cannot read `{}`: {cause}", path.display()))),
    }
}
