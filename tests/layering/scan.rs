//! Reads one Rust file into the paths it names.
//!
//! A text scan, not a compiler: it sees paths inside macros as well, needs no dependency, and knows just
//! enough of the language (comments, literals, `use` groups, inline modules, `#[cfg(test)]`) to be right
//! about which line names what. It judges nothing; `rules` does.

/// What a file says about itself.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Every path and every lone name outside test code, `use` groups spread out.
    pub(crate) paths: Vec<Path>,
    /// Lines outside test code, documentation included.
    pub(crate) shipped_lines: usize,
    /// Whether the first line is `//!` documentation.
    pub(crate) opens_with_doc: bool,
    /// Inner attributes such as `#![forbid(unsafe_code)]`, without blanks.
    pub(crate) inner_attributes: Vec<String>,
    /// Names of file modules declared under `#[cfg(test)]`.
    pub(crate) test_modules: Vec<String>,
}

/// One path as written, for example `crate`, `status`, `Status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    /// Counted from one.
    pub(crate) line: usize,
    /// How many inline `mod x { .. }` stand around it.
    pub(crate) inline_depth: usize,
    /// Its segments; a glob ends in `*`.
    pub(crate) segments: Vec<String>,
}

#[derive(Debug, Clone)]
struct Token {
    line: usize,
    text: String,
}

/// Scans the text of one file.
pub(crate) fn scan(source: &str) -> Scan {
    let tokens = tokens(source);
    let mut scan = Scan {
        opens_with_doc: source.lines().next().is_some_and(|line| line.starts_with("//!")),
        ..Scan::default()
    };
    let mut test_lines = 0;
    let mut inline_modules: Vec<usize> = Vec::new();
    let mut braces = 0;
    let mut at = 0;
    while at < tokens.len() {
        let text = tokens[at].text.as_str();
        if text == "#" {
            let inner = is(&tokens, at + 1, "!");
            let (attribute, after) = attribute(&tokens, at);
            if inner && is_test_only(&attribute) {
                return Scan { shipped_lines: 0, paths: Vec::new(), ..scan };
            }
            if !inner && is_test_only(&attribute) {
                let end = item_end(&tokens, after);
                scan.test_modules.extend(declared_module(&tokens[after..end]));
                let last = tokens[end.saturating_sub(1).max(at)].line;
                test_lines += last - tokens[at].line + 1;
                at = end;
                continue;
            }
            if inner {
                scan.inner_attributes.push(attribute);
                at = after;
                continue;
            }
        }
        match text {
            "{" => braces += 1,
            "}" => {
                braces -= 1;
                if inline_modules.last() == Some(&braces) {
                    inline_modules.pop();
                }
            }
            "mod" if is(&tokens, at + 2, "{") => inline_modules.push(braces),
            _ => {}
        }
        if is_name(text) || (text == "::" && tokens.get(at + 1).is_some_and(|t| is_name(&t.text))) {
            let start = if text == "::" { at + 1 } else { at };
            at = tree(&tokens, start, &[], inline_modules.len(), &mut scan.paths);
        } else {
            at += 1;
        }
    }
    scan.shipped_lines = source.lines().count().saturating_sub(test_lines);
    scan
}

/// Reads a path or a `use` tree that starts at `at`; gives the index after it.
fn tree(
    tokens: &[Token],
    mut at: usize,
    prefix: &[String],
    inline_depth: usize,
    found: &mut Vec<Path>,
) -> usize {
    let mut segments = prefix.to_vec();
    let line = tokens[at].line;
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            "{" if segments.len() > prefix.len() || !prefix.is_empty() => {
                return group(tokens, at + 1, &segments, inline_depth, found);
            }
            "*" => {
                segments.push("*".to_owned());
                at += 1;
                break;
            }
            name if is_name(name) => {
                // `use a::b::{self}` names `a::b`.
                if name != "self" || segments.is_empty() {
                    segments.push(name.to_owned());
                }
                at += 1;
            }
            _ => break,
        }
        let more = tokens.get(at + 1).is_some_and(|t| is_name(&t.text) || "{*".contains(&t.text));
        if is(tokens, at, "::") && more {
            at += 1;
        } else {
            break;
        }
    }
    found.push(Path { line, inline_depth, segments });
    at
}

