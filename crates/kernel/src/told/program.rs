//! What all these programs have in common.
//!
//! ```text
//!   record on the stack, zeros ─▶ kind, key, body ─▶ time ─▶ ring
//!                                                              │ full: lost + 1
//! ```

use std::os::fd::BorrowedFd;

use thalweg_bpf::Register::{R0, R1, R2, R3, R10};
use thalweg_bpf::{AssembleError, Assembler, Btf, Helper, Size};
use thalweg_kbuf::{ForkLayout, ToldKind, ToldLayout};

use super::{fork, packet};
use crate::Error;
use crate::bpf::write_to_ring;

/// Where the record is on the stack; that of a fork is the longest.
pub(super) const RECORD: i16 = -ForkLayout::MOST_BYTES;

/// Where programs write to.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) ring: BorrowedFd<'a>,
    /// One value: how many records found no room.
    pub(super) lost: BorrowedFd<'a>,
}

impl Parts<'_> {
    /// The program for a tracepoint.
    pub(super) fn assemble(self, kind: ToldKind, btf: &Btf) -> Result<Vec<u64>, Error> {
        let a = &mut Assembler::new();
        match kind {
            ToldKind::Fork => fork::write(a, fork::Offsets::find(btf)?),
            _ => packet::write(a, kind, packet::Offsets::find(btf)?),
        }
        Ok(self.finish(a)?)
    }

    /// Hands the record over, whose bytes are counted in R3.
    fn finish(self, a: &mut Assembler) -> Result<Vec<u64>, AssembleError> {
        write_to_ring(a, RECORD, self.ring, self.lost);
        a.set(R0, 0);
        a.exit();
        std::mem::take(a).finish()
    }
}

/// The record with zeros, what it is of, and the time.
pub(super) fn write_head(a: &mut Assembler, kind: ToldKind, bytes: i16) {
    for at in (0..bytes).step_by(8) {
        a.store(Size::Eight, (R10, RECORD + at), 0);
    }
    let kind_of = kind as u32;
    a.store(
        Size::Four,
        (R10, RECORD + ToldLayout::KIND),
        kind_of.cast_signed(),
    );
    a.call(Helper::KtimeGetNs);
    a.store(Size::Eight, (R10, RECORD + ToldLayout::TIME), R0);
}

/// Copies bytes of the kernel's to a place on the stack; `from` sets R3.
pub(super) fn copy(a: &mut Assembler, to: i16, bytes: i32, from: impl Fn(&mut Assembler)) {
    a.set(R1, R10);
    a.add(R1, i32::from(to));
    a.set(R2, bytes);
    from(a);
    a.call(Helper::ProbeReadKernel);
}

/// Says that the record has so many bytes.
pub(super) fn set_bytes(a: &mut Assembler, bytes: i16) {
    a.set(R3, i32::from(bytes));
}
