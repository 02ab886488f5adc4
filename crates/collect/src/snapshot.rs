//! A snapshot of a flight recorder: copies of all rings, drained into a trace of their own, with state
//! dumps of their own: it is read without the recording's.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::context::Values;
use crate::drain::{Pass, count_losses, drain};
use crate::output::Output;
use crate::process::Threads;
use crate::program::{Program, Reach};
use crate::programs::Programs;
use crate::session::Session;
use crate::statedump::{LAST_DUMPS, MAX_ASKED, StateDumps};
use crate::summary::Snapshot;

/// The living threads of the programs of which copies were made.
type Living = BTreeMap<u64, Option<Threads>>;

impl Programs {
    /// Writes what all rings hold into `session`, which is not the recording's own. The rings stay as
    /// they are, and programs go on meanwhile.
    pub(crate) fn snapshot(
        &self,
        session: &Session,
        snapshot: &mut Snapshot,
    ) -> Result<(), String> {
        for (uid, programs) in self.by_user() {
            let mut copies = Vec::new();
            let mut living = Living::new();
            let kept = || programs.iter().filter(|program| program.is_kept());
            for program in kept() {
                let copy = program.copy();
                copies.push(copy.map_err(|why| format!("copy {}: {why}", program.title()))?);
                living.insert(program.nonce(), program.process.threads());
            }
            if copies.is_empty() {
                continue;
            }
            let mut output = session
                .create_output(uid, &self.limits.contexts)
                .map_err(|why| why.to_string())?;
            for program in kept() {
                let main = Values::of_main_thread(program, self.limits.contexts.threads);
                output.contexts.meet(program, main);
            }
            write(session, &mut copies, &living, &mut output, snapshot);
            self.write_dumps_of(&copies, uid, &mut output, snapshot);
            let (_, error) = output.close(session.clock.now());
            error.map_or(Ok(()), Err)?;
        }
        Ok(())
    }

    /// Takes and writes the state dumps of programs of one user.
    fn write_dumps_of(
        &self,
        programs: &[Program],
        uid: u32,
        output: &mut Output,
        snapshot: &mut Snapshot,
    ) {
        let clock = self.session.clock.clone();
        let mut dumps = StateDumps::new(&self.limits.rules, clock);
        let end = Instant::now() + LAST_DUMPS;
        for some in programs.chunks(MAX_ASKED) {
            for program in some {
                dumps.ask(program, uid);
                let main = Values::of_main_thread(program, self.limits.contexts.threads);
                dumps.set_values(program.nonce(), main);
            }
            while let Some(dump) = dumps.wait(end) {
                output.write_dump(&dump, &mut dumps.ledger);
            }
        }
        snapshot.dumped += dumps.ledger.recorded();
        snapshot.missing += dumps.ledger.lost();
        snapshot.notes.extend(dumps.summarise().1);
    }
}

fn write(
    session: &Session,
    copies: &mut [Program],
    living: &Living,
    output: &mut Output,
    snapshot: &mut Snapshot,
) {
    let window = session.window();
    let live = |program: &Program| living.get(&program.nonce()).cloned().flatten();
    let pass = Pass {
        reach: Reach::All,
        window,
        now: &|| window.now,
        is_last: true,
        live: &live,
        on_disk: &|_, _| None,
    };
    drain(copies, output, &pass);
    for copy in copies {
        count_losses(copy, output);
        snapshot.events += copy.ledger.recorded();
        snapshot.missing += copy.ledger.lost();
    }
}
