//! Two threads on one processor that wake each other: switches, wake-ups and system calls.

use std::io::{self, Read, Write};

use rustix::thread::{CpuSet, sched_setaffinity};

/// Wakes and waits `count` times.
pub(crate) fn switches(count: u64) {
    let run = || -> io::Result<()> {
        let (mut here_in, here_out) = io::pipe()?;
        let (there_in, mut there_out) = io::pipe()?;
        let other = std::thread::spawn(move || answer(there_in, here_out));
        pin()?;
        for turn in 0..count {
            if turn % 50 == 0 {
                let _ = rustix::process::geteuid();
            }
            there_out.write_all(b"x")?;
            here_in.read_exact(&mut [0])?;
        }
        drop(there_out);
        other.join().expect("it does not panic")
    };
    run().expect("pipes work");
}

fn answer(mut from: io::PipeReader, mut to: io::PipeWriter) -> io::Result<()> {
    pin()?;
    while from.read(&mut [0])? == 1 {
        to.write_all(b"x")?;
    }
    Ok(())
}

fn pin() -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(0);
    Ok(sched_setaffinity(None, &set)?)
}
