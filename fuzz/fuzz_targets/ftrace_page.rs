//! Any bytes as a ring page: what comes out must be event records that a reader of the classes
//! takes to the last byte, as many as the summary says, in time order.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use thalweg_kbuf::{
    Cursor, EventFormat, HeaderKind, Naming, Page, PageLayout, PageSummary, Parts, TraceEvent,
    Transcoder,
};
use thalweg_model::FieldClass;

static EVENTS: LazyLock<Vec<TraceEvent>> = LazyLock::new(|| {
    let formats = [
        (
            "sched",
            include_str!("../../crates/kbuf/tests/data/sched_switch.format"),
        ),
        (
            "sched",
            include_str!("../../crates/kbuf/tests/data/sched_process_exec.format"),
        ),
        (
            "irq",
            include_str!("../../crates/kbuf/tests/data/irq_handler_entry.format"),
        ),
        (
            "irq",
            include_str!("../../crates/kbuf/tests/data/softirq_entry.format"),
        ),
        (
            "syscalls",
            include_str!("../../crates/kbuf/tests/data/sys_enter_read.format"),
        ),
        (
            "syscalls",
            include_str!("../../crates/kbuf/tests/data/sys_exit_read.format"),
        ),
        (
            "syscalls",
            include_str!("../../crates/kbuf/tests/data/sys_enter_openat.format"),
        ),
        (
            "block",
            include_str!("../../crates/kbuf/tests/data/block_rq_issue.format"),
        ),
        (
            "exceptions",
            include_str!("../../crates/kbuf/tests/data/page_fault_user.format"),
        ),
        (
            "skb",
            include_str!("../../crates/kbuf/tests/data/kfree_skb.format"),
        ),
        (
            "sched",
            include_str!("../../crates/kbuf/tests/data/sched_process_fork.format"),
        ),
        (
            "vmscan",
            include_str!("../../crates/kbuf/tests/data/mm_vmscan_lru_shrink_inactive.format"),
        ),
        (
            "writeback",
            include_str!("../../crates/kbuf/tests/data/writeback_queue.format"),
        ),
        (
            "ipi",
            include_str!("../../crates/kbuf/tests/data/ipi_send_cpumask.format"),
        ),
        (
            "fuzz",
            include_str!("../../crates/kbuf/tests/data/relative.format"),
        ),
    ];
    let event = |(system, text): (&str, &str)| {
        TraceEvent::new(
            system,
            &EventFormat::parse(text).expect("a format"),
            Naming::Lttng,
        )
    };
    formats.map(event).into()
});

fuzz_target!(|bytes: &[u8]| {
    for (commit_bytes, data_offset) in [(8, 16), (4, 12)] {
        let layout = PageLayout {
            commit_bytes,
            data_offset,
            page_bytes: bytes.len(),
        };
        for header in [HeaderKind::Compact, HeaderKind::Large] {
            let transcoder = Transcoder::new(&EVENTS, header);
            let mut out = Vec::new();
            if let Ok(summary) = transcoder.page(bytes, &layout, &mut out) {
                let (events, end) = read(header, &out);
                assert_eq!(events, summary.events);
                assert_eq!(end, summary.end);
                check_parts(&transcoder, header, (bytes, &layout), &summary);
            }
        }
    }
});

/// The parts of a page can be read one by one, and are all of it.
fn check_parts(
    transcoder: &Transcoder,
    header: HeaderKind,
    (bytes, layout): (&[u8], &PageLayout),
    whole: &PageSummary,
) {
    let Ok(page) = Page::parse(bytes, layout) else {
        return;
    };
    let mut parts = Parts::new(96);
    let mut cursor = Cursor::start(page.stamp);
    transcoder.records_in_context(&page, &mut cursor, None, None, &mut parts);
    let (mut records, parts) = parts.finish();
    let mut events = 0;
    for part in parts {
        let (of_part, rest) = records.split_at(part.bytes);
        let (count, end) = read(header, of_part);
        assert_eq!((count, end), (part.events, part.end));
        events += count;
        records = rest;
    }
    assert!(records.is_empty());
    assert_eq!(events, whole.events);
}

/// Reads every record as a CTF reader does: how many, and the time of the last.
fn read(header: HeaderKind, mut rest: &[u8]) -> (u64, u64) {
    let (mut last, mut count) = (0, 0);
    let mut length = 0;
    while !rest.is_empty() {
        let (id, at, head) = read_header(header, rest, last);
        assert!(at >= last);
        rest = &rest[head..];
        for member in &EVENTS[id as usize].payload.members {
            rest = &rest[size(&member.class, rest, &mut length)..];
        }
        last = at;
        count += 1;
    }
    (count, last)
}

fn read_header(header: HeaderKind, bytes: &[u8], last: u64) -> (u32, u64, usize) {
    let le = |at: usize, len: usize| {
        bytes[at..at + len]
            .iter()
            .rev()
            .fold(0, |n: u64, &byte| n << 8 | u64::from(byte))
    };
    let near = |bits: u32, short: u64| {
        let at = last >> bits << bits | short;
        if at < last { at + (1 << bits) } else { at }
    };
    match header {
        HeaderKind::Compact if le(0, 1) & 31 == 31 => (le(1, 4) as u32, le(5, 8), 13),
        HeaderKind::Compact => ((le(0, 4) & 31) as u32, near(27, le(0, 4) >> 5), 4),
        HeaderKind::Large if le(0, 2) == 0xffff => (le(2, 4) as u32, le(6, 8), 14),
        HeaderKind::Large => (le(0, 2) as u32, near(32, le(2, 4)), 6),
    }
}

/// Bytes of a field; `length` is the last integer, which a sequence's length field is.
fn size(class: &FieldClass, bytes: &[u8], length: &mut usize) -> usize {
    match class {
        FieldClass::Integer(class) => {
            let size = class.size_bits as usize / 8;
            *length = bytes[..size]
                .iter()
                .rev()
                .fold(0, |n, &byte| n << 8 | usize::from(byte));
            size
        }
        FieldClass::Enum(class) => class.integer.size_bits as usize / 8,
        FieldClass::String(_) => bytes.iter().position(|&b| b == 0).expect("a string's end") + 1,
        FieldClass::Array(class) => class.length as usize * size(&class.element, bytes, length),
        FieldClass::Sequence(class) => *length * element_bytes(&class.element),
        other => panic!("none of these events has {other:?}"),
    }
}

fn element_bytes(class: &FieldClass) -> usize {
    match class {
        FieldClass::Integer(class) => class.size_bits as usize / 8,
        other => panic!("none of these events has elements of {other:?}"),
    }
}
