//! What an instance of somebody else's holds, as a trace: one that was made at boot.
//!
//! ```text
//!   instances/boot/per_cpu/cpu0/trace_pipe_raw ──▶ OUT/kernel/channel0_0    the instance's own clock
//! ```
//!
//! Programs have another clock, so their events are not in it. Nobody has to clean up behind it: nothing is
//! made but the trace.

use std::fs;
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use thalweg_kernel::{
    AttachedClock, DrainError, Error as KernelError, KernelPacket, KernelRecording, Naming,
    TraceClock, Tracefs,
};
use thalweg_model::ClockClass;

use crate::clock::{ClockKind, SessionClock, kernel_clock};
use crate::error::Error;
use crate::kernel_disk::{KernelDisk, Origin};
use crate::recording::check_path;
use crate::session::fresh_uuid;
use crate::sink::environment::{self, Host};
use crate::sink::{SinkError, TraceIdentity, TraceWriter};
use crate::summary::Summary;
use crate::trace_lock::TraceLock;

/// Takes what an instance that is not ours holds into a new trace. Its settings stay, and it goes on.
///
/// # Errors
/// There is no such instance, or the folder cannot be made.
pub fn record_instance(name: &str, output: &Path) -> Result<Summary, Error> {
    let started = Instant::now();
    check_path(output)?;
    let kernel = |error: KernelError| Error::Kernel(error.to_string());
    let tracefs = Tracefs::find().map_err(kernel)?;
    let attached = KernelRecording::attach(&tracefs, name, Naming::Lttng);
    let (mut recording, clock) = attached.map_err(kernel)?;
    let class = class_of(&recording, &clock).map_err(kernel)?;
    fs::create_dir(output).map_err(|error| Error::output(output.to_owned(), error))?;
    let out = fs::canonicalize(output).map_err(|error| Error::output(output.to_owned(), error))?;
    let _lock = TraceLock::take(&out).ok().flatten();
    let mut notes = vec![format!(
        "times are those of the instance's own clock, {}, which the trace puts into the time of day to \
         {} µs",
        clock.name,
        class.precision.div_ceil(1000)
    )];
    let mut disk = begin(&out, name, class).map_err(|error| Error::Kernel(error.to_string()))?;
    if recording.overwrites() {
        disk.expect_overwritten();
    }
    let taken = take(&mut recording, &mut disk);
    notes.extend(taken.err().map(|error| format!("failed to {error}")));
    let unknown: u64 = recording.tallies().iter().map(|one| one.1.foreign).sum();
    if unknown > 0 {
        notes.push(format!(
            "{unknown} records are of events that are not on in the instance now, and are left out"
        ));
    }
    let sources = vec![disk.summary(Origin::Tracefs)];
    let (bytes, storage_error) = disk.close(recording.time().unwrap_or_default());
    Ok(Summary {
        path: out,
        duration: started.elapsed(),
        bytes,
        sources,
        storage_error,
        notes,
    })
}

fn class_of(recording: &KernelRecording, clock: &AttachedClock) -> Result<ClockClass, KernelError> {
    let of_kind = |kind| SessionClock::of_kind(kind).class().clone();
    match clock.known {
        Some(TraceClock::Mono) => Ok(of_kind(ClockKind::Monotonic)),
        Some(TraceClock::X86Tsc) => Ok(of_kind(ClockKind::TimeStampCounter)),
        None => kernel_clock(&clock.name, || recording.time()),
    }
}

fn begin(out: &Path, name: &str, clock: ClockClass) -> Result<KernelDisk, SinkError> {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let about = environment::Recording {
        name: name.to_owned(),
        created_s: since_epoch.as_secs().cast_signed(),
    };
    let identity = TraceIdentity {
        uuid: fresh_uuid(),
        clock,
        environment: environment::kernel(&Host::read(), &about),
    };
    let dir = environment::kernel_dir(out);
    Ok(KernelDisk::over(TraceWriter::create(&dir, &identity)?))
}

fn take(
    recording: &mut KernelRecording,
    disk: &mut KernelDisk,
) -> Result<(), DrainError<SinkError>> {
    disk.declare_tracefs(recording, 0)
        .map_err(DrainError::Sink)?;
    recording.take_all(&mut |packet: &KernelPacket<'_>| {
        disk.take(Origin::Tracefs, packet);
        Ok(())
    })
}
