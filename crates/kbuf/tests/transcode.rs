//! Pages become CTF event records: known events, exact times, counted rest.

mod common;

use common::PageWriter;
use thalweg_kbuf::{
    Cursor, EventFormat, HeaderKind, Naming, Page, PageLayout, PageSummary, Spoilt, TraceEvent,
    Transcoder,
};

const LAYOUT: PageLayout = PageLayout::of_64_bit(4096);
const COMMON: &str = "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\
    \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n";

fn event(name: &str, id: u16, fields: &str) -> TraceEvent {
    let text = format!("name: {name}\nID: {id}\nformat:\n{COMMON}{fields}\nprint fmt: \"\"\n");
    TraceEvent::new("test", &EventFormat::parse(&text).unwrap(), Naming::Lttng)
}

fn events() -> Vec<TraceEvent> {
    vec![
        event("tick", 5, "\tfield:u32 n;\toffset:8;\tsize:4;\tsigned:0;\n"),
        event(
            "named",
            9,
            "\tfield:__data_loc char[] name;\toffset:8;\tsize:4;\tsigned:0;\n",
        ),
    ]
}

fn tick(n: u32) -> Vec<u8> {
    let mut record = vec![5, 0, 0, 0, 1, 0, 0, 0];
    record.extend(n.to_le_bytes());
    record
}

fn named(name: &[u8]) -> Vec<u8> {
    let mut record = vec![9, 0, 0, 0, 1, 0, 0, 0];
    record.extend((12 | (name.len() as u32) << 16).to_le_bytes());
    record.extend(name);
    record
}

/// Reads the compact records of [`events`] back, as `time id payload`.
fn text(records: &[u8]) -> String {
    let (mut rest, mut last, mut out) = (records, 0_u64, String::new());
    while !rest.is_empty() {
        let (id, at, head) = if rest[0] & 31 == 31 {
            let at = u64::from_le_bytes(rest[5..13].try_into().unwrap());
            (u32::from(rest[1]), at, 13)
        } else {
            let word = u32::from_le_bytes(rest[..4].try_into().unwrap());
            let near = last >> 27 << 27 | u64::from(word >> 5);
            (
                word & 31,
                if near < last { near + (1 << 27) } else { near },
                4,
            )
        };
        rest = &rest[head..];
        last = at;
        let payload = match id {
            0 => {
                let n = u32::from_le_bytes(rest[..4].try_into().unwrap());
                rest = &rest[4..];
                n.to_string()
            }
            _ => {
                let end = rest.iter().position(|&b| b == 0).unwrap();
                let name = rest[..end].escape_ascii().to_string();
                rest = &rest[end + 1..];
                name
            }
        };
        out.push_str(&format!("{at} {id} {payload}\n"));
    }
    out
}

#[track_caller]
fn check(page: &[u8], want: &str) -> PageSummary {
    let transcoder = Transcoder::new(&events(), HeaderKind::Compact);
    let mut out = Vec::new();
    let summary = transcoder.page(page, &LAYOUT, &mut out).unwrap();
    assert_eq!(text(&out), want);
    assert_eq!(summary.events as usize, want.lines().count());
    summary
}

#[test]
fn events_come_out_with_their_times_and_fields() {
    let mut page = PageWriter::new(100, 4096);
    page.record(100, &tick(1))
        .record(103, &named(b"eth0\0"))
        .record(1 << 40, &tick(2))
        .close();
    let summary = check(&page.bytes(), "100 0 1\n103 1 eth0\n1099511627776 0 2\n");
    assert_eq!((summary.begin, summary.end), (100, 1 << 40));
    assert_eq!((summary.foreign, summary.spoilt, summary.known), (0, 0, 0));
}

#[test]
fn records_of_other_types_are_counted_and_left_out() {
    let mut page = PageWriter::new(100, 4096);
    let mut other = tick(1);
    other[0] = 77;
    page.record(100, &other).record(101, &tick(2));
    assert_eq!(check(&page.bytes(), "101 0 2\n").foreign, 1);
    other[1] = 0xff;
    let mut page = PageWriter::new(100, 4096);
    page.record(100, &other);
    assert_eq!(check(&page.bytes(), "").foreign, 1);
}

#[test]
fn a_record_that_cannot_be_read_is_counted_and_its_neighbours_stay() {
    let mut page = PageWriter::new(100, 4096);
    let mut outside = named(b"x\0\0\0");
    outside[8] = 200;
    page.record(100, &tick(1))
        .record(101, &outside)
        .record(102, &tick(2));
    let summary = check(&page.bytes(), "100 0 1\n102 0 2\n");
    assert_eq!((summary.spoilt, summary.cause), (1, Some(Spoilt::Location)));
    let mut page = PageWriter::new(100, 4096);
    page.record(100, &tick(1))
        .record(101, &tick(2)[..8])
        .record(102, &tick(3));
    let summary = check(&page.bytes(), "100 0 1\n102 0 3\n");
    assert_eq!((summary.spoilt, summary.cause), (1, Some(Spoilt::Short)));
}

