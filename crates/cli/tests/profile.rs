//! Samples and counters: beside `perf record`, beside what the program says of its own time, with the ring
//! full, and where there are none.

mod common;

use std::path::Path;
use std::process::Command;

use common::{Scene, discarded, recorded};
use thalweg_testkit::babeltrace2_clean;

/// A program in the current folder, at fixed addresses.
struct Program {
    /// Where its functions begin and end.
    functions: Vec<(u64, u64, String)>,
}

impl Program {
    fn build(scene: &Scene) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c/profiled.c");
        let flags = [
            "-O1",
            "-fno-omit-frame-pointer",
            "-no-pie",
            "-o",
            "profiled",
        ];
        let mut compiler = scene.command("gcc", &flags);
        assert!(compiler.arg(source).status().unwrap().success());
        let listed = scene.command("nm", &["-S", "profiled"]).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let functions = listed.lines().filter_map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let [start, length, _, name] = words[..] else {
                return None;
            };
            let number = |text| u64::from_str_radix(text, 16).ok();
            let start = number(start)?;
            Some((start, start + number(length)?, name.to_owned()))
        });
        Self {
            functions: functions.collect(),
        }
    }

    fn function_at(&self, address: u64) -> &str {
        let mut functions = self.functions.iter();
        let found = functions.find(|(start, end, _)| (*start..*end).contains(&address));
        found.map_or("", |(.., name)| name)
    }

    /// Of the samples in the two functions, the part that is in the larger; and how many samples there
    /// are in all.
    fn share(&self, stacks: &[Vec<u64>]) -> f64 {
        let tops = stacks.iter().filter_map(|stack| stack.first());
        let tops: Vec<&str> = tops.map(|top| self.function_at(*top)).collect();
        let count = |name| tops.iter().filter(|top| **top == name).count() as f64;
        let (three, one) = (count("three_parts"), count("one_part"));
        assert!(three + one > 500.0, "{three} and {one} samples");
        three / (three + one)
    }
}

/// The addresses of each user stack in lines of a trace.
fn stacks(trace: &str, event: &str) -> Vec<Vec<u64>> {
    let lines = trace.lines().filter(|line| line.contains(event));
    let stack = |line: &str| {
        let list = line
            .split("callstack_user = [")
            .nth(1)?
            .split(" ]")
            .next()?;
        let addresses = list.split("0x").skip(1).map(|text| {
            let digits = text.trim_end_matches(|c: char| !c.is_ascii_hexdigit());
            let digits = digits.split(',').next().unwrap_or_default();
            u64::from_str_radix(digits, 16).unwrap()
        });
        Some(addresses.collect())
    };
    lines.map(|line| stack(line).unwrap()).collect()
}

/// What the kernel and the program say of a rate, as a number of samples.
fn expected(stdout: &str, hz: f64) -> f64 {
    let us: f64 = stdout.trim().lines().last().unwrap().parse().unwrap();
    us * hz / 1e6
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    let off = (found - expected).abs();
    assert!(
        off <= tolerance,
        "{found}, not {expected} give or take {tolerance}"
    );
}

