//! Comments of a `.proto` file are prose; rustdoc takes them for Markdown with Rust in it.
//!
//! Code in them is marked as text here, so that `cargo test` does not compile somebody's shell lines.

/// Mends every run of `///` lines in `source`.
pub(super) fn mend(source: &str) -> String {
    let mut mended = String::with_capacity(source.len());
    let mut block = Vec::new();
    for line in source.lines() {
        match line.trim_start().strip_prefix("///") {
            Some(comment) => block.push(comment),
            None => {
                push_block(&mut block, &mut mended);
                mended.push_str(line);
                mended.push('\n');
            }
        }
    }
    push_block(&mut block, &mut mended);
    mended
}

/// What the line before leaves us in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Prose { after_blank: bool, in_list: bool },
    Fence(&'static str),
    Indented,
}

fn push_block(block: &mut Vec<&str>, mended: &mut String) {
    let mut state = State::Prose { after_blank: true, in_list: false };
    let mut push = |line: &str| {
        mended.push_str("///");
        mended.push_str(line.trim_end());
        mended.push('\n');
    };
    for line in block.drain(..) {
        let text = line.trim();
        let is_indented = line.starts_with("     ") || line.starts_with(" \t");
        if state == State::Indented {
            if text.is_empty() || is_indented {
                push(line);
                continue;
            }
            push(" ```");
            state = State::Prose { after_blank: true, in_list: false };
        }
        match state {
            State::Fence(fence) => {
                push(line);
                if text == fence {
                    state = State::Prose { after_blank: true, in_list: false };
                }
            }
            State::Prose { after_blank, in_list } => {
                if let Some((fence, language)) = fence(text) {
                    state = State::Fence(fence);
                    let indent = &line[..line.len() - line.trim_start().len()];
                    let language =
                        if ["", "rust", "rs"].contains(&language) { "text" } else { language };
                    push(&format!("{indent}{fence}{language}"));
                } else if is_indented && after_blank && !in_list && !is_item(text) {
                    state = State::Indented;
                    push(" ```text");
                    push(line);
                } else {
                    // Deep below a list's item it would still be code; four columns never are.
                    let is_deep =
                        in_list && after_blank && line.starts_with("       ") && !is_item(text);
                    if is_deep {
                        push(&format!("     {text}"));
                    } else {
                        push(line);
                    }
                    let in_list =
                        is_item(text) || (in_list && (text.is_empty() || line.starts_with("  ")));
                    state = State::Prose { after_blank: text.is_empty(), in_list };
                }
            }
            State::Indented => {}
        }
    }
    match state {
        State::Indented => push(" ```"),
        State::Fence(fence) => push(&format!(" {fence}")),
        State::Prose { .. } => {}
    }
}

/// The fence that `text` opens, and the language it names.
fn fence(text: &str) -> Option<(&'static str, &str)> {
    ["```", "~~~"].into_iter().find_map(|fence| Some((fence, text.strip_prefix(fence)?.trim())))
}

/// Whether a list's item begins here.
fn is_item(text: &str) -> bool {
    let rest = text.trim_start_matches(|character: char| character.is_ascii_digit());
    let is_numbered = rest.len() < text.len() && (rest.starts_with(". ") || rest.starts_with(") "));
    is_numbered || ["- ", "* ", "+ "].iter().any(|bullet| text.starts_with(bullet))
}

#[cfg(test)]
mod tests {
    use super::mend;

    #[test]
    fn prose_and_code_of_other_languages_stay() {
        for text in [
            "/// One.\n///\n/// Two.\npub x\n",
            "/// ```json\n/// {}\n/// ```\n",
            "/// - a\n///     b\n",
            "fn a() {}\n",
        ] {
            assert_eq!(mend(text), text);
        }
    }

    #[test]
    fn code_becomes_text() {
        assert_eq!(mend("/// ```\n/// let x;\n/// ```\n"), "/// ```text\n/// let x;\n/// ```\n");
        assert_eq!(mend("/// ```rust\n/// x"), "/// ```text\n/// x\n/// ```\n");
        assert_eq!(
            mend("/// Say:\n///\n///      $ ls\n///\n/// Done.\n"),
            "/// Say:\n///\n/// ```text\n///      $ ls\n///\n/// ```\n/// Done.\n"
        );
    }
}
