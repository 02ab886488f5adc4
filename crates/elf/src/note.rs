//! The notes that SDT probes leave in a file.
//!
//! ```text
//!   | location | base | semaphore | provider NUL | name NUL | arguments NUL |     words of the file
//! ```
//!
//! `base` is where the linker had put the section `.stapsdt.base`: a prelinked file has moved since.

use crate::argument::{Argument, parse_all};
use crate::points::Place;
use crate::segments::Segments;

/// The kind of an SDT probe's note.
pub(crate) const KIND: u32 = 3;
/// The longest note that is believed.
const MAX_BYTES: usize = 16 << 10;

/// One place of an SDT probe; a probe has several if its code was inlined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SdtProbe {
    /// Whose it is.
    pub provider: String,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// Where in the file is the counter of those who look: the program does not prepare the arguments
    /// while it is 0.
    pub semaphore_offset: Option<u64>,
    /// What it tells.
    pub arguments: Vec<Argument>,
}

/// The probe that a note tells of; none if the note is not well made.
pub(crate) fn parse(
    bytes: &[u8],
    word_bytes: usize,
    base_address: Option<u64>,
    segments: &Segments,
) -> Option<SdtProbe> {
    let (words, texts) = bytes.split_at_checked(3 * word_bytes)?;
    let mut words = words.chunks_exact(word_bytes).map(word);
    let (location, base, semaphore) = (words.next()?, words.next()?, words.next()?);
    let moved = base_address.map_or(0, |address| address.wrapping_sub(base));
    let address = location.wrapping_add(moved);
    let mut texts = texts
        .get(..texts.len().min(MAX_BYTES))?
        .split(|&byte| byte == 0);
    let mut text = || texts.next().and_then(|text| std::str::from_utf8(text).ok());
    let (provider, name) = (text()?.to_owned(), text()?.to_owned());
    let arguments = parse_all(text()?);
    let is_named = !provider.is_empty() && !name.is_empty();
    let place = Place {
        address,
        offset: segments.offset_of(address)?,
    };
    let semaphore_offset = match semaphore {
        0 => None,
        // One that the kernel could not count would leave the probe silent: then there is no probe.
        at => Some(segments.offset_of(at.wrapping_add(moved))?),
    };
    is_named.then_some(SdtProbe {
        provider,
        name,
        place,
        semaphore_offset,
        arguments,
    })
}

fn word(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |word, &byte| word << 8 | u64::from(byte))
}
