//! BTF: one written by hand, broken ones, and the running kernel's.

use thalweg_bpf::{Btf, BtfError, Kind, Layout, MemberShape, Value};

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

/// `void f(const char *path, unsigned long size, struct s by_value, t); bool g(e);` with
/// `typedef const volatile int t;`
fn functions() -> Vec<u8> {
    let strings = "\0char\0long\0int\0_Bool\0s\0t\0e\0f\0g\0path\0size\0by_value\0V\0";
    let at = |name: &str| strings.find(&format!("\0{name}\0")).unwrap() as u32 + 1;
    let types = [
        // 1 to 4: char, unsigned long, int, bool
        vec![at("char"), info(Kind::Integer, 0), 1, 0x0100_0008],
        vec![at("long"), info(Kind::Integer, 0), 8, 0x0000_0040],
        vec![at("int"), info(Kind::Integer, 0), 4, 0x0100_0020],
        vec![at("_Bool"), info(Kind::Integer, 0), 1, 0x0400_0008],
        // 5: s; 6: const char; 7: its pointer
        vec![at("s"), info(Kind::Struct, 0), 16],
        vec![0, info(Kind::Const, 0), 1],
        vec![0, info(Kind::Pointer, 0), 6],
        // 8 to 10: t
        vec![at("t"), info(Kind::Typedef, 0), 9],
        vec![0, info(Kind::Const, 0), 10],
        vec![0, info(Kind::Volatile, 0), 3],
        // 11: e
        vec![at("e"), info(Kind::Enum, 1) | 1 << 31, 4, at("V"), 7],
        // 12 and 13: f
        vec![
            0,
            info(Kind::Prototype, 4),
            0,
            at("path"),
            7,
            at("size"),
            2,
            at("by_value"),
            5,
            0,
            8,
        ],
        vec![at("f"), info(Kind::Function, 1), 12],
        // 14 and 15: g
        vec![0, info(Kind::Prototype, 2), 4, 0, 11, 0, 14],
        vec![at("g"), info(Kind::Function, 1), 14],
        // 16: void *, 17: a function that has no prototype
        vec![0, info(Kind::Pointer, 0), 0],
        vec![at("V"), info(Kind::Function, 1), 16],
    ];
    file(&types.concat(), strings)
}

#[test]
fn functions_tell_what_they_take_and_give() {
    let btf = Btf::parse(functions()).unwrap();
    let integer = |bytes, is_signed| Value::Integer { bytes, is_signed };
    let f = btf.function("f").unwrap();
    let taken: Vec<_> = f
        .parameters
        .iter()
        .map(|one| (&*one.name, one.value))
        .collect();
    let expected = [
        ("path", Value::Text),
        ("size", integer(8, false)),
        ("by_value", Value::Other),
        ("", integer(4, true)),
    ];
    assert_eq!(taken, expected);
    assert_eq!(f.result, Value::Nothing);
    let g = btf.function("g").unwrap();
    let taken: Vec<_> = g.parameters.iter().map(|one| one.value).collect();
    assert_eq!(taken, [integer(4, true), Value::Other]);
    assert_eq!(g.result, integer(1, false));
    assert!(btf.function("V").is_err());
    assert!(btf.function("h").is_err());
    assert_eq!(btf.function_names().collect::<Vec<_>>(), ["f", "g", "V"]);
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
    // So are structures of the kernel's interface.
    let limit = btf.layout("rlimit64").unwrap();
    let number = MemberShape::Integer {
        bytes: 8,
        is_signed: false,
    };
    let told = |layout: &Layout| -> Vec<(String, u32, MemberShape)> {
        let members = layout.members.iter();
        members
            .map(|one| (one.name.clone(), one.offset_bytes, one.shape))
            .collect()
    };
    assert_eq!(limit.size_bytes, 16);
    let members = [("rlim_cur", 0), ("rlim_max", 8)];
    assert_eq!(
        told(&limit),
        members.map(|(name, at)| (name.to_owned(), at, number))
    );
    let timer = told(&btf.layout("__kernel_itimerspec").unwrap());
    let names: Vec<&str> = timer.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names[0], "it_interval_tv_sec");
    assert_eq!(timer[3].1, 24);
    let name = &told(&btf.layout("new_utsname").unwrap())[1];
    assert_eq!((name.1, name.2), (65, MemberShape::Text(65)));
    assert!(btf.layout("no_such_structure").is_err());
    let open = btf.function("do_sys_openat2").unwrap();
    let taken: Vec<_> = open
        .parameters
        .iter()
        .map(|one| (&*one.name, one.value))
        .collect();
    assert_eq!(taken[1], ("filename", Value::Text));
    assert_eq!(
        btf.has_label("bpf_func_id", "BPF_FUNC_ktime_get_ns"),
        Ok(true)
    );
}
