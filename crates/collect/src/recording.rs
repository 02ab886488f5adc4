//! A recording: programs and kernel into one trace, until somebody says stop.

use rustix::fd::AsFd;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::bell::Bell;
use crate::clock::{ClockKind, SessionClock};
use crate::due::Until;
use crate::error::Error;
use crate::keeper::Keeper;
use crate::kernel_events::{Depth, KernelEvents};
use crate::program::{Program, Reach};
use crate::programs::{Limits, Programs};
use crate::rendezvous::{Advert, Folder, Post, Watch, candidates, has_own_proc, tag};
use crate::rule;
use crate::session::Session;
use crate::sink::SinkError;
use crate::summary::{Progress, RecordingConfig, RingMode, Snapshot, Started, Summary};
use crate::trace_lock::TraceLock;
use crate::urgency;

/// The kernel tells of each page: how long to wait for more after a pass that found some.
const PACE: Duration = Duration::from_micros(500);
/// The longest that full chunks are let come together.
const SHARE: Duration = Duration::from_millis(100);
/// The same while the kernel has events: it tells only of a ring that is half full.
const KERNEL_SHARE: Duration = Duration::from_millis(2);
/// How often everything goes to disk, finished or not, and the programs are looked after.
const FLUSH: Duration = Duration::from_millis(250);
/// How long events that are under way at the end are waited for.
const LAST_EVENTS: Duration = Duration::from_millis(20);

/// The name of a snapshot's folder.
fn snapshot_name(output: &Path, number: u32) -> OsString {
    let mut name = output.file_name().unwrap_or_default().to_owned();
    name.push(format!("-snapshot-{number}"));
    name
}

/// A recording that is under way.
pub struct Recording {
    pub(crate) session: Session,
    programs: Option<Programs>,
    pub(crate) kernel: Option<KernelEvents>,
    keeper: Option<Keeper>,
    notes: Vec<String>,
    started: Instant,
    flushed: Instant,
    bell: Option<Bell>,
    /// The last pass found full chunks.
    is_busy: bool,
    /// The last pass found events of the kernel.
    kernel_is_busy: bool,
    /// The last flush found events: there will be more to flush soon.
    is_active: bool,
    /// How many snapshots were taken.
    snapshots: u32,
    /// Until the end nobody recovers what is not dead.
    _lock: Option<TraceLock>,
}

impl Recording {
    /// Begins to record. What a dead recorder left behind is recovered first.
    pub fn start(config: RecordingConfig) -> Result<(Self, Started), Error> {
        let requested = config.programs.as_ref();
        let rules = rule::text_of(requested.map_or(&[], |request| &request.rules))?;
        requested.map_or(Ok(()), |request| request.contexts.check())?;
        let notes = crate::recover::recover_left_behind();
        let out = config.output.clone();
        check_path(&out)?;
        fs::create_dir(&out).map_err(|error| Error::output(out.clone(), error))?;
        let out = fs::canonicalize(&out).map_err(|error| Error::output(out, error))?;
        // It was made just now: nobody else has it.
        let lock = TraceLock::take(&out).ok().flatten();
        let session = new_session(out);
        let id = format!("{}-{}-{:x}", tag(), std::process::id(), session.start);
        let mut started = Started {
            kernel: None,
            notes,
        };
        let request = config.kernel.as_ref();
        let kernel = request.map(|request| KernelEvents::start(&session, request, &id));
        let kernel = begun(kernel, &mut started).map_err(|why| {
            // There is no place for the programs' events either.
            let _ = fs::remove_dir_all(&session.out);
            Error::Trace(why.to_string())
        })?;
        let mut recording = Self {
            programs: None,
            kernel,
            keeper: None,
            notes: Vec::new(),
            started: Instant::now(),
            flushed: Instant::now(),
            bell: None,
            is_busy: false,
            kernel_is_busy: false,
            is_active: true,
            snapshots: 0,
            session,
            _lock: lock,
        };
        recording.begin(config, &id, rules, &mut started);
        Ok((recording, started))
    }

