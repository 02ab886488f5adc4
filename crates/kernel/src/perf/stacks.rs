//! Tracepoints with call stacks: the kernel's events, recorded into perf rings instead of tracefs's.
//!
//! ```text
//!   tracepoint ─▶ perf event of the CPU, filter ─▶ | sample | stack | the record as tracefs has it |
//!                                                            │           │ the plan of its format
//!                                       contexts, callstack_kernel, …, fields ─▶ sink
//! ```
//!
//! A ring of tracefs has a stack as a record of its own behind the event's, of a program's stack 8
//! addresses at most; here both are one record, and lost or there together.

use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex};

use rustix::thread::{MembarrierCommand, membarrier};
use thalweg_kbuf::{
    Counter, EventContext, HeaderKind, PerfBody, PerfRecord, RecordHead, Transcoder,
    perf_stack_members,
};
use thalweg_model::Member;
use thalweg_sys::{PerfAttr, PerfEvent, PerfTarget};

use super::cpu_counter::{self, CpuCounter};
use super::lane::{Encode, Lane, Place, Tally, ring_error};
use super::open::{PerfScope, open_on};
use super::recording::{add, dummy, lanes, read_format, ring_size, tells_losses};
use super::refusal::Asked;
use crate::context::ContextWriter;
use crate::fit::Fit;
use crate::recording::contexts;
use crate::tested::Tested;
use crate::told::{ToldSource, lock, tell_of};
use crate::{
    DrainError, Error, KernelContexts, KernelEvent, KernelPacket, Missing, Plan, PlannedEvent,
    TraceClock, online_cpus,
};

const TRACEPOINT: u32 = 2;

/// Which call stacks events have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stacks {
    /// That of the kernel.
    pub kernel: bool,
    /// That of the program.
    pub user: bool,
}

impl Stacks {
    /// Those of either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self {
            kernel: self.kernel || other.kernel,
            user: self.user || other.user,
        }
    }

    /// Whether there are any.
    pub const fn are_wanted(self) -> bool {
        self.kernel || self.user
    }

    pub(crate) fn members(self) -> Vec<Member> {
        let mut members = Vec::new();
        for (is_wanted, name) in [
            (self.kernel, "callstack_kernel"),
            (self.user, "callstack_user"),
        ] {
            if is_wanted {
                members.extend(perf_stack_members(name));
            }
        }
        members
    }
}

/// A recording's settings.
#[derive(Debug)]
pub struct StackConfig {
    /// Which events.
    pub plan: Plan,
    /// What is said of the thread.
    pub contexts: KernelContexts,
    /// Which stacks.
    pub stacks: Stacks,
    /// The counters of each CPU whose values are told.
    pub counters: Vec<CpuCounter>,
    /// Whose events.
    pub scope: PerfScope,
    /// The size of each CPU's ring; the next power of two is taken.
    pub ring_bytes_per_cpu: u32,
    /// The clock of the times that packets have.
    pub clock: TraceClock,
}

/// Events with stacks while they are recorded. Dropping it ends it.
#[derive(Debug)]
pub struct StackRecording {
    lanes: Vec<Lane>,
    events: Vec<KernelEvent>,
    contexts: KernelContexts,
    writer: Option<ContextWriter>,
    transcoder: Transcoder,
    /// What the kernel's records lack.
    told: Option<Arc<Mutex<ToldSource>>>,
    stacks: Stacks,
    counters: Vec<CpuCounter>,
    fit: Fit,
    clock: TraceClock,
    own: Vec<i32>,
    tells_losses: bool,
    is_settled: bool,
}

