//! The stock: one lock that every worker wants, held for some microseconds on purpose.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use thalweg::{Bin, Hex};

use crate::event::event;
use crate::order::Order;
use crate::random::mix;

const SHELVES: usize = 64;
/// Rounds of stirring while the lock is held: some microseconds of real work.
const ROUNDS: u64 = 1500;

/// What lies on the shelves.
pub(crate) struct Stock {
    shelves: Mutex<[i32; SHELVES]>,
}

impl Stock {
    /// Full shelves.
    pub(crate) fn new() -> Self {
        Self {
            shelves: Mutex::new([1_000_000; SHELVES]),
        }
    }

    /// Takes an order's goods from their shelf and refills it at the end.
    pub(crate) fn reserve(&self, order: &Order) {
        let stirred = order.id % SHELVES as u64;
        let shelf = u8::try_from(stirred).expect("a shelf's number is below 64");
        let taken: u16 = order.lines.iter().map(|line| line.quantity).sum();
        let mut shelves = self.lock(order.id);
        let left = &mut shelves[usize::from(shelf)];
        *left = refilled(*left - i32::from(taken));
        let (left, checksum) = (*left, inventory(order.id));
        drop(shelves);
        tell(shelf, -taken.cast_signed(), left, checksum);
    }

    /// Takes the lock; when another holds it, says so and how long that took.
    fn lock(&self, id: u64) -> MutexGuard<'_, [i32; SHELVES]> {
        match self.shelves.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poison)) => poison.into_inner(),
            Err(TryLockError::WouldBlock) => self.wait(id),
        }
    }

    fn wait(&self, id: u64) -> MutexGuard<'_, [i32; SHELVES]> {
        event!("shop:stock_contended", Debug, { id: u64 = id });
        let start = Instant::now();
        let guard = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        event!("shop:stock_waited", DebugFunction, {
            id: u64 = id,
            waited_us: f32 = micros(start.elapsed()),
        });
        guard
    }
}

fn refilled(left: i32) -> i32 {
    if left < 1000 { 1_000_000 } else { left }
}

/// Counting takes time.
fn inventory(seed: u64) -> u64 {
    (0..ROUNDS).fold(seed, |stirred, round| mix(stirred ^ round))
}

fn micros(time: Duration) -> f32 {
    time.as_secs_f32() * 1e6
}

fn tell(shelf: u8, change: i16, left: i32, checksum: u64) {
    event!("shop:stock_reserved", DebugProcess, {
        shelf: u8 = shelf,
        change: i16 = change,
        left: i32 = left,
        checksum: Hex<u64> = Hex(checksum),
        bytes: [u8; 8] = checksum.to_be_bytes(),
        bits: Bin<u8> = Bin(shelf),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_leaves_less_on_its_shelf() {
        let stock = Stock::new();
        stock.reserve(&Order::parse("3 Ada cash A normal 5x2,7x3").unwrap());
        assert_eq!(stock.shelves.lock().unwrap()[3], 999_995);
    }

    #[test]
    fn an_empty_shelf_is_refilled() {
        assert_eq!((refilled(999), refilled(1000)), (1_000_000, 1000));
    }
}
