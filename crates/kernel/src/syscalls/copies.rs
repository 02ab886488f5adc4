//! The part of a program that copies what arguments point at.
//!
//! ```text
//!   R7 + R9 ─▶ | status | count | bytes … |      R9 moves behind, to a multiple of 8
//! ```
//!
//! Registers: R7 the record, R8 the call's row, R9 the record's length so far. Slots of the stack hold
//! what must outlive a call of a helper; numbers that loops count are kept in the CPU's state, so that
//! the verifier sees one way where there are many.

use thalweg_bpf::Register::{R0, R1, R2, R3, R4, R5, R7, R8, R9, R10};
use thalweg_bpf::{Assembler, Condition, Helper, Label, Operation, Register, Size};
use thalweg_kbuf::{Copy, CopyKind, RecordLayout, Side};

use super::calls::Calls;
use super::files::{self, FileOffsets};
use super::program::{PLACES, SCRATCH, STATE};
use super::vectors;

/// No copy begins behind so many bytes of a record.
pub(super) const LAST_BEGIN: i32 = 28 << 10;
/// Room for a record: up to the last copy's begin, and the longest copy, which is one of strings.
pub(super) const RECORD_BYTES: u32 = 48 << 10;

/// A word that is read from the program's memory.
pub(super) const WORD: i16 = -24;
/// The size of plain bytes; the address of an array.
pub(super) const SAVED: i16 = -40;
const COUNT: i16 = -56;
/// The address of a structure that the pointer lies in.
const STRUCTURE: i16 = -64;

/// In the CPU's state: bytes of the copy so far.
pub(super) const USED: i16 = SCRATCH;
/// In the CPU's state: the record's length.
pub(super) const LENGTH: i16 = SCRATCH + 8;

const TEXT_BYTES: i32 = Copy::TEXT_BYTES as i32;
/// Bits of a description's byte 6: where the pointer lies, and whether pointers have 32 bits.
const THROUGH: i32 = 0x7f;
const NARROW: i32 = 0x80;
/// Lengths that no limit allows are all the same.
const MOST_UNITS: i32 = 0xffff;

/// Where a copy goes on.
pub(super) struct Ends {
    /// R0 is the number of bytes.
    pub(super) copied: Label,
    /// R0 is the number of an error.
    pub(super) failed: Label,
}

/// Writes the code that makes all of a side's copies; `are_noted`: the program looks at them again.
pub(super) fn write(a: &mut Assembler, side: Side, files: Option<FileOffsets>, are_noted: bool) {
    a.set(R9, i32::from(RecordLayout::COPIES));
    if are_noted {
        a.load(Size::Eight, R1, (R10, STATE));
        a.store(Size::Eight, (R1, LENGTH), R9);
        for place in 0..Copy::MOST as i16 {
            a.store(Size::Eight, (R1, PLACES + 8 * place), 0);
        }
    }
    let done = a.label();
    for place in 0..Copy::MOST as i16 {
        let at = Calls::copies_at(side as i16) + place * Copy::LEN as i16;
        if are_noted {
            a.load(Size::Eight, R1, (R10, STATE));
            a.store(Size::Eight, (R1, PLACES + 8 * place), R9);
        }
        write_one(a, at, (side, files), done);
    }
    a.bind(done);
}

