//! Any bytes as a kernel's BTF, and then questions about it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use thalweg_bpf::{Btf, Kind};

fuzz_target!(|bytes: &[u8]| {
    let Ok(btf) = Btf::parse(bytes.to_vec()) else {
        return;
    };
    for kind in [Kind::Struct, Kind::Typedef, Kind::Enum] {
        for name in ["", "a", "e", "t"] {
            let _ = btf.find(kind, name);
        }
    }
    for path in ["x", "y", "z.d", "z.c", "x.y", "none", ""] {
        if let Ok(offset) = btf.offset_of("a", path) {
            assert!(offset <= u32::MAX / 8);
        }
    }
    for name in ["a", "t", "e", "none"] {
        if let Ok(layout) = btf.layout(name) {
            assert!(layout.members.len() <= 64);
        }
    }
    for name in ["f", "g", "none"] {
        let _ = btf.function(name);
    }
    assert!(btf.function_names().all(|name| name.len() <= bytes.len()));
    let _ = btf.has_label("e", "V");
    let _ = btf.has_label("e", "none");
});