impl StackRecording {
    /// Opens everything; what is left out comes beside. Nothing is recorded before [`Self::resume`].
    ///
    /// # Errors
    /// The kernel refuses an event, a filter, or memory.
    pub fn start(mut config: StackConfig) -> Result<(Self, Vec<Missing>), Error> {
        let mut told = None;
        let lacking = tell_of(&mut told, &mut config.plan.events, config.clock);
        let online = online_cpus()?;
        let tells_losses = tells_losses();
        if let (Some(counter), PerfScope::Tracked(_)) = (config.counters.first(), &config.scope) {
            return Err(counter.of_threads());
        }
        let has_counters = !config.counters.is_empty();
        let open = |threads: Option<&[u32]>| {
            let mut lanes = lanes(&online, ring_size(config.ring_bytes_per_cpu))?;
            cpu_counter::open(&config.counters, tells_losses, &mut lanes)?;
            for planned in &config.plan.events {
                let mut attr = traced(&planned.event, config.stacks, tells_losses);
                if has_counters {
                    attr.sample_type |= PerfAttr::SAMPLE_READ;
                    attr.read_format |= PerfAttr::READ_GROUP;
                }
                open_event(planned, &attr, (&online, threads), &mut lanes)?;
            }
            Ok(lanes)
        };
        let (lanes, is_settled) = config.scope.settle(open)?;
        let tested = Tested::of(&config.plan.events);
        let wanted = (config.contexts, tested);
        let (contexts, writer, untold) = contexts(wanted, [None; 2], config.clock)?;
        let mut left_out = config.plan.missing;
        left_out.extend(config.plan.left_out);
        left_out.extend(untold);
        left_out.extend(lacking);
        let planned = config.plan.events.into_iter();
        let events: Vec<KernelEvent> = planned.map(|planned| planned.event).collect();
        let mut transcoder = Transcoder::new(&events, HeaderKind::for_events(events.len()));
        if let Some(told) = &told {
            transcoder.set_told(Arc::<Mutex<ToldSource>>::clone(told));
        }
        let recording = Self {
            lanes,
            transcoder,
            told,
            events,
            contexts,
            writer,
            stacks: config.stacks,
            counters: config.counters,
            fit: Fit::new(config.clock),
            clock: config.clock,
            own: vec![std::process::id().cast_signed()],
            tells_losses,
            is_settled,
        };
        Ok((recording, left_out))
    }

    /// The events; their order is that of the ids in [`Self::set_ids`].
    pub fn events(&self) -> &[KernelEvent] {
        &self.events
    }

    /// What stands in front of each event's payload.
    pub fn members(&self) -> Vec<Member> {
        let counters = self.counters.iter().map(CpuCounter::member).collect();
        [self.contexts.members(), counters, self.stacks.members()].concat()
    }

    /// Sets the CTF id of each event and the header that events have.
    pub fn set_ids(&mut self, header: HeaderKind, ids: &[u32]) {
        self.transcoder.set_ids(header, ids);
    }

    /// The CPUs that have a stream.
    pub fn cpus(&self) -> impl Iterator<Item = u32> {
        self.lanes.iter().map(|lane| lane.cpu)
    }

