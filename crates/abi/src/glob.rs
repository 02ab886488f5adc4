//! Patterns of names, in which only `*` is special.
//!
//! ```text
//!   shop:*or*er        literal * literal * literal
//!   the first begins the name, the last ends it, each of the others is where it comes first
//! ```
//!
//! A traced program matches whatever patterns a collector sends: the time is that of one look at pattern
//! and name, however they are made, and there is no memory but a few words.

/// Whether `name` matches `pattern`, in which only `*` is special (`\*` is a star).
pub(crate) fn glob_matches(pattern: &[u8], name: &[u8]) -> bool {
    let (first, mut rest) = next_literal(pattern);
    if !first.begins(name) {
        return false;
    }
    let Some(mut pattern) = rest else {
        return first.len() == name.len();
    };
    let mut name = &name[first.len()..];
    loop {
        let literal;
        (literal, rest) = next_literal(pattern);
        let Some(behind) = rest else {
            return literal.ends(name);
        };
        let Some(at) = literal.find(name) else {
            return false;
        };
        name = &name[at + literal.len()..];
        pattern = behind;
    }
}

/// What stands before the first star, and what stands behind it, if there is one.
fn next_literal(pattern: &[u8]) -> (Literal<'_>, Option<&[u8]>) {
    let mut at = 0;
    while let Some(&byte) = pattern.get(at) {
        match byte {
            b'*' => return (Literal(&pattern[..at]), Some(&pattern[at + 1..])),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    (Literal(pattern), None)
}

/// Bytes of which each may stand behind a backslash.
#[derive(Clone, Copy)]
struct Literal<'t>(&'t [u8]);

impl Literal<'_> {
    /// The bytes that are meant.
    fn bytes(&self) -> impl Iterator<Item = u8> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            if let [b'\\', _, ..] = rest {
                rest = &rest[1..];
            }
            let (&byte, behind) = rest.split_first()?;
            rest = behind;
            Some(byte)
        })
    }

    fn len(&self) -> usize {
        self.bytes().count()
    }

    fn begins(&self, name: &[u8]) -> bool {
        let mut name = name.iter();
        self.bytes().all(|byte| name.next() == Some(&byte))
    }

    fn ends(&self, name: &[u8]) -> bool {
        let at = name.len().checked_sub(self.len());
        at.is_some_and(|at| self.begins(&name[at..]))
    }

    /// Where it comes first. A window of the name is compared only if its hash is the literal's, so that
    /// what nearly matches everywhere is not compared everywhere.
    fn find(&self, name: &[u8]) -> Option<usize> {
        let len = self.len();
        let window = name.get(..len)?;
        let wanted = self.bytes().fold(0, push);
        let mut found = window.iter().copied().fold(0, push);
        // What the first byte of a window is in its hash.
        let first = (1..len).fold(1, |weight, _| times(weight, BASE));
        let mut at = 0;
        loop {
            if found == wanted && self.begins(&name[at..]) {
                return Some(at);
            }
            let next = *name.get(at + len)?;
            let without = found + PRIME - times(u64::from(name[at]), first);
            found = push(without % PRIME, next);
            at += 1;
        }
    }
}

/// The hash of a text is the number that its bytes are in this base, by this prime.
const BASE: u64 = 1_000_003;
const PRIME: u64 = (1 << 61) - 1;

fn push(hash: u64, byte: u8) -> u64 {
    (times(hash, BASE) + u64::from(byte)) % PRIME
}

fn times(a: u64, b: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(PRIME)) as u64
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn glob(pattern: &str, name: &str, expected: bool) {
        assert_eq!(glob_matches(pattern.as_bytes(), name.as_bytes()), expected);
    }

    #[test]
    fn only_the_star_is_special() {
        glob("*", "", true);
        glob("*", "shop:order", true);
        glob("shop:*", "shop:order", true);
        glob("shop:*", "sho:order", false);
        glob("*:or*er", "shop:order", true);
        glob("*:or*er", "shop:ordered", false);
        glob("a?c", "abc", false);
        glob(r"a\*c", "a*c", true);
        glob(r"a\*c", "abc", false);
        glob("", "a", false);
        glob("ab", "a", false);
        glob("a**b", "ab", true);
    }

    /// Tries everything: slow, and plainly right.
    fn by_trying(pattern: &[u8], name: &[u8]) -> bool {
        match pattern {
            [] => name.is_empty(),
            [b'*', rest @ ..] => (0..=name.len()).any(|at| by_trying(rest, &name[at..])),
            [b'\\', byte, rest @ ..] | [byte, rest @ ..] => {
                name.first() == Some(byte) && by_trying(rest, &name[1..])
            }
        }
    }

    /// All texts of at most so many of four letters.
    fn texts(longest: usize) -> Vec<Vec<u8>> {
        let mut all = std::vec![Vec::new()];
        let mut from = 0;
        for _ in 0..longest {
            let longer: Vec<Vec<u8>> = all[from..]
                .iter()
                .flat_map(|text| b"ab*\\".map(|letter| [text, &[letter][..]].concat()))
                .collect();
            from = all.len();
            all.extend(longer);
        }
        all
    }

    #[test]
    fn short_patterns_match_what_trying_everything_matches() {
        let names = texts(4);
        for pattern in texts(5) {
            for name in &names {
                let found = glob_matches(&pattern, name);
                assert_eq!(found, by_trying(&pattern, name), "{pattern:?} {name:?}");
            }
        }
    }

    /// Byte by byte this is a thousand million comparisons.
    #[test]
    fn what_nearly_matches_everywhere_takes_no_longer() {
        let name = [b'a'; 65_535];
        let mut pattern = std::vec![b'a'; 32_768];
        pattern[0] = b'*';
        pattern.extend(b"b*");
        assert!(!glob_matches(&pattern, &name));
        pattern[32_768] = b'a';
        assert!(glob_matches(&pattern, &name));
    }
}
