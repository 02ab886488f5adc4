//! What a collector wants: kept in its slot, and applied to sites.

use super::work::Work;
use crate::filter::index_of;
use crate::map::Map;
use crate::site::Site;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use thalweg_abi::program::{FILTERED, SAMPLED};
use thalweg_abi::rules::{Rules, Verdict};
use thalweg_abi::slot::{ACTIVE, CLOCK, FILTERS, RULES, RULES_LEN, RULES_SIZE, STATE};
use thalweg_abi::{SLOTS, program};
use thalweg_filter::Room;

/// Turns each site on that the rules want.
pub(crate) fn apply<'s>(
    map: &Map,
    slot: usize,
    rules: &[u8],
    sites: impl Iterator<Item = &'s Site>,
    room: &mut Room,
) {
    let rules = Rules::new(rules);
    let clock = map.slot(slot).control(CLOCK).load(Relaxed);
    let sampled = match map.sampled(slot) {
        [] => 0,
        _ => SAMPLED,
    };
    let enabled = program::enabled_byte(clock) | sampled;
    for site in sites {
        let byte = match rules.verdict(site.name().as_bytes(), site.level() as u8) {
            Verdict::Unwanted => continue,
            Verdict::Wanted => enabled,
            Verdict::Filtered if filter(map, slot, rules, site, room) => enabled | FILTERED,
            Verdict::Filtered => continue,
        };
        // Words before gates: who finds the gate open looks at the word.
        let word = map.site(site.index());
        word.fetch_or(u32::from(byte) << (8 * slot), Release);
        map.open_gate(site.gate(), slot);
    }
}

/// Links a site's filters; whether that can be done.
fn filter(map: &Map, slot: usize, rules: Rules<'_>, site: &Site, room: &mut Room) -> bool {
    let event = thalweg_filter::Event {
        site: site.index(),
        name: site.name().as_bytes(),
        level: site.level() as u8,
    };
    let lookup = |name: &[u8], _: Option<u32>| index_of(site.fields(), name);
    thalweg_filter::apply(map.filters(slot), rules, event, lookup, room)
}

/// Applies what each collector that is there wants to a new site.
pub(crate) fn apply_all(map: &Map, site: &Site) {
    let Some(mut work) = Work::new() else { return };
    let room = &mut work.memory().room;
    for slot in 0..SLOTS {
        // ORDER(rules): Acquire, pairs with the Release store of whoever set the slot up.
        if map.slot(slot).control(STATE).load(Acquire) == ACTIVE {
            let rules = load(map, slot);
            let filters = program::slot_offset(map.capacity(), slot) + FILTERS;
            let head = filters + usize::from(site.index()) * 8;
            // The code has its memory since there were rules with filters.
            if !Rules::new(&rules).have_filters() || map.back(head, 8) {
                apply(map, slot, &rules, core::iter::once(site), room);
            }
        }
    }
}

/// Writes rules down, for sites that are defined later. The memory is there.
pub(crate) fn store(map: &Map, slot: usize, rules: &[u8]) {
    let len = rules.len().min(RULES_LEN);
    for (word, bytes) in rules[..len].chunks(8).enumerate() {
        let mut padded = [0; 8];
        padded[..bytes.len()].copy_from_slice(bytes);
        let at = program::slot_offset(map.capacity(), slot) + RULES + word * 8;
        map.u64_at(at).store(u64::from_le_bytes(padded), Relaxed);
    }
    let size = map.slot(slot).control(RULES_SIZE);
    // ORDER(rules): Release, pairs with the Acquire load in `load`.
    size.store(len as u64, Release);
}

fn load(map: &Map, slot: usize) -> Vec<u8> {
    let size = map.slot(slot).control(RULES_SIZE).load(Acquire);
    let len = usize::try_from(size).unwrap_or(0).min(RULES_LEN);
    let from = program::slot_offset(map.capacity(), slot) + RULES;
    let words = (0..len.div_ceil(8)).map(|word| map.u64_at(from + word * 8).load(Relaxed));
    let mut bytes: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
    bytes.truncate(len);
    bytes
}
