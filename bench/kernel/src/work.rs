//! Workloads.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;

use rustix::thread::{CpuSet, sched_setaffinity};

/// A message's bytes.
const MESSAGE: usize = 1024;

/// Calls the cheapest system call `count` times.
pub(crate) fn getppid(count: u64) -> ExitCode {
    pin(0);
    for _ in 0..count {
        std::hint::black_box(rustix::process::getppid());
    }
    ExitCode::SUCCESS
}

/// Sends `count` messages through the loopback device, and waits for each answer.
pub(crate) fn loopback(count: u64) -> ExitCode {
    match exchange(count) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-kernel: failed to send messages: {error}");
            ExitCode::FAILURE
        }
    }
}

fn exchange(count: u64) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut here = TcpStream::connect(listener.local_addr()?)?;
    let (there, _) = listener.accept()?;
    here.set_nodelay(true)?;
    there.set_nodelay(true)?;
    pin(0);
    let other = std::thread::spawn(move || answer(there));
    let mut message = [7; MESSAGE];
    for _ in 0..count {
        here.write_all(&message)?;
        here.read_exact(&mut message)?;
    }
    drop(here);
    other.join().expect("it does not panic")
}

fn answer(mut stream: TcpStream) -> io::Result<()> {
    let mut message = [0; MESSAGE];
    while let Ok(()) = stream.read_exact(&mut message) {
        stream.write_all(&message)?;
    }
    Ok(())
}

/// Keeps the thread, and those that it starts, on one processor: the recorder has the others.
fn pin(cpu: usize) {
    let mut set = CpuSet::new();
    set.set(cpu);
    // Without it there is only more noise.
    let _ = sched_setaffinity(None, &set);
}
