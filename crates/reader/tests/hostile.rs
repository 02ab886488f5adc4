//! Broken traces: never a panic, never much memory, and always what was valid before the fault.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{shared, show, trace};

/// A small generator of numbers that are the same in every run.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }

    /// Some bytes changed, and now and then some taken away, repeated or put in.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.next(4) {
            if bytes.is_empty() {
                return;
            }
            // Heads lie at the beginning: half of the changes go there.
            let reach = if self.next(2) == 0 {
                bytes.len().min(128)
            } else {
                bytes.len()
            };
            let at = self.next(reach);
            match self.next(8) {
                0 => bytes.truncate(at),
                1 => bytes[at] = 0xff,
                2 => bytes[at] = 0,
                3 => {
                    let end = (at + 1 + self.next(16)).min(bytes.len());
                    bytes.extend_from_within(at..end);
                }
                4 => bytes.insert(at, self.next(256) as u8),
                _ => bytes[at] ^= 1 << self.next(8),
            }
        }
    }
}

/// The small traces of the shared data: metadata and one stream.
fn seeds() -> Vec<(Vec<u8>, Vec<u8>)> {
    let succeed = shared().join("traces/succeed");
    let names = [
        "2packets/trace",
        "2packets",
        "barectf-event-before-packet",
        "crlf-metadata",
        "debug-info",
        "sequence",
        "smalltrace",
        "struct-array-align-elem",
        "wk-heartbeat-u",
        "meta-variant-two-underscores",
        "ev-disc-no-ts-begin-end",
        "lttng-event-after-packet",
    ];
    let seeds: Vec<_> = names
        .iter()
        .filter_map(|name| seed(&succeed.join(name)))
        .collect();
    assert!(seeds.len() >= 8, "only {} seeds", seeds.len());
    seeds
}

fn seed(folder: &Path) -> Option<(Vec<u8>, Vec<u8>)> {
    let metadata = fs::read(folder.join("metadata")).ok()?;
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .ok()?
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let is_stream = |path: &&PathBuf| path.is_file() && !path.ends_with("metadata");
    let mut stream = fs::read(files.iter().find(is_stream)?).ok()?;
    stream.truncate(8192);
    Some((metadata, stream))
}

#[test]
fn no_mutation_of_a_trace_makes_the_reader_panic() {
    let mut random = Seeded(0x9e37_79b9_7f4a_7c15);
    let (mut read, mut refused) = (0, 0);
    for (metadata, stream) in seeds() {
        for round in 0..150 {
            let (mut metadata, mut stream) = (metadata.clone(), stream.clone());
            if round % 3 != 1 {
                random.mutate(&mut stream);
            }
            if round % 3 != 0 {
                random.mutate(&mut metadata);
            }
            let folder = trace(&metadata, &[("stream", &stream)]);
            let shown = show(folder.path());
            read += usize::from(!shown.text.is_empty());
            refused += usize::from(!shown.errors.is_empty());
        }
    }
    // Both ways are taken often, or the mutations test nothing.
    assert!(
        read > 300 && refused > 300,
        "{read} traces with events, {refused} with errors"
    );
}

const METADATA: &str = "/* CTF 1.8 */ trace { major = 1; minor = 8; byte_order = le; };
    stream { packet.context := struct { integer { size = 32; } packet_size; integer { size = 32; } content_size; };
        event.header := struct { integer { size = 8; } id; }; };
    event { name = a; id = 1; fields := struct { integer { size = 8; } len; integer { size = 8; } x[len]; }; };
    event { name = empty; id = 2; fields := struct { integer { size = 32; } n; struct {} none[n]; }; };";

fn packet(size_bytes: u32, content_bytes: u32, events: &[u8]) -> Vec<u8> {
    let mut bytes = (size_bytes * 8).to_le_bytes().to_vec();
    bytes.extend_from_slice(&(content_bytes * 8).to_le_bytes());
    bytes.extend_from_slice(events);
    bytes.resize(size_bytes as usize, 0xee);
    bytes
}

#[track_caller]
fn check(stream: &[u8], text: &str, error: &str) {
    let folder = trace(METADATA.as_bytes(), &[("s", stream)]);
    let shown = show(folder.path());
    assert_eq!(String::from_utf8_lossy(&shown.text), text);
    match shown.errors.as_slice() {
        [] => assert_eq!(error, ""),
        [only] => assert!(only.contains(error) && !error.is_empty(), "{only}"),
        several => panic!("{several:?}"),
    }
}

#[test]
fn the_packet_behind_a_broken_one_is_read() {
    let broken = packet(24, 16, &[1, 0, 9, 0]);
    let whole = packet(24, 11, &[1, 1, 7]);
    check(
        &[broken, whole].concat(),
        "a: { len = 0, x = [ ] }\na: { len = 1, x = [ [0] = 7 ] }\n",
        "packet at byte 0: event 9 at bit 80 is not in the metadata of stream 0",
    );
}

#[test]
fn a_length_beyond_the_content_is_refused_without_taking_memory() {
    check(
        &packet(16, 12, &[1, 0xff, 1, 1]),
        "",
        "255 elements at bit 80 cannot be in the 16 bits that are left",
    );
    check(
        &packet(16, 13, &[2, 0xff, 0xff, 0xff, 0xff]),
        "",
        "4294967295 elements",
    );
}

#[test]
fn sizes_that_contradict_each_other_are_refused() {
    check(&packet(16, 17, &[]), "", "content of 136 bits does not fit");
    check(&packet(16, 7, &[]), "", "content of 56 bits does not fit");
    let mut tiny = packet(16, 16, &[]);
    tiny[0] = 7;
    check(&tiny, "", "packet of 7 bits cannot hold a head of 64 bits");
}

#[test]
fn a_window_slides_over_packets_of_any_size_and_grows_for_one_event() {
    let metadata = METADATA.replace("integer { size = 8; } len;", "integer { size = 32; } len;");
    let mut events = Vec::new();
    for length in [10_u32, 700_000, 3, 1_500_000, 0, 40_000] {
        events.push(1);
        events.extend_from_slice(&length.to_le_bytes());
        events.resize(events.len() + length as usize, 5);
    }
    let size = events.len() as u32 + 8;
    let stream = [
        packet(size, size, &events),
        packet(16, 13, &[1, 0, 0, 0, 0]),
    ]
    .concat();
    let folder = trace(metadata.as_bytes(), &[("s", &stream)]);
    let shown = show(folder.path());
    assert_eq!(shown.errors, Vec::<String>::new());
    let text = String::from_utf8(shown.text).unwrap();
    let elements: Vec<usize> = text
        .lines()
        .map(|line| line.matches("] = 5").count())
        .collect();
    assert_eq!(elements, [10, 700_000, 3, 1_500_000, 0, 40_000, 0]);
}

#[test]
fn folders_without_a_trace_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(show(folder.path()).errors[0].ends_with("no folder in it has a file `metadata`"));
    let errors = show(&folder.path().join("nowhere")).errors;
    assert!(errors[0].contains("nowhere: No such file"), "{errors:?}");
}
