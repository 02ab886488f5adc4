//! A queue of bounded length between one who gives and many who take.
//!
//! Invariant: `put` waits while the queue is full, `take` while it is empty and open. Once closed,
//! what is in it is still taken, and then `None`.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A blocking queue.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    limit: usize,
}

struct State<T> {
    items: VecDeque<T>,
    is_closed: bool,
}

impl<T> Queue<T> {
    /// A queue that holds at most `limit` items.
    pub(crate) fn new(limit: usize) -> Self {
        let state = State {
            items: VecDeque::with_capacity(limit),
            is_closed: false,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            limit,
        }
    }

    /// Adds an item, and gives it back when the queue is closed.
    pub(crate) fn put(&self, item: T) -> Result<(), T> {
        let full = |state: &mut State<T>| state.items.len() >= self.limit && !state.is_closed;
        let mut state = self.wait_while(full);
        if state.is_closed {
            return Err(item);
        }
        state.items.push_back(item);
        self.changed.notify_all();
        Ok(())
    }

    /// The oldest item, or `None` when the queue is closed and empty.
    pub(crate) fn take(&self) -> Option<T> {
        let mut state = self.wait_while(|state| state.items.is_empty() && !state.is_closed);
        let item = state.items.pop_front();
        self.changed.notify_all();
        item
    }

    /// How many items wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// Lets nothing in any more.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    fn wait_while(&self, wait: impl FnMut(&mut State<T>) -> bool) -> MutexGuard<'_, State<T>> {
        self.changed
            .wait_while(self.lock(), wait)
            .unwrap_or_else(PoisonError::into_inner)
    }

    // Every change of the state is whole before anything can panic: poison says nothing here.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn what_was_put_is_taken_once_and_then_none() {
        let queue = Queue::new(2);
        let taken: u64 = thread::scope(|scope| {
            let takers: Vec<_> = (0..3)
                .map(|_| scope.spawn(|| std::iter::from_fn(|| queue.take()).sum::<u64>()))
                .collect();
            (1..=1000).for_each(|number| queue.put(number).unwrap());
            queue.close();
            takers.into_iter().map(|taker| taker.join().unwrap()).sum()
        });
        assert_eq!(taken, 500_500);
    }

    #[test]
    fn a_closed_queue_gives_the_item_back() {
        let queue = Queue::new(1);
        queue.close();
        assert_eq!(queue.put(7), Err(7));
        assert_eq!(queue.take(), None);
    }
}