#[test]
fn a_profile_is_the_one_that_perf_makes() {
    let scene = Scene::new();
    let program = Program::build(&scene);
    let rate = ["-e", "cpu-clock", "-F", "999", "-g", "-o", "p.data"];
    let perf = scene
        .command(
            "perf",
            &[&["record"], &rate[..], &["--", "./profiled", "2500"]].concat(),
        )
        .output()
        .unwrap();
    assert!(perf.status.success());
    let script = scene.command("perf", &["script", "-i", "p.data", "-G", "-F", "ip"]);
    let script = { script }.output().unwrap();
    let script = String::from_utf8(script.stdout).unwrap();
    let theirs = script.split_whitespace();
    let theirs = theirs.map(|word| vec![u64::from_str_radix(word, 16).unwrap()]);
    let theirs: Vec<_> = theirs.collect();

    let flags = [
        "record",
        "--no-user",
        "--follow",
        "--profile",
        "999",
        "-o",
        "t",
    ];
    let ended = scene.thalweg(&[&flags[..], &["--", "./profiled", "2500"]].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("discarded"), "{}", ended.stderr);
    let trace = babeltrace2_clean(&scene.dir().join("t"));
    let view = scene.thalweg(&["view", "--clock-gmt", "t"]);
    assert!(view.stdout == trace, "view and babeltrace2 differ");
    assert_eq!(trace.lines().count() as u64, recorded(&ended.stderr));
    let ours = stacks(&trace, "perf_sample_cpu_clock:");

    near(program.share(&theirs), 0.75, 0.06);
    near(program.share(&ours), program.share(&theirs), 0.06);
    for (samples, stdout) in [
        (theirs.len(), String::from_utf8(perf.stdout).unwrap()),
        (ours.len(), ended.stdout),
    ] {
        let expected = expected(&stdout, 999.0);
        near(samples as f64, expected, expected * 0.1);
    }
    let leaves = ours.iter().filter(|stack| {
        let top = stack.first().map_or("", |top| program.function_at(*top));
        top == "three_parts"
    });
    let callers =
        |stack: &Vec<u64>| [1, 2].map(|at| stack.get(at).map(|a| program.function_at(*a)));
    let whole = leaves
        .clone()
        .filter(|stack| callers(stack) == [Some("both"), Some("main")]);
    assert!(
        whole.count() * 100 >= leaves.count() * 95,
        "callers are there"
    );
}

#[test]
fn what_a_sample_needs_is_told_beside_it() {
    let scene = Scene::new();
    Program::build(&scene);
    let flags = ["record", "--no-user", "--profile", "1999", "-o", "t"];
    let command = ["--", "sh", "-c", "./profiled 1500; exec ./profiled 1"];
    let recorder = scene.start(&[&flags[..], &command].concat());
    let own = format!("{{ pid = {}, tid", recorder.id());
    let ended = recorder.end();
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let trace = babeltrace2_clean(&scene.dir().join("t"));
    let lines = |words: &[&str]| -> Vec<&str> {
        let has_all = |line: &&str| words.iter().all(|word| line.contains(word));
        trace.lines().filter(has_all).collect()
    };
    let mapped = lines(&["perf_mmap2:", "/profiled\"", "_build_id_length = 20"]);
    // What is there already when the recording begins is told, too, and that may be this program.
    assert!(mapped.len() >= 2, "the program was executed twice");
    assert_eq!(
        lines(&["perf_comm:", "comm = \"profiled\"", "is_exec = 1"]).len(),
        2
    );
    assert_eq!(lines(&["perf_mmap2:", "[kernel.kallsyms]_text"]).len(), 1);
    let this = format!("pid = {}, tid", std::process::id());
    assert!(
        !lines(&["perf_mmap2:", &this]).is_empty(),
        "this test ran before"
    );
    let samples = lines(&["perf_sample_cpu_clock:", "procname = \"profiled\""]);
    assert!(samples.len() > 100, "{} samples", samples.len());
    let child = mapped[0]
        .split("pid = ")
        .nth(1)
        .unwrap()
        .split(',')
        .next()
        .unwrap();
    let child = format!("pid = {child}, tid");
    assert!(samples.iter().filter(|line| line.contains(&child)).count() > 100);
    assert!(
        lines(&["perf_sample", &own]).is_empty(),
        "not of the recorder"
    );
}

/// The recorder is stopped while the program fills a ring of 64 KiB, and goes on before the end.
#[test]
fn lost_samples_are_counted() {
    let scene = Scene::new();
    Program::build(&scene);
    let script = "kill -STOP $PPID; ./profiled 2000; kill -CONT $PPID; ./profiled 1000";
    let flags = [
        "record",
        "--no-user",
        "--follow",
        "--profile",
        "9999",
        "--kernel-buffer",
        "64K",
        "-o",
        "t",
    ];
    let ended = scene.thalweg(&[&flags[..], &["--", "sh", "-c", script]].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("fault"), "{}", ended.stderr);
    let discarded = discarded(&ended.stderr);
    assert!(discarded > 500, "{discarded}");
    let view = scene.thalweg(&["view", "t"]).stdout;
    let samples = view
        .lines()
        .filter(|line| line.contains("perf_sample_cpu_clock:"));
    let produced = samples.count() as u64 + discarded;
    let times = ended.stdout.lines().map(|line| expected(line, 9999.0));
    let expected: f64 = times.sum();
    // The shell and the loader take time, too.
    near(produced as f64, expected, expected * 0.1 + 200.0);
}

