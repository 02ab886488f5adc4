//! Several recorders of one program, each exact, whatever becomes of the others.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};
use thalweg_testkit::{Guarded, SpawnGuarded as _};
use thalweg_tests::{Options, Recorder, Trace, World};

const EMITTED: u32 = 0;
const WANTED: u32 = 1;

/// A program that emits all the time.
struct Steady<'w> {
    world: &'w World,
    child: Guarded,
}

impl<'w> Steady<'w> {
    fn start(world: &'w World) -> Self {
        let child = world
            .command("steady")
            .spawn_guarded()
            .expect("cargo builds it");
        Self { world, child }
    }

    fn emitted(&self) -> u64 {
        self.world.ledger().count(EMITTED)
    }

    /// Lets it emit some more.
    #[track_caller]
    fn go_on(&self) {
        let until = self.emitted() + 200;
        self.world
            .wait_until("more events", || self.emitted() >= until);
    }

    /// How long it takes until no event is wanted any more.
    #[track_caller]
    fn time_to_disabled(&self) -> Duration {
        let begin = Instant::now();
        let wanted = || self.world.ledger().count(WANTED);
        let mut last = (wanted(), self.emitted(), begin);
        while self.emitted() < last.1 + 50 {
            if wanted() != last.0 {
                last = (wanted(), self.emitted(), Instant::now());
            }
            assert!(
                begin.elapsed() < Duration::from_secs(10),
                "it stays enabled"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        last.2 - begin
    }

    #[track_caller]
    fn end(&mut self) {
        self.world.ledger().flag().store(1, SeqCst);
        let status = self.child.wait().expect("it is our child");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Steady<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a recorder; the numbers of which one is the first that it can have.
fn start(options: Options<'_>, steady: &Steady<'_>) -> (Recorder, RangeInclusive<u64>) {
    let earliest = steady.emitted() + 1;
    let recorder = options.start();
    (recorder, earliest..=steady.emitted() + 2)
}

/// Ends a recorder; its numbers have no gap from `first` to `last`.
#[track_caller]
fn check_finished(recorder: Recorder, first: &RangeInclusive<u64>, steady: &Steady<'_>) {
    let before = steady.emitted();
    let report = recorder.finish();
    let last = before..=steady.emitted() + 1;
    assert_eq!(report.lost(), 0, "{report:?}");
    check(&report.trace(), first, &last);
}

/// The numbers of a trace have no gap; the first and the last are where they can be.
#[track_caller]
fn check(trace: &Trace, first: &RangeInclusive<u64>, last: &RangeInclusive<u64>) {
    let numbers: Vec<u64> = trace.events().map(|event| event.number("n")).collect();
    let found = (numbers.first().copied(), numbers.last().copied());
    let (Some(from), Some(to)) = found else {
        panic!("the trace is empty, without {first:?} to {last:?}")
    };
    assert!(
        first.contains(&from),
        "begins with {from}, not in {first:?}"
    );
    assert!(last.contains(&to), "ends with {to}, not in {last:?}");
    let without_gap = numbers.iter().copied().eq(from..=to);
    assert!(without_gap, "{} numbers from {from} to {to}", numbers.len());
}

/// Kills a recorder; the numbers of which one is the last that can be recovered.
fn kill(recorder: Recorder, steady: &Steady<'_>) -> RangeInclusive<u64> {
    let before = steady.emitted();
    recorder.kill();
    before..=u64::MAX
}

/// Waits until a killed recorder's advert is gone: then its trace is whole.
#[track_caller]
fn wait_for_recovery(world: &World, adverts: usize) {
    let is_advert = |name: &String| name.ends_with(".sock");
    let left = || world.files().into_iter().filter(is_advert).count();
    world.wait_until("the keeper's work", || left() == adverts);
}

#[test]
fn three_at_once_are_each_exact() {
    let world = World::new();
    let a = world.recorder("a").start();
    let mut steady = Steady::start(&world);
    steady.go_on();
    let (b, first_of_b) = start(world.recorder("b"), &steady);
    steady.go_on();
    let (c, first_of_c) = start(world.recorder("c"), &steady);
    steady.go_on();
    check_finished(b, &first_of_b, &steady);
    steady.go_on();
    check_finished(a, &(1..=1), &steady);
    steady.go_on();
    check_finished(c, &first_of_c, &steady);
    assert!(steady.time_to_disabled() < Duration::from_millis(100));
    steady.end();
}

#[test]
fn each_is_killed_in_turn_and_recovered_by_its_keeper() {
    let world = World::new();
    let a = world.recorder("a").keeper().start();
    let mut steady = Steady::start(&world);
    steady.go_on();
    let (b, first_of_b) = start(world.recorder("b").keeper(), &steady);
    let (c, first_of_c) = start(world.recorder("c").keeper(), &steady);
    steady.go_on();
    let last_of_a = kill(a, &steady);
    wait_for_recovery(&world, 2);
    steady.go_on();
    let last_of_b = kill(b, &steady);
    wait_for_recovery(&world, 1);
    steady.go_on();
    let last_of_c = kill(c, &steady);
    let disabled_after = steady.time_to_disabled();
    assert!(
        disabled_after < Duration::from_secs(1),
        "{disabled_after:?}"
    );
    wait_for_recovery(&world, 0);
    steady.end();
    check(&Trace::read(&world.trace("a")), &(1..=1), &last_of_a);
    check(&Trace::read(&world.trace("b")), &first_of_b, &last_of_b);
    check(&Trace::read(&world.trace("c")), &first_of_c, &last_of_c);
}

#[test]
fn without_a_keeper_the_next_recorder_recovers() {
    let world = World::new();
    let a = world.recorder("a").start();
    let mut steady = Steady::start(&world);
    steady.go_on();
    let last_of_a = kill(a, &steady);
    let at_once = Trace::read(&world.trace("a"));
    assert!(at_once.len() <= steady.emitted(), "readable at once");
    steady.go_on();
    let (b, first_of_b) = start(world.recorder("b"), &steady);
    steady.go_on();
    check_finished(b, &first_of_b, &steady);
    assert!(steady.time_to_disabled() < Duration::from_millis(100));
    steady.end();
    check(&Trace::read(&world.trace("a")), &(1..=1), &last_of_a);
}

#[test]
fn recorder_and_program_are_killed_in_the_same_instant() {
    let world = World::new();
    let a = world.recorder("a").keeper().start();
    let mut steady = Steady::start(&world);
    steady.go_on();
    kill_both(&a, &mut steady);
    let emitted = steady.emitted();
    drop(a);
    wait_for_recovery(&world, 0);
    let last = emitted..=emitted + 1;
    check(&Trace::read(&world.trace("a")), &(1..=1), &last);
}

/// One system call after the other, as `kill` does it.
fn kill_both(recorder: &Recorder, steady: &mut Steady<'_>) {
    let pids = [recorder.pid(), steady.child.id()].map(|pid| pid.to_string());
    let status = Command::new("kill").arg("-9").args(pids).status();
    assert!(status.is_ok_and(|status| status.success()));
    let _ = steady.child.wait();
}

#[test]
fn recover_recovers_what_a_killed_recorder_left() {
    let world = World::new();
    let a = world.recorder("a").start();
    let mut steady = Steady::start(&world);
    steady.go_on();
    let last_of_a = kill(a, &steady);
    let said = recover(&world, &world.trace("a"));
    assert!(said.starts_with("source\t"), "{said}");
    assert!(steady.time_to_disabled() < Duration::from_millis(100));
    wait_for_recovery(&world, 0);
    steady.end();
    check(&Trace::read(&world.trace("a")), &(1..=1), &last_of_a);
}

/// Gives an advert of a living recorder out as a dead one's: under another name, with a slot that nobody
/// has locked.
fn forge_advert(world: &World) {
    let sessions = world.rundir().join("sessions");
    let names = std::fs::read_dir(&sessions).expect("a recorder is there");
    let names = names.map(|entry| entry.expect("it can be read").path());
    let is_advert = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| !name.starts_with('.') && !name.ends_with(".sock"))
    };
    let advert = names.filter(is_advert).min().expect("it has posted one");
    let text = std::fs::read_to_string(advert).expect("it is text");
    let forged = text.replace("slot 0", "slot 3");
    assert_ne!(forged, text);
    std::fs::write(sessions.join("forged"), forged).expect("the folder is ours");
}

#[test]
fn what_a_living_recorder_writes_is_recovered_by_nobody() {
    let world = World::new();
    let mut steady = Steady::start(&world);
    let (a, first) = start(world.recorder("a"), &steady);
    steady.go_on();
    forge_advert(&world);
    let b = world.recorder("b").start();
    steady.go_on();
    check_finished(a, &first, &steady);
    assert_eq!(b.finish().lost(), 0);
    steady.end();
}

fn recover(world: &World, trace: &Path) -> String {
    let mut command = world.command("recorder");
    command.arg("recover").arg(trace).stdout(Stdio::piped());
    let output = command.output().expect("cargo builds it");
    assert!(output.status.success());
    String::from_utf8_lossy(&output.stdout).into_owned()
}
