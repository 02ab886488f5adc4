//! The bytes of an event's contexts.

use thalweg_kbuf::{Attributes, EventContext, RecordHead, container};

use super::kind::{HOSTNAME_BYTES, KernelContext, KernelContexts};
use super::known::Known;
use crate::attribute::Sets;
use crate::tasks::{Task, Tasks};
use crate::tested::Tested;

/// The thread that starts the kernel's others.
const KTHREADD: u32 = 2;

/// Writes the contexts of a set.
#[derive(Debug)]
pub(crate) struct ContextWriter {
    contexts: Vec<KernelContext>,
    tasks: Option<Tasks>,
    hostname: Vec<u8>,
    /// Whose events are wanted, and whose are not.
    tracked: [Sets; 2],
    /// What events must pass besides.
    tested: Tested,
    /// Whose page is being read.
    cpu: u32,
}

impl ContextWriter {
    /// Without `tasks`, what only they tell is 0 or empty.
    pub(crate) fn new(set: KernelContexts, tasks: Option<Tasks>) -> Self {
        let name = rustix::system::uname();
        Self {
            contexts: set.iter().collect(),
            tasks,
            tracked: Default::default(),
            tested: Tested::default(),
            hostname: padded(name.nodename().to_bytes(), HOSTNAME_BYTES),
            cpu: 0,
        }
    }

    /// Only events of threads that have all of these, and none of those.
    pub(crate) fn track(mut self, tracked: [Sets; 2]) -> Self {
        self.tracked = tracked;
        self
    }

    /// Only events that pass these filters.
    pub(crate) fn test(mut self, tested: Tested) -> Self {
        self.tested = tested;
        self
    }

    /// Whether events are left out by filters.
    pub(crate) fn has_filters(&self) -> bool {
        !self.tested.is_empty()
    }

    /// The events that follow are of this CPU.
    pub(crate) fn of_cpu(&mut self, cpu: u32) -> &mut Self {
        self.cpu = cpu;
        self
    }

    /// Beginnings of threads that are not known, as there was no room for them.
    pub(crate) fn lost_tasks(&self) -> u64 {
        self.tasks.as_ref().map_or(0, Tasks::lost)
    }

    /// Whether threads are known.
    pub(crate) fn has_tasks(&self) -> bool {
        self.tasks.is_some()
    }

    /// Reads what there is of threads; events from `oldest` on will be asked about.
    pub(crate) fn keep_up(&mut self, oldest: u64) {
        if let Some(tasks) = &mut self.tasks {
            tasks.keep_up(oldest);
        }
    }

    fn group_path(&self, task: &Task) -> &[u8] {
        let tasks = self.tasks.as_ref();
        tasks.map_or(&[], |tasks| tasks.group_path(task.attributes.cgroup))
    }

    /// The idle threads live where the first of all kernel threads does.
    fn idle(&mut self, at: u64) -> Task {
        let mut idle = Task::idle(self.cpu);
        if let Some(tasks) = &mut self.tasks {
            let first = tasks.find(KTHREADD, at);
            idle.pid_namespace = first.pid_namespace;
            idle.attributes.namespaces = first.attributes.namespaces;
            idle.attributes.cgroup = first.attributes.cgroup;
        }
        idle
    }

    fn task(&mut self, tid: i32, at: u64) -> Task {
        match (u32::try_from(tid), &mut self.tasks) {
            (Ok(0), _) => self.idle(at),
            (Ok(tid), Some(tasks)) => tasks.find(tid, at),
            _ => Task::default(),
        }
    }
}

impl EventContext for ContextWriter {
    fn admits(&mut self, record: &[u8], head: RecordHead, at: u64) -> bool {
        if self.tracked.iter().all(Sets::is_empty) && !self.tested.has(record) {
            return true;
        }
        let task = self.task(head.tid, at);
        let group = self.group_path(&task);
        let [wanted, left_out] = &self.tracked;
        if !wanted.has_all(&task, group) || left_out.has_any(&task, group) {
            return false;
        }
        let known = Known {
            head,
            task,
            cpu: self.cpu,
            group,
            hostname: &self.hostname,
        };
        self.tested.pass(record, &known)
    }

