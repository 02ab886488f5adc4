//! The helpers beside LTTng's own: the same programs under both, events of the same declaration,
//! and the same calls.
//!
//! LTTng's own threads and libraries are in its trace too, and its helper of the allocator does not
//! know `aligned_alloc`, `valloc` and `pvalloc`; between a program's marks all else is the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use thalweg_testkit::finish;
use thalweg_tests::{Preloaded, Trace, World, compile};

/// Everything happens in a mount and a process namespace: no daemon, socket or shared memory of
/// this run meets another's, and all ends with the shell. Of /dev/shm only the world stays.
const SCRIPT: &str = r#"
set -e
out=$1; helpers=$2; world=$(dirname "$1"); shift 2
mount -t tmpfs none /run
mkdir /run/world; mount --bind "$world" /run/world; mount -t tmpfs none /dev/shm
mkdir "$world"; mount --bind /run/world "$world"
export LTTNG_HOME=/run/home HOME=/run/home; mkdir -p /run/home /run/lttng
lttng-sessiond --daemonize --no-kernel
lttng --no-sessiond create s --output="$out"
lttng enable-channel --userspace --subbuf-size=1M --num-subbuf=8 channel
lttng enable-event --userspace --channel=channel 'lttng_ust_*'
lttng add-context --userspace --channel=channel --type=vpid --type=vtid --type=procname
lttng start; LD_PRELOAD=$helpers "$@" >"$out.said"; lttng stop; lttng destroy
"#;

/// Records a command with LTTng and its helpers; where the trace is.
#[track_caller]
fn record_with_lttng(world: &World, name: &str, helpers: &[&str], command: &[&str]) -> PathBuf {
    let out = world.trace(name);
    let helpers = helpers
        .iter()
        .map(|helper| format!("liblttng-ust-{helper}.so"));
    let helpers: Vec<String> = helpers.collect();
    let mut shell = Command::new("unshare");
    let namespaces = [
        "--mount",
        "--propagation",
        "private",
        "--pid",
        "--fork",
        "--kill-child",
    ];
    shell
        .args(namespaces)
        .args(["--mount-proc", "sh", "-c", SCRIPT, "sh"]);
    shell.arg(&out).arg(helpers.join(":")).args(command);
    let ran = finish("unshare", shell.stdin(Stdio::null()));
    assert!(ran.success, "lttng: {}{}", ran.stdout, ran.stderr);
    out.join("ust/uid/0/64-bit")
}

/// The declarations of the helpers' events in a trace, without the numbers of events and streams.
#[track_caller]
fn declarations(trace: &Path) -> BTreeMap<String, String> {
    let mut command = Command::new("babeltrace2");
    command.args(["--output-format=ctf-metadata"]).arg(trace);
    let ran = finish("babeltrace2", &mut command);
    assert!(ran.success, "babeltrace2: {}", ran.stderr);
    let mut found = BTreeMap::new();
    for event in ran.stdout.split("\nevent {\n").skip(1) {
        let event = event.split("\n};").next().unwrap_or_default();
        let name = event.split('"').nth(1).unwrap_or_default();
        let kept = |line: &&str| {
            !["id = ", "stream_id = "]
                .iter()
                .any(|key| line.starts_with(key))
        };
        let lines: Vec<&str> = event.lines().map(str::trim).filter(kept).collect();
        found.insert(name.to_owned(), lines.join("\n"));
    }
    found
}

/// LTTng's declaration of one of our events; where it cannot be the same, as it is with us.
fn expected(theirs: &str) -> String {
    // Our sequences have lengths of 32 bits.
    let wide = "integer { size = 64; align = 8; signed = 0; encoding = none; base = 10; } \
                __build_id_length;";
    theirs.replace(wide, &wide.replace("64", "32"))
}

/// Where our recorder put the trace with the metadata.
#[track_caller]
fn folder_with_metadata(below: &Path) -> PathBuf {
    let mut folders = vec![below.to_owned()];
    while let Some(folder) = folders.pop() {
        if folder.join("metadata").is_file() {
            return folder;
        }
        let entries = std::fs::read_dir(&folder)
            .expect("it is a folder")
            .flatten();
        folders.extend(
            entries
                .map(|entry| entry.path())
                .filter(|path| path.is_dir()),
        );
    }
    panic!("no metadata below {}", below.display());
}

