//! What each operator does to numbers.
//!
//! ```text
//!   bitwise, shifts, %   integers only, done as u64, the result read as i64
//!   + - * /              wrapping; a float on either side makes both floats
//!   < <= > >= == !=      as i64; a float on either side makes both floats
//! ```
//!
//! The tree's constants and the running code are computed by the same functions, so that what is
//! folded and what is evaluated cannot differ. `None` is "no value": the whole filter is false.

/// An operand that is a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Every integer, unsigned ones too, as its 64 bits.
    Int(i64),
    /// A float.
    Float(f64),
}

impl Number {
    const fn as_float(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    /// Whether it counts as true where truth is asked for. A float is cut to an integer first, so
    /// that 0.5 is not: that is what LTTng does.
    pub const fn is_true(self) -> bool {
        match self {
            Self::Int(value) => value != 0,
            Self::Float(value) => value as i64 != 0,
        }
    }
}

/// An operator with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// `+`: only numbers have it.
    Plus,
    /// `-`.
    Minus,
    /// `!`: 1 for zero, else 0.
    Not,
    /// `~`.
    BitNot,
}

impl Unary {
    /// Its value.
    pub const fn apply(self, value: Number) -> Option<Number> {
        Some(match (self, value) {
            (Self::Plus, _) => value,
            (Self::Minus, Number::Int(value)) => Number::Int(value.wrapping_neg()),
            (Self::Minus, Number::Float(value)) => Number::Float(-value),
            (Self::Not, Number::Int(value)) => Number::Int((value == 0) as i64),
            (Self::Not, Number::Float(value)) => Number::Int((value == 0.0) as i64),
            (Self::BitNot, Number::Int(value)) => Number::Int(!value),
            (Self::BitNot, Number::Float(_)) => return None,
        })
    }

    /// As it is written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Not => "!",
            Self::BitNot => "~",
        }
    }
}

/// An operator that makes a number of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as what they do")]
pub enum Arithmetic {
    Mul,
    Div,
    Rem,
    Add,
    Sub,
    Shl,
    Shr,
    And,
    Xor,
    Or,
}

impl Arithmetic {
    /// All, in the order of their codes.
    pub const ALL: [Self; 10] = [
        Self::Mul,
        Self::Div,
        Self::Rem,
        Self::Add,
        Self::Sub,
        Self::Shl,
        Self::Shr,
        Self::And,
        Self::Xor,
        Self::Or,
    ];

    /// Its value.
    pub const fn apply(self, left: Number, right: Number) -> Option<Number> {
        match (left, right) {
            (Number::Int(left), Number::Int(right)) => match self.of_integers(left, right) {
                Some(value) => Some(Number::Int(value)),
                None => None,
            },
            _ => match self.of_floats(left.as_float(), right.as_float()) {
                Some(value) => Some(Number::Float(value)),
                None => None,
            },
        }
    }

    const fn of_integers(self, left: i64, right: i64) -> Option<i64> {
        Some(match self {
            Self::Mul => left.wrapping_mul(right),
            Self::Add => left.wrapping_add(right),
            Self::Sub => left.wrapping_sub(right),
            Self::Div | Self::Rem if right == 0 => return None,
            Self::Div => left.wrapping_div(right),
            Self::Rem => left.wrapping_rem(right),
            Self::Shl | Self::Shr if right < 0 || right > 63 => return None,
            Self::Shl => ((left as u64) << right) as i64,
            Self::Shr => ((left as u64) >> right) as i64,
            Self::And => left & right,
            Self::Xor => left ^ right,
            Self::Or => left | right,
        })
    }

    const fn of_floats(self, left: f64, right: f64) -> Option<f64> {
        match self {
            Self::Mul => Some(left * right),
            Self::Add => Some(left + right),
            Self::Sub => Some(left - right),
            Self::Div if right != 0.0 => Some(left / right),
            _ => None,
        }
    }

    /// Whether floats have no such operator.
    pub const fn needs_integers(self) -> bool {
        !matches!(self, Self::Mul | Self::Div | Self::Add | Self::Sub)
    }

    /// As it is written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
            Self::Add => "+",
            Self::Sub => "-",
            Self::Shl => "<<",
            Self::Shr => ">>",
            Self::And => "&",
            Self::Xor => "^",
            Self::Or => "|",
        }
    }
}

