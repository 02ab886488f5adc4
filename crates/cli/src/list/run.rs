//! The lines go to standard output; a reader that has enough ends them.

use std::io::{self, Write};
use std::process::ExitCode;

use super::probe;
use crate::exit::{Failure, INCOMPLETE};

/// What `list` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each line begins with a place for `record --probe`, with its arguments and their types behind it:
  thalweg list --probe ./app                 all functions and SDT probes
  thalweg list --probe python3 'function*'   those of these names

Exit status: 0 if there is something, else 1.")]
pub(crate) struct Args {
    /// List the functions and SDT probes of this program or library.
    #[arg(long, value_name = "FILE", required = true)]
    probe: String,

    /// Only those of this name; `*` stands for anything.
    #[arg(value_name = "PATTERN", default_value = "*")]
    pattern: String,
}

/// Prints the list.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let lines = probe::lines(&args.probe, &args.pattern)?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut printed = lines.iter().map(|line| writeln!(out, "{line}"));
    let printed = printed.by_ref().collect::<io::Result<()>>();
    match printed.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(INCOMPLETE, error))
        }
        _ if lines.is_empty() => Ok(ExitCode::from(INCOMPLETE)),
        _ => Ok(ExitCode::SUCCESS),
    }
}
