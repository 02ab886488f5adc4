//! Where parameters are at a function's first instruction: the calling convention of x86-64.
//!
//! ```text
//!   integers, pointers   di si dx cx r8 r9, then the stack        a structure: in memory, or in
//!   float, double        xmm0 to xmm7, then the stack             registers of its parts' kinds
//! ```
//!
//! Behind a structure that may have taken registers, nobody knows where parameters are without looking
//! at its parts: they are nowhere.

use super::types::Value;
use crate::fetch::{Fetch, function_argument};

/// Integer registers, and those for numbers with a fraction.
const INTEGERS: usize = 6;
const FLOATS: usize = 8;
/// The largest structure in registers.
const IN_REGISTERS: u64 = 16;

/// Where each parameter is, if the kernel can fetch it; a value that is none is of a type that is not
/// known.
pub(super) fn places(
    values: &[Option<Value>],
    result: Option<Value>,
    is_cpp: bool,
) -> Vec<Option<Fetch>> {
    let mut taken = Taken {
        integers: 0,
        floats: 0,
        stack_bytes: 0,
        is_lost: false,
    };
    match result {
        // The caller says where to put it, in the first register.
        Some(Value::Structure { bytes }) if bytes > IN_REGISTERS => taken.integers = 1,
        // C++ may return a small one that way, too.
        Some(Value::Structure { .. }) => taken.is_lost = is_cpp,
        Some(_) => {}
        None => taken.is_lost = true,
    }
    let place = |value: &Option<Value>| taken.place(*value, is_cpp);
    values.iter().map(place).collect()
}

/// How a function's result is fetched when it returns.
pub(super) fn returned(value: Value) -> Option<Fetch> {
    fetch("$retval".to_owned(), value)
}

struct Taken {
    integers: usize,
    floats: usize,
    stack_bytes: u64,
    is_lost: bool,
}

impl Taken {
    fn place(&mut self, value: Option<Value>, is_cpp: bool) -> Option<Fetch> {
        match value {
            Some(value @ (Value::Integer { .. } | Value::Pointer | Value::Text)) => {
                let from = self.integer()?;
                fetch(from, value)
            }
            Some(Value::Float { bytes: 4 | 8 }) if self.floats < FLOATS => {
                self.floats += 1;
                None
            }
            Some(Value::Float { bytes }) => self.on_stack(bytes.next_multiple_of(8)),
            // C++ hands some of them over by their address.
            Some(Value::Structure { bytes }) if bytes > IN_REGISTERS && !is_cpp => {
                self.on_stack(bytes)
            }
            _ => {
                self.is_lost = true;
                None
            }
        }
    }

    fn integer(&mut self) -> Option<String> {
        if self.is_lost {
            return None;
        }
        self.integers += 1;
        if self.integers <= INTEGERS {
            return function_argument(self.integers);
        }
        // Behind the return address.
        let at = 8 + self.stack_bytes;
        self.stack_bytes += 8;
        Some(format!("+{at}(%sp)"))
    }

    fn on_stack(&mut self, bytes: u64) -> Option<Fetch> {
        let align = if bytes.is_multiple_of(16) { 16 } else { 8 };
        let begin = self.stack_bytes.checked_next_multiple_of(align);
        let end = begin.and_then(|begin| begin.checked_add(bytes)?.checked_next_multiple_of(8));
        match end {
            // Where a structure of 16 bytes' alignment lies depends on its parts.
            Some(end) if begin == Some(self.stack_bytes) => self.stack_bytes = end,
            _ => self.is_lost = true,
        }
        None
    }
}

fn fetch(from: String, value: Value) -> Option<Fetch> {
    let kind = match value {
        Value::Integer { bytes, is_signed } => {
            let letter = if is_signed { 's' } else { 'u' };
            format!("{letter}{}", u32::from(bytes) * 8)
        }
        Value::Pointer => "x64".to_owned(),
        Value::Text => "string".to_owned(),
        _ => return None,
    };
    Some(Fetch { from, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INT: Value = Value::Integer {
        bytes: 4,
        is_signed: true,
    };
    const DOUBLE: Value = Value::Float { bytes: 8 };
    const SMALL: Value = Value::Structure { bytes: 16 };
    const LARGE: Value = Value::Structure { bytes: 24 };

    #[track_caller]
    fn check(values: &[Value], result: Value, is_cpp: bool, want: &str) {
        let values: Vec<Option<Value>> = values.iter().copied().map(Some).collect();
        let places = places(&values, Some(result), is_cpp).into_iter();
        let told = places.map(|place| place.map_or("-".to_owned(), |fetch| fetch.from));
        assert_eq!(told.collect::<Vec<_>>().join(" "), want);
    }

    #[test]
    fn integers_fill_registers_and_then_the_stack() {
        check(
            &[INT, Value::Text, DOUBLE, Value::Pointer],
            INT,
            false,
            "%di %si - %dx",
        );
        let eight = [INT; 8];
        check(
            &eight,
            INT,
            false,
            "%di %si %dx %cx %r8 %r9 +8(%sp) +16(%sp)",
        );
    }

    #[test]
    fn structures_take_memory_or_hide_what_follows() {
        check(&[INT, SMALL, INT], INT, false, "%di - -");
        check(&[LARGE, INT], INT, false, "- %di");
        check(&[LARGE, INT], INT, true, "- -");
        let seven = [INT, INT, INT, INT, INT, INT, LARGE, INT];
        check(&seven, INT, false, "%di %si %dx %cx %r8 %r9 - +32(%sp)");
    }

    #[test]
    fn a_structure_that_is_returned_moves_the_parameters() {
        check(&[INT], LARGE, false, "%si");
        check(&[INT], SMALL, false, "%di");
        check(&[INT], SMALL, true, "-");
    }

    #[test]
    fn results_have_types() {
        assert_eq!(
            returned(INT).map(|fetch| fetch.kind).as_deref(),
            Some("s32")
        );
        assert_eq!(returned(DOUBLE), None);
        assert_eq!(returned(Value::Nothing), None);
    }
}