#[test]
fn a_torn_page_keeps_its_whole_events() {
    let mut page = PageWriter::new(100, 4096);
    page.record(100, &tick(1))
        .record(101, &tick(2))
        .record(102, &tick(3));
    let mut bytes = page.bytes();
    bytes[8] = 40;
    let summary = check(&bytes, "100 0 1\n101 0 2\n");
    assert_eq!(summary.spoilt, 1);
    let cause = summary.cause.unwrap().to_string();
    assert_eq!(
        cause,
        "byte 32: a record of 16 bytes does not fit the 8 that are left"
    );
}

#[test]
fn a_page_cut_anywhere_gives_the_same_events() {
    let mut page = PageWriter::new(100, 4096);
    page.record(100, &tick(1))
        .record(101, &named(b"abc\0"))
        .record(1 << 33, &tick(2));
    page.stamped(1 << 34, &tick(3))
        .record((1 << 34) + 1, &tick(4));
    let bytes = page.bytes();
    let transcoder = Transcoder::new(&events(), HeaderKind::Compact);
    let whole = Page::parse(&bytes, &LAYOUT).unwrap();
    let cuts: Vec<usize> = whole
        .records()
        .map(|record| record.unwrap().offset)
        .collect();
    let mut all = Vec::new();
    transcoder.records(&whole, &mut Cursor::start(whole.stamp), None, &mut all);
    for cut in cuts {
        let first = Page {
            data: &whole.data[..cut],
            ..whole
        };
        let mut cursor = Cursor::start(whole.stamp);
        let (mut a, mut b) = (Vec::new(), Vec::new());
        transcoder.records(&first, &mut cursor, None, &mut a);
        transcoder.records(&whole, &mut cursor, None, &mut b);
        assert_eq!(text(&a) + &text(&b), text(&all), "cut at {cut}");
    }
}

#[test]
fn what_is_known_up_to_a_time_is_left_out() {
    let mut page = PageWriter::new(100, 4096);
    page.record(100, &tick(1))
        .record(101, &tick(2))
        .record(101, &tick(3))
        .record(102, &tick(4));
    let bytes = page.bytes();
    let page = Page::parse(&bytes, &LAYOUT).unwrap();
    let transcoder = Transcoder::new(&events(), HeaderKind::Compact);
    let mut out = Vec::new();
    let mut cursor = Cursor::start(page.stamp);
    let summary = transcoder.records(&page, &mut cursor, Some(101), &mut out);
    assert_eq!(
        (summary.known, summary.events, text(&out).as_str()),
        (3, 1, "102 0 4\n")
    );
}

#[test]
fn ids_are_those_that_the_caller_gives() {
    let mut transcoder = Transcoder::new(&events(), HeaderKind::Compact);
    transcoder.set_ids(HeaderKind::Large, &[70_000, 3]);
    let mut page = PageWriter::new(100, 4096);
    page.record(100, &tick(1))
        .record(101, &tick(2))
        .record(102, &named(b"x\0\0\0"));
    let mut out = Vec::new();
    transcoder.page(&page.bytes(), &LAYOUT, &mut out).unwrap();
    let id = |at: usize| u32::from_le_bytes(out[at..at + 4].try_into().unwrap());
    assert_eq!((&out[..2], id(2)), (&[0xff, 0xff][..], 70_000));
    // 14 + 4 bytes, once more, then the short form of id 3.
    assert_eq!(&out[36..44], [3, 0, 102, 0, 0, 0, b'x', 0]);
}

#[test]
fn every_garbled_page_gives_records_that_can_be_read() {
    let mut random = common::Random(3);
    let transcoder = Transcoder::new(&events(), HeaderKind::Compact);
    for _ in 0..20_000 {
        let mut page = PageWriter::new(random.below(1 << 40), 512);
        let stamp = u64::from_le_bytes(page.bytes()[..8].try_into().unwrap());
        for n in 0..13 {
            page.record(stamp + n, &tick(n as u32))
                .record(stamp + n, &named(b"ab\0\0"));
        }
        let mut bytes = page.bytes();
        for _ in 0..=random.below(6) {
            let at = 16 + random.below(bytes.len() as u64 - 16) as usize;
            bytes[at] = random.next() as u8;
        }
        let mut out = Vec::new();
        let summary = transcoder.page(&bytes, &LAYOUT, &mut out).unwrap();
        assert_eq!(text(&out).lines().count() as u64, summary.events);
    }
}

