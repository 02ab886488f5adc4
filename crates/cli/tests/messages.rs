//! Each error as the user sees it: the words, the status, and that nothing is left behind.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use common::{Ended, STRANGER, Scene, recorded};

#[track_caller]
fn check(ended: &Ended, status: i32, stderr: &str) {
    assert_eq!(ended.stderr, stderr);
    assert_eq!(ended.status, Some(status));
    assert_eq!(ended.stdout, "");
}

/// The same, for a run that must leave the current folder as empty as it was.
#[track_caller]
fn check_nothing_left(args: &[&str], status: i32, stderr: &str) {
    let scene = Scene::new();
    check(&scene.thalweg(args), status, stderr);
    assert_eq!(scene.files(), [""; 0]);
}

#[test]
fn a_command_that_is_not_there_is_told_before_anything_is_recorded() {
    check_nothing_left(
        &["record", "--", "no-such-command", "x"],
        127,
        "thalweg: failed to run no-such-command: no such command in PATH\n",
    );
    check_nothing_left(
        &["record", "--", "./no-such-file"],
        127,
        "thalweg: failed to run ./no-such-file: no such file\n",
    );
    check_nothing_left(
        &["record", "--", "/etc/passwd"],
        126,
        "thalweg: failed to run /etc/passwd: permission denied; see ls -l /etc/passwd\n",
    );
    check_nothing_left(
        &["record", "--", "/"],
        126,
        "thalweg: failed to run /: it is a folder\n",
    );
}

