//! Truths: jumps, one way or the other.

use thalweg_bpf::Condition;
use thalweg_bpf::Label;
use thalweg_bpf::Register::{R0, R1, R2};
use thalweg_filter::tracefs::Refusal;
use thalweg_filter::{Comparison, Expr, Literal, Logic, Node, Unary};

use super::operand::{Operand, Operands};
use super::write::Writer;

impl<O: Operands + ?Sized> Writer<'_, O> {
    /// Code that goes on at `label` if the expression's truth is `on`, and falls through if not.
    pub(super) fn jump(&mut self, expr: &Expr, on: bool, label: Label) -> Result<(), Refusal> {
        match &expr.node {
            Node::Unary(Unary::Not, operand) => self.jump(operand, !on, label),
            Node::Logic(logic, operands) => self.logic((*logic, operands), on, label),
            Node::Comparison(comparison, operands) => {
                self.compare(*comparison, operands, on, label)
            }
            _ => {
                self.number(expr)?;
                let condition = match on {
                    true => Condition::NotEqual,
                    false => Condition::Equal,
                };
                self.a.jump_if(condition, R0, 0, label);
                Ok(())
            }
        }
    }

    /// Goes on at `label`, always; the verifier refuses code that a plain jump makes unreachable.
    pub(super) fn jump_always(&mut self, label: Label) {
        self.a.set(R0, 0);
        self.a.jump_if(Condition::Equal, R0, 0, label);
    }

    /// R0 becomes 1 if the expression is true, else 0.
    pub(super) fn truth_value(&mut self, expr: &Expr) -> Result<(), Refusal> {
        let (is_true, done) = (self.a.label(), self.a.label());
        self.jump(expr, true, is_true)?;
        self.a.set(R0, 0);
        self.a.jump(done);
        self.a.bind(is_true);
        self.a.set(R0, 1);
        self.a.bind(done);
        Ok(())
    }

    fn logic(
        &mut self,
        (logic, operands): (Logic, &[Expr]),
        on: bool,
        label: Label,
    ) -> Result<(), Refusal> {
        // What decides at once: false for `&&`, true for `||`.
        let deciding = logic == Logic::Or;
        let Some((last, others)) = operands.split_last() else {
            return Ok(());
        };
        let behind = self.a.label();
        let decided = if on == deciding { label } else { behind };
        for operand in others {
            self.jump(operand, deciding, decided)?;
        }
        self.jump(last, on, label)?;
        self.a.bind(behind);
        Ok(())
    }

    fn compare(
        &mut self,
        comparison: Comparison,
        operands: &[Expr; 2],
        on: bool,
        label: Label,
    ) -> Result<(), Refusal> {
        if self.is_text(&operands[0]) || self.is_text(&operands[1]) {
            // The check has seen to it that it is `==` or `!=`.
            let is_equality = comparison.equality().unwrap_or(true);
            return self.compare_texts(operands, is_equality == on, label);
        }
        let condition = condition(comparison, on);
        let [left, right] = operands;
        // rbpf takes a negative number in a jump for an unsigned one, the kernel does not.
        if let Node::Literal(Literal::Int(value @ 0..)) = right.node
            && let Ok(value) = i32::try_from(value)
        {
            self.number(left)?;
            self.a.jump_if(condition, R0, value, label);
            return Ok(());
        }
        self.pair(operands)?;
        self.a.jump_if(condition, R1, R2, label);
        Ok(())
    }

    fn is_text(&self, expr: &Expr) -> bool {
        match &expr.node {
            Node::Literal(literal) => matches!(literal, Literal::Text(_)),
            Node::Field { .. } | Node::Context(_) => matches!(
                self.operand(expr),
                Ok(Operand::Text(_) | Operand::Names(..))
            ),
            _ => false,
        }
    }
}

const fn condition(comparison: Comparison, on: bool) -> Condition {
    match (comparison, on) {
        (Comparison::Lt, true) | (Comparison::Ge, false) => Condition::Less,
        (Comparison::Le, true) | (Comparison::Gt, false) => Condition::LessOrEqual,
        (Comparison::Gt, true) | (Comparison::Le, false) => Condition::Greater,
        (Comparison::Ge, true) | (Comparison::Lt, false) => Condition::GreaterOrEqual,
        (Comparison::Eq, true) | (Comparison::Ne, false) => Condition::Equal,
        (Comparison::Ne, true) | (Comparison::Eq, false) => Condition::NotEqual,
    }
}
