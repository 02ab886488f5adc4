//! Prints the events of a trace in UTC, as `thalweg view --clock-gmt` does: to measure the reader
//! without the rest of the command.

use std::io::{self, Write};
use std::process::ExitCode;

use thalweg_reader::Reader;
use thalweg_reader::text::{Options, Printer, Style};

fn main() -> ExitCode {
    let folders: Vec<_> = std::env::args_os().skip(1).collect();
    match print(&folders) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn print(folders: &[std::ffi::OsString]) -> Result<bool, Box<dyn std::error::Error>> {
    let mut reader = Reader::open(folders)?;
    let mut printer = Printer::new(reader.traces(), Options::new(Style::Gmt));
    let (mut out, mut whole) = (Vec::new(), true);
    while let Some(item) = reader.next() {
        match item {
            Ok(item) => printer.write(&mut out, &item),
            Err(error) => {
                eprintln!("{error}");
                whole = false;
            }
        }
        if out.len() >= 1 << 16 {
            io::stdout().write_all(&out)?;
            out.clear();
        }
    }
    io::stdout().write_all(&out)?;
    Ok(whole)
}
