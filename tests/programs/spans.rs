//! `spans all | fork | many THREADS EACH | late`: spans that nest, move between threads and processes,
//! and are interrupted.
//!
//! With `many` each span says its own number and that of the span around it, which is what its id and its
//! parent's are compared with. With `late` the program says `open` within a span, and waits for a line.

#![allow(unsafe_code, reason = "processes and handlers as C programs make them")]

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use thalweg::{InSpan as _, SpanId, TaskSpan, TraceId, Traceparent};

fn nested() {
    let _outer = thalweg::span!("s:outer", Info, { id: u64 = 1 });
    {
        let inner = thalweg::span!("s:inner", Info, { name: &str = "Ada", nowrite total: u64 = 2 });
        thalweg::event!("s:event", Info, { span_id: SpanId = inner.id() });
        assert_eq!(inner.id(), SpanId::current());
    }
    let _second = thalweg::span!("s:second");
}

/// In the order of their begin, which is not that of scopes; what begins then is in neither.
fn dropped_in_any_order() {
    let first = thalweg::span!("s:first", Debug);
    let second = thalweg::span!("s:within", {});
    drop(first);
    drop(second);
    let _third = thalweg::span!("s:third");
}

fn unwound() {
    let caught = std::panic::catch_unwind(|| {
        let _left = thalweg::span!("s:left", Info);
        std::panic::resume_unwind(Box::new("out of the span"));
    });
    assert!(caught.is_err());
    let _after = thalweg::span!("s:after", Info);
}

fn given_a_parent() {
    let parent = thalweg::span!("s:parent", Info);
    let id = parent.id();
    let thread = std::thread::spawn(move || {
        let _child = thalweg::span!(parent: id, "s:child", Info, { a: u8 = 1 });
        let _grandchild = thalweg::span!("s:grandchild", Info);
    });
    thread.join().expect("it does not panic");
    let _root = thalweg::span!(parent: SpanId::NONE, "s:root");
}

fn of_a_trace() {
    let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let caller: Traceparent = header.parse().expect("it is one");
    let trace_id = caller.trace_id;
    let served = thalweg::span!(parent: caller.parent_id, "s:served", Info, {
        trace_id: TraceId = trace_id,
        perhaps: Option<TraceId> = None,
    });
    thalweg::event!("s:traced", { a: u8 = 1, trace_id: TraceId = trace_id, after: u8 = 2 });
    let onward = Traceparent {
        parent_id: served.id(),
        ..caller
    };
    assert_eq!(onward.to_string().parse(), Ok(onward));
}

fn entered() {
    let task = thalweg::task_span!("s:task", Info, { id: u64 = 7 });
    let _beside = thalweg::span!("s:beside", Info);
    task.in_scope(|| {
        let _part = thalweg::span!("s:part", Info);
    });
    let entered = task.enter();
    let _part = thalweg::span!("s:part", Info);
    drop(entered);
}

/// Comes back so often before it is done, and has a span at each poll and when it is dropped.
struct Yields(u32);

impl Future for Yields {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let _polled = thalweg::span!("s:polled", Info, { left: u32 = self.0 });
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        Poll::Pending
    }
}

impl Drop for Yields {
    fn drop(&mut self) {
        thalweg::event!("s:dropped", Info, { span_id: SpanId = SpanId::current() });
    }
}

fn poll(future: Pin<&mut impl Future<Output = ()>>) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    future.poll(&mut context).is_ready()
}

/// One future, polled by four threads; it is done, and its span ended, before it is dropped.
fn moves() {
    let future = Yields(3).in_span(thalweg::task_span!("s:moving", Info, { id: u64 = 3 }));
    let mut future = Box::pin(future);
    for left in (0..=3).rev() {
        let thread = std::thread::spawn(move || {
            assert_eq!(poll(future.as_mut()), left == 0);
            future
        });
        future = thread.join().expect("it does not panic");
    }
    thalweg::event!("s:done");
}