/// The copy whose description is at `at` of the call's row.
fn write_one(a: &mut Assembler, at: i16, of: (Side, Option<FileOffsets>), done: Label) {
    let (side, files) = of;
    let (texts, strings, next) = (a.label(), a.label(), a.label());
    let ends = Ends {
        copied: a.label(),
        failed: a.label(),
    };
    a.load(Size::One, R1, (R8, at));
    a.jump_if(Condition::Equal, R1, 0, done);
    load_slot(a, R3, at + 1);
    set_place(a, R2, 0);
    a.store(Size::Four, (R2, 4), 0);
    a.jump_if(Condition::Equal, R1, CopyKind::Text as i32, texts);
    if side == Side::Exit {
        // A call that failed has given nothing.
        a.load(Size::Eight, R0, (R7, RecordLayout::RESULT));
        a.jump_if(Condition::Less, R0, 0, ends.failed);
    }
    if let Some(offsets) = files {
        let others = a.label();
        a.jump_if(Condition::NotEqual, R1, CopyKind::Path as i32, others);
        files::write(a, offsets, &ends);
        a.bind(others);
    }
    a.jump_if(Condition::Equal, R1, CopyKind::Strings as i32, strings);
    write_pointed(a, at, side, &ends);
    a.bind(texts);
    set_place(a, R1, RecordLayout::COPY_HEAD);
    write_text(a, &ends);
    a.jump(ends.copied);
    a.bind(strings);
    write_strings(a, at, &ends);
    a.bind(ends.copied);
    set_place(a, R1, 0);
    a.store(Size::Four, (R1, 0), R0);
    a.add(R0, 7);
    a.and(R0, -8);
    a.add(R9, R0);
    a.jump(next);
    a.bind(ends.failed);
    set_place(a, R1, 0);
    a.store(Size::Four, (R1, 0), R0);
    a.bind(next);
    a.add(R9, i32::from(RecordLayout::COPY_HEAD));
    a.load(Size::Eight, R1, (R10, STATE));
    a.store(Size::Eight, (R1, LENGTH), R9);
    a.load(Size::Eight, R9, (R1, LENGTH));
    a.jump_if(Condition::Above, R9, LAST_BEGIN, done);
}

/// `register = ` where the copy is written, and so many bytes on.
pub(super) fn set_place(a: &mut Assembler, register: Register, ahead: i16) {
    a.set(register, R7);
    a.add(register, R9);
    a.add(register, i32::from(ahead));
}

/// `register = ` the number whose slot is in the low bits of a byte of the row.
fn load_slot(a: &mut Assembler, register: Register, at: i16) {
    a.load(Size::One, register, (R8, at));
    a.and(register, 7);
    a.shift_left(register, 3);
    a.add(register, R7);
    a.load(Size::Eight, register, (register, RecordLayout::RESULT));
}

/// The text at R3 to R1; R0 is its length.
pub(super) fn write_text(a: &mut Assembler, ends: &Ends) {
    a.set(R2, TEXT_BYTES);
    a.call(Helper::ProbeReadUserStr);
    // An error is a negative number, so it is above.
    a.jump_if(Condition::Above, R0, TEXT_BYTES, ends.failed);
}

/// What R3 leads to: its pointer, its length, then its bytes, or those that its vectors lead to.
fn write_pointed(a: &mut Assembler, at: i16, side: Side, ends: &Ends) {
    let (direct, plain) = (a.label(), a.label());
    a.store(Size::Eight, (R10, STRUCTURE), R3);
    a.load(Size::One, R2, (R8, at + 6));
    a.and(R2, THROUGH);
    a.jump_if(Condition::Equal, R2, 0, direct);
    a.add(R3, R2);
    a.add(R3, -1);
    load_pointer(a, at, ends.failed);
    a.load(Size::Eight, R3, (R10, WORD));
    a.set(R0, Copy::NULL);
    a.jump_if(Condition::Equal, R3, 0, ends.failed);
    a.bind(direct);
    a.store(Size::Eight, (R10, SAVED), R3);
    write_length(a, at, ends);
    a.load(Size::One, R1, (R8, at));
    a.jump_if(Condition::NotEqual, R1, CopyKind::Gather as i32, plain);
    vectors::write(a, at, side, ends);
    a.bind(plain);
    write_bytes(a, at, ends);
}