/// Both recorders' traces of a command.
#[track_caller]
fn both(world: &World, helpers: &[(&str, &str)], command: &[&str]) -> (PathBuf, PathBuf) {
    let (ours, theirs): (Vec<&str>, Vec<&str>) = helpers.iter().copied().unzip();
    let name = ours.join("-");
    let mut preloaded = Preloaded::new(&ours, Path::new(command[0]));
    for argument in &command[1..] {
        preloaded = preloaded.arg(argument);
    }
    let (ran, report) = preloaded.record_only(world, &format!("{name}-ours"));
    assert!(ran.success && report.lost() == 0, "{ran:?} {report:?}");
    let theirs = record_with_lttng(world, &format!("{name}-theirs"), &theirs, command);
    (folder_with_metadata(&report.output), theirs)
}

/// Each event that we declare is declared by LTTng in the same way; their names.
#[track_caller]
fn check_declarations((ours, theirs): &(PathBuf, PathBuf), provider: &str) -> Vec<String> {
    let theirs = declarations(theirs);
    let ours = declarations(ours);
    let ours = ours
        .into_iter()
        .filter(|(name, _)| name.starts_with(provider));
    let mut names = Vec::new();
    for (name, declared) in ours {
        let expected = theirs.get(&name).map(|theirs| expected(theirs));
        assert_eq!(Some(declared), expected, "{name}");
        names.push(name.trim_start_matches(provider).to_owned());
    }
    names
}

/// The events of the thread that made the marks, between them, in lines without addresses.
fn between_marks(trace: &Path, is_kept: impl Fn(&str) -> bool) -> Vec<String> {
    let trace = Trace::read(trace);
    let mut within = false;
    let mut lines = Vec::new();
    for event in trace
        .events()
        .filter(|event| event.name.starts_with("lttng_ust_libc:"))
    {
        let size = event.find_field("size").map(|_| event.number("size"));
        within |= size == Some(1_000_001);
        if within && is_kept(event.name) {
            lines.push(format!("{} {size:?}", event.name));
        }
        if size == Some(1_000_003) {
            within = false;
        }
    }
    lines
}

#[test]
fn calls_of_the_allocator_are_lttngs_events() {
    let world = World::new();
    let program = compile(&world, "calls.c", "calls", &[]);
    let log = world.trace("log");
    let words = [
        &program,
        Path::new("fail"),
        Path::new("1"),
        Path::new("50"),
        &log,
    ];
    let words = words.map(|word: &Path| word.to_str().expect("plain names"));
    let traces = both(&world, &[("libc", "libc-wrapper")], &words);
    let names = check_declarations(&traces, "lttng_ust_libc:");
    let all = [
        "calloc",
        "free",
        "malloc",
        "memalign",
        "posix_memalign",
        "realloc",
    ];
    assert_eq!(names, all);
    // LTTng tells neither `aligned_alloc` nor `valloc`, but gives their blocks back.
    let is_kept = |name: &str| !name.ends_with(":memalign");
    let (ours, theirs) = (
        between_marks(&traces.0, is_kept),
        between_marks(&traces.1, is_kept),
    );
    assert_eq!(ours.len(), 2 + 1 + 50 * (19 - 3));
    assert_eq!(ours, theirs);
    let memaligns = |trace| between_marks(trace, |name| name.ends_with(":memalign")).len();
    assert_eq!((memaligns(&traces.0), memaligns(&traces.1)), (3 * 50, 50));
}

/// How often each event of a provider is in a trace, for events that `is_kept`.
fn counts(trace: &Path, provider: &str, is_kept: impl Fn(&str) -> bool) -> BTreeMap<String, u64> {
    let trace = Trace::read(trace);
    let mut counts = BTreeMap::new();
    for event in trace.events() {
        let is_ours = event.name.starts_with(provider) && is_kept(event.rest);
        if is_ours {
            *counts.entry(event.name.to_owned()).or_default() += 1;
        }
    }
    counts
}