    fn begin(&mut self, config: RecordingConfig, id: &str, rules: String, started: &mut Started) {
        let request = config.programs.as_ref();
        let mut limits = Limits {
            rules,
            limit_bytes: request.map_or(0, |request| request.limit_bytes),
            contexts: request
                .map(|request| request.contexts.clone())
                .unwrap_or_default(),
            lacks_counters: false,
            mode: request.map_or(RingMode::Discard, |request| request.mode),
            are_ignored: request.is_none(),
        };
        let lacked = limits.contexts.counters_lacked();
        limits.lacks_counters = lacked.is_some();
        started.notes.extend(lacked);
        let advert = self.advert(&limits);
        let (posts, watch) = take_posts(id, &advert, &mut started.notes);
        self.keeper = config.keeper.and_then(|program| {
            let keeper = Keeper::spawn(&program, &self.session, &advert, &posts);
            keeper
                .map_err(|why| started.notes.push(format!("no keeper: {why}")))
                .ok()
        });
        let landings = self.kernel.as_ref().and_then(KernelEvents::landings);
        if let (Some(keeper), Some(landings)) = (&self.keeper, landings) {
            keeper.hold_landings(landings);
        }
        if let Some(watch) = watch {
            let mut programs = Programs::new(self.session.clone(), limits, posts, watch);
            programs.welcome(true, &mut hold(self.keeper.as_ref()));
            self.programs = Some(programs);
        }
        self.hang_bell(&mut started.notes);
        urgency::claim();
        let keeper = self.keeper.as_ref().map(Keeper::id);
        if let Some(kernel) = &mut self.kernel
            && let Err(error) = keeper
                .map_or(Ok(()), |keeper| kernel.leave_out(keeper))
                .and_then(|()| kernel.resume())
        {
            started.kernel = Some(Err(error.to_string()));
        }
    }

    /// Lets everything that can happen end a sleep.
    fn hang_bell(&mut self, notes: &mut Vec<String>) {
        let bell = Bell::new().and_then(|bell| {
            if let Some(programs) = &self.programs {
                bell.add(programs.watch())?;
                programs
                    .posts()
                    .iter()
                    .try_for_each(|post| bell.add(&post.listener))?;
            }
            self.kernel
                .iter()
                .flat_map(KernelEvents::descriptors)
                .try_for_each(|fd| bell.add(fd))?;
            Ok(bell)
        });
        self.bell = bell
            .map_err(|why| notes.push(format!("failed to wait for events: {why}")))
            .ok();
    }

    /// Lets `source` end the wait of [`Self::run_once`] when it has something.
    pub fn wake_on(&self, source: impl AsFd) {
        if let Some(bell) = &self.bell {
            // Without it the wait lasts its time: nothing is lost.
            let _ = bell.add(source);
        }
    }

    fn advert(&self, limits: &Limits) -> Advert {
        let clock = match self.session.clock.kind() {
            ClockKind::TimeStampCounter => "tsc",
            ClockKind::Monotonic => "mono",
        };
        let unit = thalweg_abi::slot::UNIT as u64;
        Advert {
            clock,
            limit_units: usize::try_from(limits.limit_bytes / unit).unwrap_or(usize::MAX),
            rules: limits.rules.clone(),
            trace: self.session.out.to_string_lossy().into_owned(),
            instance: self
                .kernel
                .as_ref()
                .and_then(|kernel| kernel.instance().map(str::to_owned)),
            start: self.session.start,
            mode: limits.mode,
            contexts: limits.contexts.clone(),
        }
    }

    /// Drains what there is, after a wait of at most `wait` for there to be something.
    pub fn run_once(&mut self, wait: Duration) -> Result<Progress, Error> {
        self.sleep(wait);
        let flush = self.flushed.elapsed() >= FLUSH;
        let before = self.progress().events;
        self.is_busy = self.pass(flush);
        let after = self.progress();
        if flush {
            self.flushed = Instant::now();
            self.is_active = after.events > before;
        }
        Ok(after)
    }

    /// Sleeps until something happens. After a pass that found something more is on its way: it is
    /// let come together.
    fn sleep(&mut self, wait: Duration) {
        let until_flush = FLUSH.saturating_sub(self.flushed.elapsed());
        let wait = if self.is_active {
            wait.min(until_flush)
        } else {
            wait
        };
        // Who waits for room has nothing else to do: it would be a wake-up for each chunk.
        let is_waited_for = self.programs.as_ref().is_some_and(Programs::is_waited_for);
        if is_waited_for && self.is_busy {
            return;
        }
        let Some(bell) = &mut self.bell else {
            return std::thread::sleep(wait.min(PACE));
        };
        let (until, wait) = match self.is_busy {
            true => (Until::Share, wait.min(SHARE)),
            false => (Until::Chunk, wait),
        };
        let wait = match self.kernel_is_busy {
            true => {
                std::thread::sleep(wait.min(PACE));
                wait.min(KERNEL_SHARE)
            }
            false => wait,
        };
        match &self.programs {
            Some(programs) => {
                let rings = programs.rings();
                bell.sleep(&rings, wait, || !programs.is_due(until));
            }
            None => bell.sleep(&[], wait, || true),
        }
    }