/// The payload that a record of the kernel's becomes.
fn payload(system: &str, format: &str, record: &[(usize, &[u8])]) -> (Vec<String>, Vec<u8>) {
    let format = EventFormat::parse(format).unwrap();
    let event = TraceEvent::new(system, &format, Naming::Lttng);
    let mut bytes = vec![
        0;
        record
            .iter()
            .map(|(at, part)| at + part.len())
            .max()
            .unwrap()
    ];
    bytes[..2].copy_from_slice(&format.id.to_le_bytes());
    for (at, part) in record {
        bytes[*at..at + part.len()].copy_from_slice(part);
    }
    let mut page = PageWriter::new(7, 4096);
    page.record(7, &bytes);
    let mut out = Vec::new();
    let transcoder = Transcoder::new(std::slice::from_ref(&event), HeaderKind::Compact);
    let summary = transcoder.page(&page.bytes(), &LAYOUT, &mut out).unwrap();
    assert_eq!((summary.events, summary.spoilt), (1, 0));
    (
        event
            .payload
            .members
            .into_iter()
            .map(|member| member.name)
            .collect(),
        out.split_off(13),
    )
}

#[test]
fn a_switch_has_lttngs_threads_and_priorities() {
    let (names, bytes) = payload(
        "sched",
        include_str!("data/sched_switch.format"),
        &[
            (8, b"shell\0"),
            (24, &7_i32.to_le_bytes()),
            (28, &120_i32.to_le_bytes()),
            (32, &1_i64.to_le_bytes()),
            (40, b"swapper/0\0"),
            (56, &0_i32.to_le_bytes()),
            (60, &120_i32.to_le_bytes()),
        ],
    );
    let want = "prev_comm prev_tid prev_prio prev_state next_comm next_tid next_prio";
    assert_eq!(names.join(" "), want);
    assert_eq!(bytes.len(), 16 + 4 + 4 + 8 + 16 + 4 + 4);
    assert_eq!(
        (&bytes[..6], &bytes[16..20]),
        (&b"shell\0"[..], &[7, 0, 0, 0][..])
    );
    assert_eq!(
        (&bytes[20..24], &bytes[52..]),
        (&[20, 0, 0, 0][..], &[20, 0, 0, 0][..])
    );
}

#[test]
fn a_soft_interrupt_has_its_number_and_its_name() {
    let format = include_str!("data/softirq_entry.format");
    let (names, bytes) = payload("irq", format, &[(8, &[3, 0, 0, 0])]);
    assert_eq!(
        (names.join(" ").as_str(), &bytes[..]),
        ("vec name", &[3, 3][..])
    );
}

#[test]
fn a_path_that_tracefs_does_not_show_is_its_address() {
    let args: Vec<u8> = [-100_i64, 0x7fff_1234, 0o2, 0o644]
        .iter()
        .flat_map(|n| n.to_le_bytes())
        .collect();
    let format = include_str!("data/sys_enter_openat.format");
    let (names, bytes) = payload("syscalls", format, &[(16, &args)]);
    assert_eq!(names.join(" "), "dfd filename_addr flags mode");
    let mut want = (-100_i32).to_le_bytes().to_vec();
    want.extend(0x7fff_1234_u64.to_le_bytes());
    want.extend([2, 0, 0, 0, 0xa4, 1]);
    assert_eq!(bytes, want);
}

#[test]
fn a_path_that_the_kernel_copied_is_a_string() {
    let format = include_str!("data/sys_enter_openat.format").to_owned()
        + "\tfield:__data_loc char[] __filename_val;\toffset:48;\tsize:4;\tsigned:0;\n";
    let record: [(usize, &[u8]); 2] = [(48, &[52, 0, 5, 0]), (52, b"/tmp\0")];
    let (names, bytes) = payload("syscalls", &format, &record);
    assert_eq!(names.join(" "), "dfd filename flags mode");
    assert_eq!(&bytes[4..9], b"/tmp\0");
}

#[test]
fn a_disk_request_has_lttngs_flags_and_the_thread_that_made_it() {
    let (names, bytes) = payload(
        "block",
        include_str!("data/block_rq_issue.format"),
        &[
            (4, &[9, 0, 0, 0]),
            (8, &[1, 0, 0, 8]),
            (34, b"FWS\0"),
            (44, b"dd\0"),
            (60, &[0; 4]),
        ],
    );
    assert_eq!(names.join(" "), "dev sector nr_sector bytes tid rwbs comm");
    assert_eq!(
        (&bytes[20..24], &bytes[24..28]),
        (&[9, 0, 0, 0][..], &[0x21, 4, 0, 0][..])
    );
}
