//! Any bytes as a packet of a trace that has every kind of field, read at once, in small windows,
//! and without the short way: all must say the same.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use thalweg_ctf::metadata;
use thalweg_ctf::read::{Batch, Cursor, Decoder, Halt, Wanted, Window};

const METADATA: &[u8] = include_bytes!("../corpus/ctf_metadata/every-kind-of-field");

static DECODER: LazyLock<Decoder> = LazyLock::new(|| {
    Decoder::new(Arc::new(
        metadata::parse(METADATA).expect("the seed is valid metadata"),
    ))
});

static COMMON: LazyLock<Decoder> = LazyLock::new(|| DECODER.clone().without_short_way());

fuzz_target!(|bytes: &[u8]| {
    let whole = events(&DECODER, bytes, bytes.len());
    assert_eq!(whole, events(&DECODER, bytes, 64), "by pieces");
    assert_eq!(whole, events(&COMMON, bytes, bytes.len()), "the common way");
    // Classes that nobody wants are passed over to the same end.
    let ends = [Wanted::default(), Wanted::only(Vec::new())].map(|wanted| end(bytes, &wanted));
    assert_eq!(ends[0], ends[1]);
});

/// Where reading ends, and why.
fn end(bytes: &[u8], wanted: &Wanted) -> Option<(u64, Result<(), Halt>)> {
    let (mut cursor, mut batch) = (Cursor::default(), Batch::default());
    let window = Window {
        bytes,
        begin_bytes: 0,
    };
    let available_bits = bytes.len() as u64 * 8;
    DECODER
        .begin_packet(&mut cursor, window, available_bits)
        .ok()?;
    loop {
        let read = DECODER.read_events(&mut cursor, window, wanted, &mut batch);
        if read.is_err() || batch.is_empty() {
            return Some((cursor.from_bytes(), read));
        }
    }
}

/// The events of a packet as text, read through a window of so many bytes that grows on demand.
fn events(decoder: &Decoder, bytes: &[u8], usual_bytes: usize) -> Vec<String> {
    let mut cursor = Cursor::default();
    let mut events = Vec::new();
    let available_bits = bytes.len() as u64 * 8;
    let head = in_window(bytes, 0, usual_bytes, |window| {
        let head = decoder.begin_packet(&mut cursor, window, available_bits)?;
        Ok(format!("{head:?} {:?}", cursor.context(window)))
    });
    let begun = head.is_ok();
    events.push(format!("{head:?}"));
    let mut batch = Batch::default();
    while begun {
        let from = cursor.from_bytes() as usize;
        let read = in_window(bytes, from, usual_bytes, |window| {
            decoder.read_events(&mut cursor, window, &Wanted::default(), &mut batch)?;
            Ok((0..batch.len())
                .map(|i| format!("{:?}", batch.event(i, window)))
                .collect::<Vec<_>>())
        });
        match read {
            Ok(read) if !read.is_empty() => events.extend(read),
            end => {
                events.push(format!("{end:?}"));
                break;
            }
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
