//! A call site: the static that each `event!` leaves in a section of its own.

use crate::arch;
use crate::dynamic;
use crate::map::Map;
use crate::sample::Place;
use core::sync::atomic::{
    AtomicPtr, AtomicU32,
    Ordering::{Acquire, Relaxed},
};
use thalweg_abi::field::{self, Field, MAX_CLASSES, MAX_DEPTH};
use thalweg_abi::program::MAX_SITES;
use thalweg_abi::rendezvous::MAX_FIELDS;

/// How severe an event is: LTTng's log levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Level {
    Emerg = 0,
    Alert = 1,
    Crit = 2,
    Err = 3,
    Warning = 4,
    Notice = 5,
    Info = 6,
    DebugSystem = 7,
    DebugProgram = 8,
    DebugProcess = 9,
    DebugModule = 10,
    DebugUnit = 11,
    DebugFunction = 12,
    DebugLine = 13,
    Debug = 14,
}

/// What an index can be, as in a mark.
const INDEX_MASK: u32 = 0x7fff;
const _: () = assert!(MAX_SITES <= 0x7fff, "an index fits a mark");

/// The word of a site that has none of its own.
static NOBODY: AtomicU32 = AtomicU32::new(0);

/// A call site.
#[repr(C)]
#[derive(Debug)]
pub struct Site {
    name: &'static str,
    file: &'static str,
    model_uri: &'static str,
    fields: &'static [Field],
    line: u32,
    /// The site's word in this process's map: who wants its events, one byte a slot.
    word: AtomicPtr<AtomicU32>,
    /// The index, where the mark of a record has it.
    index: AtomicU32,
    gate: u16,
    level: Level,
    /// Where it is in the code, as far as that is known.
    places: AtomicPtr<Place>,
}

impl Site {
    /// A site at a place in the source.
    pub const fn new(
        name: &'static str,
        level: Level,
        model_uri: &'static str,
        fields: &'static [Field],
        place: (&'static str, u32, u16),
    ) -> Self {
        let (file, line, gate) = place;
        Self {
            name,
            file,
            model_uri,
            fields,
            line,
            word: AtomicPtr::new((&raw const NOBODY).cast_mut()),
            index: AtomicU32::new(0),
            gate,
            level,
            places: AtomicPtr::new(core::ptr::null_mut()),
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn file(&self) -> &'static str {
        self.file
    }

    /// The model that the event is described in; empty if none.
    pub(crate) fn model_uri(&self) -> &'static str {
        self.model_uri
    }

    pub(crate) fn fields(&self) -> &'static [Field] {
        self.fields
    }

    pub(crate) fn line(&self) -> u32 {
        self.line
    }

    /// The gate that the site tests.
    #[inline]
    pub fn gate(&self) -> u16 {
        self.gate
    }

    pub(crate) fn level(&self) -> Level {
        self.level
    }

    /// Who wants the events, one byte a slot.
    ///
    /// For those only who know that this process is set up: in a child that is not, the word is its
    /// parent's, and not mapped.
    #[inline(always)]
    pub(crate) fn wanted(&self) -> u32 {
        // SAFETY: `NOBODY`, or a word of the map that `point_to` was called with before the process
        // was set up; it is mapped for ever.
        unsafe { &*self.word.load(Relaxed) }.load(Relaxed)
    }

    /// Tells the site where its word is.
    pub(crate) fn point_to(&self, map: &Map) {
        let word = core::ptr::from_ref(map.site(self.index()));
        self.word.store(word.cast_mut(), Relaxed);
    }

    /// The last of its places.
    pub(crate) fn places(&self) -> &AtomicPtr<Place> {
        &self.places
    }

    /// The first of its places, and through it the others.
    pub(crate) fn first_place(&self) -> Option<&'static Place> {
        // ORDER(places): Acquire, pairs with the Release store in `Place::add`.
        let first = self.places.load(Acquire);
        // SAFETY: null, or a static, or leaked.
        unsafe { first.as_ref() }
    }

    /// Gives the site the number that its records carry.
    pub(crate) fn number(&self, index: u16) {
        self.index
            .store((u32::from(index) & INDEX_MASK) << 16, Relaxed);
    }

    #[inline(always)]
    pub(crate) fn index(&self) -> u16 {
        let index = self.index.load(Relaxed);
        // SAFETY: `number` stores nothing else. Known to the compiler, the index need not be
        // masked where a mark is made of it.
        unsafe { core::hint::assert_unchecked(index & !(INDEX_MASK << 16) == 0) };
        (index >> 16) as u16
    }
}

/// A field's name without the mark of a raw identifier.
pub const fn field_name(name: &'static str) -> &'static str {
    match name.as_bytes() {
        [b'r', b'#', ..] => name.split_at(2).1,
        _ => name,
    }
}

/// Whether an event's name has a provider and a name, with a colon between them.
pub const fn has_provider(name: &str) -> bool {
    let (bytes, mut at) = (name.as_bytes(), 0);
    while at < bytes.len() {
        if bytes[at] == b':' {
            return at > 0 && at + 1 < bytes.len();
        }
        at += 1;
    }
    false
}

/// Whether a collector takes fields of these classes.
pub const fn are_simple(fields: &[Field]) -> bool {
    let mut at = 0;
    while at < fields.len() {
        let class = &fields[at].class;
        if class.depth() > MAX_DEPTH || class.widest() > MAX_FIELDS {
            return false;
        }
        at += 1;
    }
    field::count(fields) <= MAX_CLASSES
}

/// Whether the elements of all lists have bytes; without any, no record would limit their number.
pub const fn have_bytes(fields: &[Field]) -> bool {
    let mut at = 0;
    while at < fields.len() {
        if !fields[at].class.has_bytes_in_lists() {
            return false;
        }
        at += 1;
    }
    true
}

/// Gives an expression its declared type.
#[inline(always)]
pub const fn typed<T>(value: T) -> T {
    value
}

/// All sites of this executable or library.
pub(crate) fn all() -> &'static [Site] {
    let (start, stop): (*const Site, *const Site) = arch::section_bounds!("thalweg_sites");
    let count = ((stop.addr() - start.addr()) / size_of::<Site>()).min(MAX_SITES);
    if count == 0 {
        return &[];
    }
    // SAFETY: the linker gathers the statics of type `Site` between the two symbols, one after
    // the other: the section holds nothing else, and their size is a multiple of their alignment.
    unsafe { core::slice::from_raw_parts(start, count) }
}

/// All sites: those of the executable or library, and those that were defined since.
pub(crate) fn each() -> impl Iterator<Item = &'static Site> {
    all().iter().chain(dynamic::each())
}

/// Gives each linked site the number that its records carry.
pub(crate) fn number_all() {
    for (index, site) in all().iter().enumerate() {
        site.number(index as u16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_provider_and_a_name() {
        for name in ["a:b", "shop:order", "a::b", "a:b:c"] {
            assert!(has_provider(name), "{name}");
        }
        for name in ["", "order", ":", "shop:", ":order"] {
            assert!(!has_provider(name), "{name}");
        }
    }

    #[test]
    fn the_mark_of_a_raw_identifier_is_no_part_of_a_name() {
        assert_eq!(field_name("r#type"), "type");
        assert_eq!(field_name("rtype"), "rtype");
    }
}
