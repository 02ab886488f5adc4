//! The gates: what a disabled event costs.
//!
//! The gates are a static, so that a call site tests one at an address known at link time. Before
//! `main` the pages of the memfd that hold the shared gates are mapped over it, and from then on a
//! collector's store is what the call site loads.

use crate::arch;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use thalweg_abi::program::{GATE_COUNT, GATES_LEN};

/// Whole pages of their own, so that mapping over them touches nothing else.
#[repr(C, align(4096))]
pub(crate) struct Gates(pub(crate) [AtomicU32; GATE_COUNT]);

pub(crate) static GATES: Gates = Gates([const { AtomicU32::new(0) }; GATE_COUNT]);

const _: () = assert!(
    size_of::<Gates>() == GATES_LEN,
    "the static is as large as the ABI says"
);

/// Whether any site of this gate may be enabled.
#[inline(always)]
pub fn is_enabled<const GATE: u16>() -> bool {
    const {
        assert!(
            (GATE as usize) < GATE_COUNT,
            "gates are numbered by `gate_of`"
        );
    };
    arch::is_gate_open::<GATE>()
}

/// The same for a gate that is known only at run time.
#[inline(always)]
pub(crate) fn is_open(gate: u16) -> bool {
    GATES.0[usize::from(gate) % GATE_COUNT].load(Relaxed) != 0
}

/// Where a gate is.
pub(crate) fn address(gate: u16) -> *const u32 {
    GATES.0[usize::from(gate) % GATE_COUNT].as_ptr()
}

impl Gates {
    /// Where the gates lie, for the mapping.
    pub(crate) fn address(&self) -> *mut libc::c_void {
        self.0.as_ptr().cast_mut().cast()
    }
}
