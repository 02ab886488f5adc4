//! Any bytes as the metadata of a trace, and then any bytes as a packet of what it describes.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use thalweg_ctf::metadata;
use thalweg_ctf::read::{Batch, Cursor, Decoder, Wanted, Window};

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
    let mut batch = Batch::default();
    while decoder
        .read_events(&mut cursor, window, &Wanted::default(), &mut batch)
        .is_ok()
        && !batch.is_empty()
    {
        for index in 0..batch.len() {
            let event = batch.event(index, window).expect("it was read");
            std::hint::black_box((
                event.common_context(),
                event.specific_context(),
                event.payload(),
            ));
        }
    }
});
