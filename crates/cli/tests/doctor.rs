//! What `doctor` says of machines that lack something, and that what it recommends is enough.

mod common;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use common::{Ended, STRANGER, Scene};
use serde_json::Value;

const TRACEFS: &str = "/sys/kernel/tracing";

fn report(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

#[track_caller]
fn check(report: &Value, id: &str, state: &str) -> Value {
    let findings = report["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["id"] == id);
    let finding = finding.unwrap_or_else(|| panic!("no finding {id} in {report:#}"));
    assert_eq!(finding["state"], state, "{finding:#}");
    finding.clone()
}

#[test]
fn root_may_record_everything_here() {
    let ended = Scene::new().thalweg(&["doctor", "--json"]);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    let report = report(&ended);
    assert_eq!(report["version"], 1);
    assert_eq!(
        (&report["programs"], &report["kernel"]),
        (&true.into(), &true.into())
    );
    for id in [
        "tracefs.access",
        "tracefs.instance",
        "tracefs.pages",
        "tracefs.events",
    ] {
        check(&report, id, "ok");
    }
    let events = check(&report, "tracefs.events", "ok")["words"]
        .as_str()
        .unwrap()
        .to_owned();
    let available = fs::read_to_string(format!("{TRACEFS}/available_events")).unwrap();
    assert!(
        events.starts_with(&format!("{} in ", available.lines().count())),
        "{events}"
    );
}

#[test]
fn no_trial_instance_stays_behind() {
    Scene::new().thalweg(&["doctor"]);
    let left = fs::read_dir(format!("{TRACEFS}/instances")).unwrap();
    let names = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let ours: Vec<String> = names.filter(|name| name.starts_with("doctor-")).collect();
    assert!(ours.iter().all(|name| is_alive(name)), "{ours:?}");
}

/// Whether the `doctor` that made an instance still runs: other tests may be running theirs.
fn is_alive(name: &str) -> bool {
    let id = name.rsplit('-').next().unwrap_or_default();
    fs::exists(format!("/proc/{id}")).unwrap()
}

#[test]
fn a_machine_without_tracefs_records_programs_only() {
    let gone = "while umount /sys/kernel/tracing 2>/dev/null; do :; done; \
                while umount /sys/kernel/debug/tracing 2>/dev/null; do :; done; exec $1 doctor --json";
    let ended = Scene::new().with_own_mounts(gone);
    assert_eq!(ended.status, Some(0));
    let report = report(&ended);
    assert_eq!(
        (&report["programs"], &report["kernel"]),
        (&true.into(), &false.into())
    );
    let finding = check(&report, "tracefs.access", "missing");
    assert_eq!(
        finding["fix"],
        "sudo mount -t tracefs nodev /sys/kernel/tracing"
    );
}

#[test]
fn a_machine_without_a_folder_to_meet_in_records_no_programs() {
    let scene = Scene::new();
    let ended = scene.with_own_mounts(
        "unset THALWEG_RUNDIR XDG_RUNTIME_DIR; mkdir plain; mount --bind plain /dev/shm
         mount --bind plain /run; set +e; $1 doctor --json; echo $? > status",
    );
    assert_eq!(
        fs::read_to_string(scene.dir().join("status")).unwrap(),
        "1\n"
    );
    let report = report(&ended);
    assert_eq!(report["programs"], false);
    let words = check(&report, "programs.folder", "missing")["words"].to_string();
    assert!(words.contains("/run/thalweg: is not on a tmpfs"), "{words}");
    assert!(
        words.contains("/dev/shm/thalweg-0: is not on a tmpfs"),
        "{words}"
    );
}

#[test]
fn the_remains_of_a_killed_recorder_are_seen_and_recover_clears_them() {
    let scene = Scene::new();
    let running = scene.start(&["record", "--no-kernel", "-o", "t"]);
    running.wait_for("recording to t");
    let id = running.id();
    kill_keeper_and(id);
    running.end();
    let found = report(&scene.thalweg(&["doctor", "--json"]));
    assert_eq!(
        check(&found, "remains.recorders", "warn")["fix"],
        "thalweg recover"
    );
    let recovered = scene.thalweg(&["recover"]);
    assert!(
        recovered.stderr.starts_with("recovered "),
        "{}",
        recovered.stderr
    );
    let found = report(&scene.thalweg(&["doctor", "--json"]));
    check(&found, "remains.recorders", "ok");
}

/// Kills a recorder and its keeper in one call, so that neither can do anything for the other.
fn kill_keeper_and(recorder: u32) {
    let children = format!("/proc/{recorder}/task/{recorder}/children");
    let children = fs::read_to_string(children).unwrap();
    let ids: Vec<String> = children.split_whitespace().map(str::to_owned).collect();
    assert_eq!(
        ids.len(),
        1,
        "a recorder without a command has one child, its keeper"
    );
    let mut all = ids;
    all.push(recorder.to_string());
    assert!(
        Command::new("kill")
            .arg("-KILL")
            .args(&all)
            .status()
            .unwrap()
            .success()
    );
}

/// Gives tracefs back as it was.
struct Rights {
    mode: u32,
    gid: u32,
    owner: u32,
}

impl Rights {
    fn of_now() -> Self {
        let root = fs::metadata(TRACEFS).unwrap();
        let instances = fs::metadata(format!("{TRACEFS}/instances")).unwrap();
        Self {
            mode: root.mode() & 0o777,
            gid: root.gid(),
            owner: instances.uid(),
        }
    }
}

impl Drop for Rights {
    fn drop(&mut self) {
        let Self { mode, gid, owner } = *self;
        let script = format!(
            "chown {owner} {TRACEFS}/instances; mount -o remount,gid={gid},mode={mode:o} {TRACEFS}"
        );
        assert!(
            Command::new("sh")
                .args(["-c", &script])
                .status()
                .unwrap()
                .success()
        );
    }
}

#[test]
fn the_command_that_is_recommended_to_a_user_without_rights_is_enough() {
    let scene = Scene::of_stranger();
    let before = report(&scene.as_stranger(&["doctor", "--json"]));
    assert_eq!(
        (&before["programs"], &before["kernel"]),
        (&true.into(), &false.into())
    );
    let fix = check(&before, "tracefs.access", "missing")["fix"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(fix.contains(&format!("chown {STRANGER} ")), "{fix}");

    let _rights = Rights::of_now();
    let granted = fix.strip_prefix("sudo ").unwrap();
    assert!(
        Command::new("sh")
            .args(["-c", granted])
            .status()
            .unwrap()
            .success()
    );
    let after = report(&scene.as_stranger(&["doctor", "--json"]));
    assert_eq!(after["kernel"], true, "{after:#}");
    let ended = scene.as_stranger(&["record", "-k", "sched,syscalls", "-o", "t", "--", "true"]);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let events = thalweg_testkit::babeltrace2_clean(&scene.dir().join("t"));
    assert_eq!(
        events.lines().count() as u64,
        common::recorded(&ended.stderr)
    );
    assert!(events.contains("syscall_entry_execve"), "{}", ended.stderr);
}
