//! How many events a second one core transcodes: `cargo bench -p thalweg-kbuf`.
//!
//! Pages of 64 KiB with the mix that a busy machine's default events have: for each scheduler
//! switch two system calls, entry and exit. Time is that of the thread; the best of several rounds
//! counts, because whatever disturbs makes it slower.

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::time::Instant;

use common::{PageWriter, Random};
use thalweg_kbuf::{EventFormat, HeaderKind, Naming, PageLayout, TraceEvent, Transcoder};

const PAGE: usize = 64 << 10;
const PAGES: usize = 64;

/// The event, its record's size, and its share of the mix.
const MIX: [(&str, &str, &str, usize, u64); 3] = [
    (
        "sched",
        "sched_switch",
        include_str!("../tests/data/sched_switch.format"),
        64,
        1,
    ),
    (
        "syscalls",
        "sys_enter_read",
        include_str!("../tests/data/sys_enter_read.format"),
        40,
        2,
    ),
    (
        "syscalls",
        "sys_exit_read",
        include_str!("../tests/data/sys_exit_read.format"),
        24,
        2,
    ),
];

fn page(events: &[TraceEvent], only: Option<usize>, random: &mut Random) -> Vec<u8> {
    let mut clock = random.below(1 << 50);
    let mut page = PageWriter::new(clock, PAGE);
    let shares: u64 = MIX.iter().map(|mix| mix.4).sum();
    loop {
        let mut share = random.below(shares);
        let mixed = MIX.iter().position(|mix| {
            let here = share < mix.4;
            share = share.saturating_sub(mix.4);
            here
        });
        let kind = only.or(mixed).expect("a share of one of them");
        let mut record = vec![0x20; MIX[kind].3];
        record[..2].copy_from_slice(&events[kind].type_id.to_le_bytes());
        clock += 100 + random.below(5000);
        if page.need(record.len(), clock) > page.room() {
            return page.close().bytes();
        }
        page.record(clock, &record);
    }
}

/// Million events a second, nanoseconds an event, bytes out for each byte in.
fn measure(events: &[TraceEvent], only: Option<usize>, header: HeaderKind) -> (f64, f64, f64) {
    let mut random = Random(5);
    let pages: Vec<Vec<u8>> = (0..PAGES)
        .map(|_| page(events, only, &mut random))
        .collect();
    let transcoder = Transcoder::new(events, header);
    let layout = PageLayout::of_64_bit(PAGE);
    let (mut out, mut best, mut count, mut bytes) = (Vec::new(), f64::MAX, 0, 0);
    for _ in 0..40 {
        let begin = Instant::now();
        (count, bytes) = (0, 0);
        for page in &pages {
            out.clear();
            let summary = transcoder
                .page(black_box(page), &layout, &mut out)
                .expect("a page");
            assert_eq!(summary.spoilt + summary.foreign, 0);
            count += summary.events;
            bytes += black_box(&out).len();
        }
        best = best.min(begin.elapsed().as_secs_f64());
    }
    let ns = best * 1e9 / count as f64;
    (1e3 / ns, ns, bytes as f64 / (PAGES * PAGE) as f64)
}

fn main() {
    let events: Vec<TraceEvent> = MIX
        .iter()
        .map(|(system, _, text, ..)| {
            let format = EventFormat::parse(text).expect("a format of the kernel's");
            TraceEvent::new(system, &format, Naming::Lttng)
        })
        .collect();
    for header in [HeaderKind::Compact, HeaderKind::Large] {
        for (name, only) in [
            ("mix", None),
            ("sched_switch", Some(0)),
            ("sys_enter_read", Some(1)),
            ("sys_exit_read", Some(2)),
        ] {
            let (millions, ns, ratio) = measure(&events, only, header);
            println!(
                "{header:?} {name:15} {millions:6.1} M events/s  {ns:5.1} ns/event  out/in {ratio:.2}"
            );
        }
    }
}
