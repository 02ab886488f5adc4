//! Defines events while it runs, in several threads, and in a forked child; counts what it emits.
//!
//! `dynamic THREADS EVENTS_EACH [late]`: with `late` it waits for a line on its standard input after
//! the first half of the definitions, so that a recorder can come in between.

#![allow(unsafe_code, reason = "forks, as the programs do that we trace")]

use std::io::BufRead as _;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use thalweg::Level;
use thalweg::dynamic::{Event, Kind, Value};

static EMITTED: AtomicU64 = AtomicU64::new(0);

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let threads: u64 = args[0].parse().expect("a number of threads");
    let each: u64 = args[1].parse().expect("a number of events");
    let early = define("early", threads);
    if args.get(2).is_some_and(|word| word == "late") {
        println!("defined");
        let mut line = String::new();
        let _ = std::io::stdin().lock().read_line(&mut line);
    }
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let early = &early;
            scope.spawn(move || {
                // Every thread defines its own event while the others emit.
                let own = define_one("own", thread);
                emit_all(&early[thread as usize], thread, each);
                emit_all(&own, thread, each);
            });
        }
    });
    let quiet = Event::define("dynamic:quiet", Level::Debug, &[]).expect("there is room for it");
    if quiet.is_enabled() {
        println!("quiet is on");
    }
    let child = fork(|| {
        emit_all(&early[0], 1000, each);
        emit_all(&define_one("child", 0), 1000, each);
    });
    println!("emitted {}", EMITTED.load(SeqCst) + child);
}

fn define(kind: &str, count: u64) -> Vec<Event> {
    (0..count).map(|number| define_one(kind, number)).collect()
}

fn define_one(kind: &str, number: u64) -> Event {
    let fields = [
        ("thread", Kind::U64),
        ("number", Kind::I64),
        ("half", Kind::F64),
        ("is_odd", Kind::Bool),
        ("text", Kind::Text),
        ("bytes", Kind::Bytes),
        ("list", Kind::U64s),
    ];
    let name = format!("dynamic:{kind}{number}");
    Event::define(&name, Level::Info, &fields).expect("there is room for it")
}

fn emit_all(event: &Event, thread: u64, count: u64) {
    for number in 0..count {
        let wanted = event.is_enabled();
        let values = [
            Value::U64(thread),
            Value::I64(-(number as i64)),
            Value::F64(number as f64 / 2.0),
            Value::Bool(number % 2 == 1),
            Value::Text("some text"),
            Value::Bytes(b"\x01\x02"),
            Value::U64s(&[1, 2, number]),
        ];
        event
            .emit(&values)
            .expect("the values are of the declared kinds");
        EMITTED.fetch_add(u64::from(wanted), SeqCst);
    }
}

/// Runs `work` in a child; how many events it emitted.
fn fork(work: impl FnOnce()) -> u64 {
    // SAFETY: all other threads have ended.
    let child = unsafe { libc::fork() };
    if child == 0 {
        EMITTED.store(0, SeqCst);
        work();
        // The pipe would be the better way; a status holds what the test needs: events in units of
        // a hundred.
        // SAFETY: ends the child without its parent's exit handlers.
        unsafe { libc::_exit((EMITTED.load(SeqCst) / 100) as i32) };
    }
    let mut status = 0;
    // SAFETY: waits for our own child.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    libc::WEXITSTATUS(status) as u64 * 100
}
