//! `stepper handle|kill|kill-handler small|large POINTS`: runs `stepped` instruction by instruction
//! into an event, and there sends it a signal, or kills it, or both. POINTS places, evenly spread
//! over the event's instructions; 0 means each of them.
//!
//! Says `instructions N points P`, and after kills `free N leaked M`: what became of the chunks of
//! the dead, of whom the recorder takes leave.
//!
//! `stepper count small|large` says the numbers of instructions of an event and of a handler, and no
//! more. `stepper cut small|large POINT [STEPS]` kills one program at one place, or so many
//! instructions into the handler that interrupts it there.

#![allow(unsafe_code, reason = "ptrace")]

use std::collections::VecDeque;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use thalweg_abi::desc::{Desc, FREE, NONE};
use thalweg_abi::{program, slot};

/// Dead programs whose memory is kept until the recorder has taken leave of them.
const MOST_DEAD: usize = 100;

/// A program under single-step.
struct Traced {
    pid: libc::pid_t,
}

impl Traced {
    #[expect(
        clippy::zombie_processes,
        reason = "a tracer waits with waitpid, for stops as well"
    )]
    fn start(kind: &str, events: usize, account: u32) -> Self {
        let own = std::env::current_exe().expect("the kernel knows what it runs");
        let mut command = Command::new(own.with_file_name("stepped"));
        command.args([kind, &events.to_string(), &account.to_string()]);
        let trace_me = || {
            let request = libc::PTRACE_TRACEME;
            // SAFETY: no memory is passed.
            unsafe { libc::ptrace(request, 0, 0, 0) };
            Ok(())
        };
        // SAFETY: one system call between fork and exec.
        unsafe { command.pre_exec(trace_me) };
        let child = command
            .spawn()
            .expect("cargo builds the package's programs");
        let traced = Self {
            pid: child.id().cast_signed(),
        };
        traced.wait();
        traced
    }

    /// Waits for the next stop; whether the program still is.
    fn wait(&self) -> bool {
        let mut status = 0;
        // SAFETY: the status is live.
        let waited = unsafe { libc::waitpid(self.pid, &raw mut status, 0) };
        assert_eq!(waited, self.pid);
        let stopped = libc::WIFSTOPPED(status);
        let trap = !stopped || libc::WSTOPSIG(status) == libc::SIGTRAP;
        assert!(trap, "stopped by signal {}", libc::WSTOPSIG(status));
        let well = stopped || status == 0 || libc::WTERMSIG(status) == libc::SIGKILL;
        assert!(well, "ended with status {status:#x}");
        stopped
    }

    fn go(&self, request: libc::c_uint, signal: libc::c_int) -> bool {
        // SAFETY: no memory is passed.
        let gone = unsafe { libc::ptrace(request, self.pid, 0, libc::c_long::from(signal)) };
        assert_eq!(gone, 0, "the program is stopped");
        self.wait()
    }

    /// To the next breakpoint; whether there was one.
    fn run(&self, signal: libc::c_int) -> bool {
        self.go(libc::PTRACE_CONT, signal)
    }

    fn step(&self, signal: libc::c_int) {
        assert!(
            self.go(libc::PTRACE_SINGLESTEP, signal),
            "ended in an event"
        );
    }

    /// Whether the next instruction is a breakpoint.
    fn is_at_breakpoint(&self) -> bool {
        let rip = std::mem::offset_of!(libc::user_regs_struct, rip);
        // SAFETY: no memory is passed: the result is the word.
        let rip = unsafe { libc::ptrace(libc::PTRACE_PEEKUSER, self.pid, rip, 0) };
        // SAFETY: as above.
        let word = unsafe { libc::ptrace(libc::PTRACE_PEEKTEXT, self.pid, rip, 0) };
        word & 0xff == 0xcc
    }

    /// So many instructions on, or to the breakpoint behind the event; how many it were.
    fn step_into(&self, count: usize) -> usize {
        let at_most = 0..count;
        let steps = at_most.take_while(|_| {
            let inside = !self.is_at_breakpoint();
            if inside {
                self.step(0);
            }
            inside
        });
        steps.count()
    }

    /// The memfd, to look into when the program is gone.
    fn memory(&self) -> File {
        let folder = format!("/proc/{}/fd", self.pid);
        let entries = std::fs::read_dir(folder).expect("the program is there");
        let is_ring = |path: &PathBuf| {
            std::fs::read_link(path).is_ok_and(|to| to.to_string_lossy().contains("memfd:thalweg"))
        };
        let path = entries.flatten().map(|entry| entry.path()).find(is_ring);
        File::open(path.expect("it has set its ring up")).expect("it is our child")
    }

    fn kill(self) {
        // SAFETY: no memory is passed.
        unsafe { libc::kill(self.pid, libc::SIGKILL) };
        while self.wait() {}
    }
}

