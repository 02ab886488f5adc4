//! A recorder for tests: says `ready`, records until its standard input ends, and says what it
//! recorded, one `key TAB number TAB text` a line. Before that it does what its standard input says,
//! a line at a time, and answers `done`: `snapshot`, `states`, `limit
//! BYTES`, `enable PATTERN[ if FILTER]`, `disable PATTERN`.

#![forbid(unsafe_code)]

use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;
use std::process::ExitCode;
use std::time::Duration;
use thalweg_collect::{
    Contexts, KernelRequest, Levels, ProgramsRequest, Recording, RecordingConfig, RingMode,
    Summary, keeper_main, recover,
};
use thalweg_kernel::EventFilter;
use thalweg_model::LogLevel;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.split_first() {
        Some((first, _)) if first == "__keeper" => keeper_main(),
        Some((first, rest)) if first == "recover" => recover_one(rest),
        Some((output, options)) => record(config(output, options)),
        None => ExitCode::FAILURE,
    }
}

fn config(output: &str, options: &[String]) -> RecordingConfig {
    let mut config = RecordingConfig {
        output: output.into(),
        programs: None,
        kernel: None,
        keeper: None,
    };
    let mut request = ProgramsRequest::default();
    for option in options.chunks_exact(2) {
        let value = option[1].clone();
        match option[0].as_str() {
            "--keeper" => config.keeper = Some("/proc/self/exe".into()),
            "--limit" => {
                request.limit_bytes = value.parse().expect("a number of bytes");
            }
            "--user" => request.rules[0].pattern = value,
            "--context" => {
                let context = Contexts::named(&value).expect("a context's name");
                request.contexts = request.contexts.clone().union(context);
            }
            "--mode" => request.mode = mode(&value),
            "--at-least" => {
                let level = value.parse().ok().and_then(LogLevel::from_number);
                request.rules[0].levels = Levels::AtLeast(level.expect("a level"));
            }
            "--filter" => {
                request.rules[0].filter = Some(value.parse().expect("a filter"));
            }
            "--exclude" => request.rules[0].exclude.push(value),
            "--kernel" => {
                let kernel = config.kernel.get_or_insert_with(KernelRequest::default);
                kernel.patterns.push(value);
            }
            "--kernel-buffer" => {
                let kernel = config.kernel.get_or_insert_with(KernelRequest::default);
                kernel.buffer_kib_per_cpu = Some(value.parse().expect("a number of KiB"));
            }
            "--syscalls" => {
                let kernel = config.kernel.get_or_insert_with(KernelRequest::default);
                let calls = kernel.syscalls.get_or_insert_default();
                calls.extend((value != "all").then_some(value));
            }
            "--track" => {
                let kernel = config.kernel.get_or_insert_with(KernelRequest::default);
                let track = kernel.track.get_or_insert_default();
                track
                    .processes
                    .push(value.parse().expect("a process's number"));
            }
            "--syscall-data" => {
                let kernel = config.kernel.get_or_insert_with(KernelRequest::default);
                kernel.syscall_options.data_bytes = value.parse().expect("a number of bytes");
            }
            "--fd-paths" => {
                let kernel = config.kernel.get_or_insert_with(KernelRequest::default);
                kernel.syscall_options.fd_paths = true;
            }
            other => panic!("no option {other}"),
        }
    }
    if let Some(kernel) = &mut config.kernel {
        kernel.overwrite = request.mode == RingMode::Overwrite;
    }
    config.programs = Some(request);
    config
}

/// `discard`, `overwrite`, `block`, or the milliseconds to block.
fn mode(text: &str) -> RingMode {
    let ms = || text.parse().expect("a number of milliseconds");
    match text {
        "discard" => RingMode::Discard,
        "overwrite" => RingMode::Overwrite,
        "block" => RingMode::Block(None),
        _ => RingMode::Block(Some(Duration::from_millis(ms()))),
    }
}

fn record(config: RecordingConfig) -> ExitCode {
    let (mut recording, started) = match Recording::start(config) {
        Ok(started) => started,
        Err(error) => {
            println!("failed to {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("ready");
    while let Some(orders) = read_orders() {
        orders.lines().for_each(|order| obey(&mut recording, order));
        if let Err(error) = recording.run_once(Duration::from_millis(20)) {
            println!("failed to {error}");
            return ExitCode::FAILURE;
        }
    }
    match recording.finish() {
        Ok(summary) => tell(&summary, &started.notes),
        Err(error) => {
            println!("failed to {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// What standard input has said since this was asked last; `None` if it has ended. A line is written
/// in one piece.
fn read_orders() -> Option<String> {
    let stdin = std::io::stdin();
    let mut watched = [PollFd::new(&stdin, PollFlags::IN)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    if !poll(&mut watched, Some(&now)).is_ok_and(|ready| ready > 0) {
        return Some(String::new());
    }
    let mut bytes = [0; 256];
    let len = rustix::io::read(&stdin, &mut bytes).unwrap_or(0);
    (len > 0).then(|| String::from_utf8_lossy(&bytes[..len]).into_owned())
}

fn obey(recording: &mut Recording, order: &str) {
    match order.split_once(' ') {
        None if order == "snapshot" => match recording.snapshot() {
            Ok(taken) => println!("done {} {}", taken.events, taken.missing),
            Err(error) => println!("failed to {error}"),
        },
        None if order == "states" => println!("done {}", recording.tell_states_again()),
        Some(("limit", bytes)) => {
            recording.set_ring_limit(bytes.parse().expect("a number of bytes"));
            println!("done");
        }
        Some(("enable", what)) => {
            let (patterns, filter) = what.split_once(" if ").unwrap_or((what, ""));
            let filter = (!filter.is_empty()).then(|| EventFilter {
                is_used_elsewhere: false,
                patterns: None,
                filter: filter.parse().expect("a filter"),
                text: filter.to_owned(),
            });
            let filters: Vec<EventFilter> = filter.into_iter().collect();
            match recording.enable_kernel_events(&[patterns.to_owned()], &filters) {
                Ok(words) => println!("done {}", words.join("; ")),
                Err(error) => println!("failed to {error}"),
            }
        }
        Some(("disable", pattern)) => {
            match recording.disable_kernel_events(&[pattern.to_owned()]) {
                Ok(count) => println!("done {count}"),
                Err(error) => println!("failed to {error}"),
            }
        }
        _ => panic!("no order {order}"),
    }
}

fn tell(summary: &Summary, notes: &[String]) {
    for source in &summary.sources {
        println!("source\t{}\t{}", source.events, source.name);
        for (cause, count) in &source.discarded {
            println!("lost\t{count}\t{cause:?}");
        }
    }
    for note in notes
        .iter()
        .chain(&summary.notes)
        .chain(&summary.storage_error)
    {
        println!("note\t0\t{}", note.replace('\n', " "));
    }
    println!("peak\t{}\tVmHWM", peak_kib());
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn recover_one(args: &[String]) -> ExitCode {
    match recover(args.first().map(std::path::Path::new)) {
        Ok(found) => {
            for recovered in found {
                let path = recovered.path.display();
                println!("source\t{}\t{path}", recovered.events);
                println!("lost\t{}\t{path}", recovered.discarded);
                for note in &recovered.notes {
                    println!("note\t0\t{note}");
                }
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("failed to {error}");
            ExitCode::FAILURE
        }
    }
}
