//! The values of an event's contexts, as they are going to lie in front of its fields.

use super::Caller;
use super::callers::Callers;
use super::counters;
use super::place::Place;
use super::value::{AppValue, Held};
use crate::field::{Fields, Limit, Value};
use crate::site::Site;
use crate::thread::Block;
use core::mem::MaybeUninit;
use core::sync::atomic::AtomicU64;
use thalweg_abi::sampled::{ENTRY_WORDS, Entry, MAX_CALLERS, Sampled as Context, tag};
use thalweg_ring::Payload;

/// Bytes of all values together.
const ROOM: usize = 2560;

/// The values of a slot's contexts.
pub(crate) struct Taken {
    /// Not initialized behind `len`.
    bytes: [MaybeUninit<u8>; ROOM],
    len: usize,
    /// A counter was not to be had.
    lacks_counter: bool,
}

impl Taken {
    /// Whether a counter was not to be had: its value is 0.
    pub(crate) fn lacks_counter(&self) -> bool {
        self.lacks_counter
    }

    /// Takes the contexts of these entries.
    #[inline(never)]
    pub(crate) fn now(
        entries: &[AtomicU64],
        (site, caller): (&Site, Caller),
        block: &Block,
    ) -> Self {
        let mut taken = Self {
            bytes: [const { MaybeUninit::uninit() }; ROOM],
            len: 0,
            lacks_counter: false,
        };
        let mut rest = entries.chunks(ENTRY_WORDS);
        while let Some(entry) = rest.next() {
            match Entry::load(entry).sampled() {
                Some(Context::Ip) => {
                    let ip = Place::ip(site.first_place(), caller.stack);
                    taken.put(&ip.to_le_bytes());
                }
                Some(Context::App { provider, name }) => {
                    let kept = rest.clone().map(|entry| least(&Entry::load(entry))).sum();
                    taken.put_app(&block.ask(provider, name), kept);
                }
                Some(Context::PerfThread { kind, config }) => {
                    let value = counters::read(&block.counters, kind, config);
                    taken.lacks_counter |= value.is_none();
                    taken.put(&value.unwrap_or(0).to_le_bytes());
                }
                Some(Context::CallstackUser) => taken.put_callers(site, caller),
                None => {}
            }
        }
        taken
    }

    /// Appends how many callers there are, and their addresses: that of the call site first.
    fn put_callers(&mut self, site: &Site, caller: Caller) {
        let mut callers = Callers::of(caller);
        let first = site.first_place();
        let came_from = first.and_then(|first| first.came_from(caller.stack));
        // The event's own function may have a frame: then it would be there twice.
        if came_from.is_some_and(|(at, _)| at == callers.first_at()) {
            callers.next();
        }
        let ip = first.map(|first| Place::ip(Some(first), caller.stack));
        let at = self.len;
        let mut count = 0_u32;
        self.put(&count.to_le_bytes());
        for address in ip.into_iter().chain(callers).take(MAX_CALLERS) {
            self.put(&address.to_le_bytes());
            count += 1;
        }
        if let Some(told) = self.bytes.get_mut(at..at + 4) {
            told.write_copy_of_slice(&count.to_le_bytes());
        }
    }

    /// Appends the value of an application's context; of a text as much as leaves `kept` bytes.
    fn put_app(&mut self, value: &AppValue, kept: usize) {
        match value.held() {
            Held::Nothing => self.put(&[tag::NONE]),
            Held::Int(value) => self.put_tagged(tag::INT, value.to_le_bytes()),
            Held::Uint(value) => self.put_tagged(tag::UINT, value.to_le_bytes()),
            Held::Float(value) => self.put_tagged(tag::FLOAT, value.to_le_bytes()),
            Held::Text(text) => {
                let most = (ROOM - self.len).saturating_sub(kept + 2);
                self.put(&[tag::TEXT]);
                self.put(Limit::NONE.at_most(most).cut(text));
                self.put(&[0]);
            }
        }
    }

    fn put_tagged(&mut self, tag: u8, value: [u8; 8]) {
        self.put(&[tag]);
        self.put(&value);
    }

    /// Appends bytes, if there is room for them.
    fn put(&mut self, bytes: &[u8]) {
        if let Some(room) = self.bytes.get_mut(self.len..self.len + bytes.len()) {
            room.write_copy_of_slice(bytes);
            self.len += bytes.len();
        }
    }

    fn bytes(&self) -> &[u8] {
        let bytes = self.bytes[..self.len].as_ptr().cast::<u8>();
        // SAFETY: `put` wrote the first `len` bytes, and they are this value's own.
        unsafe { core::slice::from_raw_parts(bytes, self.len) }
    }
}

/// The room that is kept for a context whose turn comes later.
fn least(entry: &Entry) -> usize {
    match entry.sampled() {
        Some(Context::Ip | Context::PerfThread { .. }) => 8,
        Some(Context::App { .. }) => 9,
        Some(Context::CallstackUser) => 4 + 8 * MAX_CALLERS,
        None => 0,
    }
}

/// Fields with contexts in front of them, which filters do not see.
pub(crate) struct Sampled<'e, F>(pub(crate) &'e Taken, pub(crate) &'e F);

impl<F: Fields> Fields for Sampled<'_, F> {
    fn encoded_len(&self, limit: Limit) -> usize {
        self.0.len + self.1.encoded_len(limit)
    }

    fn encode(&self, payload: &mut Payload<'_>, limit: Limit) {
        payload.put(self.0.bytes());
        self.1.encode(payload, limit);
    }

    fn count(&self) -> usize {
        self.1.count()
    }

    fn value(&self, index: usize) -> Value<'_> {
        self.1.value(index)
    }
}
