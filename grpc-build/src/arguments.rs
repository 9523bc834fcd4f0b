//! What the command line says. Each option is one of the library's, by the same name.

use std::ffi::OsString;
use std::path::PathBuf;

use grpc_build::Config;
use lexopt::prelude::{Long, Short, Value};
use lexopt::{Parser, ValueExt};

/// What to do.
pub(crate) enum Command {
    /// Show a text and be done.
    Show(String),
    Run(Box<Run>),
}

/// What to generate, from what, and what to do with it.
pub(crate) struct Run {
    pub(crate) action: Action,
    pub(crate) input: Input,
    pub(crate) config: Config,
}

/// What to do with the result.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Generate,
    Check,
}

/// From what to generate.
pub(crate) enum Input {
    Protos { protos: Vec<PathBuf>, includes: Vec<PathBuf> },
    DescriptorSet(PathBuf),
}

pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Command, lexopt::Error> {
    let mut parser = Parser::from_iter(arguments);
    let mut action = None;
    let mut protos: Vec<PathBuf> = Vec::new();
    let mut includes: Vec<PathBuf> = Vec::new();
    let mut descriptor_set: Option<PathBuf> = None;
    let mut has_folder = false;
    let mut config = Config::new().emit_rerun_if_changed(false);

    while let Some(argument) = parser.next()? {
        config = match argument {
            Short('h') | Long("help") => return Ok(Command::Show(HELP.to_owned())),
            Short('V') | Long("version") => {
                return Ok(Command::Show(format!("grpc-build {}\n", env!("CARGO_PKG_VERSION"))));
            }
            Short('I') | Long("include") => {
                includes.push(parser.value()?.into());
                config
            }
            Long("descriptor-set") => {
                descriptor_set = Some(parser.value()?.into());
                config
            }
            Short('o') | Long("out-dir") => {
                has_folder = true;
                config.out_dir(parser.value()?)
            }
            Long("include-file") => config.include_file(parser.value()?),
            Long("descriptor-set-out") => config.file_descriptor_set_path(parser.value()?),
            Long("protoc") => match parser.optional_value() {
                Some(program) => config.protoc_path(program),
                None => config.protoc(),
            },
            Long("protoc-arg") => config.protoc_arg(parser.value()?.string()?),
            Long("messages-only") => config.build_traits(false),
            Long("crate-path") => config.crate_path(parser.value()?.string()?),
            Long("prost-path") => config.prost_path(parser.value()?.string()?),
            Long("prost-types-path") => config.prost_types_path(parser.value()?.string()?),
            Long("codec") => config.codec(parser.value()?.string()?),
            Long("error") => config.error(parser.value()?.string()?),
            Long("mocks") => config.mocks(true),
            Long("compile-well-known-types") => config.compile_well_known_types(true),
            Long("type-names") => config.type_names(true),
            Long("retain-enum-prefix") => config.retain_enum_prefix(true),
            Long("bytes") => config.bytes([parser.value()?.string()?]),
            Long("btree-map") => config.btree_map([parser.value()?.string()?]),
            Long("boxed") => config.boxed(parser.value()?.string()?),
            Long("skip-debug") => config.skip_debug([parser.value()?.string()?]),
            Long("disable-comments") => config.disable_comments([parser.value()?.string()?]),
            Long("type-name-domain") => {
                pair(&mut parser, |path, value| config.type_name_domain(path, value))?
            }
            Long("extern-path") => {
                pair(&mut parser, |path, value| config.extern_path(path, value))?
            }
            Long("type-attribute") => {
                pair(&mut parser, |path, value| config.type_attribute(path, value))?
            }
            Long("message-attribute") => {
                pair(&mut parser, |path, value| config.message_attribute(path, value))?
            }
            Long("enum-attribute") => {
                pair(&mut parser, |path, value| config.enum_attribute(path, value))?
            }
            Long("field-attribute") => {
                pair(&mut parser, |path, value| config.field_attribute(path, value))?
            }
            Long("service-attribute") => {
                pair(&mut parser, |path, value| config.service_attribute(path, value))?
            }
            Long("method-attribute") => {
                pair(&mut parser, |path, value| config.method_attribute(path, value))?
            }
            Long("layer") => pair(&mut parser, |path, layer| config.layer(path, layer))?,
            Value(value) if action.is_none() => {
                action = Some(match value.to_str() {
                    Some("generate") => Action::Generate,
                    Some("check") => Action::Check,
                    _ => {
                        return Err(format!(
                            "unknown command {value:?}: it is `generate` or `check`; see --help"
                        )
                        .into());
                    }
                });
                config
            }
            Value(value) => {
                protos.push(value.into());
                config
            }
            other => return Err(other.unexpected()),
        };
    }

    let Some(action) = action else {
        return Err("no command: it is `generate` or `check`; see --help".into());
    };
    if !has_folder {
        return Err("no folder to write to: give one with `--out-dir FOLDER`".into());
    }
    let input = match descriptor_set {
        Some(_) if !protos.is_empty() || !includes.is_empty() => {
            return Err(
                "`--descriptor-set` stands instead of .proto files and their include folders"
                    .into(),
            );
        }
        Some(file) => Input::DescriptorSet(file),
        None if protos.is_empty() => return Err("no .proto file was named".into()),
        None => Input::Protos { protos, includes },
    };
    Ok(Command::Run(Box::new(Run { action, input, config })))
}

