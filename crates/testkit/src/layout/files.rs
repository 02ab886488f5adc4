//! Stream files and their indexes.

use std::fs;
use std::path::{Path, PathBuf};

use super::rules::{Findings, of_kind};
use super::text::Statement;
use crate::packet::{Packet, broken_order, packets};

pub(super) fn check(dir: &Path, statements: &[Statement], findings: &mut Findings) {
    let uuid = of_kind(statements, "trace")
        .first()
        .and_then(|trace| trace.value("uuid"));
    let ids: Vec<String> = of_kind(statements, "stream")
        .iter()
        .filter_map(|stream| stream.value("id"))
        .collect();
    let mut instances = Vec::new();
    for file in stream_files(dir) {
        let name = file
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        match packets(&file) {
            Err(why) => findings.require(false, "packet", || why),
            Ok(found) => {
                check_packets(&name, &found, uuid.as_deref(), &ids, findings);
                check_index(dir, &name, &found, findings);
                let instance = found.first().map(|first| (first.stream_id, first.instance));
                let fresh = instance.is_none_or(|instance| !instances.contains(&instance));
                findings.require(fresh, "stream-instance", || {
                    format!("{name}: {instance:?} again")
                });
                instances.extend(instance);
            }
        }
    }
}

/// Every visible regular file beside the metadata: readers take each for a stream.
fn stream_files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter(|entry| entry.file_name() != "metadata")
        .filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))
        .map(|entry| entry.path())
        .collect();
    files.sort();
    files
}

fn check_packets(
    name: &str,
    found: &[Packet],
    uuid: Option<&str>,
    ids: &[String],
    findings: &mut Findings,
) {
    for packet in found {
        let at = packet.offset;
        findings.require(
            Some(&*hyphenated(packet.uuid)) == uuid,
            "packet-uuid",
            || format!("{name} byte {at}"),
        );
        findings.require(
            ids.contains(&packet.stream_id.to_string()),
            "packet-stream",
            || format!("{name} byte {at}: stream {}", packet.stream_id),
        );
    }
    findings.require(
        found.first().is_none_or(|first| first.sequence == 0),
        "packet-order",
        || format!("{name} does not begin with packet 0"),
    );
    if let Some(broken) = broken_order(found) {
        findings.require(false, "packet-order", || format!("{name}: {broken}"));
    }
}

fn hyphenated(uuid: [u8; 16]) -> String {
    let hex: Vec<String> = uuid.iter().map(|byte| format!("{byte:02x}")).collect();
    [&hex[..4], &hex[4..6], &hex[6..8], &hex[8..10], &hex[10..]]
        .map(<[String]>::concat)
        .join("-")
}

fn check_index(dir: &Path, name: &str, found: &[Packet], findings: &mut Findings) {
    if found.is_empty() {
        return;
    }
    let Ok(index) = fs::read(dir.join(format!("index/{name}.idx"))) else {
        return findings.require(false, "index", || format!("{name} has none"));
    };
    let words: Vec<u32> = index
        .chunks_exact(4)
        .map(|w| u32::from_be_bytes(w.try_into().expect("four bytes")))
        .collect();
    let header = words.starts_with(&[0xC1F1_DCC1, 1, 1, 72]);
    findings.require(header, "index-header", || {
        format!("{name}: {:x?}", words.get(..4))
    });
    let entries: Vec<Vec<u64>> = index
        .get(16..)
        .unwrap_or_default()
        .chunks(72)
        .map(|entry| {
            entry
                .chunks_exact(8)
                .map(|w| u64::from_be_bytes(w.try_into().expect("eight bytes")))
                .collect()
        })
        .collect();
    let expected: Vec<Vec<u64>> = found.iter().map(entry).collect();
    findings.require(entries == expected, "index-entries", || {
        let wrong = entries.iter().zip(&expected).position(|(a, b)| a != b);
        format!(
            "{name}: {} entries, {} packets, the first wrong one is {wrong:?}",
            entries.len(),
            found.len()
        )
    });
}

fn entry(p: &Packet) -> Vec<u64> {
    let (class, instance) = (u64::from(p.stream_id), p.instance);
    vec![
        p.offset as u64,
        p.packet_bits,
        p.content_bits,
        p.begin,
        p.end,
        p.discarded,
        class,
        instance,
        p.sequence,
    ]
}
