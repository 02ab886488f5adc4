//! The tier at length: hours, not minutes.

use anyhow::Result;

use crate::cargo::tests;
use crate::coverage;
use crate::fuzz::{self, Limits};
use crate::sanitize;
use crate::step::{Context, Step};
use crate::targets;
use crate::test::loom_with;
use crate::vm;

/// What `cargo xtask nightly` passes.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "full",
        shows: "kill loops, soaks and ignored tests at full count",
        run: full,
    },
    Step {
        name: "loom-more",
        shows: "the ring under loom, with more preemptions",
        run: loom_more,
    },
    Step {
        name: "shuttle",
        shows: "the ring in ten million random schedules",
        run: shuttle,
    },
    Step {
        name: "asan",
        shows: "stress tests and hostile programs under AddressSanitizer",
        run: sanitize::address,
    },
    Step {
        name: "tsan",
        shows: "stress tests under ThreadSanitizer",
        run: sanitize::thread,
    },
    Step {
        name: "miri",
        shows: "the ring's real threads in Miri: no undefined behaviour, no data race",
        run: sanitize::miri,
    },
    Step {
        name: "kernels",
        shows: "guests with Debian's other kernels: the oldest, one with PREEMPT_RT, and the newest",
        run: vm::vms,
    },
    Step {
        name: "aarch64",
        shows: "the workspace on AArch64, emulated",
        run: targets::aarch64,
    },
    Step {
        name: "musl",
        shows: "programs that are linked statically with musl",
        run: targets::musl,
    },
    Step {
        name: "fuzz-long",
        shows: "each fuzz target, a million executions",
        run: fuzz_long,
    },
    Step {
        name: "coverage",
        shows: "lines of each decoder that its fuzz corpus runs",
        run: coverage::decoders,
    },
];

/// Schedules of each of the five models, ten million in all: half an hour on two processors.
const SHUTTLE_SCHEDULES: &str = "2000000";

fn full(context: &Context) -> Result<()> {
    tests(context, &["--workspace", "--release"], |command| {
        command.env("THALWEG_FULL", "1");
    })
}

fn loom_more(context: &Context) -> Result<()> {
    loom_with(context, 3)
}

fn shuttle(context: &Context) -> Result<()> {
    tests(
        context,
        &["--package", "thalweg-ring", "--release"],
        |command| {
            command
                .env("RUSTFLAGS", "--cfg shuttle")
                .env("THALWEG_SHUTTLE_ITERATIONS", SHUTTLE_SCHEDULES)
                .env("CARGO_TARGET_DIR", context.target.join("shuttle"));
        },
    )
}

fn fuzz_long(context: &Context) -> Result<()> {
    fuzz::run_all(
        context,
        Limits {
            runs: Some(context.fuzz_runs),
            seconds: None,
        },
    )
}
