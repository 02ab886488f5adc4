//! Whether memory is there, without a fault where it is not.

use crate::sys;

const PAGE: u64 = thalweg_abi::PAGE as u64;

/// The first address on the next page.
pub(super) fn page_behind(address: u64) -> u64 {
    (address & !(PAGE - 1)).saturating_add(PAGE)
}

/// Whether the page of an address can be read.
pub(super) fn is_there(address: u64) -> bool {
    address >= PAGE && sys::is_readable(address)
}

/// Pages of which it is known that they are there: those up to an address.
pub(super) struct Known {
    end: u64,
}

impl Known {
    /// The page of an address in use.
    pub(super) fn around(address: u64) -> Self {
        Self {
            end: page_behind(address),
        }
    }

    /// The word at an aligned address, if it is there; addresses only grow.
    pub(super) fn word(&mut self, address: u64) -> Option<u64> {
        if address >= self.end {
            if !is_there(address) {
                return None;
            }
            self.end = page_behind(address);
        }
        // SAFETY: aligned, and on a page that is there.
        Some(unsafe { (address as *const u64).read_volatile() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_mapped_is_there_and_what_is_not_is_not() {
        let here = 7_u64;
        let address = core::ptr::from_ref(&here).addr() as u64;
        assert!(is_there(address));
        for absent in [0, 8, PAGE - 1, 1 << 60, u64::MAX - 7] {
            assert!(!is_there(absent), "{absent:x}");
        }
        let page = sys::pages(4096).unwrap();
        assert!(is_there(page.addr() as u64));
        sys::unmap(page, 4096);
        assert!(!is_there(page.addr() as u64));
    }

    #[test]
    fn the_next_page_begins_behind_an_address() {
        assert_eq!(page_behind(0x1000), 0x2000);
        assert_eq!(page_behind(0x1fff), 0x2000);
        assert_eq!(page_behind(u64::MAX), u64::MAX);
    }
}
