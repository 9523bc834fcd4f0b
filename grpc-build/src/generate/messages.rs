//! Has prost-build write the messages, one text a module, and collects the services it meets.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use prost_build::{Module, Service, ServiceGenerator};
use prost_types::FileDescriptorProto;

use super::options::Externs;
use crate::config::{Config, Target};
use crate::descriptor;
use crate::error::{Error, ErrorKind};
use crate::names;

/// What prost made of the files, by the path of modules that it belongs in.
#[derive(Default)]
pub(super) struct Written {
    pub(super) modules: BTreeMap<Vec<String>, String>,
    pub(super) services: BTreeMap<Vec<String>, Vec<Service>>,
}

pub(super) fn write(
    config: &Config,
    externs: &Externs,
    files: Vec<FileDescriptorProto>,
) -> Result<Written, Error> {
    let services = Rc::new(RefCell::new(Vec::new()));
    let mut prost = prost_config(config, externs);
    for path in descriptor::recursive_groups(&files) {
        prost.boxed(path);
    }
    if config.traits {
        prost.service_generator(Box::new(Collector(Rc::clone(&services))));
    }
    let requests = files
        .into_iter()
        .map(|file| (Module::from_protobuf_package_name(file.package()), file))
        .collect();
    // Everything that prost objects to has been checked before; this is for what it may object to tomorrow.
    let modules = prost
        .generate(requests)
        .map_err(|cause| Error::new(ErrorKind::InvalidOption, cause.to_string()))?;

    let mut written = Written::default();
    for (module, text) in modules {
        written.modules.insert(module.parts().map(str::to_owned).collect(), text);
    }
    for service in services.take() {
        written.services.entry(names::modules(&service.package)).or_default().push(service);
    }
    Ok(written)
}

fn prost_config(config: &Config, externs: &Externs) -> prost_build::Config {
    let mut prost = prost_build::Config::new();
    // The well-known types are among `externs`, where the user's choice can replace them.
    prost.compile_well_known_types();
    prost.prost_path(config.prost_root());
    for (path, rust_path) in externs.iter() {
        prost.extern_path(path, rust_path);
    }
    for attribute in &config.attributes {
        let (path, text) = (&attribute.path, &attribute.text);
        match attribute.target {
            Target::Type => prost.type_attribute(path, text),
            Target::Message => prost.message_attribute(path, text),
            Target::Enum => prost.enum_attribute(path, text),
            Target::Field => prost.field_attribute(path, text),
            Target::Service | Target::Method | Target::Layer => &mut prost,
        };
    }
    prost
        .bytes(&config.bytes)
        .btree_map(&config.btree_map)
        .skip_debug(&config.skip_debug)
        .disable_comments(&config.disable_comments);
    for path in &config.boxed {
        prost.boxed(path);
    }
    if config.type_names {
        prost.enable_type_names();
    }
    for (path, domain) in &config.type_name_domains {
        prost.type_name_domain([path], domain);
    }
    if config.keep_enum_prefix {
        prost.retain_enum_prefix();
    }
    prost
}

/// Takes the services out of prost's hands, types resolved; the traits are written later, when all
/// names around them are known.
struct Collector(Rc<RefCell<Vec<Service>>>);

impl ServiceGenerator for Collector {
    fn generate(&mut self, service: Service, text: &mut String) {
        self.0.borrow_mut().push(service);
        // prost forgets a module whose text is empty, and then stumbles over its services.
        text.push('\n');
    }
}
