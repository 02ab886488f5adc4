//! A constant text between stars, compared with another.

use alloc::vec::Vec;

/// Whether a text matches the parts between stars: the first begins it, the last ends it; one part is the
/// whole of it.
pub fn matches_parts(parts: &[Vec<u8>], text: &[u8]) -> bool {
    let [first, middles @ .., last] = parts else {
        return parts.iter().all(|part| part == text);
    };
    let Some(mut rest) = text.strip_prefix(first.as_slice()) else {
        return false;
    };
    for middle in middles.iter().filter(|middle| !middle.is_empty()) {
        let found = rest.windows(middle.len()).position(|here| here == middle);
        let Some(at) = found else {
            return false;
        };
        rest = &rest[at + middle.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: bool) {
        let parts = pattern.split('*').map(|part| part.as_bytes().to_vec());
        let parts: Vec<Vec<u8>> = parts.collect();
        let found = matches_parts(&parts, text.as_bytes());
        assert_eq!(found, expected, "{pattern} {text}");
    }

    #[test]
    fn parts_are_found_one_behind_the_other() {
        check("abc", "abc", true);
        check("abc", "abcd", false);
        check("a*c", "abbc", true);
        check("a*c", "ac", true);
        check("ab*bc", "abc", false);
        check("*b*d*", "abcd", true);
        check("*d*b*", "abcd", false);
        check("a**c", "abc", true);
        check("*", "", true);
    }
}
