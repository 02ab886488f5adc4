//! `--attach-instance`: what an instance of somebody else's holds.

use std::process::ExitCode;

use super::advice::Sizes;
use super::{output, summary};
use crate::args::RecordArgs;
use crate::exit::{Failure, INCOMPLETE, RECORD_FAILED, say};

/// Takes what the instance holds into a trace, and gives the status to end with.
pub(super) fn run(name: &str, args: &RecordArgs) -> Result<ExitCode, Failure> {
    let output = output::choose(args.output.as_deref())?;
    let taken = thalweg_collect::record_instance(name, &output);
    let taken = taken.map_err(|error| Failure::new(RECORD_FAILED, error))?;
    let sizes = Sizes {
        ring_bytes: args.ring_size,
        kernel_bytes: 0,
    };
    say(&summary::text(&taken, &output, sizes));
    Ok(match taken.storage_error {
        Some(_) => ExitCode::from(INCOMPLETE),
        None => ExitCode::SUCCESS,
    })
}
