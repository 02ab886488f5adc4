//! Any bytes as a program or library that is to be probed.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use thalweg_elf::{ElfError, Fetch, examine, function_argument, prototypes};

fuzz_target!(|bytes: &[u8]| {
    let points = match examine(Cursor::new(bytes), &|name| name != "unwanted") {
        Ok(points) => points,
        Err(ElfError::Damaged { why, .. }) => return assert!(!why.is_empty()),
        Err(_) => return,
    };
    for function in &points.functions {
        assert!(!function.name.is_empty() && function.name.len() <= bytes.len());
        assert_eq!(points.offset_of(function.address), Some(function.offset));
    }
    let addresses = points.functions.iter().map(|one| one.address).collect();
    for (address, prototype) in prototypes(Cursor::new(bytes), &addresses) {
        assert!(addresses.contains(&address));
        let fetched = prototype
            .parameters
            .iter()
            .filter_map(|one| one.fetch.as_ref());
        assert!(
            fetched
                .chain(&prototype.result)
                .all(|fetch| !fetch.kind.is_empty())
        );
    }
    for probe in &points.probes {
        assert_eq!(
            points.offset_of(probe.place.address),
            Some(probe.place.offset)
        );
        for argument in &probe.arguments {
            let symbol = |name: &str| points.data.get(name).copied();
            if let Some(Fetch { from, kind }) = argument.fetch(probe.place, symbol) {
                // What the kernel is told is one word, whatever the file says.
                let word = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
                assert!(word(&from) && word(&kind), "{from} {kind}");
            }
        }
        function_argument(probe.arguments.len());
    }
});
