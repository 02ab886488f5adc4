//! Where tracefs cannot be used, the message says what to do; and what it says suffices.

use std::process::{Command, Stdio};

use thalweg_kernel::{EventRule, KernelConfig, KernelRecording, Tracefs};

const WISH: &str = "THALWEG_TEST_ACCESS";

/// Runs [`child`] below a command line, and gives what it printed.
fn run(before: &[&str], wish: &str) -> String {
    let exe = std::env::current_exe().unwrap();
    let output = Command::new(before[0])
        .args(&before[1..])
        .arg(exe)
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env(WISH, wish)
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| panic!("{} must be installed: {error}", before[0]));
    let text = String::from_utf8(output.stdout).unwrap();
    let said = text
        .lines()
        .find_map(|line| line.split_once("SAID "))
        .map(|(_, said)| said.to_owned());
    said.unwrap_or_else(|| panic!("the child said nothing: {text}"))
}

#[test]
#[ignore = "the process that the other tests of this file start"]
fn child() {
    let Ok(wish) = std::env::var(WISH) else {
        return;
    };
    let said = match Tracefs::find() {
        Err(error) => error.to_string(),
        Ok(_) if wish == "find" => "found".to_owned(),
        Ok(tracefs) => record(&tracefs).map_or_else(|error| error.to_string(), |n| n.to_string()),
    };
    println!("SAID {said}");
}

/// How many events a recording of one thread's ten getppid calls has.
fn record(tracefs: &Tracefs) -> Result<u64, thalweg_kernel::Error> {
    let tid = rustix::thread::gettid().as_raw_nonzero();
    let config = KernelConfig {
        rules: vec![EventRule::new("sys_*_getppid").with_filter(format!("common_pid == {tid}"))],
        ..KernelConfig::new(format!("access-{tid}"))
    };
    let (mut recording, _) = KernelRecording::start(tracefs, &config)?;
    recording.resume()?;
    for _ in 0..10 {
        let _ = rustix::process::getppid();
    }
    recording.stop()?;
    let mut events = 0;
    let drained = recording.drain_all(&mut |packet| {
        events += packet.events;
        Ok::<(), std::convert::Infallible>(())
    });
    drained.expect("the sink takes everything and the kernel gives it");
    recording.remove()?;
    Ok(events)
}

#[test]
fn without_a_mount_the_message_has_the_command_that_mounts_it() {
    let script = "umount -a -t tracefs; exec \"$0\" \"$@\"";
    let said = run(&["unshare", "-m", "sh", "-c", script], "find");
    assert_eq!(
        said,
        "find tracefs: it is not mounted; mount it as root: \
         mount -t tracefs nodev /sys/kernel/tracing"
    );
}

#[test]
fn the_command_of_the_message_suffices() {
    let script =
        "umount -a -t tracefs; mount -t tracefs nodev /sys/kernel/tracing; exec \"$0\" \"$@\"";
    assert_eq!(run(&["unshare", "-m", "sh", "-c", script], "record"), "20");
}

const NOBODY: [&str; 5] = [
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--bounding-set=-all",
];

#[test]
fn without_permission_the_message_names_the_capability() {
    let said = run(&NOBODY, "find");
    let exe = std::env::current_exe().unwrap();
    assert_eq!(
        said,
        format!(
            "open tracefs at /sys/kernel/tracing: permission denied; run as root, or give the \
             program the one capability that suffices: setcap cap_dac_override+ep {}",
            exe.display()
        )
    );
}

#[test]
fn the_capability_of_the_message_suffices() {
    let with = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--inh-caps=-all,+dac_override",
        "--ambient-caps=-all,+dac_override",
        "--bounding-set=-all,+dac_override",
    ];
    assert_eq!(run(&with, "record"), "20");
}
