//! Probes of programs: what a program says that it did is what the probes tell, with the values; and
//! nothing of them is left behind.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{Ended, Scene, recorded, wait_until};
use thalweg_testkit::{babeltrace2_clean, run};

const TIMES: usize = 300;

/// A folder with the program, called `app`.
struct Shop {
    scene: Scene,
}

impl Shop {
    fn new() -> Self {
        Self::compiled("probed.c", "-g0")
    }

    fn compiled(source: &str, flag: &str) -> Self {
        let scene = Scene::new();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c");
        let source = folder.join(source);
        let flags = ["-O1", "-Wall", "-Werror", flag, "-o"].map(Into::into);
        let files = [scene.dir().join("app"), source.clone()];
        let is_cpp = source.extension().is_some_and(|ending| ending == "cpp");
        let compiler = if is_cpp { "g++" } else { "gcc" };
        let ran = run(compiler, flags.into_iter().chain(files));
        assert!(ran.success, "{compiler}: {}", ran.stderr);
        Self { scene }
    }

    fn app(&self) -> PathBuf {
        self.scene.dir().join("app")
    }

    /// Records these probes while the program runs.
    #[track_caller]
    fn record(&self, probes: &[&str]) -> Recorded {
        let times = TIMES.to_string();
        let probes = probes.iter().flat_map(|probe| ["--probe", probe]);
        let args: Vec<&str> = ["record", "--no-user", "-o", "t"]
            .into_iter()
            .chain(probes)
            .chain(["--", "./app", &times])
            .collect();
        let ended = self.scene.thalweg(&args);
        let recorded = Recorded::read(&self.scene, ended);
        assert_eq!(self.left_behind(), Vec::<String>::new());
        recorded
    }

    /// Probes of the kernel's that lie in this program.
    fn left_behind(&self) -> Vec<String> {
        let probes = fs::read_to_string("/sys/kernel/tracing/uprobe_events").unwrap();
        let app = self.app().display().to_string();
        let lines = probes.lines().filter(|line| line.contains(&app));
        lines.map(str::to_owned).collect()
    }
}

/// What is in a trace, and what the program has said.
struct Recorded {
    /// `NAME FIELDS`, without the fields that every probe has.
    events: Vec<String>,
    said: Vec<String>,
    stderr: String,
}

impl Recorded {
    #[track_caller]
    fn read(scene: &Scene, ended: Ended) -> Self {
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        let text = babeltrace2_clean(&scene.dir().join("t"));
        let ours = scene.thalweg(&["view", "--clock-gmt", "t"]);
        assert!(ours.stdout == text, "view and babeltrace2 differ");
        let events: Vec<String> = text.lines().filter_map(event).collect();
        assert_eq!(events.len() as u64, recorded(&ended.stderr));
        Self {
            events,
            said: ended.stdout.lines().map(str::to_owned).collect(),
            stderr: ended.stderr,
        }
    }

    /// What the program said of these events is what was recorded.
    #[track_caller]
    fn check(&self, names: &[&str]) {
        let is_meant = |line: &&String| names.contains(&line.split(' ').next().unwrap_or_default());
        let said: Vec<&String> = self.said.iter().filter(is_meant).collect();
        assert_eq!(said.len(), names.len() * TIMES);
        assert_eq!(self.events.iter().collect::<Vec<_>>(), said);
    }
}

/// A line of text without its time and place.
fn event(line: &str) -> Option<String> {
    let (head, fields) = line.split_once(": { cpu_id = ")?;
    let name = head.rsplit(' ').next()?;
    let (_, fields) = fields.split_once("tid = ")?;
    let fields = fields.trim_end_matches(" }");
    let own = fields.split_once(", ").map_or("", |(_, own)| own);
    Some(format!("{name} {own}").trim_end().to_owned())
}

#[test]
fn functions_and_sdt_probes_tell_what_the_program_did() {
    let shop = Shop::new();
    let recorded = shop.record(&[
        "./app:work number=$arg1:s32 name=$arg2:string sum=$arg3:s64 below=%cx:s16",
        "./app:work%return ret=$retval:s32",
        "sdt:./app:shop:sold item=$arg1 name=$arg2:string sum=$arg3 $arg4",
        "sdt:./app:shop:stock",
    ]);
    recorded.check(&["app:work", "app:work__return", "shop:sold", "shop:stock"]);
    assert!(recorded.stderr.contains(&format!("looked {TIMES} times")));
}

