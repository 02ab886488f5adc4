//! Whether a trace on disk holds what was written: by the walker of the testkit, not our own.

use std::fs;
use std::path::Path;

use thalweg_testkit::packet::{Packet, broken_order, packets};
use thalweg_testkit::{babeltrace2, discarded_events};

use super::script::{Written, WrittenStream};

/// The first thing that is wrong with the trace in `dir`.
pub fn verify(dir: &Path, written: &Written) -> Result<(), String> {
    let metadata = fs::read_to_string(dir.join("metadata")).map_err(|e| e.to_string())?;
    if !metadata.ends_with("\n\n") || !metadata.starts_with("/* CTF 1.8 */") {
        return Err("metadata is cut".into());
    }
    for name in stream_names(dir) {
        let expected = written.streams.get(&name).cloned().unwrap_or_default();
        verify_stream(dir, &name, &metadata, &expected).map_err(|why| format!("{name}: {why}"))?;
    }
    match written
        .streams
        .iter()
        .find(|(name, s)| !s.packets.is_empty() && !dir.join(name).exists())
    {
        Some((name, _)) => Err(format!("{name} is gone")),
        None => Ok(()),
    }
}

/// babeltrace2 reads the trace, says nothing but what was discarded, and that exactly.
#[track_caller]
pub fn babeltrace_agrees(dir: &Path) {
    let ran = babeltrace2(dir);
    let total: u64 = stream_names(dir)
        .iter()
        .map(|name| last_discarded(&dir.join(name)))
        .sum();
    assert!(ran.success, "{}", ran.stderr);
    assert_eq!(
        discarded_events(&ran.stderr),
        Ok(total),
        "{}",
        dir.display()
    );
}

fn last_discarded(file: &Path) -> u64 {
    packets(file)
        .unwrap()
        .last()
        .map_or(0, |last| last.discarded)
}

fn stream_names(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap());
    names
        .filter(|name| name != "metadata" && name != "index" && !name.starts_with('.'))
        .collect()
}

fn verify_stream(
    dir: &Path,
    name: &str,
    metadata: &str,
    expected: &WrittenStream,
) -> Result<(), String> {
    let found = packets(&dir.join(name))?;
    if let Some(broken) = broken_order(&found) {
        return Err(broken);
    }
    if found.first().is_some_and(|first| first.sequence != 0) {
        return Err("it does not begin with packet 0".into());
    }
    found
        .iter()
        .try_for_each(|packet| declared(packet, metadata))?;
    verify_records(&found, expected)?;
    let told = found.last().map_or(0, |last| last.discarded);
    let at_most = if !expected.in_flight.is_empty() {
        u64::MAX
    } else {
        expected.discarded.max(told)
    };
    if told < expected.discarded || told > at_most {
        return Err(format!(
            "{told} discarded events and not {}",
            expected.discarded
        ));
    }
    verify_index(dir, name, &found)
}

/// Metadata comes before data, never after.
fn declared(packet: &Packet, metadata: &str) -> Result<(), String> {
    if packet.uuid != [0x5A; 16] {
        return Err(format!("packet at {} is of another trace", packet.offset));
    }
    match metadata.contains(&format!("stream {{\n\tid = {};", packet.stream_id)) {
        true => Ok(()),
        false => Err(format!("stream class {} is not declared", packet.stream_id)),
    }
}

fn verify_records(found: &[Packet], expected: &WrittenStream) -> Result<(), String> {
    let records: Vec<&[u8]> = found
        .iter()
        .map(|packet| &packet.behind_fixed()[context_len(packet)..])
        .filter(|records| !records.is_empty())
        .collect();
    let mut committed = expected.packets.clone();
    committed.retain(|records| !records.is_empty());
    let landed = records.len().saturating_sub(committed.len());
    let in_flight = expected
        .in_flight
        .iter()
        .filter(|records| !records.is_empty());
    committed.extend(in_flight.take(landed).cloned());
    match records == committed {
        true => Ok(()),
        false => Err(format!(
            "{} packets with events and not {}",
            records.len(),
            committed.len()
        )),
    }
}

fn context_len(packet: &Packet) -> usize {
    // Our script declares the kernel's class first.
    if packet.stream_id == 0 { 4 } else { 25 }
}

/// A visible index tells of every packet; a hidden one does not count.
fn verify_index(dir: &Path, name: &str, found: &[Packet]) -> Result<(), String> {
    let Ok(index) = fs::read(dir.join(format!("index/{name}.idx"))) else {
        return Ok(());
    };
    let expected: Vec<u8> = found.iter().flat_map(index_entry).collect();
    let header = [0xC1, 0xF1, 0xDC, 0xC1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 72];
    match index.strip_prefix(&header) {
        Some(entries) if entries == expected => Ok(()),
        _ => Err("its index is wrong".into()),
    }
}

fn index_entry(p: &Packet) -> Vec<u8> {
    [
        p.offset as u64,
        p.packet_bits,
        p.content_bits,
        p.begin,
        p.end,
        p.discarded,
        p.stream_id.into(),
        p.instance,
        p.sequence,
    ]
    .iter()
    .flat_map(|word| word.to_be_bytes())
    .collect()
}
