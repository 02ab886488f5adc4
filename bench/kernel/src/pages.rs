//! The transcoder alone, over pages that the kernel filled.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use thalweg_kbuf::{EventFormat, HeaderKind, Naming, PageLayout, TraceEvent, Transcoder};

/// How often all pages are transcoded; the best time counts.
const ROUNDS: usize = 20;

/// Million events a second and core.
const FLOOR: f64 = 20.0;

/// Transcodes all that the instance's rings hold, and says how fast.
pub(crate) fn measure(instance: &Path) -> ExitCode {
    let measured =
        recorded(instance).map_err(|error| format!("read {}: {error}", instance.display()));
    let (events, layout, pages) = match measured {
        Ok(recorded) => recorded,
        Err(why) => {
            eprintln!("bench-kernel: failed to {why}");
            return ExitCode::FAILURE;
        }
    };
    let transcoder = Transcoder::new(&events, HeaderKind::for_events(events.len()));
    let (mut out, mut best, mut count, mut bytes) = (Vec::new(), f64::MAX, 0, 0);
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        (count, bytes) = (0, 0);
        for page in &pages {
            out.clear();
            if let Ok(summary) = transcoder.page(black_box(page), &layout, &mut out) {
                count += summary.events;
                bytes += black_box(&out).len();
            }
        }
        best = best.min(begin.elapsed().as_secs_f64());
    }
    let rate = count as f64 / best / 1e6;
    let kept = rate >= FLOOR && count > 0;
    println!(
        "{} transcoder: {count} events of {} pages, {rate:.1} M events/s a core, floor {FLOOR}; {:.1} bytes an event",
        if kept { "ok   " } else { "BELOW" },
        pages.len(),
        bytes as f64 / count as f64
    );
    if kept {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

type Recorded = (Vec<TraceEvent>, PageLayout, Vec<Vec<u8>>);

fn recorded(instance: &Path) -> io::Result<Recorded> {
    let layout = PageLayout::parse(&header_page(instance)?).map_err(io::Error::other)?;
    let enabled = fs::read_to_string(instance.join("set_event"))?;
    let events: io::Result<Vec<_>> = enabled.lines().map(|name| event(instance, name)).collect();
    let mut pages = Vec::new();
    for cpu in fs::read_dir(instance.join("per_cpu"))? {
        read_pages(&cpu?.path().join("trace_pipe_raw"), &layout, &mut pages)?;
    }
    Ok((events?, layout, pages))
}

/// The kernel gives it to the first `read` only.
fn header_page(instance: &Path) -> io::Result<String> {
    let mut text = vec![0; 4096];
    let len = File::open(instance.join("events/header_page"))?.read(&mut text)?;
    text.truncate(len);
    String::from_utf8(text).map_err(io::Error::other)
}

/// The event of a line `SYSTEM:NAME`.
fn event(instance: &Path, line: &str) -> io::Result<TraceEvent> {
    let (system, name) = line.split_once(':').unwrap_or(("", line));
    let text = fs::read_to_string(
        instance
            .join("events")
            .join(system)
            .join(name)
            .join("format"),
    )?;
    let format = EventFormat::parse(&text).map_err(io::Error::other)?;
    Ok(TraceEvent::new(system, &format, Naming::Lttng))
}

fn read_pages(path: &Path, layout: &PageLayout, pages: &mut Vec<Vec<u8>>) -> io::Result<()> {
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let mut file = File::options()
        .read(true)
        .custom_flags(nonblocking)
        .open(path)?;
    loop {
        let mut page = vec![0; layout.page_bytes];
        match file.read(&mut page) {
            Ok(0) => return Ok(()),
            Ok(_) => pages.push(page),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}
