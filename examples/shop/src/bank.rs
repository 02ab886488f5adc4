//! The bank: a TCP service on loopback, one thread a connection.
//!
//! ```text
//!   worker ──▶ bank   | order id, 8 bytes | cents, 8 bytes | span id, 8 bytes |      little-endian
//!   worker ◀── bank   | verdict, 2 bytes  |
//! ```
//!
//! With the span's id the bank's work is part of the payment that asked for it.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use thalweg::SpanId;

use crate::count;
use crate::event::{Verdict, event, span};
use crate::random::mix;

const REQUEST_BYTES: usize = 24;

/// A bank that listens on a port of its own.
pub(crate) struct Bank {
    listener: TcpListener,
}

impl Bank {
    /// Opens on any free port.
    pub(crate) fn open() -> io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?,
        })
    }

    /// A customer's account and the clerk at the other end of its line.
    pub(crate) fn connect(&self) -> io::Result<(Account, Clerk)> {
        let stream = TcpStream::connect(self.listener.local_addr()?)?;
        let (customer, _) = self.listener.accept()?;
        stream.set_nodelay(true)?;
        customer.set_nodelay(true)?;
        Ok((Account { stream }, Clerk { customer }))
    }
}

/// The bank's end of a line.
pub(crate) struct Clerk {
    customer: TcpStream,
}

impl Clerk {
    /// Answers until the customer hangs up.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let mut handled: i8 = 0;
        let statement = thalweg::site!("shop:bank_statement", DebugSystem, Statement);
        while let Some(Request { id, cents, caller }) = receive(&mut self.customer)? {
            let _judgement = span!(parent: caller, "shop:judgement", Info, { id: u64 = id });
            let verdict = judge(id, cents);
            handled = handled.wrapping_add(1);
            event!("shop:bank_judged", DebugUnit, {
                id: u64 = id,
                balance: i64 = 1_000_000 - cents.cast_signed(),
                verdict: Verdict = verdict,
                handled: i8 = handled,
            });
            if statement.is_enabled() {
                let words = format!("{verdict:?} for {id}");
                let digits = id.ilog10() + 1;
                statement.emit(Statement {
                    words: &words,
                    digits,
                });
            }
            count::one();
            self.customer.write_all(&(verdict as i16).to_le_bytes())?;
        }
        Ok(())
    }
}

thalweg::event_class! {
    /// What the clerk notes down; it costs a little to write that.
    struct Statement<'s> { words: &'s str, digits: u32 }
}

/// What a customer asks for.
struct Request {
    id: u64,
    cents: u64,
    /// The span in which it asks.
    caller: SpanId,
}

impl Request {
    fn encode(&self) -> [u8; REQUEST_BYTES] {
        let words = [self.id, self.cents, self.caller.to_u64()].map(u64::to_le_bytes);
        let mut bytes = [0; REQUEST_BYTES];
        bytes.copy_from_slice(words.as_flattened());
        bytes
    }

    fn decode(bytes: &[u8; REQUEST_BYTES]) -> Self {
        let (words, _) = bytes.as_chunks();
        let word = |at: usize| u64::from_le_bytes(words[at]);
        Self {
            id: word(0),
            cents: word(1),
            caller: SpanId::from_u64(word(2)),
        }
    }
}

/// The next request; `None` when the customer hung up between two.
fn receive(customer: &mut TcpStream) -> io::Result<Option<Request>> {
    let mut request = [0; REQUEST_BYTES];
    if customer.read(&mut request[..1])? == 0 {
        return Ok(None);
    }
    customer.read_exact(&mut request[1..])?;
    Ok(Some(Request::decode(&request)))
}

/// One order in 32 is refused, one in 32 stays pending; which is a matter of its number alone.
fn judge(id: u64, cents: u64) -> Verdict {
    match mix(id ^ cents) % 32 {
        0 => Verdict::Refused,
        1 => Verdict::Pending,
        _ => Verdict::Approved,
    }
}

/// A worker's line to the bank.
pub(crate) struct Account {
    stream: TcpStream,
}

impl Account {
    /// The worker's own port: what tells its connection from the others'.
    pub(crate) fn port(&self) -> io::Result<u16> {
        Ok(self.stream.local_addr()?.port())
    }

    /// Asks the bank to move money; gives its verdict and the bytes of the answer.
    pub(crate) fn pay(&mut self, id: u64, cents: u64) -> io::Result<(Verdict, [u8; 2])> {
        let caller = SpanId::current();
        self.stream
            .write_all(&Request { id, cents, caller }.encode())?;
        let mut answer = [0; 2];
        self.stream.read_exact(&mut answer)?;
        Ok((verdict(i16::from_le_bytes(answer))?, answer))
    }
}

fn verdict(number: i16) -> io::Result<Verdict> {
    match number {
        -1 => Ok(Verdict::Refused),
        0 => Ok(Verdict::Pending),
        1 => Ok(Verdict::Approved),
        _ => Err(io::Error::other(format!("the bank says {number}"))),
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn the_bank_s_verdict_arrives_as_it_was_given() {
        let (mut account, clerk) = Bank::open().unwrap().connect().unwrap();
        let clerk = thread::spawn(|| clerk.run());
        for id in 0..200 {
            assert_eq!(account.pay(id, 599).unwrap().0, judge(id, 599));
        }
        drop(account);
        clerk.join().unwrap().unwrap();
    }

    #[test]
    fn every_verdict_occurs() {
        let verdicts: Vec<Verdict> = (0..1000).map(|id| judge(id, 1)).collect();
        for verdict in [Verdict::Refused, Verdict::Pending, Verdict::Approved] {
            assert!(verdicts.contains(&verdict), "no {verdict:?} in 1000");
        }
    }
}
