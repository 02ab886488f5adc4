//! Which events of the dump are wanted.

use thalweg_kernel::matches;

use super::events::StateKind;

/// A set of events. Beginning and end are always told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WantedState {
    bits: u32,
}

impl Default for WantedState {
    /// All but memory maps: LTTng has these switched off, and they would be most of the dump.
    fn default() -> Self {
        let all = StateKind::ALL.into_iter();
        Self::of(all.filter(|kind| *kind != StateKind::VmMap))
    }
}

impl WantedState {
    /// Those that one of the patterns names.
    pub(crate) fn named(patterns: &[String]) -> Self {
        let is_named = |kind: &StateKind| patterns.iter().any(|p| matches(p, kind.name()));
        Self::of(StateKind::ALL.into_iter().filter(is_named))
    }

    fn of(kinds: impl Iterator<Item = StateKind>) -> Self {
        let ends = [StateKind::Start, StateKind::End];
        let bits = kinds.chain(ends).map(|kind| 1 << kind as u32);
        Self {
            bits: bits.fold(0, |all, bit: u32| all | bit),
        }
    }

    pub(super) const fn has(self, kind: StateKind) -> bool {
        self.bits & (1 << kind as u32) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_told_if_they_are_named() {
        assert!(!WantedState::default().has(StateKind::VmMap));
        assert!(WantedState::default().has(StateKind::Interrupt));
        let of = |pattern: &str| WantedState::named(&[pattern.to_owned()]);
        assert!(of("lttng_statedump_*").has(StateKind::VmMap));
        let only = of("lttng_statedump_vm_map");
        let found = StateKind::ALL.into_iter().filter(|kind| only.has(*kind));
        let found: Vec<_> = found.collect();
        assert_eq!(found, [StateKind::Start, StateKind::VmMap, StateKind::End]);
    }
}
