//! The threads, and what each was called when.
//!
//! Invariant: a thread's states are in the order of their times.

use std::collections::HashMap;
use std::io::Write as _;

use thalweg_kbuf::{Attributes, Change, TaskRecord, TaskState};

/// What contexts say of a thread; all 0 if it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) pid: i32,
    pub(crate) ppid: i32,
    pub(crate) vpid: i32,
    pub(crate) vtid: i32,
    pub(crate) vppid: i32,
    pub(crate) comm: [u8; 16],
    pub(crate) pid_namespace: u32,
    /// If they are asked for, and known.
    pub(crate) attributes: Attributes,
}

impl Task {
    /// What runs when nothing does.
    pub(crate) fn idle(cpu: u32) -> Self {
        let mut task = Self::default();
        task.attributes.prio = IDLE_PRIO;
        task.attributes.ids = [0; 6];
        task.attributes.own_ids = [0; 6];
        // A number of a CPU always fits.
        let _ = write!(&mut task.comm[..], "swapper/{cpu}");
        task
    }
}

/// Of what runs when nothing does, as LTTng counts it.
const IDLE_PRIO: i32 = 20;

/// A thread from some time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    task: TaskState,
    /// The parent was looked up again after it had ended: a process may go on without its first thread.
    is_adopted: bool,
}

impl From<TaskState> for State {
    fn from(task: TaskState) -> Self {
        let is_adopted = false;
        Self { task, is_adopted }
    }
}

/// A thread's states, each with the time at which it began.
#[derive(Debug, Default)]
struct Life {
    states: Vec<(u64, State)>,
    end: Option<u64>,
}

impl Life {
    /// What it was at a time; what it was first, before that.
    fn at(&self, time: u64) -> Option<&State> {
        let behind = self.states.partition_point(|(from, _)| *from <= time);
        let place = behind.saturating_sub(1);
        self.states.get(place).map(|(_, state)| state)
    }

    /// Another state from some time on: the one before with what a record has changed.
    fn change(&mut self, record: &TaskRecord, at: u64) {
        let Some(mut state) = self.at(at).copied() else {
            return;
        };
        let task = &mut state.task;
        if record.change == Change::Rename {
            task.comm = record.state.comm;
        } else if let Some(new) = record.state.attributes {
            let own = task.attributes.get_or_insert_default();
            match record.change {
                Change::Priority => (own.prio, own.nice) = (new.prio, new.nice),
                Change::Group => own.cgroup = new.cgroup,
                _ => *own = new,
            }
        }
        self.put(at, state);
    }

    fn put(&mut self, time: u64, state: State) {
        let place = self.states.partition_point(|(from, _)| *from <= time);
        self.states.insert(place, (time, state));
    }
}

/// The threads.
#[derive(Debug, Default)]
pub(crate) struct Table {
    lives: HashMap<u32, Life>,
    /// Changes since it was looked for those to forget, and how many states were left then.
    taken: usize,
    kept: usize,
}

/// So many changes are kept at least.
const KEPT: usize = 8192;
/// So many states are kept at most, whatever somebody may ask for: some 100 MiB.
const MOST: usize = 1 << 20;

impl Table {
    /// A thread that was there before the recording.
    pub(crate) fn found(&mut self, tid: u32, state: TaskState) {
        let life = self.lives.entry(tid).or_default();
        if life.states.is_empty() {
            life.put(0, state.into());
        }
    }

    /// Takes a record whose time in the trace is `at`.
    pub(crate) fn take(&mut self, record: &TaskRecord, at: u64) {
        self.taken += 1;
        let life = self.lives.entry(record.tid).or_default();
        match record.change {
            Change::Begin => {
                life.put(at, record.state.into());
                life.end = None;
            }
            Change::End => life.end = Some(at),
            Change::Group if record.is_of_process => {
                let of_process = |life: &&mut Life| {
                    let state = life.at(at);
                    state.is_some_and(|state| state.task.pid == record.state.pid)
                };
                for life in self.lives.values_mut().filter(of_process) {
                    life.change(record, at);
                }
            }
            _ => life.change(record, at),
        }
    }

    /// Another parent from some time on.
    pub(super) fn adopted(&mut self, tid: u32, at: u64, ppid: i32) {
        let Some(life) = self.lives.get_mut(&tid) else {
            return;
        };
        if let Some(mut state) = life.at(at).copied() {
            (state.task.ppid, state.is_adopted) = (ppid, true);
            life.put(at, state);
        }
    }

