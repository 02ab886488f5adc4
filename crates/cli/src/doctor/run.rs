//! Looks, and tells.

use std::io::{ErrorKind, Write, stdout};
use std::process::ExitCode;

use super::report::Report;
use super::{json, text};
use crate::args::DoctorArgs;
use crate::exit::{Failure, INCOMPLETE};

/// Prints the report; the status says whether programs can be recorded.
pub(crate) fn run(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let report = Report::gather();
    let out = match args.json {
        true => format!("{:#}\n", json::json(&report)),
        false => text::text(&report),
    };
    match stdout().write_all(out.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::words(
            INCOMPLETE,
            format!("write the report: {error}"),
        )),
        _ if report.programs() => Ok(ExitCode::SUCCESS),
        _ => Ok(ExitCode::from(INCOMPLETE)),
    }
}
