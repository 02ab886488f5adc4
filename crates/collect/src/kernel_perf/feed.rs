//! A thread that reads what no ring tells, and what it hands over.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// So many batches may wait to be written; a thread that has more waits.
const BATCHES: usize = 64;

/// An event, but for its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FeedEvent {
    pub(crate) time: u64,
    /// Which of the events that were declared.
    pub(crate) place: usize,
    /// Its context and its fields.
    pub(crate) bytes: Vec<u8>,
}

/// Events of one CPU, in the order of their times.
pub(super) type Batch = (u32, Vec<FeedEvent>);

/// The thread.
pub(super) struct Feed {
    batches: Receiver<Batch>,
    /// It ends when this does.
    orders: Option<std::sync::mpsc::Sender<()>>,
}

/// What the thread knows of who wants it.
pub(super) struct Outlet {
    batches: SyncSender<Batch>,
    orders: Receiver<()>,
}

impl Feed {
    /// Begins one; `None` if there can be no thread for it.
    pub(super) fn begin(name: &str, work: impl FnOnce(&Outlet) + Send + 'static) -> Option<Self> {
        let (to, batches) = sync_channel(BATCHES);
        let (orders, inbox) = channel();
        let outlet = Outlet {
            batches: to,
            orders: inbox,
        };
        let builder = thread::Builder::new().name(name.to_owned());
        builder.spawn(move || work(&outlet)).ok()?;
        Some(Self {
            batches,
            orders: Some(orders),
        })
    }

    /// What is ready, without a wait.
    pub(super) fn ready(&self) -> Option<Batch> {
        self.batches.try_recv().ok()
    }

    /// Tells the thread to end.
    pub(super) fn stop(&mut self) {
        self.orders = None;
    }

    /// What comes next, waited for until `end`.
    pub(super) fn next(&self, end: Instant) -> Option<Batch> {
        let wait = end.saturating_duration_since(Instant::now());
        let wait = wait.max(Duration::from_millis(1));
        self.batches.recv_timeout(wait).ok()
    }
}

impl Outlet {
    /// Hands a batch over; whether somebody wants it.
    pub(super) fn send(&self, cpu: u32, events: Vec<FeedEvent>) -> bool {
        events.is_empty() || self.batches.send((cpu, events)).is_ok()
    }

    /// Waits until a time; whether to go on then.
    pub(super) fn sleep_until(&self, time: Instant) -> bool {
        let wait = time.saturating_duration_since(Instant::now());
        self.orders.recv_timeout(wait) == Err(RecvTimeoutError::Timeout)
    }
}
