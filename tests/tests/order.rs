//! One clock: what the kernel says of a system call lies between the program's events around it.

use std::sync::{Mutex, PoisonError};

use thalweg_tests::{Event, Report, World};

const COUNT: u64 = 100_000;

/// Each test's recorder sees the calls of the other's program.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What happened between a `before` and its `after`, and how often all was in its place.
#[derive(Default)]
struct Between {
    open: Option<u64>,
    entered: bool,
    left: u64,
    in_order: u64,
    exits: u64,
}

impl Between {
    fn take(&mut self, event: &Event<'_>, own_parent: &str) {
        match event.name {
            "test:tick" if event.number("account") == 0 => {
                (self.entered, self.left) = (false, 0);
                self.open = Some(event.number("n"));
            }
            "test:tick" => {
                let whole = self.open == Some(event.number("n")) && self.left == 1;
                self.in_order += u64::from(whole);
                self.open = None;
            }
            "syscall_entry_getppid" => self.entered |= self.open.is_some(),
            // Others call it too; the exit's value is the caller's parent: this test.
            "syscall_exit_getppid" if event.rest.ends_with(own_parent) => {
                self.exits += 1;
                self.left += u64::from(self.entered);
            }
            _ => {}
        }
    }
}

/// The number in the note of how far system calls may be off, in cycles.
fn allowed_cycles(report: &Report) -> u64 {
    let metadata = report.output.join("kernel/metadata");
    let metadata = std::fs::read_to_string(metadata).expect("there is metadata");
    let number = |text: &str, before: &str| -> u64 {
        let (_, behind) = text.split_once(before).expect("it is told");
        let end = behind.find(|c: char| !c.is_ascii_digit());
        behind[..end.unwrap_or(behind.len())]
            .parse()
            .expect("a number")
    };
    let hz = number(&metadata, "freq = ");
    let told = report.notes.iter().find(|note| note.contains(" right to "));
    let Some(told) = told else {
        return 0;
    };
    number(told, " right to ") * hz / 1_000_000_000
}

/// The times of each kind of event, in the order of the trace.
#[derive(Default)]
struct Times {
    before: Vec<u64>,
    entry: Vec<u64>,
    exit: Vec<u64>,
    after: Vec<u64>,
}

impl Times {
    fn take(&mut self, event: &Event<'_>) {
        let is_ours = event.rest.contains("procname = \"order\"");
        match event.name {
            "test:tick" if event.number("account") == 0 => self.before.push(event.time),
            "test:tick" => self.after.push(event.time),
            "syscall_entry_getppid" if is_ours => self.entry.push(event.time),
            "syscall_exit_getppid" if is_ours => self.exit.push(event.time),
            _ => {}
        }
    }

    /// How far each time that is out of order lies from its place.
    fn inversions(&self) -> Vec<u64> {
        let pairs = [
            (&self.before, &self.entry),
            (&self.entry, &self.exit),
            (&self.exit, &self.after),
        ];
        let times = pairs.into_iter().flat_map(|(a, b)| a.iter().zip(b));
        times.filter(|(a, b)| a > b).map(|(a, b)| a - b).collect()
    }
}

#[test]
fn calls_that_our_own_programs_record_lie_there_too_but_for_the_doubt_of_their_clock() {
    let _only = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let world = World::new();
    let recorder = world.recorder("trace").syscalls("getppid");
    let recorder = recorder.kernel_buffer_kib(64 << 10).start();
    world.run("order", &[&COUNT.to_string()]);
    let report = recorder.finish();
    assert_eq!(report.lost(), 0, "{report:?}");
    let mut times = Times::default();
    report.trace().events().for_each(|event| times.take(&event));
    let counts = [&times.before, &times.entry, &times.exit, &times.after].map(Vec::len);
    assert_eq!(counts, [COUNT as usize; 4]);
    let (inversions, allowed) = (times.inversions(), allowed_cycles(&report));
    let largest = inversions.iter().max().copied().unwrap_or(0);
    println!(
        "{} of {} pairs inverted, by {largest} cycles at most; the doubt is {allowed}",
        inversions.len(),
        3 * COUNT
    );
    assert!(
        largest <= allowed,
        "{largest} cycles, {allowed} are allowed"
    );
}

#[test]
fn entry_and_exit_of_a_system_call_lie_between_the_events_around_it() {
    let _only = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let world = World::new();
    let recorder = world.recorder("trace");
    let recorder = recorder
        .kernel("syscalls:sys_enter_getppid")
        .kernel("syscalls:sys_exit_getppid")
        .start();
    world.run("order", &[&COUNT.to_string()]);
    let report = recorder.finish();
    assert_eq!(report.lost(), 0, "{report:?}");
    let own_parent = format!("ret = {} }}", std::process::id());
    let mut between = Between::default();
    for event in report.trace().events() {
        between.take(&event, &own_parent);
    }
    println!("{} of {COUNT} in order", between.in_order);
    assert_eq!((between.in_order, between.exits), (COUNT, COUNT));
}
