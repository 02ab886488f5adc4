//! Fields that the kernel's record lacks are filled with what is told of it, at its time.

mod common;

use std::sync::{Arc, Mutex};

use common::PageWriter;
use thalweg_kbuf::{
    EventFormat, HeaderKind, Naming, PageLayout, Told, ToldKind, TraceEvent, Transcoder,
};
use thalweg_model::FieldClass;

const LAYOUT: PageLayout = PageLayout::of_64_bit(4096);

fn fork() -> TraceEvent {
    let text = include_str!("data/sched_process_fork.format");
    TraceEvent::new("sched", &EventFormat::parse(text).unwrap(), Naming::Lttng)
}

fn names(event: &TraceEvent) -> Vec<&str> {
    let members = event.payload.members.iter();
    members.map(|member| member.name.as_str()).collect()
}

/// Knows of one fork, and notes who asks.
#[derive(Debug)]
struct One {
    key: u64,
    body: Vec<u8>,
    asked: Vec<(ToldKind, u64, u64)>,
}

impl Told for One {
    fn tell(&mut self, (kind, key): (ToldKind, u64), at: u64, take: &mut dyn FnMut(&[u8])) {
        self.asked.push((kind, key, at));
        take(if key == self.key { &self.body } else { &[] });
    }
}

/// A record of a fork by this machine's format, whose texts are behind its fixed part.
fn record(event: &TraceEvent, child: i32) -> Vec<u8> {
    let mut record = vec![0; 24];
    record[..2].copy_from_slice(&event.type_id.to_le_bytes());
    for source in &event.sources {
        let at = usize::from(source.field.offset);
        if source.field.is_dynamic() {
            let word = (record.len() as u32) | 2 << 16;
            record[at..at + 4].copy_from_slice(&word.to_le_bytes());
            record.extend(b"x\0");
        } else if source.field.name == "child_pid" {
            let room = record.len().max(at + 4);
            record.resize(room, 0);
            record[at..at + 4].copy_from_slice(&child.to_le_bytes());
        } else {
            let room = record.len().max(source.field.end());
            record.resize(room, 0);
        }
    }
    record.resize(record.len().next_multiple_of(4), 0);
    record
}

#[test]
fn what_is_told_stands_where_lttng_has_it() {
    let event = fork();
    assert_eq!(event.told, Some(ToldKind::Fork));
    let words = [70_u32, 1, 80, 2, 1, 0, 81, 5];
    let one = One {
        key: 81,
        body: words.into_iter().flat_map(u32::to_le_bytes).collect(),
        asked: Vec::new(),
    };
    let told = Arc::new(Mutex::new(one));
    let mut transcoder = Transcoder::new(std::slice::from_ref(&event), HeaderKind::Compact);
    transcoder.set_told(Arc::<Mutex<One>>::clone(&told));
    let mut page = PageWriter::new(100, 4096);
    page.record(100, &record(&event, 81))
        .record(105, &record(&event, 82));
    let mut out = Vec::new();
    let summary = transcoder.page(&page.bytes(), &LAYOUT, &mut out).unwrap();
    assert_eq!((summary.events, summary.spoilt), (2, 0));
    let fork = ToldKind::Fork;
    assert_eq!(
        told.lock().unwrap().asked,
        [(fork, 81, 100), (fork, 82, 105)]
    );
    // Header; names of 16, tid, pid and namespace of the parent; name and tid of the child.
    let first = &out[13..][16 + 4..];
    assert_eq!(first[..8], [70, 0, 0, 0, 1, 0, 0, 0]);
    let child = &first[8 + 16..];
    let rest = [[81, 0, 0, 0], [5, 0, 0, 0], [80, 0, 0, 0], [2, 0, 0, 0]].concat();
    assert_eq!(child[..4], [81, 0, 0, 0]);
    assert_eq!((child[4], &child[5..21]), (2, &rest[..]));
    let unknown = &child[21 + 4..][20..];
    assert_eq!(unknown[..8], [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    let tail = &unknown[8 + 16 + 4..];
    assert_eq!(tail, [0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
}

#[test]
fn without_programs_the_fields_are_left_out() {
    let mut event = fork();
    let mut transcoder = Transcoder::new(std::slice::from_ref(&event), HeaderKind::Compact);
    let mut page = PageWriter::new(100, 4096);
    page.record(100, &record(&event, 81));
    let mut unknown = Vec::new();
    transcoder
        .page(&page.bytes(), &LAYOUT, &mut unknown)
        .unwrap();
    event.forget_told();
    assert_eq!(event.told, None);
    let left = ["parent_comm", "parent_tid", "child_comm", "child_tid"];
    assert_eq!(names(&event), left);
    transcoder = Transcoder::new(std::slice::from_ref(&event), HeaderKind::Compact);
    let mut out = Vec::new();
    transcoder.page(&page.bytes(), &LAYOUT, &mut out).unwrap();
    assert_eq!((out.len(), unknown.len()), (13 + 40, 13 + 40 + 17));
}

#[test]
fn a_packet_has_the_headers_and_their_kinds() {
    let text = "name: net_dev_queue\nID: 7\nformat:\n\
        \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\
        \tfield:void * skbaddr;\toffset:8;\tsize:8;\tsigned:0;\n\
        \tfield:unsigned int len;\toffset:16;\tsize:4;\tsigned:0;\n\
        \tfield:__data_loc char[] name;\toffset:20;\tsize:4;\tsigned:0;\n";
    let format = EventFormat::parse(text).unwrap();
    let event = TraceEvent::new("net", &format, Naming::Lttng);
    assert_eq!(event.told, Some(ToldKind::Queued));
    let all = [
        "skbaddr",
        "len",
        "name",
        "network_header_type",
        "network_header",
    ];
    assert_eq!(names(&event), all);
    let FieldClass::Variant(variant) = &event.payload.members[4].class else {
        panic!("{event:?}")
    };
    let options: Vec<&str> = variant
        .options
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(options, ["_unknown", "_ipv4", "_ipv6"]);
    assert_eq!(variant.tag, ["network_header_type"]);
    let event = TraceEvent::new("net", &format, Naming::Kernel);
    assert_eq!((names(&event), event.told), (all[..3].to_vec(), None));
}

#[test]
fn labels_that_the_kernel_has_moved_are_its_own() {
    let text = "name: kfree_skb\nID: 7\nformat:\n\
        \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\
        \tfield:enum skb_drop_reason reason;\toffset:8;\tsize:4;\tsigned:0;\n\n";
    let labels = |print: &str| {
        let text = format!("{text}print fmt: \"%s\", __print_symbolic(REC->reason, {print})\n");
        let event = TraceEvent::new("skb", &EventFormat::parse(&text).unwrap(), Naming::Lttng);
        let FieldClass::Enum(class) = &event.payload.members[0].class else {
            panic!("{event:?}")
        };
        let mappings = class.mappings.iter();
        let all: Vec<String> = mappings
            .map(|one| format!("{}={}", one.label, one.first))
            .collect();
        (class.integer.size_bits, all.join(" "))
    };
    let (bits, moved) = labels("{ 2, \"NOT_SPECIFIED\" }, { 70000, \"FAR\" }");
    assert_eq!((bits, moved.as_str()), (8, "NOT_SPECIFIED=2 OTHER=255"));
    let (_, same) = labels("{ 1, \"NOT_SPECIFIED\" }");
    assert!(same.starts_with("NOT_SPECIFIED=1 NO_SOCKET=2 "), "{same}");
}
