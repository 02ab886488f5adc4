//! Any bytes as an executable file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use thalweg_collect::statedump::examine;

fuzz_target!(|bytes: &[u8]| {
    if let Some(found) = examine(bytes) {
        // Nothing is found that is not in the file.
        let id = found.build_id.unwrap_or_default();
        assert!(id.len() <= bytes.len());
        let name = found.debug_link.map(|link| link.filename);
        assert!(name.unwrap_or_default().len() <= bytes.len());
    }
});
