//! All programs of a recording: found, attached, drained, and seen off.

use rustix::fd::OwnedFd;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use thalweg_model::LossCause;

use crate::context::{Contexts, Values};
use crate::drain::{Pass, count_losses, drain, release_lanes};
use crate::gone::retire;
use crate::output::Output;
use crate::process::{Process, Threads};
use crate::program::{
    Definitions, Memory, Program, Reach, SampledContexts, Terms, ThreadKey, allowed,
};
use crate::pulse::Pulse;
use crate::rendezvous::{Call, Found, Owner, Owners, Post, Watch, accept_all, open_memfd, scan};
use crate::session::Session;
use crate::sink::SinkError;
use crate::statedump::{LAST_DUMPS, StateDumps};
use crate::states::Due;
use crate::summary::{RingMode, SourceSummary};

/// A program's memory, before it is attached.
struct Ring {
    memfd: OwnedFd,
    file: OwnedFd,
    process: Process,
}

/// Why a program is not attached.
enum Refusal {
    /// It is still setting its ring up.
    Busy(Box<Definitions>, Ring),
    /// It cannot be.
    Never(String),
}

/// One user's programs and the folder that they are recorded to.
pub(crate) struct Group {
    pub(crate) output: Output,
    pub(crate) programs: Vec<Program>,
}

/// What programs may do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    /// Which of their events are wanted, as text.
    pub(crate) rules: String,
    /// The most ring memory of all programs together.
    pub(crate) limit_bytes: u64,
    /// What each event says of its thread besides.
    pub(crate) contexts: Contexts,
    /// Some of the threads' counters are not there, and the user knows.
    pub(crate) lacks_counters: bool,
    /// What their threads do that find no room.
    pub(crate) mode: RingMode,
    /// Nothing of them is wanted.
    pub(crate) are_ignored: bool,
}

/// All programs of a recording.
pub(crate) struct Programs {
    pub(crate) session: Session,
    pub(crate) limits: Limits,
    posts: Vec<Post>,
    watch: Watch,
    pub(crate) groups: BTreeMap<u32, Group>,
    pub(crate) dumps: StateDumps,
    /// Whose dumps are to be taken again.
    pub(crate) due: Due,
    gone: Vec<SourceSummary>,
    notes: Vec<String>,
    /// Programs that are still setting their rings up.
    waiting: Vec<(usize, Definitions, Ring)>,
    /// Of each folder, the files that were looked at and are not to be looked at again.
    passed_over: BTreeMap<usize, BTreeSet<String>>,
    storage_error: Option<String>,
    closed_bytes: u64,
    /// For the rings in which threads may wait.
    pub(crate) pulse: Option<Pulse>,
    /// Programs that were seen off, and of which the keeper does not know yet.
    pub(crate) released: Vec<u64>,
}

/// What is told of a program that cannot be recorded.
const NOT_SEEN: &str = "it is in a pid namespace that cannot be seen from here: if it still runs, \
    nothing of it is recorded; record it from inside or from the host";

/// What is told of one that can be recorded in part.
const NOT_WHOLLY_SEEN: &str = "it is in a pid namespace that cannot be seen from here: its events \
    are recorded, but not which libraries it has, nor its threads' names and contexts";

/// Chunks that nobody used for so long give their memory back.
const IDLE_SECONDS: u64 = 3;

/// What is told to whoever holds the rings when this process dies.
pub(crate) type Holder<'a> = dyn FnMut(&Program, u32, usize) + 'a;

impl Programs {
    pub(crate) fn new(session: Session, limits: Limits, posts: Vec<Post>, watch: Watch) -> Self {
        let dumps = StateDumps::new(&limits.rules, session.clock.clone());
        Self {
            session,
            limits,
            posts,
            watch,
            groups: BTreeMap::new(),
            dumps,
            due: Due::new(),
            gone: Vec::new(),
            notes: Vec::new(),
            waiting: Vec::new(),
            passed_over: BTreeMap::new(),
            storage_error: None,
            closed_bytes: 0,
            pulse: None,
            released: Vec::new(),
        }
    }

    /// The places that this recording has in folders.
    pub(crate) fn posts(&self) -> &[Post] {
        &self.posts
    }

