//! Where events go that cannot be defined any more: one event for each level, defined at the start.

use std::sync::OnceLock;
use thalweg::Level;
use thalweg::dynamic::{Event, Kind};

const NAME: &str = "thalweg_tracing:other";
const LEVELS: [Level; 5] = [
    Level::Err,
    Level::Warning,
    Level::Info,
    Level::DebugFunction,
    Level::DebugLine,
];

static SPARE: OnceLock<[Option<Event>; LEVELS.len()]> = OnceLock::new();

/// Defines them, if nobody has. Without room for them, too, there is nowhere to record what else
/// finds none.
pub(crate) fn reserve() {
    SPARE.get_or_init(|| {
        let fields = [("name", Kind::Text), ("fields", Kind::Text)];
        LEVELS.map(|level| Event::define(NAME, level, &fields).ok())
    });
}

/// The one of a level: its fields are the name and the fields of the event, as text.
pub(crate) fn of(level: Level) -> Option<Event> {
    let at = LEVELS.iter().position(|known| *known == level)?;
    SPARE.get().and_then(|events| events[at])
}
