//! Linked code, wherever it lies.

use core::sync::atomic::{AtomicU64, Ordering};

/// Words that an evaluation reads one by one, each once where it matters: another process may
/// change them at any time.
pub trait Words {
    /// The word at `at`, or `None` behind the end.
    fn word(&self, at: usize) -> Option<u64>;
}

impl Words for [u64] {
    #[inline]
    fn word(&self, at: usize) -> Option<u64> {
        self.get(at).copied()
    }
}

/// Relaxed: whoever publishes code makes it visible before he says that it is there.
impl Words for [AtomicU64] {
    #[inline]
    fn word(&self, at: usize) -> Option<u64> {
        self.get(at).map(|word| word.load(Ordering::Relaxed))
    }
}
