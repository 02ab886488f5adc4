//! Records the default kernel events while a command runs, keeps none, and prints the accounting:
//! `kernel_events COMMAND [ARGUMENT…]`, as root.

use std::convert::Infallible;
use std::process::Command;
use std::time::{Duration, Instant};

use thalweg_kernel::{HeaderKind, KernelConfig, KernelPacket, KernelRecording, Tracefs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let program = words.next().ok_or("which command?")?;
    let begin = Instant::now();
    let tracefs = Tracefs::find()?;
    let config = KernelConfig::new(format!("example-{}", std::process::id()));
    let (mut recording, report) = KernelRecording::start(&tracefs, &config)?;
    eprintln!("started in {:?}: {report:?}", begin.elapsed());
    let ids: Vec<u32> = (0..report.enabled as u32).collect();
    recording.set_ids(HeaderKind::for_events(ids.len()), &ids);
    recording.resume()?;
    let result = drain(&mut recording, Command::new(program).args(words));
    recording.remove()?;
    result
}

fn drain(
    recording: &mut KernelRecording,
    command: &mut Command,
) -> Result<(), Box<dyn std::error::Error>> {
    let (mut packets, mut bytes, mut busy) = (0_u64, 0, Duration::ZERO);
    let mut sink = |packet: &KernelPacket<'_>| {
        packets += 1;
        bytes += packet.records.len();
        Ok::<(), Infallible>(())
    };
    let cpus: Vec<u32> = recording.cpus().collect();
    let begin = Instant::now();
    let mut child = command.spawn()?;
    while child.try_wait()?.is_none() {
        let round = Instant::now();
        for &cpu in &cpus {
            recording.drain(cpu, &mut sink)?;
        }
        busy += round.elapsed();
        std::thread::sleep(Duration::from_millis(20));
    }
    recording.stop()?;
    recording.drain_all(&mut sink)?;
    eprintln!(
        "{:?}, of which draining {busy:?}: {packets} packets, {} MiB",
        begin.elapsed(),
        bytes >> 20
    );
    for ((cpu, stats), (_, tally)) in recording.stats()?.iter().zip(recording.tallies()) {
        eprintln!("cpu {cpu}: {tally:?} {stats:?}, lost {}", stats.lost());
    }
    Ok(())
}
