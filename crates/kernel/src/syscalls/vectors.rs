//! The part of a program that follows an array of `struct iovec`.
//!
//! ```text
//!   SAVED ─▶ | base, length | base, length | …        at most so many bytes of all together
//!                │ bytes ─▶ record      and, at the exit, no more than the call has moved
//! ```

use thalweg_bpf::Register::{R0, R1, R2, R3, R4, R5, R7, R8, R10};
use thalweg_bpf::{Assembler, Condition, Helper, Operation, Size};
use thalweg_kbuf::{Copy, RecordLayout, Side};

use super::copies::{
    Ends, SAVED, WORD, add_used, finish_list, load_pointer, load_used, scale_by_pointer, set_place,
    set_used,
};
use super::program::{SCRATCH, STATE};

/// On the stack: how many vectors have been followed.
const INDEX: i16 = -56;
/// In the CPU's state: how many vectors there are, the most bytes, and the bytes that there would be.
const VECTORS: i16 = SCRATCH + 16;
const MOST: i16 = SCRATCH + 24;
const WANTED: i16 = SCRATCH + 32;
const LEN: i16 = SCRATCH + 40;

/// Copies what the R2 vectors at the saved address lead to.
pub(super) fn write(a: &mut Assembler, at: i16, side: Side, ends: &Ends) {
    let (again, next, faulty, over, end) = (a.label(), a.label(), a.label(), a.label(), a.label());
    begin(a, at, side, R2);
    a.bind(again);
    a.load(Size::Eight, R2, (R10, INDEX));
    a.load(Size::Eight, R1, (R10, STATE));
    a.load(Size::Eight, R3, (R1, VECTORS));
    a.set(R5, 0);
    a.jump_if(Condition::Equal, R2, R3, over);
    a.jump_if(Condition::Above, R2, Copy::VECTORS as i32 - 1, over);
    a.add(R2, R2);
    scale_by_pointer(a, at, R2);
    a.load(Size::Eight, R3, (R10, SAVED));
    a.add(R3, R2);
    load_vector(a, at, faulty);
    a.jump_if(Condition::Equal, R2, 0, next);
    load_used(a, R4);
    a.jump_if(Condition::Above, R4, i32::from(Copy::PLAIN_BYTES), over);
    set_place(a, R1, RecordLayout::COPY_HEAD);
    a.add(R1, R4);
    a.call(Helper::ProbeReadUser);
    a.jump_if(Condition::NotEqual, R0, 0, faulty);
    a.load(Size::Eight, R1, (R10, STATE));
    a.load(Size::Eight, R0, (R1, LEN));
    add_used(a);
    a.bind(next);
    a.load(Size::Eight, R1, (R10, INDEX));
    a.add(R1, 1);
    a.store(Size::Eight, (R10, INDEX), R1);
    a.jump(again);
    a.bind(faulty);
    a.set(R5, Copy::FAULTY.cast_signed());
    a.jump(end);
    a.bind(over);
    write_whether_cut(a, side);
    a.bind(end);
    finish_list(a, ends);
}

fn begin(a: &mut Assembler, at: i16, side: Side, vectors: thalweg_bpf::Register) {
    a.load(Size::Eight, R1, (R10, STATE));
    a.store(Size::Eight, (R1, VECTORS), vectors);
    a.store(Size::Eight, (R1, WANTED), 0);
    a.load(Size::Two, R2, (R8, at + 4));
    if side == Side::Exit {
        let fits = a.label();
        a.load(Size::Eight, R3, (R7, RecordLayout::RESULT));
        a.jump_if(Condition::Above, R3, R2, fits);
        a.set(R2, R3);
        a.bind(fits);
    }
    a.store(Size::Eight, (R1, MOST), R2);
    a.store(Size::Eight, (R10, INDEX), 0);
    set_used(a, 0);
}

/// The vector at R3: R3 is where its bytes are, R2 how many of them there is room for.
fn load_vector(a: &mut Assembler, at: i16, faulty: thalweg_bpf::Label) {
    let (fits, bounded) = (a.label(), a.label());
    a.load(Size::Eight, R1, (R10, STATE));
    a.store(Size::Eight, (R1, LEN), R3);
    load_pointer(a, at, faulty);
    a.load(Size::Eight, R1, (R10, STATE));
    a.load(Size::Eight, R3, (R1, LEN));
    a.load(Size::Eight, R2, (R10, WORD));
    a.store(Size::Eight, (R1, LEN), R2);
    a.set(R2, 1);
    scale_by_pointer(a, at, R2);
    a.add(R3, R2);
    load_pointer(a, at, faulty);
    a.load(Size::Eight, R1, (R10, STATE));
    a.load(Size::Eight, R3, (R1, LEN));
    a.load(Size::Eight, R2, (R10, WORD));
    a.load(Size::Eight, R4, (R1, WANTED));
    a.add(R4, R2);
    a.store(Size::Eight, (R1, WANTED), R4);
    a.load(Size::Eight, R4, (R1, MOST));
    load_used(a, R5);
    a.operate(Operation::Subtract, R4, R5);
    a.jump_if(Condition::Above, R4, R2, fits);
    a.set(R2, R4);
    a.bind(fits);
    a.set(R4, i32::from(Copy::PLAIN_BYTES));
    a.jump_if(Condition::Above, R4, R2, bounded);
    a.set(R2, R4);
    a.bind(bounded);
    a.store(Size::Eight, (R1, LEN), R2);
}

/// R5 says whether there is more than was copied.
fn write_whether_cut(a: &mut Assembler, side: Side) {
    let (told, cut) = (a.label(), a.label());
    a.set(R5, 0);
    a.load(Size::Eight, R1, (R10, STATE));
    a.load(Size::Eight, R2, (R1, WANTED));
    a.load(Size::Eight, R3, (R1, VECTORS));
    a.load(Size::Eight, R4, (R10, INDEX));
    if side == Side::Exit {
        let fits = a.label();
        a.load(Size::Eight, R5, (R7, RecordLayout::RESULT));
        a.jump_if(Condition::Above, R5, R2, fits);
        // More vectors than were followed do not matter if what was moved is there.
        a.set(R2, R5);
        a.set(R3, R4);
        a.bind(fits);
        a.set(R5, 0);
    }
    a.jump_if(Condition::NotEqual, R3, R4, cut);
    load_used(a, R4);
    a.jump_if(Condition::Above, R2, R4, cut);
    a.jump(told);
    a.bind(cut);
    a.set(R5, Copy::CUT.cast_signed());
    a.bind(told);
}
