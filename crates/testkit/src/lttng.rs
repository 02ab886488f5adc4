//! LTTng 2.13 itself, in a world of its own, to compare with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::tool::{Ran, finish};

/// A program with one tracepoint, `bench:ev` of three integers.
const PROVIDER: &str = r#"
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER bench
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./tp.h"
#if !defined(TP_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define TP_H
#include <lttng/tracepoint.h>
LTTNG_UST_TRACEPOINT_EVENT(bench, ev,
  LTTNG_UST_TP_ARGS(uint64_t, number, char *, bytes, char *, text),
  LTTNG_UST_TP_FIELDS(
    lttng_ust_field_integer(uint64_t, number, number)
    lttng_ust_field_sequence_hex(uint8_t, bytes, bytes, size_t, number % 5)
    lttng_ust_field_string(text, text)))
#endif
#include <lttng/tracepoint-event.h>
"#;

const PROGRAM: &str = r#"
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "tp.h"
int main(int argc, char **argv)
{
	for (long i = 0; i < atol(argv[1]); i++)
		lttng_ust_tracepoint(bench, ev, i, "abcde", "text");
}
"#;

/// Everything happens in a mount and a process namespace: no daemon, socket or shared memory of
/// this run meets another's, and all ends with the shell.
const SCRIPT: &str = r#"
set -e
out=$1; app=$2; events=$3; pattern=$4; shift 4
mount -t tmpfs none /run; mount -t tmpfs none /dev/shm
export LTTNG_HOME=/run/home HOME=/run/home; mkdir -p /run/home /run/lttng
lttng-sessiond --daemonize --no-kernel
lttng --no-sessiond create s --output="$out"
lttng enable-channel --userspace --subbuf-size=64K --num-subbuf=8 channel
lttng enable-event --userspace --channel=channel "$pattern"
lttng add-context --userspace --channel=channel "$@"
lttng start; "$app" "$events"; lttng stop; lttng destroy
"#;

/// Records so many events of a program with LTTng-UST into `scratch`; says where the trace is.
/// Needs root, `lttng-tools`, `liblttng-ust-dev`, `gcc`.
#[track_caller]
pub fn record_with_lttng(scratch: &Path, events: u64) -> PathBuf {
    record_contexts_with_lttng(scratch, events, "bench:*", &["vpid", "vtid", "procname"])
}

/// The same, for the events that match `pattern`, with these contexts in this order.
#[track_caller]
pub fn record_contexts_with_lttng(
    scratch: &Path,
    events: u64,
    pattern: &str,
    contexts: &[&str],
) -> PathBuf {
    let app = build(scratch);
    let out = scratch.join("lttng");
    let mut command = Command::new("unshare");
    command.args([
        "--mount",
        "--propagation",
        "private",
        "--pid",
        "--fork",
        "--kill-child",
    ]);
    command.args(["--mount-proc", "sh", "-c", SCRIPT, "sh"]);
    command
        .arg(&out)
        .arg(&app)
        .arg(events.to_string())
        .arg(pattern)
        .args(contexts.iter().map(|name| format!("--type={name}")))
        .stdin(Stdio::null());
    must("lttng", &finish("unshare", &mut command));
    let dir = out.join("ust/uid/0/64-bit");
    assert!(
        dir.join("metadata").exists(),
        "LTTng left no trace in {}",
        dir.display()
    );
    dir
}

#[track_caller]
fn build(scratch: &Path) -> PathBuf {
    fs::write(scratch.join("tp.h"), PROVIDER).expect("the scratch folder is ours");
    fs::write(
        scratch.join("app.c"),
        format!("#include <stdlib.h>{PROGRAM}"),
    )
    .expect("it is ours");
    let mut command = Command::new("gcc");
    command
        .args(["-O1", "-I.", "-o", "app", "app.c", "-llttng-ust", "-ldl"])
        .current_dir(scratch);
    must("gcc", &finish("gcc", &mut command));
    scratch.join("app")
}

#[track_caller]
fn must(what: &str, ran: &Ran) {
    assert!(
        ran.success,
        "{what} failed, is {} installed?\n{}",
        crate::package(what),
        ran.stderr
    );
}
