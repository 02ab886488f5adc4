//! An instance that somebody else has made is read and left as it was. Instances of the kernel's command line are
//! shown in the guest (`cargo xtask vm`).

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::{Scene, recorded};
use thalweg_testkit::babeltrace2_clean;

/// Somebody's instance, which records programs.
struct Instance(PathBuf);

impl Instance {
    fn make(test: &str) -> Self {
        let name = format!("somebody-{test}-{}", std::process::id());
        let dir = Path::new("/sys/kernel/tracing/instances").join(name);
        fs::create_dir(&dir).expect("tests of the kernel run as root");
        let instance = Self(dir);
        instance.set("events/sched/sched_process_exec/enable", "1");
        instance
    }

    fn set(&self, file: &str, value: &str) {
        fs::write(self.0.join(file), value).unwrap();
    }

    fn name(&self) -> &str {
        self.0.file_name().unwrap().to_str().unwrap()
    }

    /// Every setting at the top, and those of its event.
    fn settings(&self) -> BTreeMap<PathBuf, String> {
        let folders = ["", "options", "events/sched/sched_process_exec"];
        let files = folders
            .iter()
            .flat_map(|folder| fs::read_dir(self.0.join(folder)).unwrap());
        let files = files.map(|entry| entry.unwrap().path());
        let is_setting = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_str().unwrap();
            path.is_file() && !name.starts_with("trace_pipe") && !matches!(name, "trace" | "hist")
        };
        let text = |path: PathBuf| Some((path.clone(), fs::read_to_string(path).ok()?));
        files.filter(is_setting).filter_map(text).collect()
    }

    /// What the kernel's own text tells of programs with this path, in our words.
    fn programs(&self, path: &str) -> Vec<String> {
        let text = fs::read_to_string(self.0.join("trace")).unwrap();
        let of_line = |line: &str| {
            let (_, fields) = line.split_once("sched_process_exec: filename=")?;
            let (filename, rest) = fields.split_once(" pid=")?;
            let (tid, old_tid) = rest.split_once(" old_pid=")?;
            (filename == path)
                .then(|| format!("filename = \"{filename}\", tid = {tid}, old_tid = {old_tid} }}"))
        };
        text.lines().filter_map(of_line).collect()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        fs::remove_dir(&self.0).unwrap();
    }
}

#[test]
fn what_an_instance_holds_is_taken_and_nothing_is_set() {
    let scene = Scene::new();
    let instance = Instance::make("attach");
    let own = scene.dir().join("own");
    fs::copy("/bin/true", &own).unwrap();
    let own = own.to_str().unwrap();
    let run = |count| {
        for _ in 0..count {
            scene.command(own, &[]).status().unwrap();
        }
    };
    run(7);
    let (before, told) = (instance.settings(), instance.programs(own));
    assert_eq!(told.len(), 7);
    let ended = scene.thalweg(&["record", "--attach-instance", instance.name(), "-o", "t"]);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("the instance's own clock, local"),
        "{}",
        ended.stderr
    );
    let theirs = babeltrace2_clean(&scene.dir().join("t"));
    let ours = scene.thalweg(&["view", "--clock-gmt", "t"]);
    assert!(ours.stdout == theirs, "view and babeltrace2 differ");
    assert_eq!(theirs.lines().count() as u64, recorded(&ended.stderr));
    let found: Vec<&str> = theirs.lines().filter(|line| line.contains(own)).collect();
    assert_eq!(found.len(), told.len(), "{theirs}");
    for (line, told) in found.iter().zip(&told) {
        assert!(line.ends_with(told.as_str()), "{line}, not {told}");
    }
    assert_eq!(instance.settings(), before);
    // What has come since is there the next time, and no more than that.
    run(2);
    let ended = scene.thalweg(&["record", "--attach-instance", instance.name(), "-o", "u"]);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let later = babeltrace2_clean(&scene.dir().join("u"));
    assert_eq!(
        later.lines().filter(|line| line.contains(own)).count(),
        2,
        "{later}"
    );
}

#[test]
fn a_clock_without_time_and_an_instance_that_is_not_there_are_refused() {
    let scene = Scene::new();
    let instance = Instance::make("clock");
    instance.set("trace_clock", "counter");
    for (name, words) in [
        (
            instance.name(),
            "read times of the clock counter: it does not tell nanoseconds",
        ),
        (
            "nobody's",
            "open the trace instance nobody's: there is none",
        ),
        (
            "../events",
            "open the trace instance ../events: there is none",
        ),
    ] {
        let ended = scene.thalweg(&["record", "--attach-instance", name, "-o", "t"]);
        assert_eq!(ended.status, Some(125), "{}", ended.stderr);
        assert_eq!(ended.stderr, format!("thalweg: failed to {words}\n"));
    }
    assert!(scene.files().is_empty(), "{:?}", scene.files());
}
