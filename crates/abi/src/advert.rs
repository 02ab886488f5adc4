//! An advert: how a collector that is already there reaches a program before its `main`.
//!
//! `sessions/ID` in the rendezvous folder, at most 4 KiB of text, one `key value` a line; beside it
//! lies `sessions/ID.sock`, where the collector listens (a stream of packets). A program that
//! starts connects, hands its memfd and the name of its rendezvous file over, and enables what the
//! patterns ask for by itself: it never waits for an answer.
//!
//! ```text
//! thalweg-session 5
//! slot 0
//! clock tsc
//! limit-units 256
//! start 1048576
//! mode block
//! patience-ns 1000000
//! context ip
//! enable shop:*
//! exclude shop:secret*
//! enable *
//! at-least 6
//! ```
//!
//! `mode` is one of the names below; without it the program discards what it has no room for. Each
//! `context` is one that the program takes at its events, see [`crate::sampled`]. From the first
//! `enable` on it is rules, see [`crate::rules`].

use crate::rules::{ENABLE, split_key};

/// The first line, with this crate's version in it: a program of another one leaves the advert alone.
#[cfg(not(target_arch = "aarch64"))]
pub const FIRST_LINE: &str = "thalweg-session 5";
/// The same for programs of this machine.
#[cfg(target_arch = "aarch64")]
pub const FIRST_LINE: &str = "thalweg-session 5 aarch64";
/// The folder of adverts, within the rendezvous folder.
pub const FOLDER: &str = "sessions";
/// The largest advert.
pub const MAX_LEN: usize = crate::slot::RULES_LEN;

/// The names of modes, beside the numbers that stand for them in a slot.
pub const MODES: [(&str, u64); 3] = [
    ("discard", crate::slot::DISCARD),
    ("overwrite", crate::slot::OVERWRITE),
    ("block", crate::slot::BLOCK),
];

/// The rules of an advert: its text from the first `enable` on, empty if there is none.
pub fn rules_of(text: &[u8]) -> &[u8] {
    let is_rule = |line: &[u8]| split_key(line).0 == ENABLE.as_bytes();
    let mut rest = text;
    while !is_rule(rest) {
        match rest.iter().position(|&byte| byte == b'\n') {
            Some(end) => rest = &rest[end + 1..],
            None => return &[],
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_has_the_version() {
        let number = FIRST_LINE
            .split(' ')
            .nth(1)
            .and_then(|word| word.parse().ok());
        assert_eq!(number, Some(crate::VERSION & 0xffff));
    }

    #[test]
    fn rules_begin_at_the_first_enable() {
        assert_eq!(
            rules_of(b"slot 0\nenabled 1\nenable *\nnew 1\nenable a:*\n"),
            b"enable *\nnew 1\nenable a:*\n"
        );
        assert_eq!(rules_of(b"enable *"), b"enable *");
        assert_eq!(rules_of(b"slot 0\n"), b"");
        assert_eq!(rules_of(b""), b"");
    }
}
