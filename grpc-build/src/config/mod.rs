//! The options, and the three ways to start: from `.proto` files, from a descriptor set, and to look
//! at the result before anything is written.
//!
//! The options are data; what they do stands in `generate`.

mod messages;
mod services;

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::generate;
use crate::output::Generated;
use crate::paths::Paths;
use crate::source::{self, Compiler};

/// What to generate, and how.
///
/// Options that take a `path` choose messages, fields, services and methods by their protobuf names:
///
/// | path | chooses |
/// |---|---|
/// | `.` | everything |
/// | `.helloworld` | everything in that package and the packages below it |
/// | `.helloworld.HelloRequest` | that message and everything in it |
/// | `.helloworld.HelloRequest.name` | that field |
/// | `HelloRequest.name` | every field whose full name ends so |
/// | `.helloworld.Greeter.SayHello` | that method |
///
/// A path that chooses nothing is most likely misspelled: the build prints a warning, or fails where it is that of a
/// [`layer`](Config::layer).
///
/// ```no_run
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     grpc_build::configure()
///         .bytes(["."])
///         .type_attribute(".store.Key", "#[derive(Ord, PartialOrd)]")
///         .compile(["proto/store.proto"], ["proto"])?;
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is generated until `compile` is called"]
pub struct Config {
    pub(crate) compiler: Compiler,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) extern_paths: Vec<(String, String)>,
    pub(crate) bytes: Vec<String>,
    pub(crate) btree_map: Vec<String>,
    pub(crate) boxed: Vec<String>,
    pub(crate) skip_debug: Vec<String>,
    pub(crate) disable_comments: Vec<String>,
    pub(crate) type_name_domains: Vec<(String, String)>,
    pub(crate) type_names: bool,
    pub(crate) keep_enum_prefix: bool,
    pub(crate) well_known_types: bool,
    pub(crate) traits: bool,
    pub(crate) crate_path: Option<String>,
    pub(crate) prost_path: Option<String>,
    pub(crate) prost_types_path: Option<String>,
    pub(crate) codec: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) mocks: bool,
    pub(crate) include_file: PathBuf,
    pub(crate) out_dir: Option<PathBuf>,
    pub(crate) descriptor_set_path: Option<PathBuf>,
    pub(crate) emit_rerun_if_changed: Option<bool>,
}

/// An attribute to write above whatever a path chooses.
#[derive(Debug, Clone)]
pub(crate) struct Attribute {
    pub(crate) target: Target,
    pub(crate) path: String,
    pub(crate) text: String,
}

/// What an [`Attribute`] may stand above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Type,
    Message,
    Enum,
    Field,
    Service,
    Method,
    /// A service, or a method whose service is not chosen; the text is the expression in `#[layer(..)]`.
    Layer,
}

impl Default for Config {
    fn default() -> Self {
        Config::new()
    }
}

impl Config {
    /// The defaults: protox reads, everything is generated, into `protos.rs` in Cargo's `OUT_DIR`.
    pub fn new() -> Self {
        Config {
            compiler: Compiler::default(),
            attributes: Vec::new(),
            extern_paths: Vec::new(),
            bytes: Vec::new(),
            btree_map: Vec::new(),
            boxed: Vec::new(),
            skip_debug: Vec::new(),
            disable_comments: Vec::new(),
            type_name_domains: Vec::new(),
            type_names: false,
            keep_enum_prefix: false,
            well_known_types: false,
            traits: true,
            crate_path: None,
            prost_path: None,
            prost_types_path: None,
            codec: None,
            error: None,
            mocks: false,
            include_file: PathBuf::from("protos.rs"),
            out_dir: None,
            descriptor_set_path: None,
            emit_rerun_if_changed: None,
        }
    }

    // ----- start -----

    /// Reads `protos` and everything that they import, and writes the generated file.
    ///
    /// `includes` are the folders in which imports are looked up. Where there are none
    /// ([`NO_PATHS`](crate::NO_PATHS)), they are the folder of each file, outermost first, and then the
    /// current folder, which in a build script is the package's own. Files that come with protobuf
    /// itself (`google/protobuf/timestamp.proto` and its like) are always found.
    ///
    /// In a build script this also tells Cargo when to run it again:
    /// see [`emit_rerun_if_changed`](Config::emit_rerun_if_changed).
    ///
    /// # Errors
    ///
    /// Whatever [`ErrorKind`](crate::ErrorKind) lists; the text of the [`Error`] is ready to be shown.
    pub fn compile(self, protos: impl Paths, includes: impl Paths) -> Result<(), Error> {
        self.generate(protos, includes)?.write()
    }