    fn write(&mut self, head: RecordHead, at: u64, out: &mut Vec<u8>) {
        let task = self.task(head.tid, at);
        for context in &self.contexts {
            match context {
                KernelContext::Tid => out.extend_from_slice(&head.tid.to_le_bytes()),
                KernelContext::Procname => out.extend_from_slice(&task.comm),
                KernelContext::Hostname => out.extend_from_slice(&self.hostname),
                KernelContext::Interruptible => out.push(head.is_interruptible().into()),
                KernelContext::Preemptible => out.push(head.is_preemptible().into()),
                KernelContext::NeedReschedule => out.push(head.needs_reschedule().into()),
                KernelContext::Migratable => out.push(head.is_migratable().into()),
                KernelContext::CgroupId => {
                    out.extend_from_slice(&task.attributes.cgroup.to_le_bytes());
                }
                KernelContext::Cgroup => put_text(self.group_path(&task), out),
                KernelContext::Container => {
                    put_text(container(self.group_path(&task)).unwrap_or_default(), out);
                }
                number => out.extend_from_slice(&number_of(*number, &task).to_le_bytes()),
            }
        }
    }
}

/// A context that is a number of 32 bits.
pub(super) fn number_of(context: KernelContext, task: &Task) -> u32 {
    let Attributes {
        prio,
        nice,
        ids,
        own_ids,
        namespaces,
        ..
    } = task.attributes;
    match context {
        KernelContext::Pid => task.pid.cast_unsigned(),
        KernelContext::Ppid => task.ppid.cast_unsigned(),
        KernelContext::Vpid => task.vpid.cast_unsigned(),
        KernelContext::Vtid => task.vtid.cast_unsigned(),
        KernelContext::Vppid => task.vppid.cast_unsigned(),
        KernelContext::Prio => prio.cast_unsigned(),
        KernelContext::Nice => nice.cast_unsigned(),
        KernelContext::CgroupNs => namespaces.cgroup,
        KernelContext::IpcNs => namespaces.ipc,
        KernelContext::MntNs => namespaces.mnt,
        KernelContext::NetNs => namespaces.net,
        KernelContext::PidNs => task.pid_namespace,
        KernelContext::TimeNs => namespaces.time,
        KernelContext::UserNs => namespaces.user,
        KernelContext::UtsNs => namespaces.uts,
        KernelContext::Uid => ids[0],
        KernelContext::Euid => ids[1],
        KernelContext::Suid => ids[2],
        KernelContext::Gid => ids[3],
        KernelContext::Egid => ids[4],
        KernelContext::Sgid => ids[5],
        KernelContext::Vuid => own_ids[0],
        KernelContext::Veuid => own_ids[1],
        KernelContext::Vsuid => own_ids[2],
        KernelContext::Vgid => own_ids[3],
        KernelContext::Vegid => own_ids[4],
        KernelContext::Vsgid => own_ids[5],
        _ => 0,
    }
}

/// What stands for no text: babeltrace2 2.0.4 shows for an empty one that of an older event.
pub(super) const NONE: &[u8] = b"-";

/// UTF-8 and a NUL: what is not UTF-8 is replaced.
fn put_text(text: &[u8], out: &mut Vec<u8>) {
    let text = if text.is_empty() { NONE } else { text };
    out.extend_from_slice(String::from_utf8_lossy(text).as_bytes());
    out.push(0);
}

/// Text in a room whose last byte stays NUL.
fn padded(text: &[u8], room: u64) -> Vec<u8> {
    let room = room as usize;
    let mut bytes = text[..text.len().min(room - 1)].to_vec();
    bytes.resize(room, 0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_as_declared() {
        let set = [
            "tid",
            "pid",
            "procname",
            "hostname",
            "migratable",
            "interruptible",
        ];
        let set = KernelContexts::known(set.into_iter());
        let mut writer = ContextWriter::new(set, None);
        let head = RecordHead::parse(&[0, 0, 1, 0x10, 0, 0, 0, 0]).unwrap();
        let mut out = Vec::new();
        writer.of_cpu(3).write(head, 0, &mut out);
        assert_eq!(&out[..8], [0; 8]);
        assert_eq!(&out[8..24], b"swapper/3\0\0\0\0\0\0\0");
        assert_eq!(
            out[24 + 65..],
            [0, 0],
            "neither interruptible nor migratable"
        );
        assert_eq!(padded(&[b'x'; 70], 65)[63..], [b'x', 0]);
    }
}