    /// A thread's parent at a time, if that parent had ended by then; and when it had.
    pub(super) fn ended_parent(&self, tid: u32, at: u64) -> Option<u64> {
        let state = self
            .lives
            .get(&tid)?
            .at(at)
            .filter(|state| !state.is_adopted)?;
        let parent = self.lives.get(&state.task.ppid.cast_unsigned())?;
        parent.end.filter(|end| *end <= at)
    }

    /// What contexts say of a thread at a time.
    pub(crate) fn find(&self, tid: u32, at: u64) -> Task {
        let state_of = |id: i32| Some(self.lives.get(&id.cast_unsigned())?.at(at)?.task);
        let Some(state) = state_of(tid.cast_signed()) else {
            return Task::default();
        };
        let leader = state_of(state.pid).unwrap_or(state);
        let parent = state_of(state.ppid);
        let is_seen = |parent: &TaskState| parent.namespace == state.namespace;
        Task {
            pid: state.pid,
            ppid: state.ppid,
            vpid: leader.vtid,
            vtid: state.vtid,
            vppid: parent.filter(is_seen).map_or(0, |parent| parent.vtid),
            comm: state.comm,
            pid_namespace: state.namespace,
            attributes: state.attributes.unwrap_or_default(),
        }
    }

    /// Forgets threads that had ended before a time, and what others were before, once there are many.
    pub(crate) fn forget(&mut self, before: u64) {
        if self.taken < KEPT.max(self.kept).min(MOST / 2) {
            return;
        }
        self.forget_before(before);
        if self.kept >= MOST {
            self.forget_before(self.median());
        }
    }

    fn forget_before(&mut self, before: u64) {
        // Of one whose beginning is lost nothing is known.
        self.lives
            .retain(|_, life| !life.states.is_empty() && life.end.is_none_or(|end| end >= before));
        for life in self.lives.values_mut() {
            let behind = life.states.partition_point(|(from, _)| *from <= before);
            life.states.drain(..behind.saturating_sub(1));
        }
        self.kept = self.lives.values().map(|life| life.states.len()).sum();
        self.taken = 0;
    }

