//! Events of a trace against the ledger of what happened.

use std::collections::BTreeMap;

use crate::ledger::Ledger;
use crate::trace::Event;

/// What was seen of a trace.
#[derive(Debug, Default)]
pub struct Tally {
    recorded: BTreeMap<u32, Seen>,
    last_of_thread: BTreeMap<(u32, u32), u64>,
}

#[derive(Debug, Default)]
struct Seen {
    count: u64,
    last: u64,
}

impl Tally {
    /// The next event: later than its thread's last one, and, if it is of an account, with a higher
    /// number than that one's last, from the thread that opened it.
    #[track_caller]
    pub fn take(&mut self, event: &Event<'_>, ledger: &Ledger) {
        let thread = event.thread();
        let last = self.last_of_thread.entry(thread).or_default();
        assert!(
            event.time > *last,
            "{thread:?} goes back in time: {event:?}"
        );
        *last = event.time;
        if event.name != "test:tick" {
            return;
        }
        let (account, n) = (event.number("account") as u32, event.number("n"));
        assert_eq!(thread, ledger.who(account), "{event:?}");
        let seen = self.recorded.entry(account).or_default();
        assert!(n > seen.last, "account {account}: {n} after {}", seen.last);
        seen.count += 1;
        seen.last = n;
    }

    /// How many events of each account are missing; an account of which none is missing is not there.
    #[track_caller]
    pub fn missing(mut self, ledger: &Ledger) -> BTreeMap<u32, u64> {
        let mut missing = BTreeMap::new();
        for account in ledger.accounts() {
            let seen = self.recorded.remove(&account).unwrap_or_default();
            let produced = ledger.count(account);
            assert!(
                seen.last <= produced,
                "account {account}: {} of {produced} events",
                seen.last
            );
            if seen.count < produced {
                missing.insert(account, produced - seen.count);
            }
        }
        let nobodys = self.recorded;
        assert!(nobodys.is_empty(), "events of nobody: {nobodys:?}");
        missing
    }
}
