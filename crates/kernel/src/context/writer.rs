//! The bytes of an event's contexts.

use thalweg_kbuf::{EventContext, RecordHead};

use super::kind::{HOSTNAME_BYTES, KernelContext, KernelContexts};
use crate::tasks::{Task, Tasks};

/// Writes the contexts of a set.
#[derive(Debug)]
pub(crate) struct ContextWriter {
    contexts: Vec<KernelContext>,
    tasks: Option<Tasks>,
    hostname: Vec<u8>,
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
            hostname: padded(name.nodename().to_bytes(), HOSTNAME_BYTES),
            cpu: 0,
        }
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

    fn task(&mut self, tid: i32, at: u64) -> Task {
        match (u32::try_from(tid), &mut self.tasks) {
            (Ok(0), _) => Task::idle(self.cpu),
            (Ok(tid), Some(tasks)) => tasks.find(tid, at),
            _ => Task::default(),
        }
    }
}

impl EventContext for ContextWriter {
    fn write(&mut self, head: RecordHead, at: u64, out: &mut Vec<u8>) {
        let task = self.task(head.tid, at);
        for context in &self.contexts {
            match context {
                KernelContext::Tid => out.extend_from_slice(&head.tid.to_le_bytes()),
                KernelContext::Pid => out.extend_from_slice(&task.pid.to_le_bytes()),
                KernelContext::Ppid => out.extend_from_slice(&task.ppid.to_le_bytes()),
                KernelContext::Vpid => out.extend_from_slice(&task.vpid.to_le_bytes()),
                KernelContext::Vtid => out.extend_from_slice(&task.vtid.to_le_bytes()),
                KernelContext::Vppid => out.extend_from_slice(&task.vppid.to_le_bytes()),
                KernelContext::Procname => out.extend_from_slice(&task.comm),
                KernelContext::Hostname => out.extend_from_slice(&self.hostname),
                KernelContext::Interruptible => out.push(head.is_interruptible().into()),
                KernelContext::Preemptible => out.push(head.is_preemptible().into()),
                KernelContext::NeedReschedule => out.push(head.needs_reschedule().into()),
                KernelContext::Migratable => out.push(head.is_migratable().into()),
            }
        }
    }
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