    /// One pass over everything; whether there was anything.
    fn pass(&mut self, flush: bool) -> bool {
        let mut found = false;
        if let Some(programs) = &mut self.programs {
            programs.welcome(false, &mut hold(self.keeper.as_ref()));
            let reach = if flush { Reach::All } else { Reach::Complete };
            found = programs.pass(reach, &|_, _| None) > 0;
            if flush {
                programs.look_after();
                let gone = programs.drop_dead(&|_, _| None);
                for nonce in gone.into_iter().chain(programs.take_released()) {
                    self.keeper.iter().for_each(|keeper| keeper.release(nonce));
                }
            }
        }
        let depth = if flush { Depth::All } else { Depth::Filled };
        self.drain_kernel(depth);
        found
    }

    fn drain_kernel(&mut self, depth: Depth) {
        let Some(kernel) = &mut self.kernel else {
            return;
        };
        let before = kernel.recorded();
        if let Err(error) = kernel.drain(depth) {
            let note = format!("failed to {error}");
            if self.notes.len() < 10 && !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        self.kernel_is_busy = kernel.recorded() > before;
    }

    /// Writes what a flight recorder's rings hold to a folder of its own, `OUTPUT-snapshot-N` beside
    /// that of the trace, so that no reader takes it for a part of it; while the programs go on and nothing is taken out of the rings.
    pub fn snapshot(&mut self) -> Result<Snapshot, Error> {
        let path = self
            .session
            .out
            .with_file_name(snapshot_name(&self.session.out, self.snapshots));
        self.snapshots += 1;
        fs::create_dir(&path).map_err(|error| Error::output(path.clone(), error))?;
        let session = Session {
            out: path.clone(),
            ..self.session.clone()
        };
        let taken = self.snapshot_into(&session);
        taken.map_err(|why| {
            // A part of it is no use, and would take the room of what comes at the end.
            let _ = fs::remove_dir_all(&path);
            Error::Snapshot { path, why }
        })
    }

    /// What is told of the state first, then the rings of the kernel and of the programs in one moment;
    /// then they are written.
    fn snapshot_into(&mut self, session: &Session) -> Result<Snapshot, String> {
        let mut snapshot = Snapshot::of(session.out.clone());
        if let Some(programs) = &mut self.programs {
            programs.welcome(false, &mut hold(self.keeper.as_ref()));
            programs.gather_states();
        }
        let words = |why: crate::kernel_events::Error| why.to_string();
        let gathered = self.kernel.as_mut().map(|kernel| kernel.gather(session));
        let gathered = gathered.transpose().map_err(words)?;
        if let Some(programs) = &self.programs {
            programs.snapshot(session, &mut snapshot)?;
        }
        if let (Some(kernel), Some(disk)) = (&self.kernel, gathered) {
            let written = kernel.write_snapshot(disk, session, &mut snapshot);
            written.map_err(words)?;
        }
        Ok(snapshot)
    }

    /// Has each program's state told again: by itself, if it watches, and by a state dump; of how many
    /// programs. What they tell goes the way of their events. The kernel's state dump is taken again,
    /// too, but by a flight recorder, of which each snapshot has one.
    pub fn tell_states_again(&mut self) -> usize {
        if let Some(kernel) = &mut self.kernel {
            kernel.tell_state_again();
        }
        self.programs.as_mut().map_or(0, |programs| {
            programs.welcome(false, &mut hold(self.keeper.as_ref()));
            programs.tell_states_again()
        })
    }

    /// Changes the most ring memory of all programs together.
    pub fn set_ring_limit(&mut self, bytes: u64) {
        if let Some(programs) = &mut self.programs {
            programs.set_limit(bytes);
        }
    }

    /// How it is going.
    pub fn progress(&self) -> Progress {
        let (mut events, mut discarded, mut bytes) =
            self.programs.as_ref().map_or((0, 0, 0), Programs::totals);
        if let Some(kernel) = &self.kernel {
            events += kernel.recorded();
            discarded += kernel.lost();
            bytes += kernel.bytes();
        }
        Progress {
            elapsed: self.started.elapsed(),
            events,
            discarded,
            bytes,
        }
    }

    /// Stops, drains what is left, and closes the trace.
    pub fn finish(mut self) -> Result<Summary, Error> {
        if let Some(kernel) = &mut self.kernel
            && let (dumped, stopped) = (kernel.take_last_dump(), kernel.stop())
            && let Err(error) = dumped.and(stopped)
        {
            self.notes.push(format!("failed to {error}"));
        }
        self.end_programs();
        self.drain_kernel(Depth::Last);
        let summary = self.close();
        Ok(summary)
    }

    /// Turns the programs' events off and drains what they still hold, those under way included.
    fn end_programs(&mut self) {
        let Some(programs) = &mut self.programs else {
            return;
        };
        let end = Instant::now() + LAST_EVENTS;
        programs.welcome(false, &mut hold(self.keeper.as_ref()));
        while programs.is_waiting() && Instant::now() < end {
            programs.welcome(false, &mut hold(self.keeper.as_ref()));
        }
        programs.gather_states();
        programs.disable();
        programs.begin_end();
        loop {
            programs.last_pass(&|_, _| None);
            if Instant::now() >= end || !programs.has_pending() {
                break;
            }
            std::thread::sleep(PACE);
        }
        programs.look_after();
        programs.drop_dead(&|_, _| None);
        programs.count_pending();
    }

    fn close(self) -> Summary {
        let mut summary = Summary {
            path: self.session.out.clone(),
            duration: self.started.elapsed(),
            bytes: 0,
            sources: Vec::new(),
            storage_error: None,
            notes: self.notes,
        };
        if let Some(kernel) = self.kernel {
            let closed = kernel.close(&self.session);
            summary.sources.extend(closed.sources);
            summary.notes.extend(closed.notes);
            summary.bytes += closed.bytes;
            summary.storage_error = closed.storage_error;
        }
        if let Some(programs) = self.programs {
            let closed = programs.close();
            summary.sources.extend(closed.sources);
            summary.notes.extend(closed.notes);
            summary.bytes += closed.bytes;
            summary.storage_error = summary.storage_error.or(closed.storage_error);
        }
        if let Some(keeper) = self.keeper {
            keeper.dismiss();
        }
        summary
    }
}

/// The kernel's part, if there is one; `started` tells why not, or what a user should know of it.
///
/// # Errors
/// The trace cannot be written.
fn begun(
    kernel: Option<Result<KernelEvents, crate::kernel_events::Error>>,
    started: &mut Started,
) -> Result<Option<KernelEvents>, SinkError> {
    match kernel {
        None => Ok(None),
        Some(Err(crate::kernel_events::Error::Sink(why))) => Err(why),
        Some(Err(why)) => {
            started.kernel = Some(Err(why.to_string()));
            Ok(None)
        }
        Some(Ok(mut kernel)) => {
            started.kernel = Some(Ok(kernel.event_count()));
            started.notes.extend(kernel.take_notes());
            Ok(Some(kernel))
        }
    }
}

/// Refuses a path that would break a line of the advert, or that no keeper finds again.
pub(crate) fn check_path(out: &Path) -> Result<(), Error> {
    let path = std::path::absolute(out).unwrap_or_else(|_| out.to_owned());
    match path.to_str() {
        Some(text) if !text.contains('\n') => Ok(()),
        _ => Err(Error::OutputName { path }),
    }
}

fn new_session(out: std::path::PathBuf) -> Session {
    let clock = SessionClock::choose();
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let name = out
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    Session {
        name: name.unwrap_or_else(|| "thalweg".to_owned()),
        created_s: since_epoch.as_secs().cast_signed(),
        start: clock.now(),
        clock,
        out,
    }
}

/// What is told where processes cannot be looked at.
const FOREIGN_PROC: &str = "programs cannot be traced: /proc is not that of this pid namespace; mount \
    it, with: mount -t proc proc /proc";

/// A place in each folder that can be used.
fn take_posts(id: &str, advert: &Advert, notes: &mut Vec<String>) -> (Vec<Post>, Option<Watch>) {
    if has_own_proc() == Some(false) {
        notes.push(FOREIGN_PROC.to_owned());
        return (Vec::new(), None);
    }
    let watch = Watch::new().map_err(|why| notes.push(format!("failed to watch folders: {why}")));
    let Ok(watch) = watch else {
        return (Vec::new(), None);
    };
    let mut posts = Vec::new();
    let mut refused = Vec::new();
    for (path, uid) in candidates() {
        let folder = Folder::open(&path, uid).map_err(|error| error.to_string());
        let post = folder.and_then(|folder| {
            Post::take(folder, id, advert).map_err(|why| match why {
                rustix::io::Errno::BUSY => {
                    format!("{}: four recorders are there already", path.display())
                }
                why => format!("{}: {why}", path.display()),
            })
        });
        match post {
            Ok(post) => {
                let _ = watch.add(&post.folder.path);
                posts.push(post);
            }
            Err(why) => refused.push(why),
        }
    }
    if posts.is_empty() {
        notes.push(format!("programs cannot be traced: {}", refused.join("; ")));
    }
    (posts, Some(watch))
}

/// Tells the keeper of each program that is attached.
fn hold(keeper: Option<&Keeper>) -> impl FnMut(&Program, u32, usize) {
    move |program, uid, slot| {
        if let Some(keeper) = keeper {
            keeper.hold(program, uid, slot);
        }
    }
}
