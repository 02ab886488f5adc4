//! Where a reader is in a packet, and what it remembers from it.

use thalweg_model::{Tape, Timestamp, Value};

use super::clock;
use super::plan::{NO_SLOT, Note};

/// An event with more values than this is refused.
pub const MAX_VALUES: usize = 1 << 22;

/// Bytes of a packet.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// How far into its packet the first of them is.
    pub begin_bytes: u64,
}

/// What later fields need from earlier ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    slots: Vec<u64>,
    pub(super) clock: u64,
    pub(super) id: Option<u64>,
    /// How many more values this event may have.
    pub(super) budget: usize,
}

impl Notes {
    pub(super) fn reset(&mut self, slots: usize) {
        self.slots.clear();
        self.slots.resize(slots, 0);
        self.budget = MAX_VALUES;
    }

    /// Keeps what an integer says beside its value.
    pub(super) fn take(&mut self, value: u64, size_bits: u32, note: Note) {
        if note.clock {
            self.clock = clock::updated(self.clock, value, size_bits);
        }
        if note.id {
            self.id = Some(value);
        }
        if note.slot != NO_SLOT {
            self.set(note.slot, value);
        }
    }

    #[inline]
    pub(super) fn set(&mut self, slot: u32, value: u64) {
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = value;
        }
    }

    #[inline]
    pub(super) fn get(&self, slot: u32) -> u64 {
        self.slots.get(slot as usize).copied().unwrap_or_default()
    }
}

/// Where a reader is in a stream: give each stream one, from its first packet to its last.
#[derive(Clone, Debug, Default)]
pub struct Cursor {
    pub(super) notes: Notes,
    /// The index of the stream's class.
    pub(super) stream: usize,
    pub(super) at_bits: u64,
    pub(super) end_bits: u64,
    /// What the packet claims and the file has not.
    pub(super) beyond: Option<(u64, u64)>,
    /// The values of the packet's header, then those of its context.
    pub(super) tape: Tape,
    /// Whether the packet's context is on the tape.
    pub(super) context: bool,
}

impl Cursor {
    /// The first byte of the packet that the next call needs.
    pub fn from_bytes(&self) -> u64 {
        self.at_bits / 8
    }

    /// The context of the packet that was begun in this window.
    pub fn context<'a>(&'a self, window: Window<'a>) -> Option<Value<'a>> {
        let values = self.tape.values(0, self.tape.end(), window.bytes);
        values.get(0).filter(|_| self.context)
    }

    /// The time up to which the packet was read.
    pub fn clock(&self) -> Timestamp {
        Timestamp(self.notes.clock)
    }
}
