//! The layers that are compared. Each writes where a write costs least: `/dev/null`.

use std::any::Any;
use std::fs::File;
use std::sync::Mutex;
use tracing_appender::non_blocking::NonBlockingBuilder;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

/// What the judge and the script know them by.
pub(crate) const NAMES: [&str; 10] = [
    "thalweg",
    "thalweg-layer",
    "thalweg-watched",
    "thalweg-event",
    "fmt",
    "fmt-off",
    "appender",
    "chrome",
    "chrome-off",
    "nothing",
];

/// A layer that is in place.
pub(crate) struct Installed {
    /// The event is that of `thalweg::event!`, not of `tracing`.
    pub(crate) is_static: bool,
    /// Events that the layer has thrown away so far.
    pub(crate) dropped: Box<dyn Fn() -> usize>,
    /// What must live as long as events come.
    pub(crate) guard: Option<Box<dyn Any>>,
}

/// Puts a layer in place.
pub(crate) fn install(name: &str) -> Option<Installed> {
    let mut installed = Installed {
        is_static: name == "thalweg-event",
        dropped: Box::new(|| 0),
        guard: None,
    };
    match name {
        "thalweg" => thalweg_tracing::init().expect("nobody was here before"),
        "thalweg-watched" => {
            thalweg_tracing::init().expect("nobody was here before");
            thalweg_tracing::start_watcher().expect("a thread can be had");
        }
        "thalweg-layer" => tracing_subscriber::registry()
            .with(thalweg_tracing::layer())
            .init(),
        "fmt" => formatted(LevelFilter::TRACE),
        "fmt-off" => formatted(LevelFilter::WARN),
        "appender" => appended(&mut installed),
        "chrome" => chrome(LevelFilter::TRACE, &mut installed),
        "chrome-off" => chrome(LevelFilter::WARN, &mut installed),
        "thalweg-event" | "nothing" => {}
        _ => return None,
    }
    Some(installed)
}

fn null() -> File {
    let file = File::options().write(true).open("/dev/null");
    file.expect("every system has it")
}

fn formatted(level: LevelFilter) {
    let layer = fmt::layer()
        .with_ansi(false)
        .with_writer(Mutex::new(null()));
    let subscriber = tracing_subscriber::registry().with(layer).with(level);
    subscriber.init();
}

/// The formatting layer, with the writes on another thread.
fn appended(installed: &mut Installed) {
    let (writer, guard) = NonBlockingBuilder::default().lossy(true).finish(null());
    let errors = writer.error_counter();
    installed.dropped = Box::new(move || errors.dropped_lines());
    installed.guard = Some(Box::new(guard));
    let layer = fmt::layer().with_ansi(false).with_writer(writer);
    tracing_subscriber::registry().with(layer).init();
}

fn chrome(level: LevelFilter, installed: &mut Installed) {
    let builder = tracing_chrome::ChromeLayerBuilder::new();
    let (layer, guard) = builder.writer(null()).include_args(true).build();
    installed.guard = Some(Box::new(guard));
    let subscriber = tracing_subscriber::registry().with(layer).with(level);
    subscriber.init();
}
