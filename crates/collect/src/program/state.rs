//! A program's own state: asked for when a recording begins, and before a snapshot.
//!
//! What it tells then are events like others. See `thalweg::Watch` for its side.

use std::sync::atomic::Ordering::{Acquire, Release};
use thalweg_abi::program::{HEAD_ANSWERED, HEAD_ASKED, HEAD_WATCHES, is_answered};
use thalweg_sys::futex_wake;

use super::traced::Program;

impl Program {
    /// Asks the program to tell its state; its events are on already.
    pub(crate) fn ask_for_state(&self) {
        let asked = self.memory.head(HEAD_ASKED);
        // ORDER(asked): Release, pairs with the program's Acquire load.
        asked.fetch_add(1, Release);
        futex_wake(asked);
    }

    /// Whether a part of the program is still to answer: nobody is waited for in one that is gone or
    /// watches nothing.
    pub(crate) fn owes_state(&self) -> bool {
        // ORDER(answered): Acquire, pairs with the program's Release: its events are there.
        let word = |index| self.memory.head(index).load(Acquire);
        let words = [HEAD_ASKED, HEAD_WATCHES, HEAD_ANSWERED].map(word);
        !is_answered(words[0], words[1], words[2]) && !self.process.has_ended()
    }
}