/// R2 is the number of units.
fn write_length(a: &mut Assembler, at: i16, ends: &Ends) {
    let (int, behind, within, word, known) =
        (a.label(), a.label(), a.label(), a.label(), a.label());
    load_slot(a, R5, at + 2);
    a.load(Size::One, R1, (R8, at + 2));
    a.shift_right(R1, 4);
    a.set(R2, 0);
    a.jump_if(Condition::Equal, R1, 0, known);
    a.jump_if(Condition::Equal, R1, 1, int);
    a.jump_if(Condition::Equal, R1, 3, behind);
    a.jump_if(Condition::Above, R1, 3, within);
    a.set(R2, R5);
    a.jump(known);
    a.bind(within);
    a.load(Size::Eight, R3, (R10, STRUCTURE));
    a.load(Size::One, R2, (R8, at + 7));
    a.add(R3, R2);
    a.jump_if(Condition::Equal, R1, 4, word);
    load_pointer(a, at, ends.failed);
    a.load(Size::Eight, R2, (R10, WORD));
    a.jump(known);
    a.bind(behind);
    a.set(R3, R5);
    a.bind(word);
    load_word(a, 4, ends.failed);
    a.load(Size::Four, R5, (R10, WORD));
    a.bind(int);
    // The upper half of an `int`'s register means nothing.
    a.set(R2, R5);
    a.shift_left(R2, 32);
    a.shift_right(R2, 32);
    a.bind(known);
    let fits = a.label();
    a.set(R4, MOST_UNITS);
    a.jump_if(Condition::Above, R4, R2, fits);
    a.set(R2, R4);
    a.bind(fits);
}

/// R2 units of plain bytes at the saved address, or as many as the limit says.
fn write_bytes(a: &mut Assembler, at: i16, ends: &Ends) {
    let (limited, bits, sized) = (a.label(), a.label(), a.label());
    a.load(Size::One, R1, (R8, at + 2));
    a.load(Size::Two, R4, (R8, at + 4));
    a.and(R1, 0xf0);
    a.jump_if(Condition::Equal, R1, 0, limited);
    set_place(a, R1, 0);
    a.store(Size::Four, (R1, 4), R2);
    a.load(Size::One, R1, (R8, at + 3));
    a.jump_if(Condition::Equal, R1, 0, bits);
    a.operate(Operation::Multiply, R2, R1);
    a.jump(sized);
    a.bind(bits);
    a.add(R2, 7);
    a.shift_right(R2, 3);
    a.bind(sized);
    let below = a.label();
    a.jump_if(Condition::Above, R4, R2, below);
    a.bind(limited);
    a.set(R2, R4);
    a.bind(below);
    let fits = a.label();
    a.set(R4, i32::from(Copy::PLAIN_BYTES));
    a.jump_if(Condition::Above, R4, R2, fits);
    a.set(R2, R4);
    a.bind(fits);
    a.load(Size::Eight, R3, (R10, SAVED));
    a.store(Size::Eight, (R10, SAVED), R2);
    set_place(a, R1, RecordLayout::COPY_HEAD);
    a.call(Helper::ProbeReadUser);
    a.jump_if(Condition::NotEqual, R0, 0, ends.failed);
    a.load(Size::Eight, R0, (R10, SAVED));
    a.jump(ends.copied);
}

/// So many bytes at the address in R3 to the word on the stack.
fn load_word(a: &mut Assembler, bytes: i32, failed: Label) {
    a.set(R2, bytes);
    load_sized(a, failed);
}

/// A pointer of the program, or a `size_t`, at the address in R3, to the word on the stack.
pub(super) fn load_pointer(a: &mut Assembler, at: i16, failed: Label) {
    let (narrow, sized) = (a.label(), a.label());
    a.store(Size::Eight, (R10, WORD), 0);
    a.load(Size::One, R1, (R8, at + 6));
    a.jump_if(Condition::Shares, R1, NARROW, narrow);
    a.set(R2, 8);
    a.jump(sized);
    a.bind(narrow);
    a.set(R2, 4);
    a.bind(sized);
    load_sized(a, failed);
}