#[test]
fn a_command_that_the_kernel_refuses_leaves_no_trace_either() {
    let scene = Scene::new();
    let program = scene.dir().join("script");
    fs::write(&program, "#!/no/such/interpreter\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let words = "run ./script: its interpreter or dynamic linker is not there";
    let ended = scene.thalweg(&["record", "--", "./script"]);
    check(&ended, 127, &format!("thalweg: failed to {words}\n"));
    assert_eq!(scene.files(), ["script"]);
}

#[test]
fn an_output_that_exists_is_not_touched() {
    let scene = Scene::new();
    fs::create_dir(scene.dir().join("old")).unwrap();
    check(
        &scene.thalweg(&["record", "-o", "old", "--", "true"]),
        125,
        "thalweg: failed to create old: it exists already; choose another folder with -o, or \
         remove it\n",
    );
    assert_eq!(fs::read_dir(scene.dir().join("old")).unwrap().count(), 0);
}

#[test]
fn an_output_whose_path_breaks_a_line_is_refused() {
    let scene = Scene::new();
    let ended = scene.thalweg(&["record", "--no-kernel", "-o", "a\nenable *", "--", "true"]);
    assert_eq!(ended.status, Some(125));
    let words = ended.stderr;
    let refused = "\\nenable *\": the path of a trace is UTF-8 without a line break; choose another with -o\n";
    assert!(words.ends_with(refused), "{words}");
    assert_eq!(words.lines().count(), 1, "{words}");
    assert_eq!(scene.files(), [""; 0]);
}

#[test]
fn an_output_that_cannot_be_made_is_told_with_the_systems_words() {
    let scene = Scene::of_stranger();
    let closed = scene.dir().join("closed");
    fs::create_dir(&closed).unwrap();
    check(
        &scene.as_stranger(&["record", "--no-kernel", "-o", "closed/t", "--", "true"]),
        125,
        "thalweg: failed to create closed/t: Permission denied (os error 13)\n",
    );
    check(
        &scene.as_stranger(&["record", "--no-kernel", "-o", "closed/a/t", "--", "true"]),
        125,
        "thalweg: failed to create closed/a: Permission denied (os error 13)\n",
    );
}

#[test]
fn a_full_disk_is_counted_told_and_in_the_status() {
    let scene = Scene::new();
    let ended = scene.with_own_mounts(
        "mkdir disk; mount -t tmpfs -o size=1m tmpfs disk; set +e
         $1 record -k syscalls -o disk/t -- dd if=/dev/zero of=/dev/null bs=1 count=30000
         echo $? > status
         babeltrace2 disk/t | wc -l",
    );
    let status = fs::read_to_string(scene.dir().join("status")).unwrap();
    assert_eq!(status, "1\n", "{}", ended.stderr);
    assert_eq!(
        ended.stdout.trim().parse(),
        Ok(recorded(&ended.stderr)),
        "{}",
        ended.stderr
    );
    let words = " discarded: the disk refused them; make room, or choose another disk with -o\n";
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
    let words = "the trace is not complete: failed to write ";
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
    assert!(ended.stderr.contains("no space left\n"), "{}", ended.stderr);
}

#[test]
fn an_unknown_kernel_event_is_answered_with_near_ones() {
    let scene = Scene::new();
    let ended = scene.thalweg(&["record", "-k", "sched_swich", "--", "true"]);
    assert_eq!(ended.status, Some(125));
    let begin = "thalweg: failed to find a kernel event called `sched_swich`; did you mean \
                 sched_switch";
    assert!(ended.stderr.starts_with(begin), "{}", ended.stderr);
    assert_eq!(scene.files(), [""; 0]);
}

#[test]
fn without_tracefs_programs_are_recorded_and_the_kernel_is_told_to_be_missing() {
    let scene = Scene::new();
    let words = "find tracefs: it is not mounted; mount it as root: \
                 mount -t tracefs nodev /sys/kernel/tracing\n";
    let gone = "while umount /sys/kernel/tracing 2>/dev/null; do :; done; \
                while umount /sys/kernel/debug/tracing 2>/dev/null; do :; done; ";
    let ended = scene.with_own_mounts(&format!("{gone} exec $1 record -k sched -- true"));
    check(&ended, 125, &format!("thalweg: failed to {words}"));
    let ended = scene.with_own_mounts(&format!("{gone} exec $1 record -o t -- true"));
    let begin = format!("no kernel events: failed to {words}recorded 0 events in ");
    assert!(ended.stderr.starts_with(&begin), "{}", ended.stderr);
    assert_eq!(ended.status, Some(0));
}

#[test]
fn an_empty_tracefs_is_told_with_what_may_have_emptied_it() {
    let ended = Scene::new().with_own_mounts(
        "mount -t tmpfs tmpfs /sys/kernel/tracing; exec $1 record -k sched -- true",
    );
    check(
        &ended,
        125,
        "thalweg: failed to use tracefs at /sys/kernel/tracing: it is empty; the kernel was built \
         without tracing, or lockdown (/sys/kernel/security/lockdown) hides it\n",
    );
}

#[test]
fn a_kernel_without_the_clock_is_told_with_the_clocks_that_it_has() {
    let scene = Scene::new();
    let ended = scene.with_own_mounts(
        "echo '[local] global' > clocks; mount --bind clocks /sys/kernel/tracing/trace_clock
         exec $1 record -k sched -o t -- true",
    );
    assert_eq!(ended.status, Some(125));
    assert!(
        ended.stderr.contains("the kernel offers local global"),
        "{}",
        ended.stderr
    );
    assert_eq!(scene.files(), ["clocks"]);
}

#[test]
fn what_is_no_trace_is_told_to_be_none() {
    let scene = Scene::new();
    fs::create_dir(scene.dir().join("empty")).unwrap();
    check(
        &scene.thalweg(&["view", "empty"]),
        1,
        "thalweg: failed to open the trace: empty: no trace found: no folder in it has a file \
         `metadata`\n",
    );
    let ended = scene.thalweg(&["view", "nowhere"]);
    assert_eq!(ended.status, Some(1));
    let words = "thalweg: failed to open the trace: nowhere: No such file or directory";
    assert!(ended.stderr.starts_with(words), "{}", ended.stderr);
}

#[test]
fn a_wrong_command_line_is_told_and_has_its_own_status() {
    let scene = Scene::new();
    for (args, status, words) in [
        (
            &["record", "--kernal"][..],
            125,
            "error: unexpected argument '--kernal' found",
        ),
        (
            &["record", "--ring-size", "big"],
            125,
            "expected a number and K, M or G",
        ),
        (
            &["record", "--no-user", "--no-kernel"],
            125,
            "cannot be used with",
        ),
        (
            &["doctor", "--all"],
            2,
            "error: unexpected argument '--all' found",
        ),
        (&["view"], 2, "required arguments were not provided"),
        (
            &["recrod"],
            2,
            "some similar subcommands exist: 'recover', 'record'",
        ),
    ] {
        let ended = scene.thalweg(args);
        assert_eq!(ended.status, Some(status), "{args:?}");
        assert!(ended.stderr.contains(words), "{args:?}: {}", ended.stderr);
    }
    assert_eq!(scene.files(), [""; 0]);
}

#[test]
fn a_user_without_rights_is_told_the_command_that_grants_them() {
    let scene = Scene::of_stranger();
    let why = format!(
        "use /sys/kernel/tracing: permission denied; run as root, or grant it to this user until \
         the next boot: sudo sh -c 'mount -o remount,gid={STRANGER},mode=750 /sys/kernel/tracing \
         && chown {STRANGER} /sys/kernel/tracing/instances'\n"
    );
    let ended = scene.as_stranger(&["record", "-k", "sched", "--", "true"]);
    check(&ended, 125, &format!("thalweg: failed to {why}"));
    assert_eq!(scene.files(), ["thalweg"]);
    let ended = scene.as_stranger(&["record", "-o", "t", "--", "true"]);
    let begin = format!("no kernel events: failed to {why}recorded 0 events in ");
    assert!(ended.stderr.starts_with(&begin), "{}", ended.stderr);
    assert_eq!(ended.status, Some(0));
}

#[test]
fn a_list_of_kernel_events_without_a_name_is_refused() {
    let words = "record kernel events: -k names none; `thalweg list -k` shows what there is";
    for list in ["", ",", " , "] {
        check_nothing_left(
            &["record", "-k", list, "--", "true"],
            125,
            &format!("thalweg: failed to {words}\n"),
        );
    }
}

#[test]
fn rings_that_are_too_large_are_refused() {
    // What the request has room for: four TiB.
    for size in ["16000G", "18446744073709551615"] {
        check_nothing_left(
            &["record", "--kernel-buffer", size, "--", "true"],
            125,
            "thalweg: failed to give the kernel a ring of 4294967295 KiB for each CPU: there is not so \
             much memory; choose a smaller one with --kernel-buffer\n",
        );
    }
}

#[test]
fn a_disk_that_is_full_from_the_beginning_is_told_and_nothing_is_left() {
    let script = "mkdir d; mount -t tmpfs -o size=64k none d; dd if=/dev/zero of=d/fill bs=1k || :
        $1 record -o d/t -- true || echo status $?; ls d";
    let ended = Scene::new().with_own_mounts(script);
    let words = "no space left";
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
    assert_eq!(ended.stdout, "status 125\nfill\n");
}

#[test]
fn a_limit_of_the_size_of_files_is_a_full_disk() {
    let scene = Scene::new();
    // In halves of KiB: more than the recorder needs for itself, less than what it records.
    let load = "dd if=/dev/zero of=/dev/null bs=1 count=200000 status=none; ulimit -f";
    let script =
        "ulimit -f 8192; $0 record --no-user -k 'sys_*_read,sys_*_write' -o t -- sh -c \"$1\"";
    let ended: Ended = scene
        .command("sh", &["-c", script, common::THALWEG, load])
        .output()
        .unwrap()
        .into();
    assert_eq!(ended.stdout, "8192\n", "{}", ended.stderr);
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("the disk refused them"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("File too large"), "{}", ended.stderr);
    let ended = scene.thalweg(&["recover"]);
    assert_eq!(ended.stderr, "nothing to recover: no recorder has died\n");
}

#[test]
fn a_mount_whose_name_is_no_text_hides_no_tracefs() {
    let script = "d=$(printf 'd\\377'); mkdir \"$d\"; mount -t tmpfs none \"$d\"
        $1 record --no-user -k sched_switch -o t -- true";
    let ended = Scene::new().with_own_mounts(script);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
}

#[test]
fn a_tracefs_that_is_mounted_read_only_is_told() {
    let script = "mount -o remount,ro,bind /sys/kernel/tracing; $1 record -k sched_switch -- true";
    let ended = Scene::new().with_own_mounts(script);
    let words = "use /sys/kernel/tracing: it is mounted read-only; as root: mount -o remount,rw \
        /sys/kernel/tracing";
    check(&ended, 125, &format!("thalweg: failed to {words}\n"));
}
