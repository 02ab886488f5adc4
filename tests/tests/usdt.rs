//! Events that are USDT probes too: the kernel's uprobes find them where the notes say, with the
//! arguments that the notes describe, and the program computes the same.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use thalweg_tests::{Speaker, World};

const COUNT: u64 = 50;

/// A probe, as `readelf -n` tells of it.
#[derive(Debug)]
struct Probe {
    name: String,
    location: u64,
    semaphore: u64,
    arguments: String,
}

fn probes(program: &Path) -> Vec<Probe> {
    let ran = Command::new("readelf").arg("-n").arg(program).output();
    let text = String::from_utf8(ran.expect("readelf runs").stdout).expect("it prints text");
    let mut probes = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if line != "Provider: probed" {
            continue;
        }
        let name = lines.next().and_then(|line| line.strip_prefix("Name: "));
        let place = lines.next().expect("a location").to_owned();
        let arguments = lines
            .next()
            .and_then(|line| line.strip_prefix("Arguments:"));
        let number = |key: &str| {
            let (_, rest) = place.split_once(key).expect("the key is there");
            let digits = rest.trim_start_matches("0x").split(',').next();
            u64::from_str_radix(digits.expect("a number"), 16).expect("hexadecimal")
        };
        probes.push(Probe {
            name: name.expect("a name").to_owned(),
            location: number("Location: "),
            semaphore: number("Semaphore: "),
            arguments: arguments.expect("arguments").trim().to_owned(),
        });
    }
    probes
}

/// Where a virtual address is in the file.
fn offset_of(program: &Path, address: u64) -> u64 {
    let ran = Command::new("readelf").args(["-lW"]).arg(program).output();
    let text = String::from_utf8(ran.expect("readelf runs").stdout).expect("it prints text");
    let hex = |word: &str| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok();
    let load = text
        .lines()
        .filter(|line| line.trim_start().starts_with("LOAD"));
    let mut found = load.filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (offset, start, len) = (hex(words[1])?, hex(words[2])?, hex(words[4])?);
        (start..start + len)
            .contains(&address)
            .then(|| address - start + offset)
    });
    found.next().expect("the address is in a segment")
}

/// An instance of tracefs with uprobes of its own group, removed with the value.
struct Uprobes {
    tracefs: PathBuf,
    group: String,
}

impl Uprobes {
    fn new() -> Self {
        let group = format!("thalweg_test_{}", std::process::id());
        let tracefs = PathBuf::from("/sys/kernel/tracing");
        fs::create_dir(tracefs.join("instances").join(&group)).expect("root makes instances");
        Self { tracefs, group }
    }

    fn instance(&self) -> PathBuf {
        self.tracefs.join("instances").join(&self.group)
    }

    fn add(&self, name: &str, program: &Path, place: (u64, u64), arguments: &str) {
        let (at, semaphore) = place;
        let (group, program) = (&self.group, program.display());
        let line = format!("p:{group}/{name} {program}:{at:#x}({semaphore:#x}) {arguments}\n");
        let events = fs::OpenOptions::new()
            .append(true)
            .open(self.tracefs.join("uprobe_events"));
        let written = events
            .expect("uprobes are there")
            .write_all(line.as_bytes());
        written.unwrap_or_else(|why| panic!("{line}: {why}"));
        let enable = format!("events/{group}/{name}/enable");
        fs::write(self.instance().join(enable), "1").expect("it can be enabled");
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.instance().join("trace")).expect("the trace is there");
        let marker = format!(" {name}: ");
        let lines = text.lines().filter_map(|line| line.split_once(&marker));
        lines.map(|(_, rest)| rest.to_owned()).collect()
    }
}

impl Drop for Uprobes {
    fn drop(&mut self) {
        let _ = fs::write(self.instance().join("events/enable"), "0");
        let _ = fs::remove_dir(self.instance());
        for name in ["plain", "bare", "leaf"] {
            let events = fs::OpenOptions::new()
                .append(true)
                .open(self.tracefs.join("uprobe_events"));
            let line = format!("-:{}/{name}\n", self.group);
            let _ = events.and_then(|mut file| file.write_all(line.as_bytes()));
        }
    }
}

#[test]
fn the_kernel_finds_the_probes_and_their_arguments() {
    let world = World::new();
    let mut command = world.command("probed");
    let program = PathBuf::from(command.get_program());
    let found = probes(&program);
    let by_name = |name: &str| {
        found
            .iter()
            .find(|probe| probe.name == name)
            .expect("the note")
    };
    assert_eq!(by_name("plain").arguments, "8@%rdi 8@%rsi 8@%rdx");
    assert_eq!(by_name("bare").arguments, "");
    let uprobes = Uprobes::new();
    let place = |name: &str| {
        let probe = by_name(name);
        assert_ne!(probe.semaphore, 0, "{probe:?}");
        (
            offset_of(&program, probe.location),
            offset_of(&program, probe.semaphore),
        )
    };
    uprobes.add(
        "plain",
        &program,
        place("plain"),
        "number=%di:u64 negative=%si:s32 name=+0(%dx):string",
    );
    uprobes.add("bare", &program, place("bare"), "");
    uprobes.add("leaf", &program, place("leaf"), "number=%di:u64");
    let recorder = world.recorder("trace").start();
    let mut speaker = Speaker::start(command.arg(COUNT.to_string()));
    speaker.line();
    speaker.go_on();
    let said = speaker.end();
    // Each field was evaluated once although two looked; and no value was lost around the probe.
    let sum: u64 = (0..COUNT).map(|number| number + 28).sum();
    assert_eq!(said, format!("evaluated {COUNT} sum {sum}\n"));
    let plain = uprobes.lines("plain");
    assert_eq!(plain.len() as u64, COUNT);
    assert!(
        plain[3].ends_with("number=3 negative=-3 name=\"odd\""),
        "{}",
        plain[3]
    );
    assert_eq!(uprobes.lines("bare").len() as u64, COUNT);
    assert_eq!(uprobes.lines("leaf").len() as u64, COUNT);
    drop(uprobes);
    let report = recorder.finish();
    assert_eq!(
        (report.recorded(), report.lost()),
        (3 * COUNT, 0),
        "{report:?}"
    );
}

#[test]
fn a_probe_that_nobody_looks_at_evaluates_nothing() {
    let world = World::new();
    let mut command = world.command("probed");
    let spawned = command.arg("5").stdin(Stdio::null()).output();
    let said = String::from_utf8(spawned.expect("cargo builds it").stdout).expect("text");
    assert!(said.contains("evaluated 0 "), "{said}");
}
