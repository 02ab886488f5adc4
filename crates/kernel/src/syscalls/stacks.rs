//! The part of a program that tells who called: the stacks of kernel and program, behind all copies.
//!
//! ```text
//!   R7 + R9 ─▶ | bytes of the kernel's | bytes of the program's | addresses … | addresses … |
//! ```

use thalweg_bpf::Register::{R0, R1, R2, R3, R4, R6, R7, R8, R9, R10};
use thalweg_bpf::{Assembler, Condition, Helper, Label, Register, Size};
use thalweg_kbuf::RecordLayout;

use crate::Stacks;

/// On the stack: the tracepoint's arguments, which the kernel finds the stack by.
const ARGUMENTS: i16 = -88;
/// The program's stack is meant, not the kernel's.
const USER: i32 = 1 << 8;
/// Behind the last copy no record is longer.
const LAST_BEGIN: i32 = 44 << 10;

/// Keeps the arguments, which are in R6.
pub(super) fn keep_arguments(a: &mut Assembler, stacks: Stacks) {
    if stacks.are_wanted() {
        a.store(Size::Eight, (R10, ARGUMENTS), R6);
    }
}

/// Writes the code; R8 is lost, and R9 moves behind the stacks.
pub(super) fn write(a: &mut Assembler, stacks: Stacks, lost: Label) {
    if !stacks.are_wanted() {
        return;
    }
    a.jump_if(Condition::Above, R9, LAST_BEGIN, lost);
    a.set(R1, R9);
    a.shift_right(R1, 3);
    a.store(Size::Two, (R7, RecordLayout::STACKS), R1);
    a.set(R8, R7);
    a.add(R8, R9);
    a.store(Size::Eight, (R8, 0), 0);
    a.add(R9, i32::from(RecordLayout::STACKS_HEAD));
    for (is_wanted, at, flags) in [(stacks.kernel, 0, 0), (stacks.user, 4, USER)] {
        if is_wanted {
            write_one(a, at, flags, lost);
        }
    }
}

/// What cannot be had is an empty one.
fn write_one(a: &mut Assembler, at: i16, flags: i32, lost: Label) {
    let none = a.label();
    a.load(Size::Eight, R1, (R10, ARGUMENTS));
    set_place(a, R2);
    a.set(R3, RecordLayout::STACK_BYTES);
    a.set(R4, flags);
    a.call(Helper::GetStack);
    a.jump_if(Condition::Less, R0, 1, none);
    // It never is more: the verifier of older kernels does not know.
    a.jump_if(Condition::Above, R0, RecordLayout::STACK_BYTES, lost);
    a.store(Size::Four, (R8, at), R0);
    a.add(R9, R0);
    a.bind(none);
}

fn set_place(a: &mut Assembler, register: Register) {
    a.set(register, R7);
    a.add(register, R9);
}
