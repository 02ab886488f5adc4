//! Any bytes as a packet of a trace that has every kind of field, read at once and in small windows:
//! both must say the same.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use thalweg_ctf::metadata;
use thalweg_ctf::read::{Cursor, Decoder, Halt, Window};

const METADATA: &[u8] = include_bytes!("../corpus/ctf_metadata/every-kind-of-field");

static DECODER: LazyLock<Decoder> = LazyLock::new(|| {
    Decoder::new(Arc::new(
        metadata::parse(METADATA).expect("the seed is valid metadata"),
    ))
});

fuzz_target!(|bytes: &[u8]| {
    let whole = events(bytes, bytes.len());
    let by_pieces = events(bytes, 64);
    assert_eq!(whole, by_pieces);
});

/// The events of a packet as text, read through a window of so many bytes that grows on demand.
fn events(bytes: &[u8], usual_bytes: usize) -> Vec<String> {
    let mut cursor = Cursor::default();
    let mut events = Vec::new();
    let available_bits = bytes.len() as u64 * 8;
    let head = in_window(bytes, 0, usual_bytes, |window| {
        let head = DECODER.begin_packet(&mut cursor, window, available_bits)?;
        Ok(format!("{head:?}"))
    });
    let begun = head.is_ok();
    events.push(format!("{head:?}"));
    while begun {
        let from = cursor.from_bytes() as usize;
        let event = in_window(bytes, from, usual_bytes, |window| {
            if DECODER.peek_event(&mut cursor, window)?.is_none() {
                return Ok(String::new());
            }
            DECODER.measure_event(&mut cursor, window)?;
            let event = DECODER.take_event(&mut cursor, window)?;
            Ok(format!("{event:?}"))
        });
        let ended = !matches!(&event, Ok(text) if !text.is_empty());
        events.push(format!("{event:?}"));
        if ended {
            break;
        }
    }
    events
}

/// Reads with a window at `from` that grows until it shows enough.
fn in_window<T>(
    bytes: &[u8],
    from: usize,
    usual_bytes: usize,
    mut read: impl FnMut(Window<'_>) -> Result<T, Halt>,
) -> Result<T, Halt> {
    let mut size = usual_bytes;
    loop {
        let end = from.saturating_add(size).min(bytes.len());
        let part = bytes.get(from..end).unwrap_or_default();
        match read(Window {
            bytes: part,
            begin_bytes: from as u64,
        }) {
            Err(Halt::NeedMore) if end < bytes.len() => size = size.saturating_mul(2).max(64),
            result => return result,
        }
    }
}
