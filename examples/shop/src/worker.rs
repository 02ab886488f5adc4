//! A worker of the pool: takes orders until there are none.

use std::io;

use thalweg::{BigEndian, Blob};

use crate::bank::Account;
use crate::event::{Answer, Shift, Verdict, event, span, tracef, tracelog};
use crate::order::Order;
use crate::queue::Queue;
use crate::receipts::Receipts;
use crate::stock::Stock;

/// What one worker took in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Takings {
    pub(crate) served: u64,
    pub(crate) refused: u64,
    pub(crate) cents: u64,
}

impl std::iter::Sum for Takings {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            served: sum.served + one.served,
            refused: sum.refused + one.refused,
            cents: sum.cents + one.cents,
        })
    }
}

/// A worker with its tools.
pub(crate) struct Worker<'shop> {
    pub(crate) number: u16,
    pub(crate) stock: &'shop Stock,
    pub(crate) account: Account,
    pub(crate) receipts: Receipts,
}

impl Worker<'_> {
    /// Serves orders until the queue is closed and empty.
    pub(crate) fn run(mut self, queue: &Queue<Order>) -> io::Result<Takings> {
        let mut takings = Takings::default();
        let (worker, served) = (self.number, None);
        event!("shop:worker_started", Notice, Shift { worker, served });
        while let Some(order) = queue.take() {
            self.serve(&order, &mut takings)?;
        }
        let served = Some(takings.served);
        event!("shop:worker_stopped", Notice, Shift { worker, served });
        Ok(takings)
    }

    fn serve(&mut self, order: &Order, takings: &mut Takings) -> io::Result<()> {
        let _request = span!("shop:request", Info, {
            id: u64 = order.id,
            worker: u16 = self.number,
            express: bool = order.express,
        });
        self.stock.reserve(order);
        let verdict = self.pay(order)?;
        self.receipts.write(order, verdict)?;
        takings.add(order, verdict);
        if takings.served.is_multiple_of(1000) {
            event!("shop:tick", Debug);
            tracef!("worker {} has served {}", self.number, takings.served);
        }
        Ok(())
    }

    fn pay(&mut self, order: &Order) -> io::Result<Verdict> {
        let port = self.account.port()?;
        let _payment = span!("shop:payment", Info, {
            id: u64 = order.id,
            port: BigEndian<u16> = BigEndian(port),
        });
        let (verdict, answer) = self.account.pay(order.id, order.total_cents())?;
        if verdict == Verdict::Refused {
            event!("shop:payment_refused", Warning, {
                id: u64 = order.id,
                kind: crate::event::PaymentKind = order.payment,
                raw: Blob<Answer> = Blob::new(&answer),
                nowrite cents: u64 = order.total_cents(),
            });
            tracelog!(
                Warning,
                "order {} of {} is not paid",
                order.id,
                order.customer
            );
        }
        Ok(verdict)
    }
}

impl Takings {
    fn add(&mut self, order: &Order, verdict: Verdict) {
        self.served += 1;
        match verdict {
            Verdict::Refused => self.refused += 1,
            Verdict::Approved => self.cents += order.total_cents(),
            Verdict::Pending => {}
        }
    }
}
