//! An advert: how a collector that is already there reaches a program before its `main`.
//!
//! `sessions/ID` in the rendezvous folder, at most 4 KiB of text, one `key value` a line; beside it
//! lies `sessions/ID.sock`, where the collector listens (a stream of packets). A program that
//! starts connects, hands its memfd and the name of its rendezvous file over, and enables what the
//! patterns ask for by itself: it never waits for an answer.
//!
//! ```text
//! thalweg-session 2
//! slot 0
//! clock tsc
//! limit-units 256
//! start 1048576
//! mode block
//! patience-ns 1000000
//! enable shop:*
//! exclude shop:secret*
//! enable *
//! at-least 6
//! ```
//!
//! `mode` is one of the names below; without it the program discards what it has no room for. From
//! the first `enable` on it is rules, see [`crate::rules`].

/// The first line.
pub const FIRST_LINE: &str = "thalweg-session 2";
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
