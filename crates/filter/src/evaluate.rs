//! Runs linked code over the values of an event.
//!
//! ```text
//!   words ──at──▶ instruction ──▶ stack of numbers, texts, patterns ──END──▶ true or false
//! ```
//!
//! Invariant: `at` only grows, the stack is as deep as it was made, a text costs fuel; whatever
//! the words hold, or come to hold meanwhile, there is an end and no panic. What cannot be carried
//! out makes the filter false.

use super::code::{self, head};
use super::context::Context;
use super::flat;
use super::operator::{Arithmetic, Comparison, Number, Unary};
use super::pattern::{FUEL, Pattern};
use super::simple::Simple;
use super::value::{Source, Value};
use super::words::Words;

/// Values below the top that filters without many parentheses need: made faster than a deep stack.
const SHALLOW: usize = 3;

/// Whether the filter passes an event.
pub fn evaluate<C, S>(code: &C, source: &S) -> bool
where
    C: Words + ?Sized,
    S: Source + ?Sized,
{
    try_evaluate(code, source).unwrap_or(false)
}

fn try_evaluate<C, S>(code: &C, source: &S) -> Option<bool>
where
    C: Words + ?Sized,
    S: Source + ?Sized,
{
    let (form, depth, _) = head::parts(code.word(0)?)?;
    match (form, depth) {
        (head::SIMPLE, _) => {
            let simple = Simple::of(code)?;
            compare_field(source, simple.field, simple.comparison, simple.constant)
        }
        (head::FLAT, _) => flat::evaluate(code, source),
        (head::GENERAL, depth) if usize::from(depth) <= 1 + SHALLOW => {
            general::<C, S, SHALLOW>(code, source)
        }
        (head::GENERAL, _) => general::<C, S, { code::MAX_DEPTH - 1 }>(code, source),
        _ => None,
    }
}

/// Apart, so that what is simple or flat needs no room for a stack.
#[inline(never)]
fn general<C, S, const BELOW: usize>(code: &C, source: &S) -> Option<bool>
where
    C: Words + ?Sized,
    S: Source + ?Sized,
{
    Machine::<C, S, BELOW>::new(code, source).run()
}

/// How a field compares with an integer; `None` if it is no number.
#[inline]
pub(crate) fn compare_field<S: Source + ?Sized>(
    source: &S,
    field: u16,
    comparison: Comparison,
    constant: i64,
) -> Option<bool> {
    match source.field(field)? {
        Value::Int(value) => Some(comparison.holds_for_integers(value, constant)),
        Value::Uint(value) => Some(comparison.holds_for_integers(value as i64, constant)),
        Value::Float(value) => Some(comparison.holds(Number::Float(value), Number::Int(constant))),
        Value::Text(_) => None,
    }
}

/// Whether a field is equal, or unequal, to the text at word `at`; `None` if it is no text.
pub(crate) fn compare_text<C, S>(
    code: &C,
    source: &S,
    field: u16,
    comparison: Comparison,
    at: usize,
    fuel: &mut u32,
) -> Option<bool>
where
    C: Words + ?Sized,
    S: Source + ?Sized,
{
    let Value::Text(text) = source.field(field)? else {
        return None;
    };
    let mut pattern = Pattern {
        code,
        at: at.checked_add(1)?,
        segments: code.word(at)? as u16,
        fuel,
    };
    Some(pattern.matches(text)? == comparison.equality()?)
}

/// What the stack holds.
#[derive(Clone, Copy)]
enum Slot<'a> {
    Int(i64),
    Float(f64),
    Text(&'a [u8]),
    /// A text of the filter: its first word, and how many segments it has.
    Pattern(u32, u16),
}

impl Slot<'_> {
    #[inline]
    const fn number(self) -> Option<Number> {
        match self {
            Self::Int(value) => Some(Number::Int(value)),
            Self::Float(value) => Some(Number::Float(value)),
            Self::Text(_) | Self::Pattern(..) => None,
        }
    }

    #[inline]
    const fn is_true(self) -> Option<bool> {
        match self.number() {
            Some(number) => Some(number.is_true()),
            None => None,
        }
    }
}

impl From<Number> for Slot<'_> {
    #[inline]
    fn from(number: Number) -> Self {
        match number {
            Number::Int(value) => Self::Int(value),
            Number::Float(value) => Self::Float(value),
        }
    }
}