    /// The time before which half of the states began.
    fn median(&self) -> u64 {
        let states = self.lives.values().flat_map(|life| &life.states);
        let mut times: Vec<u64> = states.map(|(from, _)| *from).collect();
        match times.len() / 2 {
            0 => 0,
            half => *times.select_nth_unstable(half).1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> [u8; 16] {
        let mut name = [0; 16];
        name[..text.len()].copy_from_slice(text.as_bytes());
        name
    }

    fn record(change: Change, tid: u32, text: &str) -> TaskRecord {
        TaskRecord {
            change,
            tid,
            time_ns: 0,
            state: TaskState {
                pid: tid.cast_signed(),
                ppid: 5,
                namespace: 1,
                vtid: tid.cast_signed() - 4,
                comm: name(text),
                attributes: None,
            },
            is_of_process: false,
        }
    }

    fn state(pid: i32, namespace: u32) -> TaskState {
        TaskState {
            pid,
            ppid: 1,
            vtid: 1,
            namespace,
            comm: name("old"),
            attributes: None,
        }
    }

    #[test]
    fn a_thread_is_what_it_was_at_the_time() {
        let mut table = Table::default();
        table.found(5, state(5, 1));
        table.take(&record(Change::Begin, 7, "sh"), 100);
        // Records of several processors come in any order.
        table.take(&record(Change::Rename, 7, "cat"), 300);
        table.take(&record(Change::Rename, 7, "env"), 200);
        table.take(&record(Change::End, 7, ""), 400);
        let comm = |at| table.find(7, at).comm;
        assert_eq!([99, 100, 199].map(comm), [name("sh"); 3]);
        assert_eq!([200, 300, 500].map(comm), ["env", "cat", "cat"].map(name));
        let task = table.find(7, 150);
        assert_eq!(
            (task.pid, task.ppid, task.vpid, task.vtid, task.vppid),
            (7, 5, 3, 3, 1)
        );
        assert_eq!(table.find(8, 150), Task::default());
    }

    #[test]
    fn a_parent_in_another_namespace_has_no_number() {
        let mut table = Table::default();
        table.found(5, state(5, 2));
        table.take(&record(Change::Begin, 7, "x"), 100);
        assert_eq!(table.find(7, 100).vppid, 0);
    }

    #[test]
    fn what_changes_leaves_the_rest_as_it_was() {
        let with = |change, tid, prio, cgroup| {
            let mut record = record(change, tid, "x");
            record.state.pid = 7;
            record.state.attributes = Some(Attributes {
                prio,
                cgroup,
                ..Attributes::default()
            });
            record
        };
        let mut table = Table::default();
        for (change, tid, at) in [(Change::Begin, 7, 10), (Change::Begin, 8, 20)] {
            table.take(&with(change, tid, 20, 1), at);
        }
        table.take(&with(Change::Priority, 8, 5, 0), 30);
        let mut group = with(Change::Group, 7, 0, 2);
        group.is_of_process = true;
        table.take(&group, 40);
        let of = |tid, at| {
            let found = table.find(tid, at).attributes;
            (found.prio, found.cgroup)
        };
        assert_eq!([29, 30, 40].map(|at| of(8, at)), [(20, 1), (5, 1), (5, 2)]);
        assert_eq!([39, 40].map(|at| of(7, at)), [(20, 1), (20, 2)]);
        table.take(&with(Change::Attributes, 8, 9, 3), 50);
        assert_eq!(table.find(8, 50).attributes.prio, 9);
    }

    #[test]
    fn a_number_is_another_thread_s_later() {
        let mut table = Table::default();
        table.take(&record(Change::Begin, 7, "a"), 100);
        table.take(&record(Change::End, 7, ""), 200);
        table.take(&record(Change::Begin, 7, "b"), 300);
        assert_eq!(table.find(7, 250).comm, name("a"));
        assert_eq!(table.find(7, 300).comm, name("b"));
        table.found(7, state(7, 1));
        assert_eq!(table.find(7, 0).comm, name("a"), "the records know better");
    }

    #[test]
    fn who_has_lost_a_parent_is_told_once() {
        let mut table = Table::default();
        table.take(&record(Change::Begin, 5, "p"), 10);
        table.take(&record(Change::Begin, 7, "c"), 20);
        assert_eq!(table.ended_parent(7, 30), None);
        table.take(&record(Change::End, 5, ""), 40);
        assert_eq!(table.ended_parent(7, 39), None);
        assert_eq!(table.ended_parent(7, 50), Some(40));
        table.adopted(7, 40, 1);
        assert_eq!(table.ended_parent(7, 50), None);
        let ppid = |at| table.find(7, at).ppid;
        assert_eq!([39, 40].map(ppid), [5, 1]);
    }

    #[test]
    fn threads_that_ended_long_ago_are_forgotten() {
        let mut table = Table::default();
        for tid in 10..10 + KEPT as u32 {
            table.take(&record(Change::Begin, tid, "x"), u64::from(tid));
            table.take(&record(Change::End, tid, ""), u64::from(tid));
        }
        table.forget(10 + KEPT as u64 / 2);
        assert_eq!(table.lives.len(), KEPT / 2);
        table.forget(u64::MAX);
        assert_eq!(
            table.lives.len(),
            KEPT / 2,
            "not again before there is as much"
        );
    }

    #[test]
    fn threads_whose_beginnings_are_lost_are_forgotten() {
        let mut table = Table::default();
        for tid in 10..10 + KEPT as u32 {
            table.take(&record(Change::Rename, tid, "x"), u64::from(tid));
        }
        table.forget(0);
        assert_eq!(table.lives.len(), 0);
    }

    #[test]
    fn numbers_that_are_given_again_and_again_take_no_more_memory() {
        let mut table = Table::default();
        for at in 0..5 * KEPT as u64 {
            let tid = 10 + (at % 100) as u32;
            table.take(&record(Change::Begin, tid, "x"), at);
            table.take(&record(Change::End, tid, ""), at);
            table.forget(at.saturating_sub(1000));
        }
        let states: usize = table.lives.values().map(|life| life.states.len()).sum();
        assert!(states <= 2 * KEPT, "{states}");
    }

    #[test]
    fn there_is_an_end_to_what_is_remembered() {
        let mut table = Table::default();
        for at in 0..2 * MOST as u64 {
            table.take(&record(Change::Begin, 10 + (at % 100) as u32, "x"), at);
            table.forget(0);
        }
        let states: usize = table.lives.values().map(|life| life.states.len()).sum();
        assert!(states <= 2 * MOST, "{states}");
        assert_ne!(table.find(10, 2 * MOST as u64), Task::default());
    }
}