fn group(
    tokens: &[Token],
    mut at: usize,
    prefix: &[String],
    inline_depth: usize,
    found: &mut Vec<Path>,
) -> usize {
    while at < tokens.len() && tokens[at].text != "}" {
        let text = tokens[at].text.as_str();
        if text == "as" {
            at += 2;
        } else if is_name(text) || "*{".contains(text) {
            at = tree(tokens, at, prefix, inline_depth, found);
        } else {
            at += 1;
        }
    }
    at + 1
}

/// The text of the attribute that starts with the `#` at `at`, and the index after its `]`.
fn attribute(tokens: &[Token], at: usize) -> (String, usize) {
    let Some(open) = (at..tokens.len().min(at + 3)).find(|&i| tokens[i].text == "[") else {
        return (String::new(), at + 1);
    };
    let end = closing(tokens, open, "[", "]");
    let text = tokens[open + 1..end.saturating_sub(1)].iter().map(|t| t.text.as_str()).collect();
    (text, end)
}

/// `cfg(test)` and `cfg(all(test, ..))`, but not `cfg(not(test))` or `cfg(any(test, feature))`.
fn is_test_only(attribute: &str) -> bool {
    attribute == "cfg(test)" || attribute.starts_with("cfg(all(test,")
}

/// The index after the item that starts at `at`, further attributes included.
fn item_end(tokens: &[Token], mut at: usize) -> usize {
    while is(tokens, at, "#") {
        at = attribute(tokens, at).1;
    }
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            ";" => return at + 1,
            "{" => return closing(tokens, at, "{", "}"),
            _ => at += 1,
        }
    }
    at
}

fn declared_module(item: &[Token]) -> Option<String> {
    let at = item.iter().position(|t| t.text == "mod")?;
    let name = item.get(at + 1)?;
    is(item, at + 2, ";").then(|| name.text.clone())
}

fn closing(tokens: &[Token], open: usize, opening: &str, ending: &str) -> usize {
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        if token.text == opening {
            depth += 1;
        } else if token.text == ending {
            depth -= 1;
            if depth == 0 {
                return index + 1;
            }
        }
    }
    tokens.len()
}

fn is(tokens: &[Token], at: usize, text: &str) -> bool {
    tokens.get(at).is_some_and(|token| token.text == text)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names and punctuation with their lines; comments and literals are gone.
fn tokens(source: &str) -> Vec<Token> {
    let mut rest = source;
    let mut line = 1;
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (length, keep) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), false)
        } else if rest.starts_with("/*") {
            (block_comment(rest), false)
        } else if let Some(length) = literal(rest) {
            (length, false)
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            (end.unwrap_or(rest.len()), is_name(rest))
        } else if rest.starts_with("::") {
            (2, true)
        } else {
            (first.len_utf8(), !first.is_whitespace())
        };
        let (text, after) = rest.split_at(length);
        if keep {
            found.push(Token { line, text: text.to_owned() });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    found
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// The length of the string, character or lifetime that `rest` starts with; `r#` of a raw name counts.
fn literal(rest: &str) -> Option<usize> {
    let prefix = rest.find(|c: char| !matches!(c, 'b' | 'c' | 'r')).filter(|&at| at <= 2)?;
    let raw = rest[..prefix].contains('r');
    let body = &rest[prefix..];
    if raw && (body.starts_with('"') || body.starts_with('#')) {
        let hashes = body.find(|c: char| c != '#').unwrap_or(body.len());
        if !body[hashes..].starts_with('"') {
            return (prefix == 1 && hashes == 1).then_some(2);
        }
        let end = format!("\"{}", "#".repeat(hashes));
        let start = prefix + hashes + 1;
        return Some(rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len()));
    }
    match body.chars().next()? {
        '"' => Some(prefix + quoted(body, '"')),
        '\'' if prefix <= 1 && !raw => {
            let mut inside = body.chars().skip(1);
            let (first, second) = (inside.next()?, inside.next());
            let lifetime = prefix == 0 && first != '\\' && second != Some('\'');
            if lifetime {
                let end = body[1..].find(|c: char| !c.is_alphanumeric() && c != '_');
                Some(end.map_or(body.len(), |end| end + 1))
            } else {
                Some(prefix + quoted(body, '\''))
            }
        }
        _ => None,
    }
}

fn quoted(body: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in body.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    body.len()
}