    /// What tells that a folder has changed.
    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Attaches programs that call, and those whose files have appeared.
    pub(crate) fn welcome(&mut self, look: bool, hold: &mut Holder<'_>) {
        if self.limits.are_ignored {
            self.watch.take_changes();
            return self.posts.iter().for_each(|post| drop(accept_all(post)));
        }
        self.try_again(hold);
        for post in 0..self.posts.len() {
            for call in accept_all(&self.posts[post]) {
                self.answer(post, call, hold);
            }
        }
        if look || self.watch.take_changes() {
            for post in 0..self.posts.len() {
                self.look_into(post, hold);
            }
        }
    }

    /// Whether a program that called has not said all yet, or is still setting its ring up.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty() || self.posts.iter().any(|post| post.silent.is_any())
    }

    fn answer(&mut self, post: usize, call: Call, hold: &mut Holder<'_>) {
        let Call {
            process,
            memfd,
            file,
            definitions,
        } = call;
        match (definitions, process) {
            (Ok(definitions), Some(process)) => {
                let found = Ring {
                    memfd,
                    file,
                    process,
                };
                self.attach(post, definitions, found, hold);
            }
            (Ok(definitions), None) => {
                // Its events would fill a ring that nobody empties.
                let slot = self.posts[post].slot;
                if let Ok(memory) = Memory::map(&memfd, &definitions.head) {
                    memory.disable_all(slot);
                }
                self.note(format!("{}: {NOT_SEEN}", definitions.title()));
            }
            (Err(error), process) => {
                let pid = process.and_then(|process| process.pid()).unwrap_or(0);
                self.note(format!("a program (pid {pid}) was refused: {error}"));
            }
        }
    }

    /// Programs that were there before this recording, or that could not call.
    fn look_into(&mut self, post: usize, hold: &mut Holder<'_>) {
        let before = self.passed_over.remove(&post).unwrap_or_default();
        // A name that has gone does not come again.
        let still = RefCell::new(BTreeSet::new());
        let found = scan(&self.posts[post].folder, |name| {
            let is_known = before.contains(name);
            if is_known {
                still.borrow_mut().insert(name.to_owned());
            }
            !is_known
        });
        let mut looked_at = still.into_inner();
        looked_at.extend(found.iter().map(|found| found.name.clone()));
        self.passed_over.insert(post, looked_at);
        let owners = Owners::default();
        for Found {
            name,
            file,
            definitions,
        } in found
        {
            match (definitions, file) {
                (Ok(definitions), Some(file)) => {
                    let head = &definitions.head;
                    let owner = owners.find(head.pid, head.pid_ns);
                    self.attach_running(post, definitions, (file, owner), hold);
                }
                (Ok(_), None) => {}
                (Err(error), _) => self.note(format!("the file {name} was passed over: {error}")),
            }
        }
    }

    fn attach_running(
        &mut self,
        post: usize,
        definitions: Definitions,
        (file, owner): (OwnedFd, Owner),
        hold: &mut Holder<'_>,
    ) {
        let head = &definitions.head;
        if self.is_attached(head.nonce) {
            return;
        }
        let process = match owner {
            Owner::Known(process) => process,
            Owner::Gone => return,
            Owner::Hidden => return self.note(format!("{}: {NOT_SEEN}", definitions.title())),
        };
        match open_memfd(&process, head) {
            Ok(memfd) => {
                let found = Ring {
                    memfd,
                    file,
                    process,
                };
                self.attach(post, definitions, found, hold);
            }
            Err(rustix::io::Errno::NOENT) => {}
            Err(why) => self.note(format!(
                "the program with pid {} cannot be traced: its ring cannot be opened: {why}",
                head.pid
            )),
        }
    }

    fn is_attached(&self, nonce: u64) -> bool {
        self.groups
            .values()
            .flat_map(|group| &group.programs)
            .any(|p| p.nonce() == nonce)
    }

    /// Attaches those that were in the middle of setting their rings up when they called.
    fn try_again(&mut self, hold: &mut Holder<'_>) {
        for (post, definitions, ring) in std::mem::take(&mut self.waiting) {
            self.attach(post, definitions, ring, hold);
        }
    }

    fn attach(
        &mut self,
        post: usize,
        definitions: Definitions,
        found: Ring,
        hold: &mut Holder<'_>,
    ) {
        let (slot, uid) = (self.posts[post].slot, self.posts[post].folder.uid);
        if self.is_attached(definitions.head.nonce) {
            return;
        }
        let pid = definitions.head.pid;
        match self.try_attach(slot, definitions, found) {
            Ok(mut program) => {
                // First of all: a program may end soon.
                self.dumps.ask(&program, uid);
                if program.process.is_hidden() {
                    self.note(format!("{}: {NOT_WHOLLY_SEEN}", program.title()));
                }
                let main = Values::of_main_thread(&program, self.limits.contexts.threads);
                self.end_replaced(uid, &program);
                hold(&program, uid, slot);
                self.give_pulse(&program, slot);
                // One that has set its ring up by itself has turned its events on, and knows.
                if program.enable(&self.limits.rules) > 0 {
                    program.ask_for_state();
                }
                match self.add(uid, program) {
                    Ok(()) => self.meet(uid, main),
                    Err(error) => {
                        self.storage_error.get_or_insert(error.to_string());
                    }
                }
                self.keep_limit();
            }
            Err(Refusal::Busy(definitions, ring)) => self.waiting.push((post, *definitions, ring)),
            Err(Refusal::Never(why)) => {
                self.note(format!(
                    "the program with pid {pid} cannot be traced: {why}"
                ));
            }
        }
    }

    fn try_attach(
        &self,
        slot: usize,
        definitions: Definitions,
        found: Ring,
    ) -> Result<Program, Refusal> {
        let never = |why: String| Refusal::Never(why);
        let memory = Memory::map(&found.memfd, &definitions.head);
        let memory = memory.map_err(|why| never(why.to_string()))?;
        if memory.is_being_set_up(slot) && !found.process.has_ended() {
            return Err(Refusal::Busy(Box::new(definitions), found));
        }
        memory.claim_session(slot, self.session.start);
        let terms = Terms {
            slot,
            clock: self.session.clock.word(),
            limit_units: self.units_left(),
            mode: Some(allowed(&memory, self.limits.mode)),
            sampled: SampledContexts::of(&self.limits.contexts),
        };
        let Ring { file, process, .. } = found;
        Program::attach(definitions, memory, file, &terms, process)
            .map_err(|why| never(why.to_string()))
    }

    /// An `exec` has replaced what the process was: nobody writes into those rings any more.
    fn end_replaced(&mut self, uid: u32, new: &Program) {
        for old in self
            .groups
            .get_mut(&uid)
            .into_iter()
            .flat_map(|group| &mut group.programs)
        {
            if old.is_of_same_process(new)
                && old.definitions.head.image != new.definitions.head.image
            {
                old.set_dead();
            }
        }
    }

    /// Adds an attached program to its user's group.
    pub(crate) fn add(&mut self, uid: u32, program: Program) -> Result<(), SinkError> {
        if !self.groups.contains_key(&uid) {
            let output = self.session.create_output(uid, &self.limits.contexts)?;
            self.groups.insert(
                uid,
                Group {
                    output,
                    programs: Vec::new(),
                },
            );
        }
        if let Some(group) = self.groups.get_mut(&uid) {
            group.programs.push(program);
        }
        Ok(())
    }

    /// Notes the contexts of the program that was added last.
    fn meet(&mut self, uid: u32, main: Values) {
        if let Some(group) = self.groups.get_mut(&uid)
            && let Some(program) = group.programs.last()
        {
            self.dumps.set_values(program.nonce(), main.clone());
            group.output.contexts.meet(program, main);
        }
    }

    /// Writes the state dumps that are there, or that come until `end`.
    fn write_dumps(&mut self, end: Option<Instant>) {
        let next = |dumps: &mut StateDumps| match end {
            Some(end) => dumps.wait(end),
            None => dumps.take(),
        };
        self.ask_for_due_dumps();
        while let Some(dump) = next(&mut self.dumps) {
            self.ask_for_due_dumps();
            let (events, ledger) = (dump.len(), &mut self.dumps.ledger);
            match self.groups.get_mut(&dump.uid) {
                Some(group) => group.output.write_dump(&dump, ledger),
                None => ledger.lose(LossCause::Storage, events),
            }
        }
    }

    /// Uses an output that exists, for whoever goes on with a trace.
    pub(crate) fn adopt_output(&mut self, uid: u32, output: Output) {
        self.groups.insert(
            uid,
            Group {
                output,
                programs: Vec::new(),
            },
        );
    }

    /// The nonces of programs that are gone and were seen off since this was asked last.
    pub(crate) fn take_released(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.released)
    }

    /// Drains all programs once; how many finished chunks there were.
    pub(crate) fn pass(
        &mut self,
        reach: Reach,
        on_disk: &dyn Fn(&Program, ThreadKey) -> Option<u64>,
    ) -> usize {
        self.pass_once(reach, on_disk, false)
    }

    fn pass_once(
        &mut self,
        reach: Reach,
        on_disk: &dyn Fn(&Program, ThreadKey) -> Option<u64>,
        is_last: bool,
    ) -> usize {
        self.write_dumps(None);
        let starved = self.starved();
        // First: draining takes its time, and the programs go on meanwhile.
        self.grow();
        let clock = &self.session.clock;
        let mut found = 0;
        for group in self.groups.values_mut() {
            for program in &mut group.programs {
                program.learn();
            }
            let window = self.session.window();
            // Threads that are gone leave chunks behind: to be looked for when chunks are scarce,
            // and now and then.
            let is_starved = |program: &Program| starved.contains(&program.nonce());
            let look = |program: &Program| reach == Reach::All || is_starved(program);
            let live = |program: &Program| look(program).then(|| threads(program)).flatten();
            let pass = Pass {
                reach,
                window,
                now: &|| clock.now(),
                is_last,
                live: &live,
                on_disk,
            };
            found += drain(&mut group.programs, &mut group.output, &pass);
            let calm = pass.calm();
            let in_need = group.programs.iter_mut().filter(|p| p.needs_care());
            in_need.for_each(|program| tend(program, calm));
            if group.programs.iter().any(is_starved) {
                // Threads that come and go fast need their indexes back as fast.
                group.programs.iter().for_each(bury_threads);
            }
        }
        self.grow();
        let programs = self.groups.values_mut();
        programs
            .flat_map(|group| &mut group.programs)
            .for_each(Program::wake_waiting);
        found
    }

    /// The programs that looked for a chunk in vain since they were given more.
    fn starved(&self) -> Vec<u64> {
        let programs = self.groups.values().flat_map(|group| &group.programs);
        let starved = programs.filter(|program| program.is_starved());
        starved.map(Program::nonce).collect()
    }

    /// Sees programs and threads off that are gone, counts what the programs lost, and takes memory
    /// back that nobody uses.
    pub(crate) fn look_after(&mut self) {
        let clock = &self.session.clock;
        let (now, second) = (clock.now(), clock.second());
        let before = |seconds: u64| now.saturating_sub(seconds * second);
        for group in self.groups.values_mut() {
            for program in &mut group.programs {
                let ended = program.process.has_ended();
                release_lanes(program, &mut group.output, threads(program).as_ref());
                bury_threads(program);
                program.restore_hints();
                program.give_back_idle(now, before(IDLE_SECONDS));
                if program.is_kept() {
                    tend(program, before(1));
                } else {
                    count_losses(program, &mut group.output);
                }
                if ended {
                    program.set_dead();
                }
            }
        }
        self.keep_limit();
    }

    /// The programs of each user.
    pub(crate) fn by_user(&self) -> impl Iterator<Item = (u32, &[Program])> {
        let groups = self.groups.iter();
        groups.map(|(uid, group)| (*uid, group.programs.as_slice()))
    }

    pub(crate) fn programs(&self) -> impl Iterator<Item = &Program> {
        self.groups.values().flat_map(|group| &group.programs)
    }

    /// Whether a living thread has an event under way, or is about to change its chunk.
    pub(crate) fn has_pending(&self) -> bool {
        self.programs().any(|p| p.pending() > 0 || p.is_moving())
    }

    /// From here on all that the rings hold goes to disk, a flight recorder's, too.
    pub(crate) fn begin_end(&mut self) {
        let programs = self.groups.values_mut();
        programs
            .flat_map(|group| &mut group.programs)
            .for_each(Program::end);
    }

    /// One of the passes at the end.
    pub(crate) fn last_pass(&mut self, on_disk: &dyn Fn(&Program, ThreadKey) -> Option<u64>) {
        self.programs().for_each(Program::hold_full);
        // What was begun while the first pass looked is left to the second one.
        self.pass(Reach::All, on_disk);
        self.pass_once(Reach::All, on_disk, true);
    }

    /// Counts events that were under way at the end as torn: their records stay where they are.
    pub(crate) fn count_pending(&mut self) {
        for group in self.groups.values_mut() {
            for program in &mut group.programs {
                let (cause, half_taken) = program.half_taken();
                for (cause, count) in [(LossCause::Torn, program.pending()), (cause, half_taken)] {
                    group
                        .output
                        .lose_somewhere(cause, count, &mut program.ledger);
                }
            }
        }
    }

    /// Takes leave of programs that are gone; each was drained since it was known to be dead.
    ///
    /// The nonces of those programs.
    pub(crate) fn drop_dead(
        &mut self,
        on_disk: &dyn Fn(&Program, ThreadKey) -> Option<u64>,
    ) -> Vec<u64> {
        let any = self
            .groups
            .values()
            .flat_map(|g| &g.programs)
            .any(Program::is_dead);
        if !any {
            return Vec::new();
        }
        self.pass(Reach::All, on_disk);
        let mut nonces = Vec::new();
        for group in self.groups.values_mut() {
            let (dead, alive) = std::mem::take(&mut group.programs)
                .into_iter()
                .partition(Program::is_dead);
            group.programs = alive;
            let dead: Vec<Program> = dead;
            for mut program in dead {
                count_losses(&mut program, &mut group.output);
                release_lanes(&program, &mut group.output, None);
                group.output.contexts.part_from(&program);
                let is_told = self.limits.lacks_counters;
                self.notes
                    .extend(program.counter_note().filter(|_| !is_told));
                retire(&mut self.gone, summarise(&program));
                nonces.push(program.nonce());
            }
        }
        nonces
    }

    /// Turns every site of this recording off.
    pub(crate) fn disable(&self) {
        for program in self.groups.values().flat_map(|group| &group.programs) {
            program.disable();
        }
    }

    /// Ends the recording: everything is off already, and what the rings hold was drained.
    pub(crate) fn close(mut self) -> Closed {
        for post in &self.posts {
            post.withdraw();
        }
        self.write_dumps(Some(Instant::now() + LAST_DUMPS));
        let (dumps, untaken) = self.dumps.summarise();
        self.gone.extend(dumps);
        self.notes.extend(untaken);
        let now = self.session.clock.now();
        let mut bytes = self.closed_bytes;
        for (_, mut group) in std::mem::take(&mut self.groups) {
            for program in &mut group.programs {
                count_losses(program, &mut group.output);
                let is_told = self.limits.lacks_counters;
                self.notes
                    .extend(program.counter_note().filter(|_| !is_told));
                retire(&mut self.gone, summarise(program));
            }
            let (written, error) = group.output.close(now);
            bytes += written;
            if let Some(error) = error {
                self.storage_error.get_or_insert(error);
            }
        }
        Closed {
            sources: self.gone,
            notes: self.notes,
            storage_error: self.storage_error,
            bytes,
        }
    }

    /// Events on disk, events lost, bytes on disk.
    pub(crate) fn totals(&self) -> (u64, u64, u64) {
        let programs = || self.groups.values().flat_map(|group| &group.programs);
        let gone = || self.gone.iter();
        let events = programs().map(|p| p.ledger.recorded()).sum::<u64>()
            + self.dumps.ledger.recorded()
            + gone().map(|source| source.events).sum::<u64>();
        let lost = programs().map(|p| p.ledger.lost()).sum::<u64>()
            + self.dumps.ledger.lost()
            + gone()
                .flat_map(|source| &source.discarded)
                .map(|(_, count)| count)
                .sum::<u64>();
        let bytes = self.groups.values().map(|group| group.output.bytes()).sum();
        (events, lost, bytes)
    }

    pub(crate) fn note(&mut self, note: String) {
        // A hostile user could make any number of them.
        if self.notes.len() < 20 && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

/// What is left of the programs when a recording ends.
pub(crate) struct Closed {
    pub(crate) sources: Vec<SourceSummary>,
    pub(crate) notes: Vec<String>,
    pub(crate) storage_error: Option<String>,
    pub(crate) bytes: u64,
}

fn threads(program: &Program) -> Option<Threads> {
    program.process.threads()
}

fn tend(program: &mut Program, calm: u64) {
    let process = std::mem::take(&mut program.process);
    program.tend(|| process.threads(), calm);
    program.process = process;
}

fn bury_threads(program: &Program) {
    program.bury_threads(|| threads(program));
}

fn summarise(program: &Program) -> SourceSummary {
    SourceSummary {
        name: program.title(),
        events: program.ledger.recorded(),
        discarded: program.ledger.losses(),
    }
}
