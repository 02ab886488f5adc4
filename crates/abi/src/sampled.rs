//! Contexts that a program takes itself at each event, because nobody else could know them.
//!
//! ```text
//!   control page of a slot, from word 64 on: one entry of 18 words a context
//!   | kind 8 | provider's length 8 | name's length 8 | 0 8 | counter's type 32 |
//!   | counter's config | provider, 64 bytes | name, 64 bytes |
//!
//!   payload of an event whose site's byte has SAMPLED
//!   | cpu | value of entry 0 | value of entry 1 | … | fields |
//!
//!   value    call site's address      u64
//!            callers                  u32 count, u64 each, the call site first
//!            thread's counter         u64
//!            application's context    u8 tag, and what it says: see `tag`
//! ```
//!
//! In an advert each is a line, `context ip`, before the first rule.

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The most contexts of a slot.
pub const MAX: usize = 24;
/// Words of an entry.
pub const ENTRY_WORDS: usize = 2 + 2 * NAME_WORDS;
/// The longest name of a provider, and of a context of its.
pub const MAX_NAME: usize = 63;
/// The most addresses of a call stack.
pub const MAX_CALLERS: usize = 128;
/// The word before a context in an advert.
pub const CONTEXT: &str = "context";

const NAME_WORDS: usize = 8;
const NAME_LEN: usize = NAME_WORDS * 8;

/// What an application's context holds; the numbers are LTTng's.
pub mod tag {
    /// Nothing: no such context, or it has no value.
    pub const NONE: u8 = 0;
    /// A signed integer of 8 bytes.
    pub const INT: u8 = 4;
    /// An unsigned integer of 8 bytes.
    pub const UINT: u8 = 8;
    /// A float of 8 bytes.
    pub const FLOAT: u8 = 10;
    /// Text, and a NUL.
    pub const TEXT: u8 = 11;
}

/// One context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampled<'n> {
    /// The call site's address.
    Ip,
    /// The addresses in the functions that are being called, by their frame pointers.
    CallstackUser,
    /// A counter of the thread's, as `perf_event_open` names it.
    PerfThread {
        /// Its type.
        kind: u32,
        /// Its config.
        config: u64,
    },
    /// What the program has registered under this name.
    App {
        /// Who provides it.
        provider: &'n [u8],
        /// Its name.
        name: &'n [u8],
    },
}

const IP: u8 = 1;
const CALLSTACK_USER: u8 = 2;
const PERF_THREAD: u8 = 3;
const APP: u8 = 4;

impl<'n> Sampled<'n> {
    /// The context of an advert's line, behind its first word.
    pub fn parse(text: &'n [u8]) -> Option<Self> {
        let mut words = text.split(|&byte| byte == b' ');
        let sampled = match (words.next()?, words.next(), words.next()) {
            (b"ip", None, _) => Self::Ip,
            (b"callstack-user", None, _) => Self::CallstackUser,
            (b"perf", Some(kind), Some(config)) => Self::PerfThread {
                kind: number(kind)?.try_into().ok()?,
                config: number(config)?,
            },
            (b"app", Some(path), None) => {
                let colon = path.iter().position(|&byte| byte == b':')?;
                let (provider, name) = (&path[..colon], &path[colon + 1..]);
                Self::App { provider, name }
            }
            _ => return None,
        };
        words.next().is_none().then_some(sampled)
    }
}

fn number(text: &[u8]) -> Option<u64> {
    core::str::from_utf8(text).ok()?.parse().ok()
}

impl fmt::Display for Sampled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes| core::str::from_utf8(bytes).unwrap_or_default();
        match *self {
            Self::Ip => f.write_str("ip"),
            Self::CallstackUser => f.write_str("callstack-user"),
            Self::PerfThread { kind, config } => write!(f, "perf {kind} {config}"),
            Self::App { provider, name } => write!(f, "app {}:{}", text(provider), text(name)),
        }
    }
}

/// One context, with its names.
#[derive(Clone, Debug)]
pub struct Entry {
    head: u64,
    config: u64,
    names: [[u8; NAME_LEN]; 2],
}

