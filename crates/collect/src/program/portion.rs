//! What one pass takes out of a chunk of a thread that shares its stream: records, checked.

use thalweg_ring::{Record, Stop};

use super::definitions::Site;
use super::encoder::CPU_LEN;
use super::ready::Ready;
use super::traced::Program;

/// One record, checked: where its bytes are, and where the walk was behind it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) time: u64,
    pub(crate) site: u16,
    /// Its cpu number and payload, in [`Portion::bodies`].
    pub(crate) body: std::ops::Range<usize>,
    /// Position of the walk behind it.
    pub(crate) position: usize,
    /// Records before it that were torn, and that made no sense.
    pub(crate) lost: [u64; 2],
}

/// What one pass takes out of a chunk.
#[derive(Debug)]
pub(crate) struct Portion {
    pub(crate) entries: Vec<Entry>,
    pub(crate) bodies: Vec<u8>,
    /// Records that were torn.
    pub(crate) torn: u64,
    /// Records that made no sense.
    pub(crate) bad: u64,
    pub(crate) stop: Stop,
    /// Where the walk ended, and at what time.
    pub(crate) position: usize,
    pub(crate) time: u64,
}

/// The times between which records are believed and wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// Earlier ones are of an earlier session, or on disk already.
    pub(crate) from: u64,
    /// The time.
    pub(crate) now: u64,
    /// So many cycles are a second.
    pub(crate) second: u64,
}

impl Window {
    /// The latest time that is believed: what a thread stamped just now is not in the future.
    pub(crate) fn not_after(&self) -> u64 {
        self.now.saturating_add(self.second)
    }

    /// Whether a chunk was begun after its program's chunks were begun to be looked at: an older one
    /// of its thread may have been free then. See [`super::ready`].
    pub(crate) fn is_too_early_for(&self, begin: u64) -> bool {
        (self.now..=self.not_after()).contains(&begin)
    }
}

impl Portion {
    /// Walks a chunk from where the last pass ended, and learns on the way what the program has
    /// defined since.
    pub(crate) fn take(program: &mut Program, ready: &Ready, window: Window) -> Self {
        loop {
            let portion = Self::walk(program, ready, window);
            if portion.bad == 0 || !program.learn() {
                return portion;
            }
        }
    }

    fn walk(program: &Program, ready: &Ready, window: Window) -> Self {
        let mut scratch = vec![0; thalweg_ring::chunk_words(4)];
        let mut walk = program.walk(ready);
        let mut entries = Vec::new();
        let mut bodies = Vec::new();
        let mut bad = 0;
        let consumed = program.consumed(ready);
        let mut torn_before = 0;
        let stop = loop {
            let record = match walk.next(window.not_after(), &mut scratch) {
                Ok(record) => record,
                Err(stop) => break stop,
            };
            let (time, site) = (record.time, record.site);
            if time < window.from || walk.position() <= consumed {
                torn_before = walk.torn();
                continue;
            }
            match append(&program.definitions.sites, &record, &mut bodies) {
                Some(body) => {
                    let (position, torn) = (walk.position(), walk.torn() - torn_before);
                    let lost = [torn, bad];
                    entries.push(Entry {
                        time,
                        site,
                        body,
                        position,
                        lost,
                    });
                }
                None => bad += 1,
            }
        };
        let (position, time) = (walk.position(), walk.time());
        let torn = walk.torn() - torn_before;
        Self {
            entries,
            bodies,
            torn,
            bad,
            stop,
            position,
            time,
        }
    }

    /// Records that made no sense, and the one at which the walk had to stop for that.
    pub(crate) fn violations(&self) -> u64 {
        self.bad + u64::from(self.stop == Stop::Violation)
    }

    /// The bytes of an entry.
    pub(crate) fn body(&self, entry: &Entry) -> &[u8] {
        &self.bodies[entry.body.clone()]
    }
}

/// Appends a record's cpu number and payload, if they are what the site's class says.
fn append(
    sites: &[Site],
    record: &Record<'_>,
    bodies: &mut Vec<u8>,
) -> Option<std::ops::Range<usize>> {
    let site = sites.get(usize::from(record.site))?;
    let begin = bodies.len();
    for word in record.body {
        bodies.extend_from_slice(&word.to_le_bytes());
    }
    let room = bodies.len() - begin;
    let payload = bodies.get(begin + CPU_LEN..).unwrap_or_default();
    let len = site.plan.measure(payload).map(|len| len + CPU_LEN);
    // The room is the least that holds the payload: anything else is not what was declared.
    let fits = len.filter(|len| room - len < 8);
    bodies.truncate(begin + fits.unwrap_or(0));
    fits.map(|len| begin..begin + len)
}
