//! What programs have told before, told again: their own state, and what they have in memory.
//!
//! ```text
//!   before a snapshot, at a flight recorder's end   programs that watch are asked, and waited for
//!   when the user wants it                          programs are asked; state dumps are taken anew
//! ```

use std::collections::VecDeque;
use std::thread;
use std::time::{Duration, Instant};

use crate::context::Values;
use crate::program::Program;
use crate::programs::Programs;

/// How long programs have to tell their state before a snapshot is taken: one that does not watch, or
/// is slower, is in it as it is. The rings of all the others go on meanwhile.
const ANSWERS: Duration = Duration::from_millis(50);
/// How often it is looked whether they have.
const LOOK: Duration = Duration::from_micros(200);

impl Programs {
    /// Asks the programs of a flight recorder for their state, and waits until they have told it.
    pub(crate) fn gather_states(&self) {
        let kept = || self.programs().filter(|program| program.is_kept());
        kept().for_each(Program::ask_for_state);
        let end = Instant::now() + ANSWERS;
        while kept().any(Program::owes_state) && Instant::now() < end {
            thread::sleep(LOOK);
        }
    }

    /// Has each program's state told again, by itself and by a state dump; of how many programs.
    pub(crate) fn tell_states_again(&mut self) -> usize {
        self.programs().for_each(Program::ask_for_state);
        self.dumps.forget();
        self.due = self.programs().map(Program::nonce).collect();
        self.ask_for_due_dumps();
        self.programs().count()
    }

    /// Asks for the dumps that are to be taken again, as many as may be waited for at once.
    pub(crate) fn ask_for_due_dumps(&mut self) {
        while self.dumps.has_room()
            && let Some(nonce) = self.due.pop_front()
        {
            let found = self.groups.iter_mut().find_map(|(uid, group)| {
                let mut programs = group.programs.iter();
                let program = programs.find(|program| program.nonce() == nonce)?;
                Some((*uid, &mut group.output.contexts, program))
            });
            // Else it has ended meanwhile.
            if let Some((uid, contexts, program)) = found {
                self.dumps.ask(program, uid);
                let main = Values::of_main_thread(program, self.limits.contexts.threads);
                self.dumps.set_values(nonce, main.clone());
                contexts.meet(program, main);
            }
        }
    }
}

/// The nonces of programs whose dumps are to be taken again.
pub(crate) type Due = VecDeque<u64>;