#[test]
fn debug_information_tells_what_a_function_takes_and_gives() {
    let shop = Shop::compiled("probed.c", "-g");
    let recorded = shop.record(&["./app:work", "./app:work%return"]);
    recorded.check(&["app:work", "app:work__return"]);
    let listed = shop.scene.thalweg(&["list", "--probe", "./app", "work"]);
    let line = ":work number:s32 name:string sum:s64 below:s16  (";
    assert!(listed.stdout.contains(line), "{}", listed.stdout);
}

#[test]
fn parameters_are_known_by_name_if_they_are_where_the_kernel_reads() {
    let shop = Shop::compiled("sell.cpp", "-g");
    let args = ["record", "--no-user", "-o", "t", "--probe", "./app:*sell*"];
    let odd = ["--probe", "./app:*odd*", "--probe", "./app:*odd*%return"];
    let ended = shop.scene.thalweg(&[&args[..], &odd, &["./app"]].concat());
    let recorded = Recorded::read(&shop.scene, ended);
    // An object's address is whatever it is.
    let own = |event: &String| match event.split_once("this = 0x") {
        Some((_, rest)) => rest.split_once(", ").map_or("", |(_, own)| own).to_owned(),
        None => event.split_once(' ').map_or("", |(_, own)| own).to_owned(),
    };
    let told: Vec<String> = recorded.events.iter().map(own).collect();
    assert_eq!(told, ["count = 3, name = \"tea\"", "", "ret = 11"]);
    for name in ["price", "both", "behind"] {
        let note = format!("without {name}: the kernel's probes cannot read it");
        assert!(recorded.stderr.contains(&note), "{}", recorded.stderr);
    }
}

#[test]
fn a_semaphore_is_up_only_while_somebody_looks() {
    let shop = Shop::new();
    let recorded = shop.record(&["sdt:./app:shop:stock"]);
    recorded.check(&["shop:stock"]);
    assert!(recorded.stderr.contains("looked 0 times"));
}

#[test]
fn lttng_s_words_for_probes_are_understood() {
    let shop = Shop::new();
    let args = [
        "record",
        "--no-user",
        "-o",
        "t",
        "--userspace-probe=elf:./app:work",
        "--userspace-probe=sdt:./app:shop:stock",
        "./app",
        "300",
    ];
    let recorded = Recorded::read(&shop.scene, shop.scene.thalweg(&args));
    let named = |name: &str| {
        recorded
            .events
            .iter()
            .filter(|e| e.starts_with(name))
            .count()
    };
    assert_eq!((named("app:work"), named("shop:stock")), (TIMES, TIMES));
}

#[test]
fn names_offsets_patterns_and_filters_choose_what_is_recorded() {
    let shop = Shop::new();
    let list = run("readelf", ["-sW".into(), shop.app()]).stdout;
    let symbol = list.lines().find(|line| line.ends_with(" work")).unwrap();
    let address = symbol.split_ascii_whitespace().nth(1).unwrap();
    let recorded = shop.record(&[
        "busy=./app:work $arg1:s32 if arg1 >= 290",
        // Position-independent code lies in the file where its addresses say.
        &format!("shop:late=./app:+0x{address} $arg1:s32 if arg1 >= 298"),
        &format!("./app:0x{address} n=%di:u32 if n == 7"),
        "sdt:./app:sh*:s*ck if arg1 == 1000",
        "./app:wor*%return if ret == 0",
    ]);
    let count = |name: &str| {
        let is_it = |line: &&String| line.split(' ').next() == Some(name);
        recorded.events.iter().filter(is_it).count()
    };
    assert_eq!((count("busy"), count("shop:late")), (10, 2));
    let address = format!("app:_0x{}", address.trim_start_matches('0'));
    assert_eq!((count(&address), count("shop:stock")), (1, 1));
    assert_eq!(count("app:work__return"), 1);
    assert_eq!(recorded.events.len(), 15, "{:?}", recorded.events);
}