/// Reads `PATH=VALUE`; the path of an element has no `=` in it.
fn pair(
    parser: &mut Parser,
    apply: impl FnOnce(String, String) -> Config,
) -> Result<Config, lexopt::Error> {
    let value = parser.value()?.string()?;
    match value.split_once('=') {
        Some((path, value)) => Ok(apply(path.to_owned(), value.to_owned())),
        None => Err(format!("{value:?} is not of the form PATH=VALUE").into()),
    }
}

const HELP: &str = "\
Turns .proto files into prost messages and #[grpc_client] traits.

Usage: grpc-build generate --out-dir FOLDER [options] FILE.proto..
       grpc-build check    --out-dir FOLDER [options] FILE.proto..

Commands:
  generate  Writes the generated file.
  check     Writes nothing. Exits with 1 and a diff where the file is stale, with 0 where it is fresh,
            with 2 where something is wrong.

Input and output:
  -I, --include FOLDER        Where imports are looked up; may be repeated.
                              Default: the folder of each file, then the current one.
  -o, --out-dir FOLDER        Where the file is, or will be.
  --include-file NAME         Its name. Default: protos.rs
  --descriptor-set FILE       Reads this FileDescriptorSet instead of .proto files.
  --descriptor-set-out FILE   Also writes the descriptors of all files, for reflection.
  --protoc[=PROGRAM]          Has protoc read the files: PROGRAM, or $PROTOC, or the one on the PATH.
  --protoc-arg ARGUMENT       Passes one more argument to protoc.

Services:
  --messages-only             No traits; refers to prost instead of grpc-runtime.
  --codec PATH                The codec of every client. Default: prost.
  --error PATH                What calls fail with. Default: grpc-runtime's Status.
  --mocks                     A mock beside every trait, for tests.
  --crate-path PATH           Where grpc-runtime is. Default: ::grpc_runtime
  --service-attribute PATH=ATTRIBUTE
  --method-attribute PATH=ATTRIBUTE
  --layer PATH=EXPRESSION     A layer around the calls of services, or of methods.

Messages:
  --extern-path PATH=RUST     Uses an existing Rust type or module instead of generating.
  --type-attribute, --message-attribute, --enum-attribute, --field-attribute PATH=ATTRIBUTE
  --bytes PATH                bytes::Bytes instead of Vec<u8>.
  --btree-map PATH            BTreeMap instead of HashMap.
  --boxed PATH                A Box around the field.
  --skip-debug PATH           No Debug.
  --disable-comments PATH     No comments.
  --type-names                Implements prost::Name.
  --type-name-domain PATH=DOMAIN
                              The domain in type URLs.
  --retain-enum-prefix        ColorRed rather than Red, for COLOR_RED of Color.
  --compile-well-known-types  Generates google.protobuf too.
  --prost-path PATH           Where prost is. Default: grpc-runtime's.
  --prost-types-path PATH     Where prost-types is. Default: grpc-runtime's.

  -h, --help                  This text.
  -V, --version               The version.

A PATH of protobuf names chooses: `.` is everything, `.pkg.Message` that and all in it,
`Message.field` whatever ends so. Options with a PATH may be repeated.
";
