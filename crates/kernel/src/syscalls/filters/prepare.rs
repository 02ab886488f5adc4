//! What is done before filters look at copies: lengths, and small numbers, come to stand in front of the
//! record. What lies in a map's memory the verifier forgets, so that ways that differ in it become one.
//!
//! ```text
//!   R7 - 200 ─▶ | slots … | length of the name | lengths of the texts | record
//!   R7 + place ─▶ | status i32 | count | bytes … |      a status below 1: nothing is there
//! ```

use thalweg_bpf::Register::{R0, R1, R2, R3, R7, R10};
use thalweg_bpf::{Assembler, Condition, Label, Operation, Register, Size};
use thalweg_kbuf::{Copy, RecordLayout};

use super::super::copies::LAST_BEGIN;
use super::super::program::{PLACES, STATE};
use super::contexts::NAME_LENGTH;

/// In front of the record: the lengths of the texts of copies, downwards.
pub(super) const TEXT_LENGTH: i16 = -8;
/// And the last of so many eights of bytes, downwards.
pub(super) const SLOT: i16 = -48;
pub(super) const SLOTS: i16 = 20;
/// Room in front of the record.
pub(in crate::syscalls) const FRONT: i16 = 256;

const _: () = assert!(
    TEXT_LENGTH - 8 * (Copy::MOST as i16 - 1) > NAME_LENGTH && NAME_LENGTH > SLOT,
    "lengths lie above the slots"
);
const _: () = assert!(SLOT - 8 * SLOTS >= -FRONT, "all slots lie in the room");

/// Families of addresses that have a port.
const INET: [i32; 2] = [2, 10];

/// One such thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preparation {
    /// A register points at a copy, and its text's length is known.
    Text { copy: u8, base: Register },
    /// The first bytes of a copy, or zeros, are in a slot.
    Bytes { copy: u8, len: u8, slot: i16 },
    /// The family of an address, or 0.
    Family { copy: u8, slot: i16 },
    /// Its port, or 0.
    Port { copy: u8, slot: i16 },
}

impl Preparation {
    /// Writes its code, which goes on at `broken` where the record makes no sense, which it never does.
    pub(super) fn write(self, a: &mut Assembler, broken: Label) {
        match self {
            Self::Text { copy, base } => write_text(a, copy, base, broken),
            Self::Bytes { copy, len, slot } => write_bytes(a, (copy, len), slot, broken),
            Self::Family { copy, slot } => {
                a.store(Size::Eight, (R7, slot), 0);
                let none = a.label();
                point(a, R3, copy, broken);
                load_status(a, R3);
                a.jump_if(Condition::Less, R1, 2, none);
                a.load(Size::Two, R1, (R3, RecordLayout::COPY_HEAD));
                a.store(Size::Eight, (R7, slot), R1);
                a.bind(none);
            }
            Self::Port { copy, slot } => write_port(a, copy, slot, broken),
        }
    }
}

/// A register comes to point at a copy's head.
fn point(a: &mut Assembler, register: Register, copy: u8, broken: Label) {
    if copy == 0 {
        a.set(register, R7);
        a.add(register, i32::from(RecordLayout::COPIES));
        return;
    }
    a.load(Size::Eight, R1, (R10, STATE));
    a.load(Size::Eight, register, (R1, PLACES + 8 * i16::from(copy)));
    a.jump_if(Condition::Above, register, LAST_BEGIN, broken);
    a.operate(Operation::Add, register, R7);
}

/// R1 becomes the status of the copy there; a copy that was not made is at the record's own begin, where a
/// time is, and so has none.
fn load_status(a: &mut Assembler, head: Register) {
    let (made, known) = (a.label(), a.label());
    a.jump_if(Condition::NotEqual, head, R7, made);
    a.set(R1, 0);
    a.jump(known);
    a.bind(made);
    a.load(Size::Four, R1, (head, 0));
    a.shift_left(R1, 32);
    a.operate(Operation::ShiftRightSigned, R1, 32);
    a.bind(known);
}

fn write_text(a: &mut Assembler, copy: u8, base: Register, broken: Label) {
    let some = a.label();
    let head = if base == R7 { R3 } else { base };
    point(a, head, copy, broken);
    load_status(a, head);
    a.jump_if(Condition::Greater, R1, 0, some);
    a.set(R1, 1);
    a.bind(some);
    a.add(R1, -1);
    a.store(Size::Eight, (R7, TEXT_LENGTH - 8 * i16::from(copy)), R1);
}

fn write_bytes(a: &mut Assembler, (copy, len): (u8, u8), slot: i16, broken: Label) {
    let none = a.label();
    let eights = i16::from(len.div_ceil(8));
    for eight in 0..eights {
        a.store(Size::Eight, (R7, slot + 8 * eight), 0);
    }
    point(a, R3, copy, broken);
    load_status(a, R3);
    a.jump_if(Condition::Less, R1, i32::from(len), none);
    let mut at = 0;
    for (size, bytes) in [
        (Size::Eight, 8),
        (Size::Four, 4),
        (Size::Two, 2),
        (Size::One, 1),
    ] {
        while at + bytes <= i16::from(len) {
            a.load(size, R2, (R3, RecordLayout::COPY_HEAD + at));
            a.store(size, (R7, slot + at), R2);
            at += bytes;
        }
    }
    a.bind(none);
}

fn write_port(a: &mut Assembler, copy: u8, slot: i16, broken: Label) {
    let (none, internet) = (a.label(), a.label());
    a.store(Size::Eight, (R7, slot), 0);
    point(a, R3, copy, broken);
    load_status(a, R3);
    a.jump_if(Condition::Less, R1, 4, none);
    a.load(Size::Two, R1, (R3, RecordLayout::COPY_HEAD));
    for family in INET {
        a.jump_if(Condition::Equal, R1, family, internet);
    }
    a.set(R0, 0);
    a.jump(none);
    a.bind(internet);
    // The first byte counts more.
    a.load(Size::One, R1, (R3, RecordLayout::COPY_HEAD + 2));
    a.load(Size::One, R2, (R3, RecordLayout::COPY_HEAD + 3));
    a.shift_left(R1, 8);
    a.operate(Operation::Or, R1, R2);
    a.store(Size::Eight, (R7, slot), R1);
    a.bind(none);
}