/// `register = ` how many pointers of the program's `register` bytes are, in bytes.
pub(super) fn scale_by_pointer(a: &mut Assembler, at: i16, register: Register) {
    let narrow = a.label();
    a.shift_left(register, 2);
    a.load(Size::One, R1, (R8, at + 6));
    a.jump_if(Condition::Shares, R1, NARROW, narrow);
    a.shift_left(register, 1);
    a.bind(narrow);
}

fn load_sized(a: &mut Assembler, failed: Label) {
    a.set(R1, R10);
    a.add(R1, i32::from(WORD));
    a.call(Helper::ProbeReadUser);
    a.jump_if(Condition::NotEqual, R0, 0, failed);
}

/// The texts of the array of pointers at R3, one behind the other.
fn write_strings(a: &mut Assembler, at: i16, ends: &Ends) {
    let (again, end, cut, faulty) = (a.label(), a.label(), a.label(), a.label());
    a.store(Size::Eight, (R10, SAVED), R3);
    a.store(Size::Eight, (R10, COUNT), 0);
    set_used(a, 0);
    a.bind(again);
    a.load(Size::Eight, R2, (R10, COUNT));
    scale_by_pointer(a, at, R2);
    a.load(Size::Eight, R3, (R10, SAVED));
    a.add(R3, R2);
    load_pointer(a, at, faulty);
    a.load(Size::Eight, R3, (R10, WORD));
    a.set(R5, 0);
    a.jump_if(Condition::Equal, R3, 0, end);
    a.load(Size::Eight, R1, (R10, COUNT));
    a.jump_if(Condition::Above, R1, Copy::STRINGS as i32 - 1, cut);
    load_used(a, R4);
    a.jump_if(Condition::Above, R4, Copy::STRINGS_BYTES as i32, cut);
    set_place(a, R1, RecordLayout::COPY_HEAD);
    a.add(R1, R4);
    let broken = Ends {
        copied: end,
        failed: faulty,
    };
    write_text(a, &broken);
    add_used(a);
    a.load(Size::Eight, R1, (R10, COUNT));
    a.add(R1, 1);
    a.store(Size::Eight, (R10, COUNT), R1);
    a.jump_if(Condition::Equal, R0, TEXT_BYTES, cut);
    a.jump(again);
    a.bind(faulty);
    a.set(R5, Copy::FAULTY.cast_signed());
    a.jump(end);
    a.bind(cut);
    a.set(R5, Copy::CUT.cast_signed());
    a.bind(end);
    a.load(Size::Eight, R4, (R10, COUNT));
    a.add(R5, R4);
    finish_list(a, ends);
}

/// The list is over: R5 is its count.
pub(super) fn finish_list(a: &mut Assembler, ends: &Ends) {
    set_place(a, R1, 0);
    a.store(Size::Four, (R1, 4), R5);
    load_used(a, R0);
    // It never is more: the verifier has forgotten it.
    a.jump_if(Condition::Above, R0, MOST_USED, ends.failed);
    a.jump(ends.copied);
}

/// No list has more bytes.
const MOST_USED: i32 = Copy::STRINGS_BYTES as i32 + TEXT_BYTES;

pub(super) fn set_used(a: &mut Assembler, bytes: i32) {
    a.load(Size::Eight, R1, (R10, STATE));
    a.store(Size::Eight, (R1, USED), bytes);
}

pub(super) fn load_used(a: &mut Assembler, register: Register) {
    a.load(Size::Eight, register, (R10, STATE));
    a.load(Size::Eight, register, (register, USED));
}

/// R0 more bytes are used.
pub(super) fn add_used(a: &mut Assembler) {
    a.load(Size::Eight, R1, (R10, STATE));
    a.load(Size::Eight, R4, (R1, USED));
    a.add(R4, R0);
    a.store(Size::Eight, (R1, USED), R4);
}
