//! Records of the `log` crate, as events `log:TARGET`.
//!
//! ```text
//!   target, level ─▶ bucket ─▶ node ─▶ node ─▶ …     at most 1,024; then all go to the spare event
//! ```
//!
//! A record has no call site, only a target, which may be any string: nodes are found by its text.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use thalweg::Level;
use thalweg::dynamic::{DefineError, Event, Kind, Value};

use crate::init::InitError;
use crate::name::without_nul;
use crate::spare;
use crate::texts::Texts;

const BUCKETS_LEN: usize = 256;
const MAX_NODES: usize = 1024;

/// The events of one target and level.
struct Node {
    target: String,
    level: log::Level,
    event: Event,
    next: Link,
}

type Link = OnceLock<&'static Node>;

static BUCKETS: [Link; BUCKETS_LEN] = [const { OnceLock::new() }; BUCKETS_LEN];
static COUNT: AtomicUsize = AtomicUsize::new(0);

struct Bridge;

/// Makes us the program's logger; levels are decided by the rules of a recording.
pub(crate) fn install() -> Result<(), InitError> {
    log::set_logger(&Bridge).map_err(|_| InitError::Logger)?;
    log::set_max_level(log::LevelFilter::Trace);
    Ok(())
}

fn level(level: log::Level) -> Level {
    match level {
        log::Level::Error => Level::Err,
        log::Level::Warn => Level::Warning,
        log::Level::Info => Level::Info,
        log::Level::Debug => Level::DebugFunction,
        log::Level::Trace => Level::DebugLine,
    }
}

/// Eight bytes a step: targets are module paths, and differ in length or somewhere in the middle.
fn bucket(target: &str, level: log::Level) -> &'static Link {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(ODD).rotate_left(29);
    let (words, rest) = target.as_bytes().as_chunks::<8>();
    let hash = words.iter().fold(level as u64, |hash, word| {
        mix(hash, u64::from_le_bytes(*word))
    });
    let hash = rest
        .iter()
        .fold(hash, |hash, byte| mix(hash, u64::from(*byte)));
    &BUCKETS[(hash >> 32) as usize % BUCKETS_LEN]
}

/// The event of a target, defined if it must be; `None` if there is no room for one.
fn event_of(target: &str, log_level: log::Level) -> Option<Event> {
    let mut link = bucket(target, log_level);
    let is_it = |node: &Node| node.level == log_level && node.target == target;
    while let Some(node) = link.get() {
        if is_it(node) {
            return Some(node.event);
        }
        link = &node.next;
    }
    let node = define(target, log_level)?;
    loop {
        let there = *link.get_or_init(|| node);
        if is_it(there) {
            return Some(there.event);
        }
        link = &there.next;
    }
}

#[cold]
fn define(target: &str, log_level: log::Level) -> Option<&'static Node> {
    let room = COUNT.fetch_update(Relaxed, Relaxed, |count| {
        (count < MAX_NODES).then_some(count + 1)
    });
    room.ok()?;
    let fields = [
        ("message", Kind::Text),
        ("file", Kind::Text),
        ("line", Kind::U64),
        ("module_path", Kind::Text),
    ];
    let name = without_nul(format!("log:{target}"));
    match Event::define(&name, level(log_level), &fields) {
        Ok(event) => Some(Box::leak(Box::new(Node {
            target: target.to_owned(),
            level: log_level,
            event,
            next: OnceLock::new(),
        }))),
        Err(DefineError::TooManyEvents) => {
            COUNT.store(MAX_NODES, Relaxed);
            None
        }
        Err(_) => None,
    }
}

impl log::Log for Bridge {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        let event = event_of(metadata.target(), metadata.level());
        let event = event.or_else(|| spare::of(level(metadata.level())));
        event.is_some_and(|event| event.is_enabled())
    }

    fn log(&self, record: &log::Record<'_>) {
        match event_of(record.target(), record.level()) {
            Some(event) if event.is_enabled() => emit(event, record),
            Some(_) => {}
            None => emit_spare(record),
        }
    }

    fn flush(&self) {}
}

fn emit(event: Event, record: &log::Record<'_>) {
    let mut texts = Texts::new();
    let message = match record.args().as_str() {
        Some(text) => text,
        None => {
            let (from, to) = texts.format(*record.args());
            texts.get(from, to)
        }
    };
    let emitted = event.emit(&[
        Value::Text(message),
        Value::Text(record.file().unwrap_or_default()),
        Value::U64(u64::from(record.line().unwrap_or(0))),
        Value::Text(record.module_path().unwrap_or_default()),
    ]);
    debug_assert!(emitted.is_ok(), "the values are those of the definition");
}

#[cold]
fn emit_spare(record: &log::Record<'_>) {
    let Some(event) = spare::of(level(record.level())).filter(Event::is_enabled) else {
        return;
    };
    let mut texts = Texts::new();
    let name = texts.format(format_args!("log:{}", record.target()));
    let line = texts.format(format_args!("message={:?}", record.args()));
    let text = |(from, to)| Value::Text(texts.get(from, to));
    let emitted = event.emit(&[text(name), text(line)]);
    debug_assert!(emitted.is_ok(), "the values are those of the definition");
}
