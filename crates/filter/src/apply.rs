//! The filters of all rules that want an event, linked into its site's chain.
//!
//! A traced program does this before `main` or when it defines an event, its collector for programs that
//! run already: with this code, so that both come to the same.

use super::link::link;
use super::portable::from_hex;
use thalweg_abi::filters::Filters;
use thalweg_abi::rules::Rules;
use thalweg_abi::slot::RULES_LEN;

/// Memory to work in: too large for a signal handler's stack.
#[derive(Debug)]
pub struct Room {
    bytes: [u8; RULES_LEN / 2],
    words: [u64; RULES_LEN / 2],
}

impl Room {
    /// Empty room. All zero, so that zeroed memory is one.
    pub const fn new() -> Self {
        Self {
            bytes: [0; RULES_LEN / 2],
            words: [0; RULES_LEN / 2],
        }
    }
}

impl Default for Room {
    fn default() -> Self {
        Self::new()
    }
}

/// An event for which filters are linked.
#[derive(Clone, Copy, Debug)]
pub struct Event<'e> {
    /// Its site's index.
    pub site: u16,
    /// Its name.
    pub name: &'e [u8],
    /// Its level.
    pub level: u8,
}

/// Gives the event's site the filters of all rules that want it; `false` if one of them cannot be
/// carried out: the event is not recorded then, rather than unfiltered. `lookup` is that of
/// [`link`](crate::link()).
pub fn apply(
    filters: Filters<'_>,
    rules: Rules<'_>,
    event: Event<'_>,
    mut lookup: impl FnMut(&[u8], Option<u32>) -> Option<u16>,
    room: &mut Room,
) -> bool {
    let mut chain = filters.chain();
    for hex in rules.filters(event.name, event.level) {
        let Some(bytecode) = from_hex(hex, &mut room.bytes) else {
            return false;
        };
        let Ok(words) = link(bytecode, &mut lookup, &mut room.words) else {
            return false;
        };
        if !chain.push(&room.words[..words]) {
            return false;
        }
    }
    chain.publish(event.site);
    true
}
