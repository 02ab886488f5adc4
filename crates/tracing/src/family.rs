//! The events of one name: all shapes that a call site's events have had.
//!
//! ```text
//!   | shape 0 | shape 1 | … | shape 7 | any other: as text |      filled from the left, never emptied
//! ```
//!
//! Reading takes no lock. Two threads that define the same shape wait for each other, but not for
//! ever: in a forked child the other thread may be gone. Then the shape is defined twice, which
//! costs nothing but its room.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Release};
use thalweg::Level;
use tracing_core::field::FieldSet;

use crate::code::{Code, Extra};
use crate::collect::{Fields, collect};
use crate::variant::{Names, Variant};

/// Shapes that a call site can have before its fields become one text.
const TYPED: usize = 8;
/// How often a thread looks whether another has defined the shape.
const PATIENCE: usize = 1000;

/// The events of one name.
pub(crate) struct Family {
    name: String,
    level: Level,
    fields: Option<&'static FieldSet>,
    variants: [OnceLock<Variant>; TYPED + 1],
    is_defining: AtomicBool,
}

impl Family {
    /// Events that have fields of a call site, or none but ours.
    pub(crate) fn new(name: String, level: Level, fields: Option<&'static FieldSet>) -> Self {
        Self {
            name,
            level,
            fields,
            variants: [const { OnceLock::new() }; TYPED + 1],
            is_defining: AtomicBool::new(false),
        }
    }

    /// Whether a collector wants the events; `None` before there was one. All shapes have one name
    /// and one level, so that a collector wants all or none.
    #[inline]
    pub(crate) fn is_wanted(&self) -> Option<bool> {
        self.variants[0].get().map(Variant::is_wanted)
    }

    /// Emits an event; the first of its shape defines it.
    #[inline]
    pub(crate) fn emit(&self, extras: &[(Extra, u64)], fields: &impl Fields) {
        if self.is_wanted() == Some(false) {
            return;
        }
        collect(extras, fields, &mut |codes, values| {
            if let Some(variant) = self.variant(codes) {
                variant.emit(self.names(), codes, values);
            }
        });
    }

    #[inline]
    fn names(&self) -> Names<'_> {
        Names {
            event: &self.name,
            level: self.level,
            fields: self.fields,
        }
    }

    /// Defines a shape before it is needed, so that collectors know of it.
    pub(crate) fn define(&self, extras: &[Extra]) {
        let codes: Vec<Code> = extras.iter().map(|extra| extra.code()).collect();
        self.variant(&codes);
    }

    #[inline]
    fn variant(&self, codes: &[Code]) -> Option<&Variant> {
        match self.variants[0].get() {
            Some(first) if first.fits(codes) => Some(first),
            _ => self.other_variant(codes),
        }
    }

    fn other_variant(&self, codes: &[Code]) -> Option<&Variant> {
        for (at, place) in self.variants.iter().enumerate() {
            if place.get().is_none() {
                self.fill(at, codes);
            }
            let variant = place.get()?;
            if variant.fits(codes) {
                return Some(variant);
            }
        }
        None
    }

    #[cold]
    fn fill(&self, at: usize, codes: &[Code]) {
        let place = &self.variants[at];
        let mut patience = 0..PATIENCE;
        while self.is_defining.swap(true, Acquire) && patience.next().is_some() {
            std::thread::yield_now();
        }
        if place.get().is_none() {
            let variant = if at < TYPED {
                Variant::typed(self.names(), codes)
            } else {
                Variant::line(self.names())
            };
            if let Some(variant) = variant {
                // Another that lost its patience may have been faster.
                let _ = place.set(variant);
            }
        }
        self.is_defining.store(false, Release);
    }
}