#[test]
fn a_path_with_a_space_is_probed_too() {
    let shop = Shop::new();
    let folder = shop.scene.dir().join("two words");
    fs::create_dir(&folder).unwrap();
    fs::copy(shop.app(), folder.join("app")).unwrap();
    let args = [
        "record",
        "--no-user",
        "-o",
        "t",
        "--probe",
        "two\\ words/app:work",
    ];
    let args = [&args[..], &["--", "two words/app", "5"]].concat();
    let recorded = Recorded::read(&shop.scene, shop.scene.thalweg(&args));
    assert_eq!(recorded.events, ["app:work"; 5]);
}

#[test]
fn bpftrace_sees_the_same() {
    let shop = Shop::new();
    let recorded = shop.record(&[
        "sdt:./app:shop:sold item=$arg1 name=$arg2:string sum=$arg3 $arg4",
        "./app:work number=$arg1:s32 name=$arg2:string sum=$arg3:s64 below=$arg4:s16",
    ]);
    let script = "
        usdt:./app:shop:sold { printf(\"shop:sold item = %d, name = \\\"%s\\\", sum = %ld, arg4 = %d\\n\",
            (int32)arg0, str(arg1), arg2, arg3); }
        uprobe:./app:work { printf(\"app:work number = %d, name = \\\"%s\\\", sum = %ld, below = %d\\n\",
            (int32)arg0, str(arg1), (int64)arg2, (int16)arg3); }";
    let script = script.replace("./app", &shop.app().display().to_string());
    let command = format!("{} {TIMES}", shop.app().display());
    let args = ["-q", "-o", "theirs", "-e", &script, "-c", &command];
    let mut bpftrace = shop.scene.command("bpftrace", &args);
    let ended: Ended = bpftrace.output().expect("bpftrace is installed").into();
    let theirs = fs::read_to_string(shop.scene.dir().join("theirs")).unwrap();
    let theirs: Vec<&str> = theirs.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(recorded.events, theirs, "{}", ended.stderr);
}

#[test]
fn python_s_own_probes_tell_its_functions() {
    let scene = Scene::new();
    let script = "def called(a): return a\nfor i in range(100): called(i)\n";
    fs::write(scene.dir().join("script.py"), script).unwrap();
    let args = [
        "record",
        "--no-user",
        "-o",
        "t",
        "--probe",
        "sdt:/usr/bin/python3:python:function__* file=$arg1:string function=$arg2:string line=$arg3",
        "--",
        "/usr/bin/python3",
        "script.py",
    ];
    let recorded = Recorded::read(&scene, scene.thalweg(&args));
    // Python 3.11 tells the return of every function, but the entry of those only that C calls.
    let script = scene.dir().join("script.py");
    let line = format!(
        "python:function__return file = \"{}\", function = \"called\", line = 1",
        script.display()
    );
    let called = recorded.events.iter().filter(|event| **event == line);
    assert_eq!(called.count(), 100);
}

#[test]
fn two_recorders_probe_one_place() {
    let shop = Shop::new();
    let args = [
        "record",
        "--no-user",
        "-o",
        "other",
        "--probe",
        "./app:work",
    ];
    let other = shop.scene.start(&args);
    other.wait_for("recording to");
    let times = TIMES.to_string();
    let args = [
        "record",
        "--no-user",
        "-o",
        "t",
        "--probe",
        "./app:work",
        "./app",
        &times,
    ];
    let ended = shop.scene.thalweg(&args);
    let own = Recorded::read(&shop.scene, ended);
    assert_eq!(own.events.len(), TIMES);
    assert_eq!(shop.left_behind().len(), 1, "the other's: {}", own.stderr);
    other.signal("INT");
    let ended = other.end();
    assert_eq!(recorded(&ended.stderr), TIMES as u64, "{}", ended.stderr);
    assert_eq!(shop.left_behind(), Vec::<String>::new());
}

