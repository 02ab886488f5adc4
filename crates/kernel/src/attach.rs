//! An instance that somebody else has made, such as one of the kernel's command line (`trace_instance=`).
//!
//! ```text
//!   trace_instance=boot,sched:sched_process_exec ──▶ instances/boot ──▶ what it holds, since the boot
//! ```
//!
//! Invariant: nothing of it is set, and it is never removed. What is read is taken out of its rings.

use crate::context::KernelContexts;
use crate::decoder::Decoder;
use crate::instance::Instance;
use crate::plan::describe;
use crate::setup::{landings, open_streams, page_layout};
use crate::{
    DrainError, Error, KernelEvent, KernelPacket, KernelRecording, Naming, TraceClock, Tracefs,
    catalogue, hist, tracers,
};

/// Clocks of ftrace's that tell nanoseconds.
const IN_NS: [&str; 7] = ["local", "global", "perf", "mono", "mono_raw", "boot", "tai"];

/// The clock of an instance that is not ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedClock {
    /// The kernel's name for it.
    pub name: String,
    /// The clock, if it is one that recordings of ours have.
    pub known: Option<TraceClock>,
}

impl AttachedClock {
    fn of(text: &str) -> Result<Self, Error> {
        let known = TraceClock::selected(text);
        let name = text
            .split('[')
            .nth(1)
            .and_then(|rest| rest.split(']').next());
        let name = name.unwrap_or_default().to_owned();
        match known.is_some() || IN_NS.contains(&&*name) {
            true => Ok(Self { name, known }),
            false => Err(Error::NoTime { clock: name }),
        }
    }

    /// The clock whose form the times of `stats` have.
    fn form(&self) -> TraceClock {
        self.known.unwrap_or(TraceClock::Mono)
    }
}

impl KernelRecording {
    /// Reads the instance of this name, which is somebody else's, from now on; the clock that it has.
    ///
    /// # Errors
    /// There is none of this name, it is one of ours, its clock tells no time, or tracefs refuses.
    pub fn attach(
        tracefs: &Tracefs,
        name: &str,
        naming: Naming,
    ) -> Result<(Self, AttachedClock), Error> {
        let instance = Instance::attach(tracefs, name)?;
        let clock = AttachedClock::of(&instance.read("trace_clock")?)?;
        let mut enabled = catalogue::parse(&instance.read("set_event")?);
        enabled.retain(|event| hist::is_recorded(&instance, event));
        let (events, _) = describe(tracefs, enabled.iter().map(|event| (event, ())), naming);
        let events = events.into_iter().map(|(event, ())| event);
        let of_tracers = tracers::of_instance(tracefs, &instance)?;
        let events: Vec<KernelEvent> = events.chain(of_tracers).collect();
        let layout = page_layout(tracefs, &instance)?;
        let landings = landings(&instance, &layout, None)?;
        let streams = open_streams(&instance, &layout, clock.form(), &landings, &[])?;
        let recording = Self {
            streams,
            landings,
            contexts: KernelContexts::default(),
            armed: hist::Armed::default(),
            decoder: Decoder::new(&events, None, None),
            events,
            clock: clock.form(),
            naming,
            tracefs: tracefs.clone(),
            instance,
        };
        Ok((recording, clock))
    }

    /// Hands what is committed now, of all CPUs, to the sink, and what was lost before; the instance goes
    /// on recording.
    ///
    /// # Errors
    /// As for [`Self::drain`].
    pub fn take_all<E>(
        &mut self,
        sink: &mut dyn FnMut(&KernelPacket<'_>) -> Result<(), E>,
    ) -> Result<(), DrainError<E>> {
        for cpu in self.cpus().collect::<Vec<_>>() {
            self.flush(cpu, sink)?;
        }
        for stream in &mut self.streams {
            stream.settle(sink)?;
        }
        Ok(())
    }

    /// The instance's time now, by its own clock.
    ///
    /// # Errors
    /// tracefs cannot be read.
    pub fn time(&self) -> Result<u64, Error> {
        let stats = self.streams.first().map(crate::cpu::CpuStream::stats);
        Ok(stats.transpose()?.map_or(0, |stats| stats.now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_counts_events_tells_no_time() {
        let clock = |text: &str| AttachedClock::of(text).map_err(|error| error.to_string());
        let local = clock("[local] global counter x86-tsc").unwrap();
        assert_eq!((&*local.name, local.known), ("local", None));
        let tsc = clock("local [x86-tsc]").unwrap();
        assert_eq!(tsc.known, Some(TraceClock::X86Tsc));
        assert_eq!(
            clock("local [counter]").unwrap_err(),
            "read times of the clock counter: it does not tell nanoseconds"
        );
    }
}
