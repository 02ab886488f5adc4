//! Written metadata, cut back into its blocks without a parser.
//!
//! It is our own text: one block is what lies between a line that ends with `{` at the left margin
//! and the next line that begins with `}`, because every string keeps to its line.

/// The blocks of `text`, from their first line to the line that begins with `}`.
pub(super) fn blocks(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            if rest.is_empty() {
                return None;
            }
            let len = if line(rest).trim_end().ends_with('{') {
                block_len(rest)?
            } else {
                line(rest).len()
            };
            let (piece, behind) = rest.split_at(len);
            rest = behind;
            if line(piece).trim_end().ends_with('{') {
                return Some(piece);
            }
        }
    })
}

fn line(text: &str) -> &str {
    text.split_inclusive('\n').next().unwrap_or("")
}

fn block_len(text: &str) -> Option<usize> {
    let end = text.find("\n}")? + 1;
    Some(end + line(&text[end..]).len())
}

/// What a block says of `key`, without quotes.
pub(super) fn value<'a>(block: &'a str, key: &str) -> Option<&'a str> {
    let line = block.lines().find_map(|line| {
        line.strip_prefix('\t')?
            .strip_prefix(key)?
            .strip_prefix(" = ")
    })?;
    Some(line.split_once(';')?.0.trim_matches('"'))
}

/// The names of the fields in a structure of a block, which begins with the line `head`.
pub(super) fn names_in<'a>(block: &'a str, head: &str) -> impl Iterator<Item = &'a str> + Clone {
    let behind = block.lines().skip_while(move |line| *line != head).skip(1);
    let within = behind.take_while(|line| !line.starts_with("\t}"));
    within.filter_map(|line| {
        let name = line.rsplit(' ').next()?.strip_suffix(';')?;
        let name = name.split('[').next()?;
        Some(name.strip_prefix('_').unwrap_or(name))
    })
}

/// The number behind `mark` in a block.
pub(super) fn number_behind(block: &str, mark: &str) -> Option<usize> {
    let (_, rest) = block.split_once(mark)?;
    rest.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_falls_into_blocks() {
        let text = "/* CTF 1.8 */\n\ntypealias integer { size = 8; } := uint8_t;\ntrace {\n\tuuid = \"x\";\n\ts {\n\t};\n};\n\nenv {\n};\n";
        let found: Vec<&str> = blocks(text).collect();
        assert_eq!(
            found,
            ["trace {\n\tuuid = \"x\";\n\ts {\n\t};\n};\n", "env {\n};\n"]
        );
        assert_eq!(value(found[0], "uuid"), Some("x"));
    }

    #[test]
    fn a_structure_is_its_names() {
        let block = "stream {\n\ta := struct {\n\t\tstring _x;\n\t};\n\tb := struct {\n\
                     \t\tinteger { size = 8; } _vpid;\n\t\tinteger { } _name[17];\n\t};\n};\n";
        let found: Vec<_> = names_in(block, "\tb := struct {").collect();
        assert_eq!(found, ["vpid", "name"]);
        assert_eq!(names_in(block, "\tc := struct {").count(), 0);
    }

    #[test]
    fn a_block_without_an_end_is_none() {
        assert_eq!(blocks("event {\n\tname = \"a\";\n").count(), 0);
    }
}
