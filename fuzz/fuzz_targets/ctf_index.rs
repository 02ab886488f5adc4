//! Any bytes as the index beside a stream.

#![no_main]

use libfuzzer_sys::fuzz_target;
use thalweg_ctf::read::parse_index;

fuzz_target!(|bytes: &[u8]| {
    let Ok(entries) = parse_index(bytes) else {
        return;
    };
    // Packets follow each other, and their times never go back.
    let (mut end_bytes, mut end) = (0, Default::default());
    for entry in entries {
        assert_eq!(entry.offset_bytes, end_bytes);
        assert!(entry.end_bytes() >= end_bytes && entry.begin <= entry.end && end <= entry.end);
        (end_bytes, end) = (entry.end_bytes(), entry.end);
    }
});
