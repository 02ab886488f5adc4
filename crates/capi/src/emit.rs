//! The way of an enabled event.

use crate::layout::{Field, Piece, Site};
use crate::value::value_of;
use core::sync::atomic::Ordering::{Acquire, Relaxed};
use thalweg::__private::{self as rust, Fields, Limit, Payload, Value};
use thalweg::ffi;

/// The library's site, which outlives every module.
#[inline(always)]
pub(crate) fn handle_of(site: &Site) -> Option<&'static rust::Site> {
    // ORDER(connected): Acquire, pairs with the Release store in `register::connect`.
    site.gate.load(Acquire);
    let handle = site.handle.load(Relaxed);
    // SAFETY: null, or what `connect` stored: a reference that is good for ever.
    unsafe { ffi::site_from(handle) }
}

/// Emits an event of numbers only, to each collector that wants it: `len` bytes, as they are in
/// the trace.
///
/// # Safety
/// The site is as `thalweg.h` makes it, and `words` are as many as have `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn thalweg_emit_0(site: &Site, words: *const u64, len: usize) {
    let Some(handle) = handle_of(site) else {
        return;
    };
    let numbers = Numbers {
        fields: (site.fields, site.field_count),
        words: Piece {
            at: words.cast(),
            len,
        },
    };
    ffi::emit(handle, numbers);
}

/// Emits an event that consists of pieces, to each collector that wants it.
///
/// # Safety
/// The site is as `thalweg.h` makes it, and `pieces` are so many; each of them is null or refers to
/// as many bytes as it says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn thalweg_emit_pieces_0(site: &Site, pieces: *const Piece, count: usize) {
    let Some(handle) = handle_of(site) else {
        return;
    };
    // SAFETY: as the caller promises.
    let pieces = unsafe { core::slice::from_raw_parts(pieces, count) };
    let fields = (site.fields, site.field_count);
    ffi::emit(handle, Pieces { fields, pieces });
}

/// Whether a collector wants the event: more exactly than its gate, which it may share.
///
/// # Safety
/// The site is as `thalweg.h` makes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn thalweg_wants_0(site: &Site) -> bool {
    handle_of(site).is_some_and(ffi::is_wanted)
}

/// A module's table of fields, and how many they are.
type Table = (*const Field, u16);

/// An event of numbers, packed into whole words.
struct Numbers {
    fields: Table,
    words: Piece,
}

/// An event of pieces.
struct Pieces<'m> {
    fields: Table,
    pieces: &'m [Piece],
}

/// The fields of a module's table.
fn fields_of(table: &Table) -> &[Field] {
    if table.0.is_null() {
        return &[];
    }
    // SAFETY: as the caller of `emit` promises: the site is as the header makes it, and stays
    // while the module calls.
    unsafe { core::slice::from_raw_parts(table.0, usize::from(table.1)) }
}

impl Fields for Numbers {
    #[inline(always)]
    fn encoded_len(&self, _limit: Limit) -> usize {
        self.words.len
    }

    #[inline(always)]
    fn encode(&self, payload: &mut Payload<'_>, _limit: Limit) {
        // SAFETY: as the caller of `emit` promises.
        unsafe { put_words(self.words.at.cast(), self.words.len, payload) };
    }

    fn count(&self) -> usize {
        usize::from(self.fields.1)
    }

    fn value(&self, index: usize) -> Value<'_> {
        let pieces = core::slice::from_ref(&self.words);
        // SAFETY: as the caller of `emit` promises.
        unsafe { value_of(fields_of(&self.fields), pieces, index) }
    }
}

impl Fields for Pieces<'_> {
    fn encoded_len(&self, _limit: Limit) -> usize {
        let lens = self.pieces.iter().map(|piece| piece.len);
        lens.fold(0, usize::saturating_add)
    }

    fn encode(&self, payload: &mut Payload<'_>, _limit: Limit) {
        for piece in self.pieces {
            // SAFETY: as the caller of `emit` promises.
            unsafe { put_piece(piece, payload) };
        }
    }

    fn count(&self) -> usize {
        usize::from(self.fields.1)
    }

    fn value(&self, index: usize) -> Value<'_> {
        // SAFETY: as the caller of `emit` promises.
        unsafe { value_of(fields_of(&self.fields), self.pieces, index) }
    }
}

/// Appends whole words and what is left: a call of `memcpy` would take as long as a small event.
///
/// # Safety
/// As many words as have `len` bytes are there.
#[inline(always)]
unsafe fn put_words(mut words: *const u64, len: usize, payload: &mut Payload<'_>) {
    for _ in 0..len / 8 {
        // SAFETY: a whole word of those that are there.
        let word = unsafe { words.read() };
        payload.put(&word.to_le_bytes());
        // SAFETY: at most one word beyond the last.
        words = unsafe { words.add(1) };
    }
    if len.is_multiple_of(8) {
        return;
    }
    // SAFETY: what is left has a word of its own.
    let mut rest = unsafe { words.read() };
    if len & 4 != 0 {
        payload.put(&(rest as u32).to_le_bytes());
        rest >>= 32;
    }
    if len & 2 != 0 {
        payload.put(&(rest as u16).to_le_bytes());
        rest >>= 16;
    }
    if len & 1 != 0 {
        payload.put(&[rest as u8]);
    }
}

/// Appends a piece.
///
/// # Safety
/// It is null or refers to as many bytes as it says.
#[inline(always)]
unsafe fn put_piece(piece: &Piece, payload: &mut Payload<'_>) {
    if piece.at.is_null() {
        return (0..piece.len).for_each(|_| payload.put(&[0]));
    }
    // SAFETY: as the caller promises.
    payload.put(unsafe { core::slice::from_raw_parts(piece.at, piece.len) });
}
