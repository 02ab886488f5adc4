//! What was asked for, to standard output.

use std::io::{self, Write};
use std::process::ExitCode;

use super::{Args, kernel, probe, user};
use crate::exit::{Failure, INCOMPLETE};

/// Prints what was asked for.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let mut text = String::new();
    if args.kernel {
        kernel::events(args, &mut text)?;
    }
    if args.syscall {
        kernel::calls(args, &mut text)?;
    }
    if let Some(file) = &args.probe {
        probe::places(file, args, &mut text)?;
    }
    if args.user {
        user::programs(args, &mut text)?;
    }
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let error = anyhow::Error::new(error).context("write to standard output");
            Err(Failure::new(INCOMPLETE, error))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}
