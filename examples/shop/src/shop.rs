//! One day of the shop: write the orders, open the doors, serve, close, sum up.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::thread::{self, Scope, ScopedJoinHandle};

use crate::arguments::Arguments;
use crate::bank::{Bank, Clerk};
use crate::count;
use crate::event::{Goods, PaymentKind, Size, event};
use crate::order::{Line, Order};
use crate::queue::Queue;
use crate::random::Random;
use crate::receipts::Receipts;
use crate::scratch::Scratch;
use crate::stock::Stock;
use crate::worker::{Takings, Worker};

const QUEUE_LIMIT: usize = 64;

/// What the day brought.
#[derive(Debug)]
pub(crate) struct Summary {
    takings: Takings,
    threads: u16,
    events: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            takings:
                Takings {
                    served,
                    refused,
                    cents,
                },
            threads,
            events,
        } = self;
        let (units, rest) = (cents / 100, cents % 100);
        write!(f, "shop: {served} requests by {threads} threads, ")?;
        write!(
            f,
            "{refused} refused, takings {units}.{rest:02}, {events} events"
        )
    }
}

/// Serves as many requests as the arguments ask for.
pub(crate) fn run(arguments: &Arguments) -> io::Result<Summary> {
    let scratch = Scratch::new(arguments.dir.as_deref())?;
    event!("shop:opened", Notice, emf_uri = "https://example.com/shop.ecore#opened", {
        requests: u64 = arguments.requests,
        threads: u32 = u32::from(arguments.threads),
        version: &str = env!("CARGO_PKG_VERSION"),
    });
    write_orders(scratch.path(), arguments)?;
    let takings = serve_all(scratch.path(), arguments.threads)?;
    event!("shop:closed", Notice);
    let summary = Summary {
        takings,
        threads: arguments.threads,
        events: count::total(),
    };
    if let Some(path) = &arguments.count_file {
        fs::write(path, format!("{}\n", summary.events))?;
    }
    Ok(summary)
}

fn write_orders(folder: &Path, arguments: &Arguments) -> io::Result<()> {
    let mut random = Random::new(arguments.seed);
    let mut file = BufWriter::new(File::create(folder.join("orders.txt"))?);
    for id in 1..=arguments.requests {
        writeln!(file, "{}", Order::random(id, &mut random))?;
    }
    file.flush()
}

fn serve_all(folder: &Path, threads: u16) -> io::Result<Takings> {
    let (bank, stock, queue) = (Bank::open()?, Stock::new(), Queue::new(QUEUE_LIMIT));
    thread::scope(|scope| {
        let hire = |number| {
            let (account, clerk) = bank.connect()?;
            let receipts = Receipts::create(folder, number)?;
            let worker = Worker {
                number,
                stock: &stock,
                account,
                receipts,
            };
            start(scope, worker, clerk, &queue)
        };
        // A shop that cannot hire all its workers sends those home who are there already.
        let hired: io::Result<Vec<_>> = (0..threads).map(hire).collect();
        let outcome = hired
            .as_ref()
            .map_or(Ok(()), |_| take_orders(folder, &queue));
        queue.close();
        let takings: io::Result<Takings> = hired?.into_iter().map(Pair::join).sum();
        outcome.and(takings)
    })
}

/// A worker and the bank's clerk at the other end of its line.
struct Pair<'scope> {
    worker: ScopedJoinHandle<'scope, io::Result<Takings>>,
    clerk: ScopedJoinHandle<'scope, io::Result<()>>,
}

impl Pair<'_> {
    /// The worker's takings, once both have ended well.
    fn join(self) -> io::Result<Takings> {
        let takings = join(self.worker)?;
        join(self.clerk)?;
        Ok(takings)
    }
}

fn start<'scope>(
    scope: &'scope Scope<'scope, '_>,
    worker: Worker<'scope>,
    clerk: Clerk,
    queue: &'scope Queue<Order>,
) -> io::Result<Pair<'scope>> {
    let named = |role: &str| thread::Builder::new().name(format!("{role}-{}", worker.number));
    let (at_bank, at_work) = (named("bank"), named("worker"));
    // A worker that fails shuts the shop: who takes orders must not wait for room for ever.
    let work = move || worker.run(queue).inspect_err(|_| queue.close());
    Ok(Pair {
        clerk: at_bank.spawn_scoped(scope, || clerk.run())?,
        worker: at_work.spawn_scoped(scope, work)?,
    })
}

fn join<T>(thread: ScopedJoinHandle<'_, io::Result<T>>) -> io::Result<T> {
    thread
        .join()
        .map_err(|_| io::Error::other("a thread of the shop panicked"))?
}

/// The clerk's work: reads the file and fills the queue.
fn take_orders(folder: &Path, queue: &Queue<Order>) -> io::Result<()> {
    let file = BufReader::new(File::open(folder.join("orders.txt"))?);
    for line in file.lines() {
        let order = Order::parse(&line?)?;
        receive(&order, queue.len());
        if queue.put(order).is_err() {
            // Closed early: the worker that did it brings the reason.
            break;
        }
    }
    Ok(())
}

fn receive(order: &Order, waiting: usize) {
    let cents = order.total_cents();
    event!("shop:order_received", Info, {
        id: u64 = order.id,
        customer: &str = &order.customer,
        amount: f64 = f64::from(u32::try_from(cents).unwrap_or(u32::MAX)) / 100.0,
        kind: PaymentKind = order.payment,
        grade: char = order.grade,
        express: bool = order.express,
        goods: &[Goods] = &order.lines.iter().map(Line::goods).collect::<Vec<_>>(),
        total: Size = Size(order.lines.iter().map(|line| u32::from(line.quantity)).sum()),
        prices: &[u16] = &order.lines.iter().map(|line| line.price_cents).collect::<Vec<_>>(),
        size: [u32; 2] = [u32::try_from(order.lines.len()).unwrap_or(u32::MAX), u32::from(waiting > 0)],
        waiting: u8 = u8::try_from(waiting).unwrap_or(u8::MAX),
    });
}
