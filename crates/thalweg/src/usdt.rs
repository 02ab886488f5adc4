//! What a USDT probe hands over.

use crate::field::{Fields, Value};

// Semaphores begin on a page of their own. The kernel looks for one by its offset in the file, and
// takes the first writable mapping that has it: lld lets the segment before end in the same page of
// the file, so that it would count in a copy that nobody reads.
core::arch::global_asm!(
    ".pushsection .probes,\"awR\",@progbits",
    ".balign 4096",
    ".popsection",
);

/// Arguments of a probe.
const ARGUMENTS: usize = 6;

/// Bytes of a text's copy, its NUL included.
const TEXT_LEN: usize = 128;

/// The first fields of an event as the arguments of a probe. Only made while somebody looks.
#[derive(Debug)]
pub struct Arguments {
    words: [u64; ARGUMENTS],
    /// Which arguments are texts.
    are_texts: [bool; ARGUMENTS],
    texts: [[u8; TEXT_LEN]; ARGUMENTS],
}

impl Arguments {
    /// Those of an event's fields.
    pub fn of(fields: &impl Fields) -> Self {
        let mut arguments = Self {
            words: [0; ARGUMENTS],
            are_texts: [false; ARGUMENTS],
            texts: [[0; TEXT_LEN]; ARGUMENTS],
        };
        for at in 0..ARGUMENTS.min(fields.count()) {
            arguments.set(at, fields.value(at));
        }
        arguments
    }

    fn set(&mut self, at: usize, value: Value<'_>) {
        self.words[at] = match value {
            Value::Int(value) => value.cast_unsigned(),
            Value::Uint(value) => value,
            Value::Float(value) => value.to_bits(),
            Value::Char(value) => u64::from(value),
            Value::Text(text) => return self.set_text(at, text),
            Value::None | Value::Parts(_) => 0,
        };
    }

    fn set_text(&mut self, at: usize, text: &[u8]) {
        self.are_texts[at] = true;
        // The last byte stays NUL.
        let room = &mut self.texts[at][..TEXT_LEN - 1];
        for (to, from) in room.iter_mut().zip(text) {
            *to = *from;
        }
    }

    /// One of them; a text's is its address, as long as the arguments live.
    ///
    /// Not inlined, so that the linker takes the object file that has the alignment above.
    #[inline(never)]
    pub fn word(&self, at: usize) -> u64 {
        if self.are_texts[at] {
            self.texts[at].as_ptr().expose_provenance() as u64
        } else {
            self.words[at]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Nothing;

    #[test]
    fn fields_become_words_and_texts_end_with_a_nul() {
        let long = "x".repeat(500);
        let fields = Nothing
            .written(7_u32)
            .written(-1_i8)
            .written("Ada")
            .written(&*long)
            .written(1.5_f64)
            .written([1_u8; 3])
            .written(9_u8);
        let arguments = Arguments::of(&fields);
        assert_eq!(arguments.word(0), 7);
        assert_eq!(arguments.word(1), u64::MAX);
        assert_eq!(arguments.texts[2][..4], *b"Ada\0");
        assert_eq!(arguments.texts[3][126..], *b"x\0");
        assert_eq!(arguments.word(3), arguments.texts[3].as_ptr().addr() as u64);
        assert_eq!(arguments.word(4), 1.5_f64.to_bits());
        assert_eq!(arguments.word(5), 0);
    }
}
