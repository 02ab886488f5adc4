//! Metadata in packets, as tracers write it to a network or a shared buffer.
//!
//! ```text
//!   0      4      20        24            28            32  33  34  35 36 37
//!   | magic | uuid | checksum | content bits | packet bits | c | e | s | 1 | 8 | text … pad |
//! ```
//!
//! The header's numbers are claims: sizes are checked against what is there.

use std::borrow::Cow;

use thalweg_model::ByteOrder;

use super::error::{MetadataError, Position, Reason};

const MAGIC: u32 = 0x75d1_1d57;
const HEADER_BYTES: usize = 37;
const START: Position = Position { line: 1, column: 1 };

/// The text inside the packets, or the bytes themselves when they are not packets; with the byte
/// order of the packets.
pub fn text_of(bytes: &[u8]) -> Result<(Cow<'_, [u8]>, Option<ByteOrder>), MetadataError> {
    match order_of(bytes) {
        None => Ok((Cow::Borrowed(bytes), None)),
        Some(order) => Ok((Cow::Owned(unwrap(bytes, order)?), Some(order))),
    }
}

fn order_of(bytes: &[u8]) -> Option<ByteOrder> {
    let magic = *bytes.first_chunk::<4>()?;
    if u32::from_le_bytes(magic) == MAGIC {
        return Some(ByteOrder::Little);
    }
    (u32::from_be_bytes(magic) == MAGIC).then_some(ByteOrder::Big)
}

fn unwrap(bytes: &[u8], order: ByteOrder) -> Result<Vec<u8>, MetadataError> {
    let mut text = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    let mut index = 0;
    while !rest.is_empty() {
        let (content, after) =
            split(rest, order).map_err(|what| Reason::Envelope { index, what }.at(START))?;
        text.extend_from_slice(content);
        rest = after;
        index += 1;
    }
    Ok(text)
}

fn split(bytes: &[u8], order: ByteOrder) -> Result<(&[u8], &[u8]), &'static str> {
    let header = bytes
        .first_chunk::<HEADER_BYTES>()
        .ok_or("its header is cut short")?;
    if order_of(header) != Some(order) {
        return Err("its magic number is wrong");
    }
    if header[32..35] != [0, 0, 0] {
        return Err("it is compressed, encrypted or has a checksum");
    }
    if header[35..37] != [1, 8] {
        return Err("its version is not 1.8");
    }
    let content = size_bytes(header, 24, order).ok_or("its content is not whole bytes")?;
    let packet = size_bytes(header, 28, order).ok_or("it is not whole bytes")?;
    if content < HEADER_BYTES || content > packet {
        return Err("its content does not fit in it");
    }
    let text = bytes
        .get(HEADER_BYTES..content)
        .ok_or("its content is cut short")?;
    // A last packet without its padding is still whole: nothing but padding is missing.
    Ok((text, bytes.get(packet..).unwrap_or_default()))
}

fn size_bytes(header: &[u8; HEADER_BYTES], at: usize, order: ByteOrder) -> Option<usize> {
    let word = *header.get(at..)?.first_chunk::<4>()?;
    let bits = match order {
        ByteOrder::Little => u32::from_le_bytes(word),
        ByteOrder::Big => u32::from_be_bytes(word),
    };
    bits.is_multiple_of(8)
        .then_some(usize::try_from(bits / 8).ok()?)
}
