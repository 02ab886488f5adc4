//! Decodes and merges a trace, and does nothing with its events.

use std::hint::black_box;
use std::process::ExitCode;

use thalweg_model::Message;
use thalweg_reader::Reader;

/// Says how many events there are, and what memory it took at most.
pub(crate) fn read(trace: &str) -> ExitCode {
    let mut reader = match Reader::open(&[trace]) {
        Ok(reader) => reader,
        Err(error) => {
            eprintln!("bench-read: failed to open the trace: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut events = 0_u64;
    while let Some(item) = reader.next() {
        match &item {
            Ok(item) => {
                if let Message::Event(event) = &item.message {
                    black_box(event);
                    events += 1;
                }
            }
            Err(error) => {
                eprintln!("bench-read: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    println!("events {events}");
    println!("peak_kib {}", peak_kib().unwrap_or(0));
    ExitCode::SUCCESS
}

fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
