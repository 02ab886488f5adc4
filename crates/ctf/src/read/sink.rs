//! Where decoded fields go: onto a tape, or nowhere.

use thalweg_model::{Node, Tape};

/// Takes fields as they are decoded.
pub(super) trait Sink {
    /// Whether fields without a note may be passed over.
    const SKIPS: bool;

    fn node(&mut self, node: Node);
    /// Begins a group, and says where.
    fn open(&mut self, group: Node) -> usize;
    fn close(&mut self, opened: usize);
}

impl Sink for Tape {
    const SKIPS: bool = false;

    fn node(&mut self, node: Node) {
        Self::node(self, node);
    }

    fn open(&mut self, group: Node) -> usize {
        let opened = self.end();
        Self::node(self, group);
        opened
    }

    fn close(&mut self, opened: usize) {
        Self::close(self, opened);
    }
}

/// Keeps nothing; only what fields note in the cursor remains.
pub(super) struct Nothing;

impl Sink for Nothing {
    const SKIPS: bool = true;

    fn node(&mut self, _: Node) {}
    fn open(&mut self, _: Node) -> usize {
        0
    }
    fn close(&mut self, _: usize) {}
}
