//! A snapshot of a flight recorder: copies of all rings, drained into a trace of their own.

use std::collections::BTreeMap;

use crate::drain::{Pass, count_losses, drain};
use crate::output::Output;
use crate::process::Threads;
use crate::program::{Program, Reach, Window};
use crate::programs::Programs;
use crate::session::Session;
use crate::summary::Snapshot;

/// The living threads of the programs of which copies were made.
type Living = BTreeMap<u64, Option<Threads>>;

impl Programs {
    /// Writes what all rings hold into `session`, which is not the recording's own. The rings stay as
    /// they are, and programs go on meanwhile.
    pub(crate) fn snapshot(&self, session: &Session) -> Result<Snapshot, String> {
        let mut snapshot = Snapshot {
            path: session.out.clone(),
            events: 0,
            missing: 0,
        };
        for (uid, programs) in self.by_user() {
            let mut copies = Vec::new();
            let mut living = Living::new();
            for program in programs.iter().filter(|program| program.is_kept()) {
                let copy = program.copy();
                copies.push(copy.map_err(|why| format!("copy {}: {why}", program.title()))?);
                living.insert(program.nonce(), program.process.threads());
            }
            if copies.is_empty() {
                continue;
            }
            let output = session
                .create_output(uid, self.limits.contexts)
                .map_err(|why| why.to_string())?;
            write(session, copies, &living, output, &mut snapshot)?;
        }
        Ok(snapshot)
    }
}

fn write(
    session: &Session,
    mut copies: Vec<Program>,
    living: &Living,
    mut output: Output,
    snapshot: &mut Snapshot,
) -> Result<(), String> {
    let now = session.clock.now();
    let window = Window {
        from: session.start,
        now,
        second: session.clock.second(),
    };
    let live = |program: &Program| living.get(&program.nonce()).cloned().flatten();
    let pass = Pass {
        reach: Reach::All,
        window,
        live: &live,
        on_disk: &|_, _| None,
    };
    drain(&mut copies, &mut output, &pass);
    for copy in &mut copies {
        count_losses(copy, &mut output);
        snapshot.events += copy.ledger.recorded();
        snapshot.missing += copy.ledger.lost();
    }
    let (_, error) = output.close(now);
    error.map_or(Ok(()), Err)
}