/// Two futures of one span take turns on one thread; the second is dropped before it is done.
fn shared() {
    let span = Arc::new(thalweg::task_span!("s:shared", Info));
    let mut first = pin!(Yields(1).in_span(span.clone()));
    {
        let mut second = pin!(Yields(2).in_span(&*span));
        assert!(!poll(first.as_mut()));
        assert!(!poll(second.as_mut()));
        drop(thalweg::span!("s:between", Info));
        assert!(poll(first.as_mut()));
    }
    thalweg::event!("s:last_handle");
    drop(span);
}

fn all() {
    nested();
    dropped_in_any_order();
    unwound();
    given_a_parent();
    of_a_trace();
    entered();
    moves();
    shared();
    assert_eq!(SpanId::current(), SpanId::NONE);
}

/// Emits in a child of each kind, and waits for it; the child goes on, and ends, as the parent does.
fn fork() {
    let outer = thalweg::span!("s:outer", Info);
    let task = thalweg::task_span!("s:task", Info);
    // SAFETY: the child emits and exits.
    let forked = unsafe { libc::fork() } == 0;
    // SAFETY: as above; the child gets a copy of the memory, its stack included.
    let cloned =
        !forked && unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) } == 0;
    let of = match (forked, cloned) {
        (true, _) => "forked",
        (_, true) => "cloned",
        _ => "parent",
    };
    if of == "parent" {
        wait_for_two();
    }
    {
        let _entered = task.enter();
        for turn in 0..2 {
            let _own = thalweg::span!("s:own", Info, { of: &str = of, turn: u32 = turn });
        }
    }
    drop(task);
    drop(outer);
    drop(thalweg::span!("s:last", Info, { of: &str = of }));
    if of != "parent" {
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(0) };
    }
}

fn wait_for_two() {
    for _ in 0..2 {
        let mut status = 0;
        // SAFETY: the status is live.
        unsafe { libc::wait(&raw mut status) };
        assert_eq!(status, 0, "a child ended badly");
    }
}

extern "C" fn handle(_: libc::c_int) {
    let _span = thalweg::span!("s:handler", Info);
}

/// A timer that interrupts any thread.
fn start_timer() {
    // SAFETY: the handler only emits.
    unsafe { libc::signal(libc::SIGALRM, handle as extern "C" fn(libc::c_int) as usize) };
    let period = libc::timeval {
        tv_sec: 0,
        tv_usec: 100,
    };
    let timer = libc::itimerval {
        it_interval: period,
        it_value: period,
    };
    // SAFETY: the setting is live.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) };
}

fn stop_timer() {
    // SAFETY: ignores the signal from here on.
    unsafe { libc::signal(libc::SIGALRM, libc::SIG_IGN) };
}

/// Trees of four spans; each says its number and its parent's, both made of the thread's.
fn grow(thread: u64, each: u64) {
    for tree in 0..each {
        let n = thread << 32 | (4 * tree + 1);
        let _root = thalweg::span!("s:many", Info, { n: u64 = n, of: u64 = 0 });
        let task = thalweg::task_span!("s:many", Info, { n: u64 = n + 1, of: u64 = n });
        drop(thalweg::span!("s:many", Info, { n: u64 = n + 2, of: u64 = n }));
        task.in_scope(|| drop(thalweg::span!("s:many", Info, { n: u64 = n + 3, of: u64 = n + 1 })));
    }
}

fn many(threads: u64, each: u64) {
    start_timer();
    std::thread::scope(|scope| {
        for thread in 1..=threads {
            scope.spawn(move || grow(thread, each));
        }
    });
    stop_timer();
}

fn wait_for_line() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("it is text");
}

/// A span that began before there was a recorder is not seen at all, a later one whole.
fn late() {
    let early = thalweg::span!("s:early", Info);
    let task: TaskSpan = thalweg::task_span!("s:early_task", Info);
    println!("open");
    wait_for_line();
    assert_eq!(early.id(), SpanId::NONE);
    {
        let _entered = task.enter();
        let _late = thalweg::span!("s:late", Info);
    }
    drop((early, task));
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| args[at].parse().expect("a number");
    match args[0].as_str() {
        "all" => all(),
        "fork" => fork(),
        "many" => many(number(1), number(2)),
        "late" => late(),
        other => panic!("no spans are called {other}"),
    }
}
