//! The room of one record, to be filled with packed bytes.

use crate::sync::AtomicU64;
#[cfg(any(loom, shuttle))]
use crate::sync::Relaxed;

/// Where a record's bytes go: fields one after the other, without padding, little-endian.
///
/// Bytes beyond the reserved room are dropped: a field whose length changed between measuring
/// and writing can spoil its own event only.
#[derive(Debug)]
pub struct Payload<'m> {
    words: &'m [AtomicU64],
    at: usize,
    end: usize,
}

impl<'m> Payload<'m> {
    #[inline(always)]
    pub(crate) fn new(words: &'m [AtomicU64], len: usize) -> Self {
        Self {
            words,
            at: 0,
            end: len.min(words.len() * 8),
        }
    }

    /// Appends bytes.
    #[inline(always)]
    #[cfg(not(any(loom, shuttle)))]
    pub fn put(&mut self, bytes: &[u8]) {
        if bytes.len() > self.end - self.at {
            return;
        }
        #[cfg(test)]
        crate::step::step();
        let base = self.words.as_ptr().cast::<u8>().cast_mut();
        // SAFETY: `at + bytes.len() <= end <= words.len() * 8`, so the target is in the record.
        let to = unsafe { base.add(self.at) };
        // SAFETY: the target is in bounds as above and inside UnsafeCells (atomics); this thread
        // owns the room until it commits, and `bytes` is a Rust slice, which cannot overlap it.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
        self.at += bytes.len();
    }

    /// Appends a text up to its first NUL, and a NUL. With room for all of the text this is quick.
    #[inline(always)]
    #[cfg(not(any(loom, shuttle)))]
    pub fn put_text(&mut self, text: &[u8]) {
        if text.len() >= self.end - self.at {
            return self.put_shown(text);
        }
        #[cfg(test)]
        crate::step::step();
        let base = self.words.as_ptr().cast::<u8>().cast_mut();
        // SAFETY: as in `put`.
        let to = unsafe { base.add(self.at) };
        // SAFETY: as in `put`: `at + text.len() < end`, and the room is this thread's.
        if unsafe { crate::text::copy(text, to) } {
            return self.put_shown(text);
        }
        self.at += text.len();
        self.put(&[0]);
    }

    /// Appends a text up to its first NUL, and a NUL.
    #[cfg(any(loom, shuttle))]
    pub fn put_text(&mut self, text: &[u8]) {
        self.put_shown(text);
    }

    /// A text with a NUL in it, or one that there is no room for.
    #[cold]
    fn put_shown(&mut self, text: &[u8]) {
        let shown = text.iter().position(|&byte| byte == 0);
        self.put(&text[..shown.unwrap_or(text.len())]);
        self.put(&[0]);
    }

    /// Appends bytes.
    #[cfg(any(loom, shuttle))]
    pub fn put(&mut self, bytes: &[u8]) {
        if bytes.len() > self.end - self.at {
            return;
        }
        for &byte in bytes {
            let word = &self.words[self.at / 8];
            let shift = (self.at % 8) * 8;
            let kept = word.load(Relaxed) & !(0xff << shift);
            word.store(kept | (u64::from(byte) << shift), Relaxed);
            self.at += 1;
        }
    }
}