impl Entry {
    /// An entry for a context; what of a name is too long is cut.
    pub fn new(sampled: Sampled<'_>) -> Self {
        let mut entry = Self {
            head: 0,
            config: 0,
            names: [[0; NAME_LEN]; 2],
        };
        match sampled {
            Sampled::Ip => entry.head = IP.into(),
            Sampled::CallstackUser => entry.head = CALLSTACK_USER.into(),
            Sampled::PerfThread { kind, config } => {
                entry.head = u64::from(PERF_THREAD) | u64::from(kind) << 32;
                entry.config = config;
            }
            Sampled::App { provider, name } => {
                entry.head = APP.into();
                for (index, text) in [provider, name].into_iter().enumerate() {
                    let len = text.len().min(MAX_NAME);
                    entry.names[index][..len].copy_from_slice(&text[..len]);
                    entry.head |= (len as u64) << (8 + 8 * index);
                }
            }
        }
        entry
    }

    /// The entry in a slot's words, of which only as many are read as it needs.
    pub fn load(words: &[AtomicU64]) -> Self {
        let word = |at: usize| words.get(at).map_or(0, |word| word.load(Relaxed));
        let mut entry = Self {
            head: word(0),
            config: word(1),
            names: [[0; NAME_LEN]; 2],
        };
        if entry.head as u8 == APP {
            for index in 0..2 {
                let first = 2 + index * NAME_WORDS;
                let needed = entry.length(index).div_ceil(8);
                let eights = entry.names[index].as_chunks_mut().0;
                for (at, eight) in eights.iter_mut().enumerate().take(needed) {
                    *eight = word(first + at).to_le_bytes();
                }
            }
        }
        entry
    }

    /// Its words.
    pub fn words(&self) -> [u64; ENTRY_WORDS] {
        let mut words = [0; ENTRY_WORDS];
        (words[0], words[1]) = (self.head, self.config);
        let eights = self.names.iter().flat_map(|name| name.as_chunks().0);
        for (word, eight) in words[2..].iter_mut().zip(eights) {
            *word = u64::from_le_bytes(*eight);
        }
        words
    }

    /// What it asks for, if that is known.
    pub fn sampled(&self) -> Option<Sampled<'_>> {
        match self.head as u8 {
            IP => Some(Sampled::Ip),
            CALLSTACK_USER => Some(Sampled::CallstackUser),
            PERF_THREAD => Some(Sampled::PerfThread {
                kind: (self.head >> 32) as u32,
                config: self.config,
            }),
            APP => Some(Sampled::App {
                provider: &self.names[0][..self.length(0)],
                name: &self.names[1][..self.length(1)],
            }),
            _ => None,
        }
    }

    fn length(&self, index: usize) -> usize {
        let claimed = (self.head >> (8 + 8 * index)) as u8;
        usize::from(claimed).min(MAX_NAME)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;
    use std::vec::Vec;

    const ALL: [Sampled<'_>; 4] = [
        Sampled::Ip,
        Sampled::CallstackUser,
        Sampled::PerfThread {
            kind: 3,
            config: 0x1_0000_0002,
        },
        Sampled::App {
            provider: b"shop",
            name: b"a-long-name",
        },
    ];

    #[test]
    fn a_context_goes_into_words_and_back() {
        for sampled in ALL {
            let words = Entry::new(sampled).words().map(AtomicU64::new);
            assert_eq!(Entry::load(&words).sampled(), Some(sampled));
        }
    }

    #[test]
    fn a_context_goes_into_text_and_back() {
        for sampled in ALL {
            let text = sampled.to_string();
            assert_eq!(Sampled::parse(text.as_bytes()), Some(sampled));
        }
        for wrong in [
            "",
            "ip x",
            "perf 1",
            "perf x 1",
            "perf 1 2 3",
            "app ab",
            "new",
        ] {
            assert_eq!(Sampled::parse(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn names_are_cut_and_claims_of_longer_ones_not_believed() {
        let long = [b'x'; 99];
        let entry = Entry::new(Sampled::App {
            provider: &long,
            name: b"n",
        });
        let app = |entry: &Entry| match entry.sampled() {
            Some(Sampled::App { provider, name }) => Some((provider.len(), name.len())),
            _ => None,
        };
        assert_eq!(app(&entry), Some((MAX_NAME, 1)));
        let lies: Vec<AtomicU64> = [u64::from(APP) | 0xffff_ff00]
            .map(AtomicU64::new)
            .into_iter()
            .collect();
        assert_eq!(app(&Entry::load(&lies)), Some((MAX_NAME, MAX_NAME)));
        assert_eq!(Entry::load(&[]).sampled(), None);
    }
}
