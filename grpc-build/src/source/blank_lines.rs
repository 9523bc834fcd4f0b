//! Keeps the empty lines of block comments.
//!
//! protox drops them, which joins paragraphs and breaks lists in the generated documentation. A line
//! with a lone `*` means the same to it and stays, so that is what an empty one becomes. Only lines
//! without any text change, hence every line and column that an error names is still right.

use std::borrow::Cow;

/// `source` with a `*` in each empty line of a block comment.
pub(super) fn keep(source: &str) -> Cow<'_, str> {
    if !source.contains("/*") {
        return Cow::Borrowed(source);
    }
    let mut kept = String::with_capacity(source.len() + 16);
    let mut state = State::Code;
    for line in source.split_inclusive('\n') {
        if state == State::Block && line.trim().is_empty() && line.ends_with('\n') {
            kept.push_str("*\n");
            continue;
        }
        kept.push_str(line);
        state = after(line, state);
    }
    Cow::Owned(kept)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Code,
    Block,
}

/// The state at the end of a line; strings and line comments end with it.
fn after(line: &str, mut state: State) -> State {
    let mut rest = line;
    loop {
        match state {
            State::Block => match rest.find("*/") {
                Some(end) => {
                    rest = &rest[end + 2..];
                    state = State::Code;
                }
                None => return State::Block,
            },
            State::Code => {
                let Some(start) = rest.find(['"', '\'', '/', '#']) else { return State::Code };
                let found = &rest[start..];
                if let Some(comment) = found.strip_prefix("/*") {
                    state = State::Block;
                    rest = comment;
                } else if found.starts_with("//") || found.starts_with('#') {
                    return State::Code;
                } else if let Some(behind) = found.strip_prefix('/') {
                    rest = behind;
                } else {
                    match after_string(found) {
                        Some(behind) => rest = behind,
                        None => return State::Code,
                    }
                }
            }
        }
    }
}

/// What follows the string that `text` begins with; `None` where it does not end.
fn after_string(text: &str) -> Option<&str> {
    let mut characters = text.char_indices();
    let (_, quote) = characters.next()?;
    while let Some((index, character)) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if character == quote {
            return Some(&text[index + character.len_utf8()..]);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::keep;

    #[test]
    fn empty_lines_of_block_comments_get_a_star() {
        assert_eq!(keep("/* a\n\n \t\n b */\n\nx\n"), "/* a\n*\n*\n b */\n\nx\n");
        assert_eq!(keep("a /* */ b /*\n\n*/\n\n"), "a /* */ b /*\n*\n*/\n\n");
    }

    #[test]
    fn nothing_else_changes() {
        for text in [
            "",
            "// /*\n\nx",
            "# /*\n\nx",
            "\"/*\"\n\nx",
            "'\\'/*'\n\nx",
            "\"/*\n\nx",
            "/ /* */\n\n",
            "/*\n",
            "/*/\n",
        ] {
            assert_eq!(keep(text), text);
        }
    }
}
