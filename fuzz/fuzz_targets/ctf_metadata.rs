//! Any bytes as the metadata of a trace, and then any bytes as a packet of what it describes.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use thalweg_ctf::metadata;
use thalweg_ctf::read::{Cursor, Decoder, Window};

fuzz_target!(|bytes: &[u8]| {
    let Ok(class) = metadata::parse(bytes) else {
        return;
    };
    let decoder = Decoder::new(Arc::new(class));
    // The text itself, whatever it means as a packet.
    let mut cursor = Cursor::default();
    let window = Window {
        bytes,
        begin_bytes: 0,
    };
    let available_bits = bytes.len() as u64 * 8;
    if decoder
        .begin_packet(&mut cursor, window, available_bits)
        .is_err()
    {
        return;
    }
    while let Ok(Some(_)) = decoder.peek_event(&mut cursor, window) {
        if decoder.take_event(&mut cursor, window).is_err() {
            return;
        }
    }
});