    /// What `poll` shows as readable, and `epoll` tells of, when a ring fills up.
    pub fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.lanes.iter().map(|lane| lane.ring.as_fd())
    }

    /// Leaves out what this process does, as what the calling one does.
    pub fn leave_out(&mut self, process: u32) {
        self.own.push(process.cast_signed());
    }

    /// Records from now on.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn resume(&mut self) -> Result<(), Error> {
        self.each(PerfEvent::enable)
    }

    /// Records no more; what is in the rings stays there. When this returns, no record is in the making.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn stop(&mut self) -> Result<(), Error> {
        self.each(PerfEvent::disable)?;
        let _ = membarrier(MembarrierCommand::Global);
        Ok(())
    }

    fn each(&self, order: impl Fn(&PerfEvent) -> std::io::Result<()>) -> Result<(), Error> {
        let lanes = self.lanes.iter();
        let mut events = lanes.flat_map(Lane::leaders);
        events.try_for_each(|event| order(event).map_err(ring_error))
    }

    /// Hands what is in the rings to the sink.
    ///
    /// # Errors
    /// The sink's, with the packet to come again; or the kernel's.
    pub fn drain<E>(
        &mut self,
        sink: &mut dyn FnMut(&KernelPacket<'_>) -> Result<(), E>,
    ) -> Result<(), DrainError<E>> {
        let ends: Vec<u64> = self.lanes.iter().map(|lane| lane.ring.written()).collect();
        self.fit.tie();
        self.read_losses()?;
        let mut writer = Writer {
            fit: &self.fit,
            own: &self.own,
            transcoder: &self.transcoder,
            contexts: self.writer.as_mut(),
            stacks: self.stacks,
            counters: self.counters.len(),
            tells_losses: self.tells_losses,
        };
        for (lane, end) in self.lanes.iter_mut().zip(ends) {
            while lane
                .drain_packet(end, &mut writer, sink)
                .map_err(DrainError::Sink)?
            {}
        }
        Ok(())
    }

    /// Hands everything to the sink, and packets without events where losses are left to be told:
    /// for the end, after [`Self::stop`].
    ///
    /// # Errors
    /// As for [`Self::drain`].
    pub fn drain_all<E>(
        &mut self,
        sink: &mut dyn FnMut(&KernelPacket<'_>) -> Result<(), E>,
    ) -> Result<(), DrainError<E>> {
        self.drain(sink)?;
        self.read_losses()?;
        let now = self.clock.now();
        let mut lanes = self.lanes.iter_mut();
        lanes.try_for_each(|lane| lane.settle(now, sink).map_err(DrainError::Sink))
    }

    fn read_losses(&mut self) -> Result<(), Error> {
        let now = self.clock.now();
        let mut lanes = self.lanes.iter_mut();
        lanes.try_for_each(|lane| lane.read_losses(now, self.tells_losses))
    }

    /// Events that the kernel counted, without those of the recorder's own processes; if
    /// [`Self::counts_by_one`].
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn produced(&self) -> Result<u64, Error> {
        let mut produced = 0;
        for lane in &self.lanes {
            let left_out = lane.tally.own + lane.tally.others;
            produced += lane.counted(self.tells_losses)?.saturating_sub(left_out);
        }
        Ok(produced)
    }

    /// Whether the kernel counts each event by one: some (`sched_stat_runtime`) it counts by the time that
    /// they tell of.
    pub fn counts_by_one(&self) -> bool {
        !self.lanes.iter().any(|lane| lane.tally.is_uneven)
    }

    /// Beginnings of threads that contexts do not know of.
    pub fn lost_tasks(&self) -> u64 {
        self.writer.as_ref().map_or(0, ContextWriter::lost_tasks)
    }

    /// Events with fields that the kernel's records lack, and that no program has told of them.
    pub fn untold(&self) -> u64 {
        self.told.as_ref().map_or(0, |told| lock(told).unknown())
    }

    /// Whether the kernel counts what it loses; else it tells with the next record that fits.
    pub fn tells_losses(&self) -> bool {
        self.tells_losses
    }

    /// Whether no thread began while events were opened.
    pub fn is_settled(&self) -> bool {
        self.is_settled
    }

    /// How far times may be off from the trace clock's, in its ticks.
    pub fn error_ticks(&self) -> u64 {
        self.fit.error_ticks()
    }
}

fn open_event(
    planned: &PlannedEvent,
    attr: &PerfAttr,
    (online, threads): (&[u32], Option<&[u32]>),
    lanes: &mut [Lane],
) -> Result<(), Error> {
    let name = &planned.event.name;
    let filter = planned.filter.as_deref().map(|text| {
        CString::new(text).map_err(|_| Error::Perf {
            event: name.clone(),
            why: "a filter with a NUL in it".to_owned(),
        })
    });
    let filter = filter.transpose()?;
    let asked = Asked {
        event: name,
        counter: Counter {
            kind: attr.kind,
            config: attr.config,
        },
        hz: None,
    };
    let opened = match lanes.iter().all(|lane| lane.counters.is_empty()) {
        true => open_on(online, threads, attr, asked)?,
        false => open_in_groups(attr, asked, lanes)?,
    };
    for (cpu, event) in opened {
        if let Some(filter) = &filter {
            event.set_filter(filter).map_err(|error| Error::Filter {
                event: name.clone(),
                filter: planned.filter.clone().unwrap_or_default(),
                why: error.to_string(),
            })?;
        }
        add(lanes, cpu, event)?;
    }
    Ok(())
}

/// An event on each CPU, in the group of the counters there.
fn open_in_groups(
    attr: &PerfAttr,
    asked: Asked<'_>,
    lanes: &[Lane],
) -> Result<Vec<(u32, PerfEvent)>, Error> {
    let grouped = lanes
        .iter()
        .filter_map(|lane| Some((lane.cpu, lane.counters.first()?)));
    let open = |(cpu, first): (u32, &PerfEvent)| {
        let attr = cpu_counter::beside(*attr);
        let event = PerfEvent::open_beside(&attr, PerfTarget::Cpu(cpu), first);
        Ok((cpu, event.map_err(|error| asked.refused(&error))?))
    };
    grouped.map(open).collect()
}

fn traced(event: &KernelEvent, stacks: Stacks, tells_losses: bool) -> PerfAttr {
    let mut attr = dummy();
    attr.kind = TRACEPOINT;
    attr.config = event.type_id.into();
    attr.period = 1;
    attr.sample_type |= PerfAttr::SAMPLE_RAW;
    attr.read_format = read_format(tells_losses);
    for (is_wanted, flag) in [
        (stacks.kernel, PerfAttr::EXCLUDE_CALLCHAIN_KERNEL),
        (stacks.user, PerfAttr::EXCLUDE_CALLCHAIN_USER),
    ] {
        if !is_wanted {
            attr.flags |= flag;
        }
    }
    attr
}

struct Writer<'a> {
    fit: &'a Fit,
    own: &'a [i32],
    transcoder: &'a Transcoder,
    contexts: Option<&'a mut ContextWriter>,
    stacks: Stacks,
    counters: usize,
    tells_losses: bool,
}

