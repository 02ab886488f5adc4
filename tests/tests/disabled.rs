//! What a disabled event costs, in the bytes of the example's machine code: one compare with memory,
//! one branch that is not taken, and all else out of the way.
//!
//! ```text
//!   cmp dword ptr [rip + gate], 0     7 bytes
//!   jne far away                      2 or 6 bytes ─▶ fields, record, … ─▶ jmp back
//!   what follows the event            ◀────────────────────────────────────┘
//! ```

use std::path::{Path, PathBuf};
use std::process::Command;

use thalweg_testkit::finish;

/// Hot bytes of a disabled event (decision 0002).
const MOST_BYTES: usize = 13;
/// The symbol that all gates lie in.
const GATES: &str = "thalweg::gate::GATES";

/// One instruction, as `objdump` tells of it.
#[derive(Debug, PartialEq)]
struct Instruction {
    address: u64,
    size_bytes: usize,
    text: String,
}

/// A gate's compare and what follows it, in the function that they are in.
#[derive(Debug)]
struct Gate<'code> {
    function: &'code str,
    compare: &'code Instruction,
    then: &'code Instruction,
}

/// The functions of a listing by `objdump --disassemble --wide`.
fn functions(listing: &str) -> Vec<(&str, Vec<Instruction>)> {
    let mut found: Vec<(&str, Vec<Instruction>)> = Vec::new();
    for line in listing.lines() {
        if let Some(name) = line.strip_suffix(">:") {
            found.push((
                name.split_once('<').map_or(name, |(_, name)| name),
                Vec::new(),
            ));
        } else if let (Some(instruction), Some((_, body))) = (instruction(line), found.last_mut()) {
            body.push(instruction);
        }
    }
    found
}

fn instruction(line: &str) -> Option<Instruction> {
    let mut parts = line.split('\t');
    let address = parts.next()?.trim().strip_suffix(':')?;
    let size_bytes = parts.next()?.split_whitespace().count();
    Some(Instruction {
        address: u64::from_str_radix(address, 16).ok()?,
        size_bytes,
        text: parts.next()?.to_owned(),
    })
}

/// Every instruction that looks at a gate as call sites do.
fn gates<'code>(functions: &'code [(&str, Vec<Instruction>)]) -> Vec<Gate<'code>> {
    let pairs = functions.iter().flat_map(|(function, body)| {
        body.windows(2).map(|pair| Gate {
            function,
            compare: &pair[0],
            then: &pair[1],
        })
    });
    pairs
        .filter(|gate| gate.compare.text.starts_with("cmpl") && gate.compare.text.contains(GATES))
        .collect()
}

/// Why it costs more than it may, if it does.
fn complaint(gate: &Gate<'_>) -> Option<String> {
    let Gate {
        function,
        compare,
        then,
    } = gate;
    let size_bytes = compare.size_bytes + then.size_bytes;
    let target = then
        .text
        .strip_prefix("jne")
        .and_then(|rest| u64::from_str_radix(rest.split_whitespace().next()?, 16).ok());
    let end = then.address + then.size_bytes as u64;
    let why = match target {
        None => format!("is followed by `{}`", then.text),
        // Then the event's code would lie in the hot path, and be jumped over.
        Some(target) if target == end => "goes on in the same place either way".to_owned(),
        Some(_) if size_bytes > MOST_BYTES => format!("takes {size_bytes} bytes"),
        Some(_) => return None,
    };
    Some(format!(
        "{function}: the gate at {:x} {why}",
        compare.address
    ))
}

/// The example as its users build it, beside what the tests' own build has.
fn build_example() -> PathBuf {
    let own = std::env::current_exe().expect("the kernel knows what it runs");
    let target = own.ancestors().nth(3).expect("target/PROFILE/deps/test");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args([
            "build",
            "--quiet",
            "--release",
            "--package",
            "shop",
            "--manifest-path",
        ])
        .arg(manifest)
        .arg("--target-dir")
        .arg(target)
        // Flags of instrumented builds (coverage, sanitizers) are not what users have.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    let ran = finish("cargo", &mut cargo);
    assert!(ran.success, "{}", ran.stderr);
    target.join("release/shop")
}

fn disassembled(program: &Path) -> String {
    let mut objdump = Command::new("objdump");
    objdump
        .args(["--disassemble", "--wide", "--demangle"])
        .arg(program);
    let ran = finish("objdump", &mut objdump);
    assert!(ran.success, "{}", ran.stderr);
    ran.stdout
}

#[test]
fn a_disabled_event_is_one_compare_and_one_branch() {
    let listing = disassembled(&build_example());
    let functions = functions(&listing);
    let gates = gates(&functions);
    // The example has 12 events and 3 spans; some are in code that is there more than once.
    assert!(gates.len() >= 15, "only {} gates: {gates:#?}", gates.len());
    let complaints: Vec<String> = gates.iter().filter_map(complaint).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[track_caller]
fn check(after: &str, expected: Option<&str>) {
    let listing = format!(
        "0000000000001000 <shop::tell>:\n    1000:\t83 3d 82 ff 05 00 00 \tcmpl   $0x0,0x5ff82(%rip)        # 61000 <{GATES}+0xef4>\n    {after}\n"
    );
    let functions = functions(&listing);
    let [gate] = &gates(&functions)[..] else {
        panic!("one gate: {functions:?}");
    };
    assert_eq!(complaint(gate).as_deref(), expected);
}

#[test]
fn a_dearer_gate_is_complained_of() {
    check(
        "1007:\t0f 85 07 00 00 00    \tjne    2014 <shop::tell+0x14>",
        None,
    );
    check(
        "1007:\t75 07                \tjne    1010 <shop::tell+0x10>",
        None,
    );
    check(
        "1007:\t0f 94 c0             \tsete   %al",
        Some("shop::tell: the gate at 1000 is followed by `sete   %al`"),
    );
    check(
        "1007:\t0f 85 00 00 00 00    \tjne    100d <shop::tell+0xd>",
        Some("shop::tell: the gate at 1000 goes on in the same place either way"),
    );
    check(
        "1007:\t2e 0f 85 07 00 00 00 \tjne    2014 <shop::tell+0x14>",
        Some("shop::tell: the gate at 1000 takes 14 bytes"),
    );
}
