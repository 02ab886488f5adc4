//! What programs read of a task's attributes, as [`Attributes`](thalweg_kbuf::Attributes) has them.

use thalweg_bpf::Register::{R1, R3, R6, R8, R10};
use thalweg_bpf::{Assembler, Btf, BtfError, Condition, Helper, Size};
use thalweg_kbuf::TaskLayout;

use super::program::{RECORD, copy};
use crate::bpf::find_offset;

/// The namespaces in a task's `nsproxy`, in the order of the record; what a kernel lacks stays 0.
const NAMESPACES: [(&str, &str); 6] = [
    ("cgroup_ns", "cgroup_namespace"),
    ("ipc_ns", "ipc_namespace"),
    ("mnt_ns", "mnt_namespace"),
    ("net_ns", "net"),
    ("time_ns", "time_namespace"),
    ("uts_ns", "uts_namespace"),
];

/// Where the kernel keeps what is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct AttributeOffsets {
    pub(super) prio: i16,
    pub(super) static_prio: i16,
    pub(super) normal_prio: i16,
    credentials: i16,
    ids: i16,
    user: i16,
    user_inode: i16,
    maps: [i16; 2],
    map_count: i16,
    map_ranges: i16,
    nsproxy: i16,
    /// The pointer in `nsproxy`, and the number in what it points at.
    namespaces: [Option<(i16, i16)>; 6],
    /// From a task to the number of its control group.
    group: [i16; 4],
}

impl AttributeOffsets {
    pub(super) fn find(btf: &Btf) -> Result<Self, BtfError> {
        let find = |structure, path| find_offset(btf, structure, path);
        let task = |path| find("task_struct", path);
        let namespace = |(member, structure): (&str, &str)| {
            let pointer = find_offset(btf, "nsproxy", member).ok()?;
            Some((pointer, find_offset(btf, structure, "ns.inum").ok()?))
        };
        Ok(Self {
            prio: task("prio")?,
            static_prio: task("static_prio")?,
            normal_prio: task("normal_prio")?,
            credentials: task("cred")?,
            ids: find("cred", "uid")?,
            user: find("cred", "user_ns")?,
            user_inode: find("user_namespace", "ns.inum")?,
            maps: [
                find("user_namespace", "uid_map")?,
                find("user_namespace", "gid_map")?,
            ],
            map_count: find("uid_gid_map", "nr_extents")?,
            map_ranges: find("uid_gid_map", "extent")?,
            nsproxy: task("nsproxy")?,
            namespaces: NAMESPACES.map(namespace),
            group: [
                task("cgroups")?,
                find("css_set", "dfl_cgrp")?,
                find("cgroup", "kn")?,
                find("kernfs_node", "id")?,
            ],
        })
    }

    /// Writes all of the task in R6; R8 is lost.
    pub(super) fn write(self, a: &mut Assembler) {
        self.write_priority(a);
        self.write_group(a);
        self.write_credentials(a);
        self.write_namespaces(a);
    }

    pub(super) fn write_priority(self, a: &mut Assembler) {
        for (from, to) in [
            (self.prio, TaskLayout::PRIO),
            (self.static_prio, TaskLayout::STATIC_PRIO),
        ] {
            a.load(Size::Four, R1, (R6, from));
            a.store(Size::Four, (R10, RECORD + to), R1);
        }
    }

    pub(super) fn write_group(self, a: &mut Assembler) {
        a.set(R1, R6);
        for step in self.group {
            a.load(Size::Eight, R1, (R1, step));
        }
        a.store(Size::Eight, (R10, RECORD + TaskLayout::CGROUP), R1);
    }

    /// Users and groups; and how their namespace calls them.
    fn write_credentials(self, a: &mut Assembler) {
        a.load(Size::Eight, R8, (R6, self.credentials));
        let ids = i32::from(TaskLayout::ID_BYTES);
        copy(a, TaskLayout::IDS, ids, Helper::ProbeReadKernel, |a| {
            a.set(R3, R8);
            a.add(R3, i32::from(self.ids));
        });
        a.load(Size::Eight, R8, (R8, self.user));
        a.load(Size::Four, R1, (R8, self.user_inode));
        a.store(Size::Four, (R10, RECORD + TaskLayout::USER_NAMESPACE), R1);
        for (to, map) in [TaskLayout::USERS, TaskLayout::GROUPS]
            .into_iter()
            .zip(self.maps)
        {
            let part = |a: &mut Assembler, to, bytes: i16, at: i16| {
                copy(a, to, i32::from(bytes), Helper::ProbeReadKernel, |a| {
                    a.set(R3, R8);
                    a.add(R3, i32::from(map) + i32::from(at));
                });
            };
            part(a, to, 4, self.map_count);
            part(a, to + 4, TaskLayout::RANGE_BYTES, self.map_ranges);
        }
    }

    /// A task that ends has none any more.
    fn write_namespaces(self, a: &mut Assembler) {
        let none = a.label();
        a.load(Size::Eight, R8, (R6, self.nsproxy));
        a.jump_if(Condition::Equal, R8, 0, none);
        for (place, namespace) in (0..).zip(self.namespaces) {
            let Some((pointer, inode)) = namespace else {
                continue;
            };
            a.load(Size::Eight, R1, (R8, pointer));
            a.load(Size::Four, R1, (R1, inode));
            let to = RECORD + TaskLayout::NAMESPACES + 4 * place;
            a.store(Size::Four, (R10, to), R1);
        }
        a.bind(none);
    }
}