impl Writer<'_> {
    /// Whether it passes the filters that are tested here.
    fn admits(&mut self, raw: &[u8], time: u64) -> bool {
        match (&mut self.contexts, RecordHead::parse(raw)) {
            (Some(writer), Some(head)) => writer.admits(raw, head, time),
            _ => true,
        }
    }
}

impl Encode for Writer<'_> {
    fn tells_losses(&self) -> bool {
        self.tells_losses
    }

    fn choose(&mut self, record: &PerfRecord<'_>, tally: &mut Tally) -> Option<u64> {
        if let PerfBody::Sample(sample) = record.body {
            tally.is_uneven |= sample.period != 1;
        }
        match record.body {
            PerfBody::Lost(count) => tally.lost += count,
            PerfBody::Throttle => tally.throttled += 1,
            PerfBody::Sample(_) if self.own.contains(&record.pid) => tally.own += 1,
            PerfBody::Sample(sample) => {
                let time = self.fit.ticks(record.time);
                if self.admits(sample.raw, time) {
                    return Some(time);
                }
                tally.others += 1;
            }
            _ => {}
        }
        None
    }

    fn append(&mut self, record: &PerfRecord<'_>, at: Place, out: &mut Vec<u8>) -> bool {
        let PerfBody::Sample(sample) = record.body else {
            return false;
        };
        let base = self.contexts.as_deref_mut();
        let mut context = StackContext {
            base: base.map(|writer| writer.of_cpu(at.cpu)),
            body: &record.body,
            stacks: self.stacks,
            counters: self.counters,
        };
        let done = self
            .transcoder
            .record(sample.raw, (at.time, at.last), &mut context, out);
        done == Ok(true)
    }
}

/// Contexts, and stacks behind them.
struct StackContext<'a> {
    base: Option<&'a mut ContextWriter>,
    body: &'a PerfBody<'a>,
    stacks: Stacks,
    counters: usize,
}

impl EventContext for StackContext<'_> {
    fn admits(&mut self, _: &[u8], _: RecordHead, _: u64) -> bool {
        true
    }

    fn write(&mut self, head: RecordHead, at: u64, out: &mut Vec<u8>) {
        if let Some(base) = &mut self.base {
            base.write(head, at, out);
        }
        if let PerfBody::Sample(sample) = self.body {
            for place in 0..self.counters {
                let value = sample.value(place).unwrap_or(0);
                out.extend_from_slice(&value.to_le_bytes());
            }
        }
        if self.stacks.kernel {
            self.body.encode_kernel_stack(out);
        }
        if self.stacks.user {
            self.body.encode_user_stack(out);
        }
    }
}