#[test]
fn locks_are_lttngs_events() {
    let world = World::new();
    let program = compile(&world, "locks.c", "locks", &["-no-pie"]);
    let command = [program.to_str().expect("a plain name"), "2", "100"];
    let traces = both(&world, &[("pthread", "pthread-wrapper")], &command);
    let provider = "lttng_ust_pthread:pthread_mutex_";
    let names = check_declarations(&traces, provider);
    assert_eq!(names, ["lock_acq", "lock_req", "trylock", "unlock"]);
    // A program with a fixed place: its mutexes lie below 16 MiB, LTTng's own far above.
    let of_program = |rest: &str| {
        let mutex = rest.split("mutex = 0x").nth(1).unwrap_or_default();
        mutex
            .split([',', ' '])
            .next()
            .is_some_and(|digits| digits.len() <= 6)
    };
    let ours = counts(&traces.0, provider, of_program);
    assert_eq!(ours.values().sum::<u64>(), 2 * 100 * 6);
    assert_eq!(ours, counts(&traces.1, provider, of_program));
}

#[test]
fn functions_are_lttngs_events() {
    let world = World::new();
    let program = compile(
        &world,
        "functions.c",
        "functions",
        &["-finstrument-functions"],
    );
    let command = [program.to_str().expect("a plain name"), "2", "100"];
    for (ours, theirs, provider) in [
        ("functions", "cyg-profile", "lttng_ust_cyg_profile:"),
        (
            "functions_fast",
            "cyg-profile-fast",
            "lttng_ust_cyg_profile_fast:",
        ),
    ] {
        let traces = both(&world, &[(ours, theirs)], &command);
        let names = check_declarations(&traces, provider);
        assert_eq!(names, ["func_entry", "func_exit"]);
        for trace in [&traces.0, &traces.1] {
            let found = counts(trace, provider, |_| true);
            let begun = found[&format!("{provider}func_entry")];
            // Each signal that the timer sends is a call more.
            assert!((600..1200).contains(&begun), "{trace:?}: {found:?}");
            assert_eq!(begun, found[&format!("{provider}func_exit")]);
        }
    }
}

#[test]
fn libraries_are_lttngs_events() {
    let world = World::new();
    std::fs::create_dir(world.trace("beside")).expect("the folder is the test's own");
    compile(
        &world,
        "plug.c",
        "plug.so",
        &["-shared", "-fPIC", "-DNUMBER=1", "-g"],
    );
    std::os::unix::fs::symlink("plug.so", world.trace("link.so")).expect("it is new");
    std::fs::copy(world.trace("plug.so"), world.trace("needs.so")).expect("it is there");
    // What is found by the program's own search path only is not found under LTTng's helper.
    std::fs::copy(world.trace("plug.so"), world.trace("beside/libbeside.so")).expect("it is");
    let folder = world.trace("");
    let folder = folder.to_str().expect("a plain name").to_owned();
    let mut path = Command::new("objcopy");
    let link = format!("--add-gnu-debuglink={folder}/beside/libbeside.so");
    let ran = finish("objcopy", path.arg(link).arg(world.trace("plug.so")));
    assert!(ran.success, "{ran:?}");
    let program = compile(&world, "libraries.c", "libraries", &["-DPATHS_ONLY"]);
    let command = [program.to_str().expect("a plain name"), &folder];
    let traces = both(&world, &[("dl", "dl")], &command);
    let names = check_declarations(&traces, "lttng_ust_dl:");
    assert_eq!(
        names,
        ["build_id", "debug_link", "dlclose", "dlmopen", "dlopen"]
    );
    let names = check_declarations(&traces, "lttng_ust_lib:");
    assert_eq!(names, ["build_id", "debug_link", "load", "unload"]);
    // LTTng opens a library of its own, and closes it at the end.
    let lines = |trace: &Path| -> Vec<String> {
        let trace = Trace::read(trace);
        let plain = |rest: &str| {
            let fields = rest.rsplit_once("}, { ").map_or(rest, |(_, fields)| fields);
            let parts = fields
                .split(' ')
                .filter(|word| !word.starts_with("0x") || word.len() < 12);
            parts.collect::<Vec<_>>().join(" ")
        };
        let of_program = trace.events().filter(|event| {
            ["lttng_ust_dl:", "lttng_ust_lib:"]
                .iter()
                .any(|p| event.name.starts_with(p))
        });
        let lines = of_program.map(|event| format!("{} {}", event.name, plain(event.rest)));
        lines.collect()
    };
    let (ours, theirs) = (lines(&traces.0), lines(&traces.1));
    let first = theirs
        .iter()
        .position(|line| line.contains("/plug.so"))
        .expect("it is opened");
    assert_eq!(ours, theirs[first..(first + ours.len()).min(theirs.len())]);
    assert!(ours.len() >= 20, "{ours:#?}");
}
