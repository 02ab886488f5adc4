//! System calls with payload: LTTng's fields, types and order, and what a record becomes.
//!
//! The oracle for the fields is LTTng's own listing, on this machine's kernel; what differs must be in
//! the table of deviations, and every line of that table must be needed.

mod common;

use std::collections::BTreeSet;
use std::fs;

use common::listing::{differences, listing};
use thalweg_kbuf::{
    Copy, CopyKind, EventFormat, Side, SyscallEvent, SyscallOptions, SyscallRecord,
};

const EVENTS: &str = "/sys/kernel/tracing/events/syscalls";

fn live_formats() -> Vec<EventFormat> {
    let mut formats = Vec::new();
    for event in fs::read_dir(EVENTS).expect("tracefs must be mounted and readable: run as root") {
        let path = event.unwrap().path().join("format");
        let name = path.to_str().unwrap().to_owned();
        if name.contains("/sys_enter_") && path.exists() {
            let text = fs::read_to_string(&path).unwrap();
            formats.push(EventFormat::parse(&text).unwrap_or_else(|e| panic!("{name}: {e}")));
        }
    }
    formats
}

const PLAIN: SyscallOptions = SyscallOptions {
    data_bytes: 0,
    fd_paths: false,
};

/// Fields that we have beyond LTTng's are behind them, so that a script finds its own in place.
fn is_behind(event: &SyscallEvent, listed: &[String], difference: &str) -> bool {
    let names = event.payload.members.iter().map(|member| &member.name[..]);
    let names: Vec<&str> = names.collect();
    let is_listed = |name: &&str| {
        let end = format!(" _{name}");
        let behind = |field: &String| field.split('[').next().unwrap_or_default().ends_with(&end);
        listed.iter().any(behind)
    };
    let last = names.iter().rposition(is_listed).unwrap_or(0);
    let added = difference.strip_prefix('+').unwrap_or_default();
    let added = added.split('[').next().unwrap_or_default().trim();
    let place = names
        .iter()
        .position(|name| added.ends_with(&format!(" _{name}")));
    place.is_some_and(|place| place > last)
}

