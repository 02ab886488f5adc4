//! What a page's writer wrote is what the reader reads, whatever the page holds besides.

mod common;

use common::{PageWriter, Random};
use thalweg_kbuf::{Missed, Page, PageLayout, RecordError};

const LAYOUT: PageLayout = PageLayout::of_64_bit(4096);

/// The records of a page as `time:bytes`, and where it broke.
fn read(bytes: &[u8]) -> (Vec<(u64, Vec<u8>)>, Option<RecordError>) {
    let page = Page::parse(bytes, &LAYOUT).unwrap();
    let (mut records, mut error) = (Vec::new(), None);
    for record in page.records() {
        match record {
            Ok(record) => records.push((record.at, record.data.to_vec())),
            Err(found) => error = Some(found),
        }
    }
    (records, error)
}

#[track_caller]
fn check(page: &PageWriter, want: &[(u64, &[u8])]) {
    let (records, error) = read(&page.bytes());
    let records: Vec<(u64, &[u8])> = records.iter().map(|(at, data)| (*at, &data[..])).collect();
    assert_eq!((&records[..], error), (want, None));
}

#[test]
fn times_are_exact_whatever_the_distance() {
    for gap in [
        0,
        1,
        (1 << 27) - 1,
        1 << 27,
        (1 << 27) + 1,
        1 << 32,
        1 << 40,
    ] {
        let mut page = PageWriter::new(1000, 4096);
        page.record(1000, b"aaaa").record(1000 + gap, b"bbbb");
        check(&page, &[(1000, b"aaaa"), (1000 + gap, b"bbbb")]);
        let mut page = PageWriter::new(1000, 4096);
        page.record(1000, b"aaaa").stamped(1000 + gap, b"bbbb");
        check(&page, &[(1000, b"aaaa"), (1000 + gap, b"bbbb")]);
    }
}

#[test]
fn absolute_stamps_keep_the_bits_that_they_have_no_room_for() {
    let stamp = 0x5800_0000_0000_1000;
    let mut page = PageWriter::new(stamp, 4096);
    page.record(stamp, b"aaaa")
        .stamped(stamp + (1 << 58), b"bbbb")
        .stamped(stamp + (1 << 59), b"cccc");
    check(
        &page,
        &[
            (stamp, b"aaaa"),
            (stamp + (1 << 58), b"bbbb"),
            (stamp + (1 << 59), b"cccc"),
        ],
    );
}

#[test]
fn a_clock_that_goes_back_stands_still() {
    let mut page = PageWriter::new(5000, 4096);
    page.record(5000, b"aaaa").stamped(4000, b"bbbb");
    let (records, _) = read(&page.bytes());
    assert_eq!(records[1].0, 5000);
}

#[test]
fn padding_and_discarded_records_are_passed_over() {
    let mut page = PageWriter::new(10, 4096);
    page.record(10, b"aaaa")
        .discarded(10, 24)
        .record(12, b"bbbb")
        .discarded(20, 0)
        .record(21, b"cccc")
        .close();
    check(&page, &[(10, b"aaaa"), (12, b"bbbb"), (21, b"cccc")]);
}

#[test]
fn any_page_that_is_written_is_read_back() {
    let mut random = Random(7);
    for _ in 0..2000 {
        let mut clock = random.below(1 << 50);
        let mut page = PageWriter::new(clock, 4096);
        let mut want = Vec::new();
        loop {
            clock += match random.below(10) {
                0 => random.below(1 << 35),
                _ => random.below(5000),
            };
            let mut len = random.below(40) as usize * 4;
            if random.below(8) == 0 {
                len = random.below(900) as usize;
            }
            if page.need(len, clock) + 8 > page.room() {
                break;
            }
            let data: Vec<u8> = (0..len).map(|_| random.next() as u8).collect();
            match random.below(12) {
                0 => page.stamped(clock, &data),
                _ => page.record(clock, &data),
            };
            want.push((clock, data));
        }
        if random.below(2) == 0 {
            page.close();
        }
        assert_eq!(read(&page.bytes()), (want, None));
    }
}

#[test]
fn a_record_that_does_not_fit_ends_the_page_there_and_says_where() {
    let mut page = PageWriter::new(10, 4096);
    page.record(10, b"aaaa").record(11, &[7; 64]);
    let mut bytes = page.bytes();
    // The commit ends within the second record.
    bytes[8] = 30;
    let (records, error) = read(&bytes);
    assert_eq!(records.len(), 1);
    assert_eq!(
        error,
        Some(RecordError::Length {
            at: 8,
            claimed: 68,
            left: 22
        })
    );
    bytes[8] = 12;
    assert_eq!(read(&bytes).1, Some(RecordError::Header { at: 8, left: 4 }));
}

#[test]
fn garbled_pages_end_without_panic_and_in_time_order() {
    let mut random = Random(11);
    for _ in 0..20_000 {
        let mut page = PageWriter::new(random.next() >> random.below(60), 512);
        for at in 0..20 {
            page.record(page_time(&page, at), &[1, 0, 0, 0, 9, 9, 9, 9]);
        }
        let mut bytes = page.bytes();
        for _ in 0..=random.below(12) {
            let at = random.below(bytes.len() as u64) as usize;
            bytes[at] = random.next() as u8;
        }
        let Ok(page) = Page::parse(&bytes, &LAYOUT) else {
            continue;
        };
        let mut last = 0;
        let mut count = 0;
        for record in page.records().flatten() {
            assert!(record.at >= last);
            last = record.at;
            count += 1;
        }
        assert!(count <= bytes.len() / 4);
    }
}

fn page_time(page: &PageWriter, at: u64) -> u64 {
    let stamp = u64::from_le_bytes(page.bytes()[..8].try_into().unwrap());
    stamp.saturating_add(at).max(stamp)
}

#[test]
fn the_count_of_what_is_missing_stands_behind_the_records() {
    let mut page = PageWriter::new(10, 4096);
    page.record(10, b"aaaa").missed(77);
    assert_eq!(
        Page::parse(&page.bytes(), &LAYOUT).unwrap().missed,
        Missed::Count(77)
    );
}
