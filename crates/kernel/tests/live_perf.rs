//! Samples from the live kernel: what the kernel says that it lost is what is told, twice.

use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

use thalweg_kernel::{
    KernelPacket, PerfConfig, PerfPart, PerfRecording, PerfScope, TraceClock, Tracefs,
};

/// Two loops that have nothing to do.
struct Busy([Child; 2]);

impl Busy {
    fn start() -> Self {
        let start = |_| {
            Command::new("sh")
                .args(["-c", "while :; do :; done"])
                .spawn()
        };
        Self([0, 1].map(|at| start(at).unwrap()))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        for child in &mut self.0 {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

/// What the counters and what the rings tell of losses.
fn losses() -> (u64, u64) {
    let tracefs = Tracefs::find().unwrap();
    let mut recording = PerfRecording::start(&PerfConfig {
        events: vec!["cpu-clock".parse().unwrap()],
        hz: 20_000,
        scope: PerfScope::Everything,
        ring_bytes_per_cpu: 64 << 10,
        clock: TraceClock::choose(&tracefs).unwrap(),
    })
    .unwrap();
    recording.set_ids(&[1], [2, 3], [4, 5, 6, 7]);
    assert!(recording.tells_losses(), "Linux 6.0");
    let busy = Busy::start();
    recording.resume().unwrap();
    let mut lost = std::collections::BTreeMap::new();
    let mut events = 0;
    let mut take = |part: PerfPart, packet: &KernelPacket<'_>| -> Result<(), String> {
        assert!(packet.begin <= packet.end);
        let place = (part == PerfPart::Samples, packet.cpu);
        let before = lost.insert(place, packet.lost_total);
        assert!(before <= Some(packet.lost_total), "totals never go back");
        events += packet.events;
        Ok(())
    };
    // Nobody drains: the rings fill up.
    sleep(Duration::from_millis(300));
    // With room there is a record that tells what was lost.
    for _ in 0..20 {
        recording.drain(&mut take).unwrap();
        sleep(Duration::from_millis(1));
    }
    recording.stop().unwrap();
    recording.drain_all(&mut take).unwrap();
    drop(busy);
    let told: u64 = lost.values().sum();
    assert!(
        told > 1000 && events > 100,
        "{told} lost, {events} recorded"
    );
    (told, recording.lost_in_rings())
}

/// What is lost behind the last record of a ring only the counters tell: a machine that has no time for
/// this test makes such losses, but not each time.
#[test]
fn the_rings_and_the_counters_tell_of_the_same_losses() {
    let are_same = (0..10).any(|_| {
        let (counted, told) = losses();
        assert!(told <= counted, "{told} of {counted}");
        told == counted
    });
    assert!(are_same);
}
