//! BTF: one written by hand, broken ones, and the running kernel's.

use thalweg_bpf::{Btf, BtfError, Kind};

/// A file with these types and strings.
fn file(types: &[u32], strings: &str) -> Vec<u8> {
    let types: Vec<u8> = types.iter().flat_map(|word| word.to_le_bytes()).collect();
    let (types_len, strings_len) = (types.len() as u32, strings.len() as u32);
    let header = [0x0001_eb9f, 24, 0, types_len, types_len, strings_len];
    let header = header.iter().flat_map(|word: &u32| word.to_le_bytes());
    header.chain(types).chain(strings.bytes()).collect()
}

const fn info(kind: Kind, count: u32) -> u32 {
    (kind as u32) << 24 | count
}

/// `struct a { int x; union { int y; struct b z; }; }; struct b { int c: 3; int d; };
/// typedef struct a t; enum e { V };`
fn small() -> Vec<u8> {
    let strings = "\0int\0a\0x\0y\0z\0b\0c\0d\0t\0e\0V\0";
    let at = |name: &str| strings.find(&format!("\0{name}\0")).unwrap() as u32 + 1;
    let types = [
        // 1: int
        vec![at("int"), info(Kind::Integer, 0), 4, 0x0100_0020],
        // 2: a
        vec![at("a"), info(Kind::Struct, 2), 16, at("x"), 1, 0, 0, 3, 32],
        // 3: the union
        vec![0, info(Kind::Union, 2), 8, at("y"), 1, 0, at("z"), 5, 0],
        // 4: the enumeration
        vec![at("e"), info(Kind::Enum, 1), 4, at("V"), 7],
        // 5: const b
        vec![0, info(Kind::Const, 0), 6],
        // 6: b, with bit fields
        vec![
            at("b"),
            info(Kind::Struct, 2) | 1 << 31,
            8,
            at("c"),
            1,
            3 << 24,
            at("d"),
            1,
            32,
        ],
        // 7: t
        vec![at("t"), info(Kind::Typedef, 0), 2],
    ];
    file(&types.concat(), strings)
}

#[track_caller]
fn check_offset(path: &str, expected: Result<u32, &str>) {
    let btf = Btf::parse(small()).unwrap();
    let found = btf.offset_of("a", path).map_err(|error| error.to_string());
    assert_eq!(found, expected.map_err(str::to_owned), "{path}");
}

#[test]
fn members_are_found_in_structures_within_structures() {
    check_offset("x", Ok(0));
    check_offset("y", Ok(4));
    check_offset("z", Ok(4));
    check_offset("z.d", Ok(8));
    check_offset("z.c", Err("find a.z.c in the kernel's BTF: there is none"));
    check_offset("x.y", Err("find a.x.y in the kernel's BTF: there is none"));
}

#[test]
fn types_and_labels_are_found_by_name() {
    let btf = Btf::parse(small()).unwrap();
    assert_eq!(btf.find(Kind::Typedef, "t").unwrap().0, 7);
    assert_eq!(btf.find(Kind::Struct, "b").unwrap().0, 6);
    assert!(btf.find(Kind::Struct, "t").is_err());
    assert_eq!(btf.has_label("e", "V"), Ok(true));
    assert_eq!(btf.has_label("e", "W"), Ok(false));
}

#[test]
fn what_is_cut_or_unknown_is_refused() {
    let whole = small();
    for len in 0..whole.len() {
        assert!(Btf::parse(whole[..len].to_vec()).is_err(), "{len} bytes");
    }
    let unknown = file(&[0, 31 << 24, 0], "\0");
    let refused = Btf::parse(unknown).unwrap_err();
    assert_eq!(refused, BtfError::UnknownKind { at: 24, kind: 31 });
    let refused = Btf::parse(b"\x7fELF".repeat(9)).unwrap_err();
    assert_eq!(refused, BtfError::Magic { found: 0x457f });
    let endless = file(&[0, info(Kind::Struct, 0xffff), 0], "\0");
    assert!(Btf::parse(endless).is_err());
}

#[test]
fn a_structure_that_holds_itself_ends() {
    let strings = "\0a\0";
    let btf = file(&[1, info(Kind::Struct, 1), 8, 0, 1, 0], strings);
    let btf = Btf::parse(btf).unwrap();
    assert!(btf.offset_of("a", "b").is_err());
}

#[test]
fn the_kernels_own_is_read() {
    let Ok(bytes) = std::fs::read("/sys/kernel/btf/vmlinux") else {
        return eprintln!("no BTF of this kernel: not tested with it");
    };
    let btf = Btf::parse(bytes).unwrap();
    // What x86-64 pushes on the stack at each entry has never changed.
    assert_eq!(btf.offset_of("pt_regs", "di"), Ok(112));
    assert_eq!(btf.offset_of("pt_regs", "orig_ax"), Ok(120));
    assert!(btf.find(Kind::Typedef, "btf_trace_sys_enter").is_ok());
    assert_eq!(
        btf.has_label("bpf_func_id", "BPF_FUNC_ktime_get_ns"),
        Ok(true)
    );
}
