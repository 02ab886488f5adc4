//! The guest runs, and what it leaves is brought out of it by its second serial line, as a tar file.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

/// It takes a tenth of this on a machine that does nothing else.
const LIMIT: Duration = Duration::from_secs(1200);

/// The kernel's command line: with an instance of tracefs that records from the first program on.
const LINE: &str = "console=ttyS0 quiet panic=-1 trace_instance=boot,sched:sched_process_exec";

/// Boots the guest and unpacks what it gives back into `folder/out`.
pub(super) fn boot(kernel: &Path, root: &Path, folder: &Path) -> Result<()> {
    let (console, out) = (folder.join("console"), folder.join("out.tar"));
    let line = |path: &Path| format!("file:{}", path.display());
    let mut command = Command::new("qemu-system-x86_64");
    command
        .args([
            "-accel",
            "tcg,thread=single",
            "-cpu",
            "max",
            "-smp",
            "2",
            "-m",
            "1G",
        ])
        .args([
            "-display",
            "none",
            "-nic",
            "none",
            "-monitor",
            "none",
            "-no-reboot",
        ])
        .args(["-append", LINE])
        .args(["-kernel".as_ref(), kernel, "-initrd".as_ref(), root])
        .args(["-serial", &line(&console), "-serial", &line(&out)])
        .stdin(Stdio::null());
    let mut guest = command.spawn().context("run qemu-system-x86_64")?;
    let start = Instant::now();
    let ended = loop {
        match guest.try_wait()? {
            Some(status) => break status.success(),
            None if start.elapsed() > LIMIT => break false,
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    if !ended {
        let _ = guest.kill();
        let _ = guest.wait();
        let said = fs::read(&console).unwrap_or_default();
        bail!(
            "the guest did not come to its end:\n{}",
            String::from_utf8_lossy(&said)
        );
    }
    println!("the guest ran for {:.1} s", start.elapsed().as_secs_f64());
    unpack(&out, &folder.join("out"))
}

fn unpack(tar: &Path, folder: &Path) -> Result<()> {
    fs::create_dir(folder).context("make a folder for what the guest left")?;
    let mut command = Command::new("tar");
    command
        .arg("-xC")
        .arg(folder)
        .stdin(File::open(tar).context("open what the guest left")?);
    let status = command.status().context("run tar")?;
    ensure!(
        status.success(),
        "what the guest left is no whole archive: {status}"
    );
    Ok(())
}