#[test]
fn a_killed_recorder_leaves_no_probe_and_what_it_had_seen() {
    let shop = Shop::new();
    let args = [
        "record",
        "--no-user",
        "-o",
        "t",
        "--probe",
        "./app:work n=$arg1:s32",
    ];
    let recorder = shop.scene.start(&args);
    recorder.wait_for("recording to");
    let ran = Command::new(shop.app()).arg("20").output().unwrap();
    assert!(ran.status.success());
    assert_eq!(shop.left_behind().len(), 1);
    recorder.signal("KILL");
    recorder.end();
    wait_until("the probes to go", || shop.left_behind().is_empty());
    let text = babeltrace2_clean(&shop.scene.dir().join("t"));
    let numbers: Vec<String> = text.lines().filter_map(event).collect();
    let expected: Vec<String> = (0..20).map(|n| format!("app:work n = {n}")).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn what_a_recorder_and_its_keeper_leave_is_recovered() {
    let shop = Shop::new();
    let args = [
        "record",
        "--no-user",
        "-o",
        "t",
        "--probe",
        "./app:work n=$arg1:s32",
    ];
    let recorder = shop.scene.start(&args);
    recorder.wait_for("recording to");
    let children = format!("/proc/{0}/task/{0}/children", recorder.id());
    let keeper = fs::read_to_string(children).unwrap();
    let ran = Command::new(shop.app()).arg("20").output().unwrap();
    assert!(ran.status.success());
    // The keeper first: it would do its work else.
    let kill = |pid: &str| run("kill", ["-KILL", pid]).success;
    assert!(kill(keeper.trim()), "{keeper}");
    recorder.signal("KILL");
    recorder.end();
    assert_eq!(shop.left_behind().len(), 1);
    let ended = shop.scene.thalweg(&["recover"]);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert_eq!(shop.left_behind(), Vec::<String>::new());
    let text = babeltrace2_clean(&shop.scene.dir().join("t"));
    let expected: Vec<String> = (0..20).map(|n| format!("app:work n = {n}")).collect();
    assert_eq!(text.lines().filter_map(event).collect::<Vec<_>>(), expected);
}

#[test]
fn places_of_inlined_code_are_one_event() {
    let shop = Shop::compiled("inlined.c", "-g0");
    let list = shop.scene.thalweg(&["list", "--probe", "./app", "seen"]);
    assert!(
        list.stdout.contains("arg1:s32 arg2:s64  (2 places)"),
        "{}",
        list.stdout
    );
    let args = [
        "record",
        "--no-user",
        "-o",
        "t",
        "--probe",
        "sdt:./app:inlined:seen",
        "./app",
    ];
    let recorded = Recorded::read(&shop.scene, shop.scene.thalweg(&args));
    assert_eq!(
        recorded.events,
        [
            "inlined:seen arg1 = 1, arg2 = 10",
            "inlined:seen arg1 = 2, arg2 = -7",
            "inlined:seen arg1 = 3, arg2 = 30",
            "inlined:seen arg1 = 4, arg2 = -7"
        ]
    );
}

#[test]
fn a_recorder_does_not_tell_of_itself() {
    let scene = Scene::new();
    let probe = "libc.so.6:malloc if comm == \"thalweg\" || comm == \"ls\"";
    let args = ["record", "--no-user", "-o", "t", "--probe", probe, "ls"];
    let recorder = scene.start_with(&args, |command| {
        command.stdout(Stdio::null());
    });
    let own = format!("tid = {} }}", recorder.id());
    let ended = recorder.end();
    let text = babeltrace2_clean(&scene.dir().join("t"));
    assert!(recorded(&ended.stderr) > 0, "{}", ended.stderr);
    let told = text.lines().filter(|line| line.ends_with(&own));
    assert_eq!(told.count(), 0, "{text}");
}

#[test]
fn probes_without_an_instance_are_removed() {
    let shop = Shop::new();
    let line = format!(
        "p:thalweg_00000000deadbeef_app/work {}:0x1000\n",
        shop.app().display()
    );
    let events = "/sys/kernel/tracing/uprobe_events";
    let mut file = fs::OpenOptions::new().append(true).open(events).unwrap();
    std::io::Write::write_all(&mut file, line.as_bytes()).unwrap();
    assert_eq!(shop.left_behind().len(), 1);
    let ended = shop.scene.thalweg(&["recover"]);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert_eq!(shop.left_behind(), Vec::<String>::new());
}

#[test]
fn what_cannot_be_probed_is_said_with_what_can() {
    let shop = Shop::new();
    let check = |probe: &str, words: &str| {
        let args = ["record", "--no-user", "-o", "t", "--probe", probe, "true"];
        let ended = shop.scene.thalweg(&args);
        assert_eq!(ended.status, Some(125), "{probe}: {}", ended.stderr);
        assert!(ended.stderr.contains(words), "{probe}: {}", ended.stderr);
        assert!(!shop.scene.dir().join("t").exists());
        assert_eq!(shop.left_behind(), Vec::<String>::new());
    };
    check("./app:wrok", "has no function `wrok`; did you mean work?");
    check(
        "sdt:./app:shop:slod",
        "has no such probe; did you mean sold?",
    );
    check("./none:work", "find ./none: No such file");
    check(
        "no-such-program:work",
        "neither in $PATH nor among libraries",
    );
    check(
        "libc.so.6:strlen",
        "strlen only chooses a function when the program starts",
    );
    check("./app:work+5000", "work has ");
    check("./app:work n=%nothing:s32", "Invalid register name");
    check("./app:work $arg1 if nothing > 3", "set the filter");
    check("./app:wide_nop+6", "wide_nop has 6 bytes");
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    if release.starts_with("6.18.") {
        check("./app:wide_nop+1", "could damage the program");
    }
    check("/etc/passwd:work", "it is no ELF file: /etc/passwd");
}

#[test]
fn functions_of_the_kernel_are_recorded_or_refused_with_a_reason() {
    let scene = Scene::new();
    let probe = "do_sys_openat2 $dfd $filename if comm == \"cat\"";
    let args = [
        "record",
        "--no-user",
        "-o",
        "t",
        "--probe",
        probe,
        "cat",
        "/etc/hostname",
    ];
    let ended = scene.thalweg(&args);
    if Path::new("/sys/kernel/tracing/kprobe_events").exists() {
        let recorded = Recorded::read(&scene, ended);
        let line = "do_sys_openat2 dfd = -100, filename = \"/etc/hostname\"".to_owned();
        assert!(recorded.events.contains(&line), "{:?}", recorded.events);
    } else {
        let why = "failed to set a probe: this kernel has none, there is no /sys/kernel/tracing/kprobe_events";
        assert_eq!(
            (ended.status, ended.stderr.contains(why)),
            (Some(125), true),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn a_function_s_calls_and_returns_are_a_pair() {
    let shop = Shop::new();
    let args = [
        "record",
        "--no-user",
        "-o",
        "t",
        "--function",
        "f=./app:work n=$arg1:s32 r=$retval:s32",
    ];
    let ended = shop
        .scene
        .thalweg(&[&args[..], &["--", "./app", "3"]].concat());
    let recorded = Recorded::read(&shop.scene, ended);
    let pairs = (0..3).flat_map(|n| [format!("f_entry n = {n}"), format!("f_exit r = {}", -n)]);
    assert_eq!(recorded.events, pairs.collect::<Vec<_>>());
    let text = babeltrace2_clean(&shop.scene.dir().join("t"));
    let callers: std::collections::BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.split_once("parent_ip = ")?.1.split(',').next())
        .collect();
    assert_eq!(
        callers.len(),
        1,
        "all are called from one place and return there: {text}"
    );
}

#[test]
fn what_can_be_probed_is_listed() {
    let shop = Shop::new();
    let listed = shop.scene.thalweg(&["list", "--probe", "./app"]);
    let app = shop.app().display().to_string();
    let has = |line: &str| listed.stdout.lines().any(|found| found.starts_with(line));
    assert!(
        has(&format!(
            "sdt:{app}:shop:sold arg1:s32 arg2:u64 arg3:s64 arg4:u8  (with a semaphore)"
        )),
        "{}",
        listed.stdout
    );
    assert!(has(&format!("{app}:work  (")), "{}", listed.stdout);
    let some = shop.scene.thalweg(&["list", "--probe", "./app", "wor*"]);
    assert_eq!(some.stdout.lines().count(), 1, "{}", some.stdout);
    let none = shop.scene.thalweg(&["list", "--probe", "./app", "nothing"]);
    assert_eq!((none.status, &*none.stdout), (Some(1), ""));
}
