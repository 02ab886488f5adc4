//! Any bytes as a record that a program in the kernel writes of a fork or a packet: the fields that come
//! of it are as long as their classes say.

#![no_main]

use std::sync::{Arc, LazyLock, Mutex};

use libfuzzer_sys::fuzz_target;
use thalweg_kbuf::{
    EventContext, EventFormat, HeaderKind, Naming, RecordHead, Told, ToldKind, ToldRecord,
    TraceEvent, Transcoder,
};

const PACKET: &str = "name: net_dev_queue\nID: 7\nformat:\n\
    \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\
    \tfield:void * skbaddr;\toffset:8;\tsize:8;\tsigned:0;\n";
const FORK: &str = "name: sched_process_fork\nID: 8\nformat:\n\
    \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\
    \tfield:pid_t child_pid;\toffset:8;\tsize:4;\tsigned:1;\n";

static EVENTS: LazyLock<[TraceEvent; 2]> = LazyLock::new(|| {
    [("net", PACKET), ("sched", FORK)].map(|(system, text)| {
        TraceEvent::new(system, &EventFormat::parse(text).unwrap(), Naming::Lttng)
    })
});

/// Tells the same of each record.
#[derive(Debug)]
struct Body(Vec<u8>);

impl Told for Body {
    fn tell(&mut self, _: (ToldKind, u64), _: u64, take: &mut dyn FnMut(&[u8])) {
        take(&self.0);
    }
}

struct Nothing;

impl EventContext for Nothing {
    fn admits(&mut self, _: &[u8], _: RecordHead, _: u64) -> bool {
        true
    }

    fn write(&mut self, _: RecordHead, _: u64, _: &mut Vec<u8>) {}
}

fuzz_target!(|bytes: &[u8]| {
    let body = ToldRecord::parse(bytes).map_or(bytes, |record| record.body);
    let mut transcoder = Transcoder::new(&*EVENTS, HeaderKind::Compact);
    transcoder.set_told(Arc::new(Mutex::new(Body(body.to_vec()))));
    let payload = |type_id: u8| {
        let (mut record, mut out) = ([0; 16], Vec::new());
        record[0] = type_id;
        let written = transcoder.record(&record, (5, None), &mut Nothing, &mut out);
        assert_eq!(written, Ok(true));
        out.split_off(13)
    };
    packet(&payload(7)[8..]);
    fork(&payload(8));
});

/// Behind the packet's address.
fn packet(fields: &[u8]) {
    let rest = match fields[0] {
        0 => return assert_eq!(fields.len(), 1),
        1 => &fields[21..],
        2 => &fields[41..],
        other => panic!("{other}"),
    };
    let transport = [0, 20, 8, 8][usize::from(rest[0])];
    assert_eq!(rest.len(), 1 + transport);
}

/// Process and namespace of the parent; number, numbers, process and namespace of the child.
fn fork(fields: &[u8]) {
    let numbers = usize::from(fields[12]);
    assert!(numbers <= 33);
    assert_eq!(fields.len(), 8 + 4 + 1 + 4 * numbers + 8);
}
