//! The part of a program that copies what arguments point at.
//!
//! ```text
//!   R7 + R9 ─▶ | status | count | bytes … |      R9 moves behind, to a multiple of 8
//! ```
//!
//! Registers: R7 the record, R8 the call's row, R9 the record's length so far. Slots of the stack hold
//! what must outlive a call of a helper.

use thalweg_bpf::Register::{R0, R1, R2, R3, R4, R5, R7, R8, R9, R10};
use thalweg_bpf::{Assembler, Condition, Helper, Label, Register, Size};
use thalweg_kbuf::{Copy, CopyKind, RecordLayout, Side};

use super::calls::Calls;

/// No copy begins behind so many bytes of a record.
const LAST_BEGIN: i32 = 16 << 10;
/// Room for a record: up to the last copy's begin, and the longest copy, which is one of strings.
pub(super) const RECORD_BYTES: u32 = 32 << 10;

/// A word that is read from the program's memory.
const WORD: i16 = -24;
/// The size of plain bytes; the address of an array.
const SAVED: i16 = -40;
const LIMIT: i16 = -48;
const COUNT: i16 = -56;
const USED: i16 = -64;

const TEXT_BYTES: i32 = Copy::TEXT_BYTES as i32;

/// Where a copy goes on.
struct Ends {
    /// R0 is the number of bytes.
    copied: Label,
    /// R0 is the number of an error.
    failed: Label,
}

/// Writes the code that makes all of a side's copies.
pub(super) fn write(a: &mut Assembler, side: Side) {
    a.set(R9, i32::from(RecordLayout::COPIES));
    let done = a.label();
    for place in 0..Copy::MOST as i16 {
        let at = Calls::copies_at(side as i16) + place * Copy::LEN as i16;
        write_one(a, at, done);
    }
    a.bind(done);
}

/// The copy whose description is at `at` of the call's row.
fn write_one(a: &mut Assembler, at: i16, done: Label) {
    let (texts, strings, next) = (a.label(), a.label(), a.label());
    let ends = Ends {
        copied: a.label(),
        failed: a.label(),
    };
    a.load(Size::One, R1, (R8, at));
    a.jump_if(Condition::Equal, R1, 0, done);
    load_argument(a, R3, at + 1);
    set_place(a, R2, 0);
    a.store(Size::Four, (R2, 4), 0);
    a.jump_if(Condition::Equal, R1, CopyKind::Text as i32, texts);
    a.jump_if(Condition::Equal, R1, CopyKind::Strings as i32, strings);
    write_bytes(a, at, &ends);
    a.bind(texts);
    set_place(a, R1, RecordLayout::COPY_HEAD);
    write_text(a, &ends);
    a.jump(ends.copied);
    a.bind(strings);
    write_strings(a, &ends);
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
    a.jump_if(Condition::Above, R9, LAST_BEGIN, done);
}

/// `register = ` where the copy is written, and so many bytes on.
fn set_place(a: &mut Assembler, register: Register, ahead: i16) {
    a.set(register, R7);
    a.add(register, R9);
    a.add(register, i32::from(ahead));
}

/// `register = ` the argument whose index is at `at` of the row.
fn load_argument(a: &mut Assembler, register: Register, at: i16) {
    a.load(Size::One, register, (R8, at));
    a.and(register, 7);
    a.shift_left(register, 3);
    a.add(register, R7);
    a.load(Size::Eight, register, (register, RecordLayout::ARGUMENTS));
}

/// The text at R3 to R1; R0 is its length.
fn write_text(a: &mut Assembler, ends: &Ends) {
    a.set(R2, TEXT_BYTES);
    a.call(Helper::ProbeReadUserStr);
    // An error is a negative number, so it is above.
    a.jump_if(Condition::Above, R0, TEXT_BYTES, ends.failed);
}

