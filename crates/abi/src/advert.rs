//! An advert: how a collector that is already there reaches a program before its `main`.
//!
//! `sessions/ID` in the rendezvous folder, at most 4 KiB of text, one `key value` a line; beside it
//! lies `sessions/ID.sock`, where the collector listens (a stream of packets). A program that
//! starts connects, hands its memfd and the name of its rendezvous file over, and enables what the
//! patterns ask for by itself: it never waits for an answer.
//!
//! ```text
//! thalweg-session 1
//! slot 0
//! clock tsc
//! limit-units 256
//! start 1048576
//! enable shop:*
//! enable *
//! ```

/// The first line.
pub const FIRST_LINE: &str = "thalweg-session 1";
/// The folder of adverts, within the rendezvous folder.
pub const FOLDER: &str = "sessions";
/// The largest advert.
pub const MAX_LEN: usize = 4096;

/// Whether `name` matches `pattern`, in which only `*` is special (`\*` is a star).
///
/// Linear in both: on a mismatch it goes back to the last star only.
pub fn glob_matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            retry = Some((p + 1, n));
            p += 1;
            continue;
        }
        let escaped = pattern.get(p) == Some(&b'\\') && p + 1 < pattern.len();
        let literal = p + usize::from(escaped);
        if pattern.get(literal) == Some(&name[n]) {
            p = literal + 1;
            n += 1;
            continue;
        }
        let Some((star, from)) = retry else {
            return false;
        };
        (p, n) = (star, from + 1);
        retry = Some((star, from + 1));
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, name: &str, expected: bool) {
        assert_eq!(glob_matches(pattern.as_bytes(), name.as_bytes()), expected);
    }

    #[test]
    fn only_the_star_is_special() {
        check("*", "", true);
        check("*", "shop:order", true);
        check("shop:*", "shop:order", true);
        check("shop:*", "sho:order", false);
        check("*:or*er", "shop:order", true);
        check("*:or*er", "shop:ordered", false);
        check("a?c", "abc", false);
        check(r"a\*c", "a*c", true);
        check(r"a\*c", "abc", false);
        check("", "a", false);
        check("ab", "a", false);
        check("a**b", "ab", true);
    }
}