impl<'a> From<Value<'a>> for Slot<'a> {
    #[inline]
    fn from(value: Value<'a>) -> Self {
        match value {
            Value::Int(value) => Self::Int(value),
            Value::Uint(value) => Self::Int(value as i64),
            Value::Float(value) => Self::Float(value),
            Value::Text(text) => Self::Text(text),
        }
    }
}

/// The top of the stack is kept apart, so that most instructions touch no memory.
struct Machine<'a, C: ?Sized, S: ?Sized, const BELOW: usize> {
    code: &'a C,
    source: &'a S,
    /// The next word.
    at: usize,
    top: Slot<'a>,
    below: [Slot<'a>; BELOW],
    /// Values on the stack, the top one included.
    height: usize,
    fuel: u32,
}

impl<'a, C, S, const BELOW: usize> Machine<'a, C, S, BELOW>
where
    C: Words + ?Sized,
    S: Source + ?Sized,
{
    #[inline]
    fn new(code: &'a C, source: &'a S) -> Self {
        Self {
            code,
            source,
            at: 1,
            top: Slot::Int(0),
            below: [Slot::Int(0); BELOW],
            height: 0,
            fuel: FUEL,
        }
    }

    #[inline]
    fn run(mut self) -> Option<bool> {
        while self.at < code::MAX_WORDS {
            let word = self.next()?;
            if word as u8 == code::END {
                return self.root();
            }
            self.step(word)?;
        }
        None
    }

    /// The filter's value. A float or a text alone is no answer to a question: false, as in LTTng.
    #[inline]
    fn root(&mut self) -> Option<bool> {
        match self.pop()? {
            Slot::Int(value) => Some(value != 0),
            _ => None,
        }
    }

    #[inline]
    fn step(&mut self, word: u64) -> Option<()> {
        let (a, b, c) = code::operands(word);
        match word as u8 {
            code::COMPARE_FIELD => {
                let holds = self.compare_field(a, b)?;
                self.push_truth(holds)
            }
            code::COMPARE_FIELD_AND => match self.compare_field(a, b)? {
                true => Some(()),
                false => self.jump(c, false),
            },
            code::COMPARE_FIELD_OR => match self.compare_field(a, b)? {
                true => self.jump(c, true),
                false => Some(()),
            },
            code::COMPARE_TEXT => {
                let comparison = *Comparison::ALL.get(usize::from(a))?;
                let (code, at) = (self.code, self.at);
                let fuel = &mut self.fuel;
                let holds = compare_text(code, self.source, b, comparison, at, fuel)?;
                self.skip(c)?;
                self.push_truth(holds)
            }
            code::COMPARE_INT => {
                let right = Number::Int(self.next()? as i64);
                let left = self.pop()?.number()?;
                let holds = Comparison::ALL.get(usize::from(a))?.holds(left, right);
                self.push_truth(holds)
            }
            code::AND => self.jump_if(false, c),
            code::OR => self.jump_if(true, c),
            code::TRUTH => {
                let truth = self.pop()?.is_true()?;
                self.push_truth(truth)
            }
            code::FIELD => {
                let value = self.source.field(b)?;
                self.push(value.into())
            }
            code::INT => {
                let value = self.next()? as i64;
                self.push(Slot::Int(value))
            }
            code::NOT => self.unary(Unary::Not),
            code::MINUS => self.unary(Unary::Minus),
            code::BIT_NOT => self.unary(Unary::BitNot),
            op if op >= code::COMPARISON => self.compare(op - code::COMPARISON),
            op if op >= code::ARITHMETIC => self.arithmetic(op - code::ARITHMETIC),
            op => {
                let slot = self.load(op, a, b, c)?;
                self.push(slot)
            }
        }
    }

    fn load(&mut self, op: u8, a: u8, b: u16, c: u32) -> Option<Slot<'a>> {
        let source = self.source;
        Some(match op {
            code::FLOAT => Slot::Float(f64::from_bits(self.next()?)),
            code::TEXT => {
                let at = u32::try_from(self.at).ok()?;
                self.skip(c)?;
                Slot::Pattern(at, b)
            }
            code::ELEMENT => source.element(b, c)?.into(),
            code::CONTEXT => source.context(Context::from_code(a)?)?.into(),
            code::APP => {
                let mut room = [[0; 8 * APP_WORDS]; 2];
                let [provider, name] = &mut room;
                let provider = self.bytes(usize::from(a), provider)?;
                let name = self.bytes(usize::from(b), name)?;
                source.app_context(provider, name)?.into()
            }
            _ => return None,
        })
    }

    #[inline]
    fn unary(&mut self, operator: Unary) -> Option<()> {
        let value = operator.apply(self.pop()?.number()?)?;
        self.push(value.into())
    }

    #[inline]
    fn arithmetic(&mut self, operator: u8) -> Option<()> {
        let operator = Arithmetic::ALL.get(usize::from(operator))?;
        let right = self.pop()?.number()?;
        let left = self.pop()?.number()?;
        let value = operator.apply(left, right)?;
        self.push(value.into())
    }

    #[inline]
    fn compare(&mut self, comparison: u8) -> Option<()> {
        let comparison = *Comparison::ALL.get(usize::from(comparison))?;
        let right = self.pop()?;
        let left = self.pop()?;
        let holds = match left.number().zip(right.number()) {
            Some((left, right)) => comparison.holds(left, right),
            None => self.compare_texts(comparison, left, right)?,
        };
        self.push_truth(holds)
    }

    fn compare_texts(
        &mut self,
        comparison: Comparison,
        left: Slot<'a>,
        right: Slot<'a>,
    ) -> Option<bool> {
        let are_equal = match (left, right) {
            (Slot::Text(left), Slot::Text(right)) => self.are_equal(left, right)?,
            (Slot::Text(text), Slot::Pattern(at, segments))
            | (Slot::Pattern(at, segments), Slot::Text(text)) => {
                self.matches(at, segments, text)?
            }
            _ => return None,
        };
        Some(are_equal == comparison.equality()?)
    }

    fn are_equal(&mut self, left: &[u8], right: &[u8]) -> Option<bool> {
        if left.len() != right.len() {
            return Some(false);
        }
        let eights = u32::try_from(left.len() / 8).ok()?;
        self.fuel = self.fuel.checked_sub(eights)?;
        Some(left == right)
    }

    fn matches(&mut self, at: u32, segments: u16, text: &[u8]) -> Option<bool> {
        let mut pattern = Pattern {
            code: self.code,
            at: at as usize,
            segments,
            fuel: &mut self.fuel,
        };
        pattern.matches(text)
    }

    #[inline]
    fn jump_if(&mut self, deciding: bool, distance: u32) -> Option<()> {
        if self.pop()?.is_true()? == deciding {
            return self.jump(distance, deciding);
        }
        Some(())
    }

    #[inline]
    fn jump(&mut self, distance: u32, truth: bool) -> Option<()> {
        self.skip(distance)?;
        self.push_truth(truth)
    }

    #[inline]
    fn compare_field(&mut self, comparison: u8, field: u16) -> Option<bool> {
        let constant = self.next()? as i64;
        let comparison = *Comparison::ALL.get(usize::from(comparison))?;
        compare_field(self.source, field, comparison, constant)
    }

    /// The next `len` bytes in code, copied into `room`.
    fn bytes<'r>(&mut self, len: usize, room: &'r mut [u8; 8 * APP_WORDS]) -> Option<&'r [u8]> {
        for eight in room.chunks_exact_mut(8).take(len.div_ceil(8)) {
            eight.copy_from_slice(&self.next()?.to_le_bytes());
        }
        room.get(..len)
    }

    #[inline]
    fn next(&mut self) -> Option<u64> {
        let word = self.code.word(self.at)?;
        self.at += 1;
        Some(word)
    }

    #[inline]
    fn skip(&mut self, words: u32) -> Option<()> {
        self.at = self.at.checked_add(usize::try_from(words).ok()?)?;
        Some(())
    }

    #[inline]
    fn push_truth(&mut self, truth: bool) -> Option<()> {
        self.push(Slot::Int(i64::from(truth)))
    }

    #[inline]
    fn push(&mut self, slot: Slot<'a>) -> Option<()> {
        if let Some(below) = self.height.checked_sub(1) {
            *self.below.get_mut(below)? = self.top;
        }
        self.top = slot;
        self.height += 1;
        Some(())
    }

    #[inline]
    fn pop(&mut self) -> Option<Slot<'a>> {
        let top = self.top;
        self.height = self.height.checked_sub(1)?;
        if let Some(below) = self.height.checked_sub(1) {
            self.top = *self.below.get(below)?;
        }
        Some(top)
    }
}

/// Words of the longest name in `$app.PROVIDER:NAME`.
const APP_WORDS: usize = code::MAX_APP_NAME.div_ceil(8);