/// Plain bytes at R3, as many as the row (kind in R1) says.
fn write_bytes(a: &mut Assembler, at: i16, ends: &Ends) {
    let (sized, counted, limited) = (a.label(), a.label(), a.label());
    a.load(Size::Four, R4, (R8, at + 4));
    a.set(R2, R4);
    a.jump_if(Condition::Equal, R1, CopyKind::Bytes as i32, sized);
    load_argument(a, R5, at + 2);
    // The length is an `int`: the upper half of its register means nothing.
    a.set(R2, R5);
    a.shift_left(R2, 32);
    a.shift_right(R2, 32);
    a.jump_if(Condition::Equal, R1, CopyKind::CountedBytes as i32, counted);
    a.store(Size::Eight, (R10, SAVED), R3);
    a.store(Size::Eight, (R10, LIMIT), R4);
    load_word(a, R5, 4, ends.failed);
    a.load(Size::Four, R2, (R10, WORD));
    a.load(Size::Eight, R3, (R10, SAVED));
    a.load(Size::Eight, R4, (R10, LIMIT));
    a.bind(counted);
    a.jump_if(Condition::Above, R2, R4, limited);
    a.jump(sized);
    a.bind(limited);
    a.set(R2, R4);
    a.bind(sized);
    let fits = a.label();
    a.set(R4, Copy::PLAIN_BYTES as i32);
    a.jump_if(Condition::Above, R4, R2, fits);
    a.set(R2, R4);
    a.bind(fits);
    a.store(Size::Eight, (R10, SAVED), R2);
    set_place(a, R1, RecordLayout::COPY_HEAD);
    a.call(Helper::ProbeReadUser);
    a.jump_if(Condition::NotEqual, R0, 0, ends.failed);
    a.load(Size::Eight, R0, (R10, SAVED));
    a.jump(ends.copied);
}

/// So many bytes at the address in `from` to the word on the stack.
fn load_word(a: &mut Assembler, from: Register, bytes: i32, failed: Label) {
    a.set(R3, from);
    a.set(R1, R10);
    a.add(R1, i32::from(WORD));
    a.set(R2, bytes);
    a.call(Helper::ProbeReadUser);
    a.jump_if(Condition::NotEqual, R0, 0, failed);
}

/// The texts of the array of pointers at R3, one behind the other.
fn write_strings(a: &mut Assembler, ends: &Ends) {
    let (again, end, cut, faulty) = (a.label(), a.label(), a.label(), a.label());
    a.store(Size::Eight, (R10, SAVED), R3);
    a.set(R1, 0);
    a.store(Size::Eight, (R10, COUNT), R1);
    a.store(Size::Eight, (R10, USED), R1);
    a.bind(again);
    a.load(Size::Eight, R1, (R10, COUNT));
    a.shift_left(R1, 3);
    a.load(Size::Eight, R5, (R10, SAVED));
    a.add(R5, R1);
    load_word(a, R5, 8, faulty);
    a.load(Size::Eight, R3, (R10, WORD));
    a.set(R5, 0);
    a.jump_if(Condition::Equal, R3, 0, end);
    a.load(Size::Eight, R1, (R10, COUNT));
    a.jump_if(Condition::Above, R1, Copy::STRINGS as i32 - 1, cut);
    a.load(Size::Eight, R4, (R10, USED));
    a.jump_if(Condition::Above, R4, Copy::STRINGS_BYTES as i32, cut);
    set_place(a, R1, RecordLayout::COPY_HEAD);
    a.add(R1, R4);
    let broken = Ends {
        copied: end,
        failed: faulty,
    };
    write_text(a, &broken);
    a.load(Size::Eight, R4, (R10, USED));
    a.add(R4, R0);
    a.store(Size::Eight, (R10, USED), R4);
    a.load(Size::Eight, R1, (R10, COUNT));
    a.add(R1, 1);
    a.store(Size::Eight, (R10, COUNT), R1);
    a.jump_if(Condition::Equal, R0, TEXT_BYTES, cut);
    a.jump(again);
    a.bind(faulty);
    a.set(R5, Copy::FAULTY_STRINGS.cast_signed());
    a.jump(end);
    a.bind(cut);
    a.set(R5, Copy::CUT_STRINGS.cast_signed());
    a.bind(end);
    a.load(Size::Eight, R4, (R10, COUNT));
    a.add(R5, R4);
    set_place(a, R1, 0);
    a.store(Size::Four, (R1, 4), R5);
    a.load(Size::Eight, R0, (R10, USED));
    a.jump(ends.copied);
}