#[test]
fn counters_are_read_at_each_interval() {
    let scene = Scene::new();
    let flags = [
        "record",
        "--no-user",
        "--follow",
        "-o",
        "t",
        "--count-interval",
        "20ms",
    ];
    let events = ["--count", "syscalls:sys_enter_write,page-faults"];
    let script = "sleep 0.1; dd if=/dev/zero of=/dev/null bs=1 count=5000 status=none; sleep 0.1";
    let ended = scene.thalweg(&[&flags[..], &events, &["--", "sh", "-c", script]].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let trace = babeltrace2_clean(&scene.dir().join("t"));
    let values = |cpu: usize| -> Vec<u64> {
        let of_cpu = format!("cpu_id = {cpu} }}");
        let lines = trace.lines().filter(|line| {
            line.contains("perf_count_syscalls_sys_enter_write:") && line.contains(&of_cpu)
        });
        let value = |line: &str| {
            line.split("value = ")
                .nth(1)?
                .split(',')
                .next()?
                .parse()
                .ok()
        };
        lines.map(|line| value(line).unwrap()).collect()
    };
    let cpus = std::thread::available_parallelism().unwrap().get();
    let values: Vec<_> = (0..cpus).map(values).collect();
    assert!(
        values
            .iter()
            .all(|values| values.len() >= 8 && values.is_sorted()),
        "{values:?}"
    );
    let last: u64 = values.iter().filter_map(|values| values.last()).sum();
    // The thread that starts the command may write, too.
    assert!((5000..5004).contains(&last), "{last}");
}

#[test]
fn what_cannot_be_sampled_is_told_in_one_line() {
    #[track_caller]
    fn check(args: &[&str], words: &str) {
        let ended = Scene::new().thalweg(&[&["record"], args, &["--", "true"]].concat());
        assert_eq!(ended.status, Some(125), "{}", ended.stderr);
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
        assert!(!ended.stderr.contains("recorded"), "{}", ended.stderr);
    }
    check(&["--profile", "4000000000"], "the kernel takes at most");
    check(
        &["--profile", "9", "--profile-event", "sched:none"],
        "no such tracepoint",
    );
    check(
        &["--profile", "9", "--profile-event", "none"],
        "there are cpu-cycles",
    );
    let counts = Command::new("perf")
        .args(["stat", "-e", "cycles", "true"])
        .output();
    if String::from_utf8_lossy(&counts.unwrap().stderr).contains("<not supported>") {
        let words = "does not let programs use the processor's counters";
        check(&["--profile", "9", "--profile-event", "cycles"], words);
        check(&["--count", "cycles"], words);
    }
}

#[test]
fn samples_and_tracepoints_are_one_trace_in_the_order_of_time() {
    let scene = Scene::new();
    Program::build(&scene);
    let flags = [
        "record",
        "--no-user",
        "--follow",
        "--profile",
        "999",
        "-o",
        "t",
    ];
    let events = ["-k", "sched_process_exec,sched_process_exit"];
    let ended = scene.thalweg(&[&flags[..], &events, &["--", "./profiled", "500"]].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let trace = babeltrace2_clean(&scene.dir().join("t"));
    let lines: Vec<&str> = trace.lines().collect();
    let place = |words: &str| lines.iter().position(|line| line.contains(words)).unwrap();
    let last = lines
        .iter()
        .rposition(|line| line.contains("procname = \"profiled\", _callstack"));
    let exec = place("sched_process_exec:");
    assert!(exec < place("procname = \"profiled\", _callstack"));
    assert!(
        last.unwrap()
            < lines
                .iter()
                .rposition(|l| l.contains("sched_process_exit:"))
                .unwrap()
    );
}
