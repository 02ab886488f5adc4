//! A text in memory against the parts between a pattern's stars.
//!
//! ```text
//!   "ab*cd*e"     begins with ab;  cd is looked for from there on;  ends with e, behind that
//! ```
//!
//! The leftmost place of a middle part is always good enough.
//!
//! Registers: R3 the text's length, R4 where in it the next part may begin.

use thalweg_bpf::Register::{R0, R1, R2, R3, R4, R5};
use thalweg_bpf::{Condition, Label, Operation, Register, Size};
use thalweg_filter::Expr;
use thalweg_filter::tracefs::Refusal;

use super::operand::{Operands, Text};
use super::write::{Writer, beyond};

impl<O: Operands + ?Sized> Writer<'_, O> {
    /// Goes on at `differs` if the text does not match.
    pub(super) fn unless_matches(
        &mut self,
        text: Text,
        parts: &[Vec<u8>],
        literal: &Expr,
        differs: Label,
    ) -> Result<(), Refusal> {
        let least: usize = parts.iter().map(Vec::len).sum();
        if least > text.most() {
            return self.too_long(text, literal, differs);
        }
        // It fits the room, which is small.
        let least = least as i32;
        self.length(text);
        let (first, rest) = parts.split_first().expect("a text has a part");
        let Some((last, middles)) = rest.split_last() else {
            self.a.jump_if(Condition::NotEqual, R3, least, differs);
            self.unless_bytes((text.base, text.offset), first, differs);
            return Ok(());
        };
        self.a.jump_if(Condition::Less, R3, least, differs);
        self.unless_bytes((text.base, text.offset), first, differs);
        if !middles.is_empty() || !last.is_empty() {
            self.zero_unseen(R4);
            self.a.add(R4, first.len() as i32);
        }
        for middle in middles {
            self.find(text, middle, differs);
        }
        if !last.is_empty() {
            self.unless_ends(text, last, differs);
        }
        Ok(())
    }

    /// A text that never has so many bytes never matches; of one that may have, too little is known.
    fn too_long(&mut self, text: Text, literal: &Expr, differs: Label) -> Result<(), Refusal> {
        if text.may_be_cut {
            let most = text.most();
            return Err(beyond(
                literal,
                format!("programs in the kernel look at the first {most} bytes of this text"),
            ));
        }
        self.length(text);
        self.jump_always(differs);
        Ok(())
    }

    /// R4 moves behind the first occurrence of `part`.
    fn find(&mut self, text: Text, part: &[u8], differs: Label) {
        let len = part.len() as i32;
        let (again, next) = (self.a.label(), self.a.label());
        let (found, ended) = (self.a.label(), self.a.label());
        self.a.bind(again);
        self.a.set(R1, R4);
        self.a.add(R1, len);
        self.a.jump_if(Condition::Greater, R1, R3, ended);
        self.point(text, len, ended);
        self.unless_bytes((R5, text.offset), part, next);
        self.a.jump(found);
        self.a.bind(next);
        self.a.add(R4, 1);
        self.a.jump(again);
        self.a.bind(ended);
        self.unless_cut(text);
        self.jump_always(differs);
        self.a.bind(found);
        self.a.add(R4, len);
    }

    /// The text ends with `part`, which begins at R4 or behind it.
    fn unless_ends(&mut self, text: Text, part: &[u8], differs: Label) {
        let len = part.len() as i32;
        self.unless_cut(text);
        self.a.set(R1, R3);
        self.a.add(R1, -len);
        self.a.jump_if(Condition::Less, R1, R4, differs);
        self.a.set(R4, R1);
        self.point(text, len, differs);
        self.unless_bytes((R5, text.offset), part, differs);
    }

    /// R5 becomes what lies R4 bytes behind the text's base, if `len` bytes from there are in its room.
    fn point(&mut self, text: Text, len: i32, outside: Label) {
        let most = i32::from(text.room) - len;
        self.a.jump_if(Condition::Above, R4, most, outside);
        self.a.set(R5, text.base);
        self.a.operate(Operation::Add, R5, R4);
    }

    /// Goes on at `differs` if other bytes lie there; R0 and R2 are lost.
    fn unless_bytes(&mut self, (base, offset): (Register, i16), bytes: &[u8], differs: Label) {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            let (size, len) = match rest.len() {
                8.. => (Size::Eight, 8),
                4..8 => (Size::Four, 4),
                2..4 => (Size::Two, 2),
                _ => (Size::One, 1),
            };
            let mut eight = [0; 8];
            eight[..len].copy_from_slice(&rest[..len]);
            // Where the room ends is checked before.
            self.a.load(size, R0, (base, offset + at as i16));
            let number = i64::from_le_bytes(eight);
            match i32::try_from(number) {
                Ok(number @ 0..) => self.a.jump_if(Condition::NotEqual, R0, number, differs),
                _ => {
                    self.a.set_number(R2, number);
                    self.a.jump_if(Condition::NotEqual, R0, R2, differs);
                }
            }
            at += len;
        }
    }
}
