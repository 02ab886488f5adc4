//! The thread that starts the command, for who follows the command and all that it starts.
//!
//! ```text
//!   new ─▶ its number is tracked ─▶ recording begins ─▶ spawn: the kernel tracks its child ─▶ it ends
//! ```
//!
//! So nothing of the command is missed, and nothing else of this process is recorded but what this
//! thread does to start it.

use std::io;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use rustix::thread::gettid;

/// A thread that waits for the command.
#[derive(Debug)]
pub(crate) struct Starter {
    tid: u32,
    orders: Sender<Command>,
    thread: JoinHandle<io::Result<Child>>,
}

impl Starter {
    /// Starts the thread. Signals must be blocked by now.
    pub(crate) fn new() -> Self {
        let (tell, told) = channel();
        let (orders, inbox) = channel();
        let thread = thread::spawn(move || run(&tell, &inbox));
        let tid = told.recv().expect("the thread says its number first");
        Self {
            tid,
            orders,
            thread,
        }
    }

    /// The thread's number.
    pub(crate) fn tid(&self) -> u32 {
        self.tid
    }

    /// Starts the command, and ends the thread.
    pub(crate) fn spawn(self, command: Command) -> io::Result<Child> {
        self.orders
            .send(command)
            .expect("the thread waits for its order");
        self.thread.join().expect("the thread does not panic")
    }
}

fn run(tell: &Sender<u32>, inbox: &Receiver<Command>) -> io::Result<Child> {
    let tid = gettid().as_raw_nonzero().get().cast_unsigned();
    let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
    tell.send(tid).map_err(|_| io::ErrorKind::BrokenPipe)?;
    inbox.recv().map_err(gone)?.spawn()
}
