//! Any text as the kernel's histograms: keys are names that programs choose.

#![no_main]

use libfuzzer_sys::fuzz_target;
use thalweg_kbuf::HistTable;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<Vec<String>>();
    for (keys, values) in [
        (names(&["common_pid", "id"]), names(&[])),
        (names(&["stacktrace", "len"]), names(&["bytes"])),
    ] {
        for block in 0..2 {
            let Some(table) = HistTable::parse(&text, block, &keys, &values) else {
                continue;
            };
            for row in &table.rows {
                assert_eq!((row.keys.len(), row.counts.len()), (keys.len(), values.len() + 1));
            }
        }
    }
});
