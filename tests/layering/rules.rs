//! The rules about who may name what, over what `scan` found. Knows the table only as a value.

use std::collections::BTreeMap;
use std::fmt;

use crate::scan::{Path, Scan};

/// One row of the table: modules that know nothing of each other unless `beside` says so.
#[derive(Debug)]
pub(crate) struct Row {
    /// What the row is, for messages.
    pub(crate) name: &'static str,
    /// Whether decisions live here: no runtime, socket, clock, random source, lock or `async`.
    pub(crate) pure: bool,
    /// Top-level modules of `grpc-runtime/src`.
    pub(crate) modules: &'static [Module],
}

/// A module and the modules of its own row that it may import.
#[derive(Debug)]
pub(crate) struct Module {
    /// `retry` is `src/retry.rs` or `src/retry/`.
    pub(crate) name: &'static str,
    /// Must stay without cycles; [`check_table`] sees to it.
    pub(crate) beside: &'static [&'static str],
}

/// A broken rule, printed as `file:line: what; what to do`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Relative to the crate's `src`, or to the repository for rules about every crate.
    pub(crate) file: String,
    /// Counted from one; zero where the whole file is meant.
    pub(crate) line: usize,
    /// One sentence for the person who has to repair it.
    pub(crate) what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.what),
            line => write!(f, "{}:{line}: {}", self.file, self.what),
        }
    }
}

/// Rules of the table itself: no module twice, no cycle through `beside`.
pub(crate) fn check_table(table: &[Row]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut seen = BTreeMap::new();
    for (index, row) in table.iter().enumerate() {
        for module in row.modules {
            if seen.insert(module.name, (index, module.beside)).is_some() {
                wrong.push(format!("`{}` stands in the table twice", module.name));
            }
        }
    }
    for (&name, &(row, beside)) in &seen {
        for &other in beside {
            if seen.get(other).map(|found| found.0) != Some(row) {
                wrong.push(format!("`{name}` names `{other}` beside it, which is not in its row"));
            }
        }
        let mut reached: Vec<&str> = beside.to_vec();
        let mut at = 0;
        while at < reached.len() {
            let next = seen.get(reached[at]).map_or(&[][..], |found| found.1);
            reached
                .extend(next.iter().filter(|n| !reached.contains(n)).copied().collect::<Vec<_>>());
            at += 1;
        }
        if reached.contains(&name) {
            wrong.push(format!("`{name}` reaches itself through the modules beside it"));
        }
    }
    wrong
}

/// Rules for one file of the layered crate; `file` is relative to `src`, with `/`.
pub(crate) fn check_layers(table: &[Row], file: &str, scan: &Scan) -> Vec<Violation> {
    let modules: Vec<&str> =
        file.trim_end_matches(".rs").split('/').filter(|part| *part != "mod").collect();
    let own = modules[0];
    if own == "lib" {
        return Vec::new();
    }
    let Some((row, placed)) = place(table, own) else {
        return vec![Violation {
            file: file.to_owned(),
            line: 0,
            what: format!(
                "module `{own}` is not in the table; give it a row in tests/layering.rs and in ARCHITECTURE.md"
            ),
        }];
    };
    let report =
        |path: &Path, what: String| Violation { file: file.to_owned(), line: path.line, what };
    let mut found = Vec::new();
    for path in &scan.paths {
        if let Some(target) = import(path, modules.len())
            && target != own
        {
            let written = path.segments.join("::");
            found.extend(
                match place(table, target) {
                    None if target == ".." => Some(format!(
                        "`{written}` climbs out of `{own}`; write it from `crate::`"
                    )),
                    None => Some(format!(
                        "`{written}` names no module of the table; import an item from the module that defines it"
                    )),
                    Some((other, _)) if other < row => None,
                    Some((other, _)) if other == row && placed.beside.contains(&target) => None,
                    Some((other, _)) if other == row => Some(format!(
                        "`{own}` imports `{written}`, but both are in row {row} ({}) and the table does not put `{target}` beside `{own}`",
                        table[row].name
                    )),
                    Some((other, _)) => Some(format!(
                        "`{own}` (row {row}, {}) imports `{written}` from row {other} ({}); a module imports only from rows above its own",
                        table[row].name, table[other].name
                    )),
                }
                .map(|what| report(path, what)),
            );
        }
        if own != "rt"
            && let Some(name) = names(path, &ONLY_IN_RT)
        {
            found.push(report(
                path,
                format!("`{name}` is named; only `rt` spawns, sleeps and reads the clock"),
            ));
        } else if table[row].pure
            && names(path, &VALUES_ALL_THE_SAME).is_none()
            && let Some(name) = names(path, &NEVER_IN_PURE)
        {
            found.push(report(
                path,
                format!("`{name}` in `{own}`, which is pure; take it as an argument or move it to a driver"),
            ));
        }
    }
    found
}

