//! Who called: the chain of frame pointers, from the event's function outwards.
//!
//! ```text
//!   frame ──▶ | frame of the caller | return address |
//!                       └──▶ | its caller's | return address | ──▶ … ──▶ what is no frame
//! ```
//!
//! Invariant: each frame lies above the one before, and at most [`REACH`] above the event's own; no
//! word is read of which it is not known that it is there. In code without frame pointers the chain
//! ends early, or holds what the register held.

use super::Caller;
use super::memory::Known;

/// How far up a stack is followed.
const REACH: u64 = 16 << 20;
/// Bytes of what a frame begins with.
const LINK: u64 = 16;

/// Where a program's code can be.
const CODE: core::ops::Range<u64> = thalweg_abi::PAGE as u64..1 << 47;

/// The return addresses of a chain.
pub(super) struct Callers {
    frame: u64,
    /// No frame is below this, or at `end` or above it.
    lowest: u64,
    end: u64,
    known: Known,
}

impl Callers {
    pub(super) fn of(caller: Caller) -> Self {
        Self {
            frame: caller.frame,
            lowest: caller.stack,
            end: caller.stack.saturating_add(REACH),
            known: Known::around(caller.stack),
        }
    }

    /// Where the first return address is, if there is a frame.
    pub(super) fn first_at(&self) -> u64 {
        self.frame.wrapping_add(8)
    }
}

impl Iterator for Callers {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let is_frame =
            self.frame.is_multiple_of(8) && (self.lowest..self.end).contains(&self.frame);
        if !is_frame {
            return None;
        }
        let outer = self.known.word(self.frame)?;
        let address = self.known.word(self.frame + 8)?;
        self.lowest = self.frame + LINK;
        self.frame = outer;
        // The outermost function returns to nowhere.
        CODE.contains(&address).then_some(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in a stack of these words, from the frame at one of them.
    fn found(words: &mut [u64], links: &[(usize, usize)], frame: usize) -> Vec<u64> {
        let at = |index: usize, words: &[u64]| words.as_ptr().addr() as u64 + 8 * index as u64;
        for &(from, to) in links {
            words[from] = at(to, words);
        }
        let caller = Caller {
            stack: at(0, words),
            frame: at(frame, words),
        };
        Callers::of(caller).collect()
    }

    #[test]
    fn a_chain_is_followed_upwards_and_to_its_end() {
        let mut words = [0, 0x1001, 0, 0, 0x1002, 0, 0x1003, 0];
        assert_eq!(
            found(&mut words, &[(0, 3), (3, 5)], 0),
            [0x1001, 0x1002, 0x1003]
        );
        let mut words = [0, 0x1001, 0, 1, 0, 0];
        assert_eq!(
            found(&mut words, &[(0, 2)], 0),
            [0x1001],
            "returns to nowhere"
        );
    }

    #[test]
    fn a_chain_that_turns_back_or_leads_astray_ends() {
        let mut words = [0, 0x1001, 0, 0x1002];
        assert_eq!(found(&mut words, &[(0, 2), (2, 0)], 0), [0x1001, 0x1002]);
        assert_eq!(found(&mut words, &[(0, 0)], 0), [0x1001]);
        words[0] = 7;
        assert_eq!(found(&mut words, &[], 0), [0x1001]);
        words[0] = 1 << 60;
        assert_eq!(found(&mut words, &[], 0), [0x1001]);
    }

    #[test]
    fn a_frame_where_no_memory_is_is_none() {
        let pages = crate::sys::pages(2 * 4096).unwrap();
        let begin = pages.addr() as u64;
        crate::sys::unmap((begin + 4096) as *mut _, 4096);
        let caller = |frame| Caller {
            stack: begin,
            frame,
        };
        assert_eq!(Callers::of(caller(begin + 4096)).next(), None);
        assert_eq!(Callers::of(caller(begin + 4088)).next(), None);
        crate::sys::unmap(pages, 4096);
    }
}
