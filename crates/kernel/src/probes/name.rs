//! Names that the kernel takes for groups, events and fields: letters, digits and `_`, 63 at most.

/// The longest name.
pub(super) const MAX_LEN: usize = 63;

/// Whether the kernel takes it as it is.
pub(super) fn is_name(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(is_letter)
        && text.len() <= MAX_LEN
        && text.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

/// The nearest name that the kernel takes, of at most so many letters.
pub(super) fn name_of(text: &str, len: usize) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let mut name: String = text.chars().map(plain).take(len).collect();
    if !is_name(&name) {
        name.insert(0, '_');
        name.truncate(len);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_symbol_becomes_a_name() {
        for (symbol, want) in [
            ("work", "work"),
            ("work.part.0", "work_part_0"),
            ("libc.so.6", "libc_so_6"),
            ("7zip", "_7zip"),
            ("", "_"),
            ("über", "_ber"),
        ] {
            assert_eq!(name_of(symbol, MAX_LEN), want);
            assert!(is_name(want));
        }
        assert_eq!(name_of("_ZN4core3fmt", 6), "_ZN4co");
    }
}
