//! Any bytes as each of the kernel's texts on a process: a program chooses a part of them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use thalweg_collect::context::{
    IdMap, cgroup, container, ids, innermost_tid, is_nested, namespace, processor,
};
use thalweg_collect::statedump::mappings;

fuzz_target!(|bytes: &[u8]| {
    for mapping in mappings(bytes) {
        assert!(mapping.start < mapping.end && !mapping.path.is_empty());
    }
    let _ = namespace(bytes);
    let _ = processor(bytes);
    if let Some(path) = cgroup(bytes) {
        assert!(path.len() <= bytes.len());
        let _ = container(path);
    }
    let text = String::from_utf8_lossy(bytes);
    let _ = (ids(&text), innermost_tid(&text));
    assert!(!is_nested(&text) || text.contains("NSpid:"));
    let map = IdMap::parse(&text);
    for id in [0, 1000, u32::MAX] {
        let _ = map.inside(id);
    }
});