/// Rules for every file of every crate.
pub(crate) fn check_file(file: &str, scan: &Scan) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut report =
        |line, what: String| found.push(Violation { file: file.to_owned(), line, what });
    if !scan.opens_with_doc {
        report(1, "open with `//!`: what the file is, what it is not, who drives it".to_owned());
    }
    if scan.shipped_lines > LINES {
        report(
            0,
            format!(
                "{} lines besides tests, {LINES} allowed; move one concept to a file of its own",
                scan.shipped_lines
            ),
        );
    }
    if file.ends_with("src/lib.rs")
        && !scan.inner_attributes.iter().any(|attribute| attribute == "forbid(unsafe_code)")
    {
        report(1, "say `#![forbid(unsafe_code)]`".to_owned());
    }
    found
}

fn place<'t>(table: &'t [Row], name: &str) -> Option<(usize, &'t Module)> {
    table.iter().enumerate().find_map(|(index, row)| {
        row.modules.iter().find(|module| module.name == name).map(|module| (index, module))
    })
}

/// The top-level module that a path inside the crate leads to; `..` where it climbs out of its own.
fn import(path: &Path, depth: usize) -> Option<&str> {
    let first = path.segments.first()?;
    let above = path.segments.iter().take_while(|segment| *segment == "super").count();
    match first.as_str() {
        "crate" | "grpc_runtime" => path.segments.get(1).map(String::as_str),
        "super" if above >= depth + path.inline_depth => Some(".."),
        _ => None,
    }
}

/// The entry of `list` whose segments stand in `path` one after the other.
fn names(path: &Path, list: &[&'static str]) -> Option<&'static str> {
    list.iter().copied().find(|entry| {
        let wanted: Vec<&str> = entry.split("::").filter(|segment| !segment.is_empty()).collect();
        // `tokio::` means a path into tokio, `tokio` any mention.
        let longer = usize::from(entry.ends_with("::"));
        path.segments.len() >= wanted.len() + longer
            && path.segments.windows(wanted.len()).any(|part| part == wanted)
    })
}

const LINES: usize = 450;

const ONLY_IN_RT: [&str; 12] = [
    "tokio::spawn",
    "tokio::task::spawn",
    "tokio::task::spawn_blocking",
    "tokio::task::JoinSet",
    "tokio::time",
    "tokio::runtime",
    "tokio::task_local",
    "Instant::now",
    "SystemTime::now",
    "thread::spawn",
    "thread::sleep",
    "Handle::current",
];

/// Error types are values, whoever defines them: to recognise one drives nothing. Nor does a cell that is
/// swapped without a lock, which decides no more than an atomic does.
const VALUES_ALL_THE_SAME: [&str; 3] =
    ["tower::timeout::error::", "tower::load_shed::error::", "arc_swap::ArcSwapOption"];

const NEVER_IN_PURE: [&str; 22] = [
    "async",
    "await",
    "tokio::",
    "tokio_rustls::",
    "rustls::",
    "h2::",
    "hyper::",
    "tower::",
    "arc_swap::",
    "fastrand::",
    "getrandom::",
    "rand::",
    "Mutex",
    "RwLock",
    "Condvar",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "std::thread",
    "std::fs",
    "std::env",
];
