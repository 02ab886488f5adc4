//! Any bytes as a record that a program in the kernel writes of a thread, and as what `/proc` says of one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use thalweg_kbuf::{Change, TaskLayout, TaskRecord, TaskState};

fuzz_target!(|bytes: &[u8]| {
    if let Some(record) = TaskRecord::parse(bytes) {
        assert!(bytes.len() >= TaskLayout::BYTES as usize);
        assert_eq!(record.state.comm[15], 0);
        assert_eq!(u32::from(bytes[0]), record.change as u32);
        assert!(record.change as u32 <= Change::End as u32);
    }
    let (comm, status) = bytes.split_at(bytes.len().min(24));
    let status = String::from_utf8_lossy(status);
    if let Some(state) = TaskState::parse(&status, comm, || Some(7)) {
        assert_eq!(state.comm[15], 0);
    }
});
