//! A guest of QEMU's with Debian's kernel: what the kernel that we run on does not have.
//!
//! ```text
//!   Debian's package ──▶ vmlinuz ─┐
//!                                 ├─▶ qemu (no KVM) ──serial line──▶ out.tar ──▶ babeltrace2, compare
//!   thalweg, busybox, init ──cpio─┘
//! ```
//!
//! The guest says itself what it did (`NAME.exact`, `NAME.within`); what the trace of that name tells
//! must be the same. Nothing of the guest is installed or left on this machine but the kernel's package
//! in the cache folder.

mod apt;
mod boot;
mod cpio;
mod guest;
mod judge;
mod kernel;
mod run;

pub(crate) use run::{vm, vm_of, vms};