/// An operator that compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as what they do")]
pub enum Comparison {
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
}

impl Comparison {
    /// All, in the order of their codes.
    pub const ALL: [Self; 6] = [Self::Lt, Self::Le, Self::Gt, Self::Ge, Self::Eq, Self::Ne];

    /// Whether it holds between two numbers. With NaN only `!=` does, as in C.
    pub const fn holds(self, left: Number, right: Number) -> bool {
        match (left, right) {
            (Number::Int(left), Number::Int(right)) => self.holds_for_integers(left, right),
            _ => self.holds_for_floats(left.as_float(), right.as_float()),
        }
    }

    /// Whether it holds between two integers. Without a branch: which comparison it is changes
    /// from instruction to instruction, and what it gives from event to event.
    #[inline]
    pub const fn holds_for_integers(self, left: i64, right: i64) -> bool {
        let order =
            (left < right) as u8 | ((left == right) as u8) << 1 | ((left > right) as u8) << 2;
        self.orders() & order != 0
    }

    /// The orders between left and right for which it holds: less 1, equal 2, greater 4.
    #[inline]
    const fn orders(self) -> u8 {
        match self {
            Self::Lt => 1,
            Self::Le => 3,
            Self::Gt => 4,
            Self::Ge => 6,
            Self::Eq => 2,
            Self::Ne => 5,
        }
    }

    const fn holds_for_floats(self, left: f64, right: f64) -> bool {
        match self {
            Self::Lt => left < right,
            Self::Le => left <= right,
            Self::Gt => left > right,
            Self::Ge => left >= right,
            Self::Eq => left == right,
            Self::Ne => left != right,
        }
    }

    /// Whether it compares what are equal, `Some(false)` for `!=`; `None`: it asks for an order,
    /// which texts do not have here.
    pub const fn equality(self) -> Option<bool> {
        match self {
            Self::Eq => Some(true),
            Self::Ne => Some(false),
            _ => None,
        }
    }

    /// What holds between `b` and `a` exactly when this holds between `a` and `b`.
    pub const fn mirrored(self) -> Self {
        match self {
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            Self::Eq | Self::Ne => self,
        }
    }

    /// As it is written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Eq => "==",
            Self::Ne => "!=",
        }
    }
}

/// An operator whose right side is evaluated only if the left one does not decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as what they do")]
pub enum Logic {
    And,
    Or,
}

impl Logic {
    /// The truth that decides alone, and is then the value.
    pub const fn deciding(self) -> bool {
        matches!(self, Self::Or)
    }

    /// As it is written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::And => "&&",
            Self::Or => "||",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(operator: Arithmetic, left: i64, right: i64, expected: Option<i64>) {
        let value = operator.apply(Number::Int(left), Number::Int(right));
        assert_eq!(value, expected.map(Number::Int));
    }

    #[test]
    fn arithmetic_wraps() {
        check(Arithmetic::Add, i64::MAX, 1, Some(i64::MIN));
        check(Arithmetic::Sub, i64::MIN, 1, Some(i64::MAX));
        check(Arithmetic::Mul, i64::MAX, 2, Some(-2));
        check(Arithmetic::Div, i64::MIN, -1, Some(i64::MIN));
        check(Arithmetic::Rem, i64::MIN, -1, Some(0));
        let least = Unary::Minus.apply(Number::Int(i64::MIN));
        assert_eq!(least, Some(Number::Int(i64::MIN)));
    }

    #[test]
    fn what_has_no_value_is_none() {
        check(Arithmetic::Div, 1, 0, None);
        check(Arithmetic::Rem, 1, 0, None);
        check(Arithmetic::Shl, 1, 64, None);
        check(Arithmetic::Shr, 1, -1, None);
        let float = Number::Float(1.0);
        assert_eq!(Arithmetic::Div.apply(float, Number::Int(0)), None);
        assert_eq!(Unary::BitNot.apply(float), None);
        for operator in Arithmetic::ALL {
            let value = operator.apply(float, float);
            assert_eq!(value.is_none(), operator.needs_integers(), "{operator:?}");
        }
    }

    #[test]
    fn a_shift_to_the_right_brings_zeros_in() {
        check(Arithmetic::Shr, -1, 60, Some(15));
        check(Arithmetic::Shl, 1, 63, Some(i64::MIN));
    }
}