#[test]
fn every_call_that_lttng_knows_has_its_fields_types_and_order() {
    let (listing, mut wrong) = (listing(), Vec::new());
    let sides = [Side::Entry, Side::Exit];
    let live = live_formats();
    let known = live
        .iter()
        .map(|format| sides.map(|side| SyscallEvent::new(side, format, PLAIN)));
    let unknown = sides.map(|side| SyscallEvent::unknown(side, false));
    let mut here = BTreeSet::new();
    for events in known.chain([unknown]) {
        for event in events {
            let Some(listed) = listing.get(event.name.as_str()) else {
                continue;
            };
            here.insert(event.name.clone());
            let all = differences(&event.payload, listed).into_iter();
            let unargued = all.filter(|difference| !is_behind(&event, listed, difference));
            wrong.extend(unargued.map(|difference| format!("{}: {difference}", event.name)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let is_call = |name: &&&str| name.starts_with("syscall_");
    let listed: Vec<&str> = listing.keys().filter(is_call).copied().collect();
    let missing: Vec<&&str> = listed
        .iter()
        .filter(|name| !here.contains(**name))
        .collect();
    println!(
        "{} of {} events of the listing are here and agree; not in this kernel: {missing:?}; {} more",
        here.len(),
        listed.len(),
        2 * live.len() + 2 - here.len()
    );
    assert!(here.len() > 600, "{}", here.len());
}

fn format(call: &str, arguments: &[&str]) -> EventFormat {
    let mut text = format!("name: sys_enter_{call}\nID: 7\nformat:\n");
    text.push_str("\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n");
    text.push_str("\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n");
    for (place, argument) in arguments.iter().enumerate() {
        let offset = 16 + 8 * place;
        text.push_str(&format!(
            "\tfield:{argument};\toffset:{offset};\tsize:8;\tsigned:0;\n"
        ));
    }
    EventFormat::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A record as the program writes it.
fn record(side: u8, result: i64, arguments: [u64; 6], copies: &[(i32, u32, &[u8])]) -> Vec<u8> {
    let mut bytes = 1_000_u64.to_le_bytes().to_vec();
    bytes.extend(8_u32.to_le_bytes());
    bytes.extend(7_u32.to_le_bytes());
    bytes.extend(b"name\0garbage....");
    bytes.extend(257_u32.to_le_bytes());
    bytes.extend([side, 0, 0, 0]);
    bytes.extend(result.to_le_bytes());
    bytes.extend(arguments.into_iter().flat_map(u64::to_le_bytes));
    for (status, count, copied) in copies {
        bytes.extend(status.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(*copied);
        bytes.resize(bytes.len().next_multiple_of(8), 0xaa);
    }
    bytes
}

#[track_caller]
fn check(event: &SyscallEvent, record: &[u8], expected: &[&[u8]]) {
    let record = SyscallRecord::parse(record).expect("the fixed part is there");
    let mut payload = Vec::new();
    event.encode(&record, &mut payload);
    assert_eq!(payload, expected.concat());
}

/// Calls whose pointers lead to lists: with data and paths, of both kinds of programs.
#[test]
fn vectors_are_a_list_and_what_they_lead_to_is_bytes() {
    let options = SyscallOptions {
        data_bytes: 3,
        fd_paths: true,
    };
    let arguments = [
        "unsigned long fd",
        "const struct iovec * vec",
        "unsigned long vlen",
    ];
    let format = format("writev", &arguments);
    let path = [[0; 16].as_slice(), &[0; 8], b"b\0a\0"].concat();
    let numbers = [4_u64, 0x1000, 1].map(u64::to_le_bytes).concat();
    let (base, len) = (0x2000_u64.to_le_bytes(), 5_u64.to_le_bytes());
    let told = [1, 0, 0, 0];
    let tail = [&[3, 0, 0, 0], &b"abc/a/b\0"[..], &[0, 1, 0]].concat();
    for (event, vector) in [
        (
            SyscallEvent::new(Side::Entry, &format, options),
            [base, len].concat(),
        ),
        (
            SyscallEvent::compat(Side::Entry, "writev", &format, options),
            [&base[..4], &len[..4]].concat(),
        ),
    ] {
        let copies: [(i32, u32, &[u8]); 3] = [
            (vector.len() as i32, 1, &vector),
            (3, Copy::CUT, b"abc"),
            (path.len() as i32, 0, &path),
        ];
        let record = record(0, 0, [4, 0x1000, 1, 0, 0, 0], &copies);
        check(&event, &record, &[&numbers, &told, &base, &len, &tail]);
    }
}

#[test]
fn what_was_polled_is_a_list_that_is_cut_where_it_is_too_long() {
    let arguments = [
        "struct pollfd * ufds",
        "unsigned int nfds",
        "int timeout_msecs",
    ];
    let event = SyscallEvent::new(Side::Entry, &format("poll", &arguments), PLAIN);
    let polled = [7, 0, 0, 0, 5, 0, 0xff, 0xff];
    for (count, overflow) in [(1, 0), (2, 1)] {
        let record = record(0, 0, [1, 1, 9, 0, 0, 0], &[(8, count, &polled)]);
        let head = [9, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, overflow];
        check(&event, &record, &[&head, &polled[..6], &[5, overflow]]);
    }
}

fn openat() -> SyscallEvent {
    let arguments = [
        "int dfd",
        "const char * filename",
        "int flags",
        "umode_t mode",
    ];
    SyscallEvent::new(Side::Entry, &format("openat", &arguments), PLAIN)
}

const AT: u64 = u32::MAX as u64 - 99;

#[test]
fn a_text_is_a_field_and_what_became_of_it_another() {
    let event = openat();
    let names: Vec<&str> = event.payload.members.iter().map(|m| &m.name[..]).collect();
    let expected = [
        "dfd",
        "filename",
        "flags",
        "mode",
        "_flags_labels_length",
        "flags_labels",
        "filename_copy",
    ];
    assert_eq!(names, expected);
    let head: &[u8] = &(-100_i32).to_le_bytes();
    // One label: O_RDWR.
    let tail: &[u8] = &[2, 0, 0, 0, 0xa4, 1, 1, 2, 0, 0, 0];
    for (address, copies, text, state) in [
        (0x1000, &[(5, 0, &b"/etc\0"[..])][..], &b"/etc\0"[..], 0),
        (0x1000, &[], b"\0", 1),
        (0, &[(-14, 0, b"")], b"\0", 2),
        (0x1000, &[(-14, 0, b"")], b"\0", 3),
        (0x1000, &[(i32::MAX, 0, b"x")], b"\0", 1),
    ] {
        let record = record(0, 0, [AT, address, 2, 0o644, 9, 9], copies);
        check(&event, &record, &[head, text, tail, &[state]]);
    }
    let long = [b'x'; Copy::TEXT_BYTES as usize];
    let record = record(0, 0, [AT, 1, 2, 0o644, 0, 0], &[(4104, 0, &long)]);
    check(&event, &record, &[head, &long, &[0], tail, &[1]]);
}

#[test]
fn who_made_the_call_stands_before_the_payload() {
    let bytes = record(0, 0, [0; 6], &[]);
    let record = SyscallRecord::parse(&bytes).unwrap();
    let mut context = Vec::new();
    record.encode_context(&mut context);
    assert_eq!(context, b"\x07\0\0\0\x08\0\0\0name\0\0\0\0\0\0\0\0\0\0\0\0");
    assert_eq!((record.time_ns(), record.number()), (1000, 257));
    assert!(!record.is_compat());
    assert!(SyscallRecord::parse(&bytes[..95]).is_none());
}

#[test]
fn a_new_programs_arguments_are_strings() {
    let arguments = [
        "const char * filename",
        "const char *const * argv",
        "const char *const * envp",
    ];
    let event = SyscallEvent::new(Side::Entry, &format("execve", &arguments), PLAIN);
    let kinds: Vec<CopyKind> = event.copies.iter().map(|copy| copy.kind).collect();
    assert_eq!(
        kinds,
        [CopyKind::Text, CopyKind::Strings, CopyKind::Strings]
    );
    let pointers: &[u8] = &[2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0];
    let path = (3, 0, &b"/b\0"[..]);
    for (count, told, strings, state) in [
        (2, 2, &b"ls\0/etc\0"[..], 0),
        (2 | 1 << 31, 2, b"ls\0/etc\0", 1),
        (2 | 1 << 30, 2, b"ls\0/etc\0", 3),
        // More than there are is not believed.
        (9, 2, b"ls\0/etc\0", 0),
        (0, 0, b"", 0),
    ] {
        let copy = (strings.len() as i32, count, strings);
        let record = record(0, 0, [1, 2, 3, 0, 0, 0], &[path, copy, (4, 1, b"A=b\0")]);
        let told = [told, 0, 0, 0];
        let variables = b"\x01\0\0\0A=b\0";
        check(
            &event,
            &record,
            &[b"/b\0", pointers, &told, strings, variables, &[0, state, 0]],
        );
    }
}

#[test]
fn what_the_kernel_gave_back_is_told_at_the_exit_of_a_call_that_succeeded() {
    let event = SyscallEvent::new(
        Side::Exit,
        &format("pipe2", &["int * fildes", "int flags"]),
        PLAIN,
    );
    let pair = [3, 0, 0, 0, 4, 0, 0, 0];
    let good = record(1, 0, [1, 0, 0, 0, 0, 0], &[(8, 0, &pair)]);
    check(&event, &good, &[&[0; 8], &pair, &[0]]);
    let failed = record(1, -24, [1, 0, 0, 0, 0, 0], &[(8, 0, &pair)]);
    check(&event, &failed, &[&(-24_i64).to_le_bytes(), &[0; 8], &[4]]);
}

#[test]
fn a_call_without_a_name_keeps_all_its_arguments() {
    let event = SyscallEvent::unknown(Side::Exit, true);
    assert_eq!(event.name, "compat_syscall_exit_unknown");
    let arguments = [1, 2, 3, 4, 5, 6];
    let all: Vec<u8> = arguments
        .iter()
        .flat_map(|n: &u64| n.to_le_bytes())
        .collect();
    let record = record(1, 7, arguments, &[]);
    check(
        &event,
        &record,
        &[&257_i32.to_le_bytes(), &7_i64.to_le_bytes(), &all],
    );
}

#[test]
fn a_call_that_lttng_does_not_know_has_the_kernels_fields() {
    let arguments = [
        "int dfd",
        "const char * path",
        "const char * buf",
        "size_t len",
    ];
    let format = format("newer_than_lttng", &arguments);
    let entry = SyscallEvent::new(Side::Entry, &format, PLAIN);
    let names: Vec<&str> = entry.payload.members.iter().map(|m| &m.name[..]).collect();
    assert_eq!(names, ["dfd", "path", "buf", "len", "path_copy"]);
    assert_eq!(entry.copies.len(), 1);
    let exit = SyscallEvent::new(Side::Exit, &format, PLAIN);
    assert_eq!((exit.payload.members.len(), exit.copies.len()), (1, 0));
}