    /// Like [`compile`](Config::compile), from a `FileDescriptorSet` in a file, such as
    /// `protoc --include_imports --include_source_info -o FILE` and `buf build -o FILE` make.
    ///
    /// # Errors
    ///
    /// As for [`compile`](Config::compile).
    pub fn compile_descriptor_set(self, file: impl AsRef<Path>) -> Result<(), Error> {
        self.generate_from_descriptor_set(file)?.write()
    }

    /// Like [`compile_descriptor_set`](Config::compile_descriptor_set), from memory.
    ///
    /// # Errors
    ///
    /// As for [`compile`](Config::compile).
    pub fn compile_descriptor_bytes(self, descriptor_set: impl AsRef<[u8]>) -> Result<(), Error> {
        let loaded = source::load_descriptor_set(descriptor_set.as_ref())?;
        generate::generate(&self, loaded)?.write()
    }

    /// What [`compile`](Config::compile) would write, without writing anything.
    ///
    /// # Errors
    ///
    /// As for [`compile`](Config::compile).
    pub fn generate(&self, protos: impl Paths, includes: impl Paths) -> Result<Generated, Error> {
        let loaded =
            source::load_protos(&self.compiler, &protos.into_paths(), includes.into_paths())?;
        generate::generate(self, loaded)
    }

    /// What [`compile_descriptor_set`](Config::compile_descriptor_set) would write, without writing anything.
    ///
    /// # Errors
    ///
    /// As for [`compile`](Config::compile).
    pub fn generate_from_descriptor_set(&self, file: impl AsRef<Path>) -> Result<Generated, Error> {
        generate::generate(self, source::read_descriptor_set(file.as_ref())?)
    }

    // ----- who reads the .proto files -----

    /// Has an installed `protoc` read the files: the one that the environment variable `PROTOC`
    /// names, or else the one on the `PATH`. By default no other program is needed.
    pub fn protoc(mut self) -> Self {
        let arguments = self.take_protoc_arguments();
        self.compiler = Compiler::Protoc { program: None, arguments };
        self
    }

    /// Has this `protoc` read the files, whatever the environment says.
    pub fn protoc_path(mut self, program: impl Into<PathBuf>) -> Self {
        let arguments = self.take_protoc_arguments();
        self.compiler = Compiler::Protoc { program: Some(program.into()), arguments };
        self
    }

    /// Passes one more argument to `protoc`, which this also chooses, as [`protoc`](Config::protoc) does.
    pub fn protoc_arg(mut self, argument: impl Into<String>) -> Self {
        if matches!(self.compiler, Compiler::Protox) {
            self = self.protoc();
        }
        if let Compiler::Protoc { arguments, .. } = &mut self.compiler {
            arguments.push(argument.into());
        }
        self
    }

    fn take_protoc_arguments(&mut self) -> Vec<String> {
        match std::mem::take(&mut self.compiler) {
            Compiler::Protox => Vec::new(),
            Compiler::Protoc { arguments, .. } => arguments,
        }
    }

    // ----- where the result goes -----

    /// The folder to write to, which is made if need be. Default: Cargo's `OUT_DIR`, which is set in
    /// build scripts only.
    pub fn out_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(folder.into());
        self
    }

    /// The name of the one generated file. Default: `protos.rs`. Give each call its own where one
    /// build script makes several.
    pub fn include_file(mut self, name: impl Into<PathBuf>) -> Self {
        self.include_file = name.into();
        self
    }

    /// Also writes the descriptors of all files, imports included, as a serialised
    /// `FileDescriptorSet`; server reflection and dynamic messages want it. A relative path starts at
    /// the folder of the generated file.
    pub fn file_descriptor_set_path(mut self, file: impl Into<PathBuf>) -> Self {
        self.descriptor_set_path = Some(file.into());
        self
    }

    /// Whether to tell Cargo, on standard output, to run the build script again when one of the files
    /// read (imports too) or an environment variable that had a say changes. Warnings go the same way.
    /// Default: yes in a build script (where `OUT_DIR` is set), no elsewhere.
    pub fn emit_rerun_if_changed(mut self, emit: bool) -> Self {
        self.emit_rerun_if_changed = Some(emit);
        self
    }

    // ----- what the options amount to -----

    pub(crate) fn crate_root(&self) -> &str {
        self.crate_path.as_deref().unwrap_or("::grpc_runtime")
    }

    /// Messages without services are for a crate that need not know of the runtime.
    pub(crate) fn prost_root(&self) -> String {
        self.prost_path.clone().unwrap_or_else(|| self.reexport("prost"))
    }

    pub(crate) fn prost_types_root(&self) -> String {
        self.prost_types_path.clone().unwrap_or_else(|| self.reexport("prost_types"))
    }

    fn reexport(&self, name: &str) -> String {
        if self.traits || self.crate_path.is_some() {
            format!("{}::codegen::{name}", self.crate_root())
        } else {
            format!("::{name}")
        }
    }
}
