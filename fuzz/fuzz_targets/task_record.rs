//! Any bytes as a record that a program in the kernel writes of a thread, and as what `/proc` says of one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use thalweg_kbuf::{
    Attributes, Change, GroupRecord, TaskLayout, TaskRecord, TaskState, cgroup, container,
};

fuzz_target!(|bytes: &[u8]| {
    if let Some(record) = TaskRecord::parse(bytes) {
        assert!(bytes.len() >= TaskLayout::BYTES as usize);
        assert_eq!(record.state.comm[15], 0);
        assert_eq!(u32::from(bytes[0]), record.change as u32);
        assert!(record.change as u32 <= Change::Group as u32);
        let is_full = bytes.len() >= TaskLayout::FULL_BYTES as usize;
        assert_eq!(record.state.attributes.is_some(), is_full);
    }
    if let Some(group) = GroupRecord::parse(bytes) {
        assert!(group.path.len() < GroupRecord::PATH_BYTES as usize);
        assert!(container(group.path).is_none_or(|id| id.len() <= group.path.len()));
    }
    let (comm, status) = bytes.split_at(bytes.len().min(24));
    let status = String::from_utf8_lossy(status);
    if let Some(state) = TaskState::parse(&status, comm, || Some(7)) {
        assert_eq!(state.comm[15], 0);
    }
    if let Some(mut found) = Attributes::parse(&status, bytes, (&status, &status)) {
        found.map("", "");
        assert_eq!(found.own_ids, [65_534; 6]);
    }
    if let Some(path) = cgroup(bytes) {
        assert!(path.len() <= 1024);
        let _ = container(path);
    }
});
