//! A process that emits one event in each of its threads, and stays until its input ends.
//!
//! A script looks at its memory meanwhile, traced and not. One more event at the end shows that it was
//! traced all the time, also when it had no thread.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use crate::workload::ints;

/// As in `peer/stay.c`: the stacks are no part of what is measured.
const STACK_BYTES: usize = 128 << 10;

/// Says `ready` and its process id when all threads have emitted.
pub(crate) fn stay(threads: usize) -> ExitCode {
    let all = Arc::new(Barrier::new(threads + 1));
    for _ in 0..threads {
        // What a burst of new threads costs is another question.
        std::thread::sleep(Duration::from_micros(500));
        let all = Arc::clone(&all);
        let work = move || {
            ints(1);
            all.wait();
            loop {
                std::thread::park();
            }
        };
        let builder = std::thread::Builder::new().stack_size(STACK_BYTES);
        if let Err(error) = builder.spawn(work) {
            eprintln!("bench-ust: failed to start a thread: {error}");
            return ExitCode::FAILURE;
        }
    }
    all.wait();
    let mut out = io::stdout();
    // Nobody reads on: then its input has ended, too.
    let _ = writeln!(out, "ready {}", std::process::id()).and_then(|()| out.flush());
    let _ = io::stdin().read(&mut [0]);
    ints(1);
    eprintln!("produced {}", threads + 1);
    ExitCode::SUCCESS
}