/// The instructions of the program's third event between breakpoints.
fn measure(kind: &str, account: u32) -> usize {
    let traced = Traced::start(kind, 4, account);
    for _ in 0..5 {
        assert!(traced.run(0));
    }
    let count = traced.step_into(usize::MAX);
    while traced.run(0) {}
    count
}

/// One program; its handler runs at another instruction of each event.
fn handle(kind: &str, points: &[usize], account: u32) {
    let traced = Traced::start(kind, points.len(), account);
    for &point in points {
        assert!(traced.run(0), "the breakpoint before the event");
        traced.step_into(point);
        assert!(traced.run(libc::SIGUSR1), "the breakpoint behind the event");
    }
    while traced.run(0) {}
}

/// A program that ended at an instruction, or some way into its handler there; its memory.
fn cut(kind: &str, point: usize, in_handler: Option<usize>, account: u32) -> File {
    let traced = Traced::start(kind, 1, account);
    assert!(traced.run(0), "the breakpoint before the event");
    traced.step_into(point);
    if let Some(steps) = in_handler {
        traced.step(libc::SIGUSR1);
        for _ in 0..steps {
            traced.step(0);
        }
    }
    let memory = traced.memory();
    traced.kill();
    memory
}

/// One program an instruction. What became of their chunks: free, and leaked.
fn kill(kind: &str, points: &[usize], in_handler: Option<usize>) -> [usize; 2] {
    let mut dead = VecDeque::new();
    let mut sum = [0, 0];
    for (index, &point) in points.iter().enumerate() {
        // Some place in the handler, another one each time.
        let steps = in_handler.map(|length| index * 1_000_003 % length);
        dead.push_back(cut(kind, point, steps, 2 * index as u32 + 2));
        if dead.len() > MOST_DEAD {
            count(&dead.pop_front().expect("there are some"), &mut sum);
        }
    }
    dead.iter().for_each(|memory| count(memory, &mut sum));
    sum
}

/// Adds the chunks of a dead program, as soon as the recorder has looked after it.
fn count(memory: &File, sum: &mut [usize; 2]) {
    let end = Instant::now() + Duration::from_secs(10);
    let mut found = chunks(memory);
    while found[1] > 0 && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
        found = chunks(memory);
    }
    *sum = [sum[0] + found[0], sum[1] + found[1]];
}

/// Chunks of slot 0 that are free, and that are not.
fn chunks(memory: &File) -> [usize; 2] {
    let word = |at: usize| {
        let mut bytes = [0; 8];
        let read = memory.read_exact_at(&mut bytes, at as u64);
        read.expect("the memory is there as long as its file is open");
        u64::from_le_bytes(bytes)
    };
    let slot = program::slot_offset(word(program::HEAD_CAPACITY * 8) as usize, 0);
    let units = word(slot + slot::UNITS_READY * 8) as usize;
    let state = |unit| Desc::unpack(word(slot + slot::DESCS + unit * 8)).state;
    let free = (0..units).filter(|unit| state(*unit) == FREE).count();
    let none = (0..units).filter(|unit| state(*unit) == NONE).count();
    [free, units - free - none]
}

/// The instructions of a handler: it emits three events.
fn handler_length() -> usize {
    3 * measure("small", 0)
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| args.get(at).and_then(|text| text.parse::<usize>().ok());
    let kind = args[1].as_str();
    match (args[0].as_str(), number(2)) {
        ("count", None) => println!("{} {}", measure(kind, 0), handler_length()),
        ("cut", Some(point)) => drop(cut(kind, point, number(3), 2)),
        (how, Some(wanted)) => spread(how, kind, wanted),
        _ => panic!("no number of points"),
    }
}

/// So many places of an event, one after the other.
fn spread(how: &str, kind: &str, wanted: usize) {
    let count = measure(kind, 0);
    let wanted = if wanted == 0 {
        count
    } else {
        wanted.min(count)
    };
    let points: Vec<usize> = (0..wanted).map(|index| index * count / wanted).collect();
    println!("instructions {count} points {}", points.len());
    let [free, leaked] = match how {
        "handle" => return handle(kind, &points, 2),
        "kill" => kill(kind, &points, None),
        _ => kill(kind, &points, Some(handler_length())),
    };
    println!("free {free} leaked {leaked}");
}
