//! From tokens to a tree.
//!
//! ```text
//!   loosest  ||   &&   == !=   < <= > >=   |   ^   &   << >>   + -   * / %   sign   value  tightest
//! ```
//!
//! As in LTTng, and unlike C, `&`, `^` and `|` bind tighter than comparisons. All of two operands
//! go from left to right.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

use super::error::{Error, Problem};
use super::lex::{Lexer, Placed, Token};
use super::near;
use super::tree::{Expr, Literal, MAX_TREE_DEPTH, Node};
use crate::code::{MAX_APP_NAME, MAX_NAME, MAX_NESTING};
use crate::context::Context;
use crate::operator::{Arithmetic, Comparison, Logic, Unary};

/// The tree of a text.
pub(crate) fn parse(text: &str) -> Result<Expr, Error> {
    let mut lexer = Lexer::new(text);
    let ahead = lexer.next()?;
    let mut parser = Parser {
        lexer,
        ahead,
        nesting: 0,
    };
    let tree = parser.binary(0)?;
    match parser.ahead.token {
        Token::End => Ok(tree.expr),
        _ => Err(parser.expected("an operator")),
    }
}

/// An operator with two operands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Binary {
    Logic(Logic),
    Comparison(Comparison),
    Arithmetic(Arithmetic),
}

/// The operators of each level, loosest first.
const LEVELS: [&[Binary]; 10] = {
    use Arithmetic as A;
    use Binary::{Arithmetic as Number, Comparison as Compare, Logic as Join};
    use Comparison as C;
    [
        &[Join(Logic::Or)],
        &[Join(Logic::And)],
        &[Compare(C::Eq), Compare(C::Ne)],
        &[
            Compare(C::Lt),
            Compare(C::Le),
            Compare(C::Gt),
            Compare(C::Ge),
        ],
        &[Number(A::Or)],
        &[Number(A::Xor)],
        &[Number(A::And)],
        &[Number(A::Shl), Number(A::Shr)],
        &[Number(A::Add), Number(A::Sub)],
        &[Number(A::Mul), Number(A::Div), Number(A::Rem)],
    ]
};

impl Binary {
    const fn symbol(self) -> &'static str {
        match self {
            Self::Logic(operator) => operator.symbol(),
            Self::Comparison(operator) => operator.symbol(),
            Self::Arithmetic(operator) => operator.symbol(),
        }
    }
}

/// A tree and its depth.
struct Tree {
    expr: Expr,
    depth: usize,
}

impl Tree {
    const fn leaf(column: usize, node: Node) -> Self {
        let expr = Expr { column, node };
        Self { expr, depth: 1 }
    }

    fn join(operator: Binary, column: usize, left: Self, right: Self) -> Result<Self, Error> {
        let depth = 1 + left.depth.max(right.depth);
        let (left, right) = (left.expr, right.expr);
        let node = match operator {
            Binary::Logic(operator) => Node::Logic(operator, alloc::vec![left, right]),
            Binary::Comparison(operator) => Node::Comparison(operator, Box::new([left, right])),
            Binary::Arithmetic(operator) => Node::Arithmetic(operator, Box::new([left, right])),
        };
        Self::of(column, node, depth)
    }

    fn of(column: usize, node: Node, depth: usize) -> Result<Self, Error> {
        if depth > MAX_TREE_DEPTH {
            return Err(Problem::TooDeep.at(column));
        }
        let expr = Expr { column, node };
        Ok(Self { expr, depth })
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    ahead: Placed,
    nesting: usize,
}

impl Parser<'_> {
    fn advance(&mut self) -> Result<Placed, Error> {
        let next = self.lexer.next()?;
        Ok(core::mem::replace(&mut self.ahead, next))
    }

    fn expected(&self, what: &'static str) -> Error {
        let found = self.ahead.text.clone();
        Problem::Expected { what, found }.at(self.ahead.column)
    }

    fn is_ahead(&self, symbol: &str) -> bool {
        matches!(self.ahead.token, Token::Symbol(ahead) if ahead == symbol)
    }

    fn symbol(&mut self, symbol: &str, what: &'static str) -> Result<(), Error> {
        if !self.is_ahead(symbol) {
            return Err(self.expected(what));
        }
        self.advance().map(drop)
    }

    fn name(&mut self, what: &'static str) -> Result<String, Error> {
        if !matches!(self.ahead.token, Token::Name(_)) {
            return Err(self.expected(what));
        }
        Ok(self.advance()?.text)
    }

    /// Operators of this level and all tighter ones.
    fn binary(&mut self, level: usize) -> Result<Tree, Error> {
        let Some(operators) = LEVELS.get(level) else {
            return self.sign();
        };
        let mut left = self.binary(level + 1)?;
        // Whether `left` is a chain that this loop began: one in parentheses stays as it is.
        let mut is_chain = false;
        while let Some(operator) = self.operator_of(operators) {
            let column = self.advance()?.column;
            let right = self.binary(level + 1)?;
            match &mut left.expr.node {
                Node::Logic(_, operands) if is_chain => {
                    operands.push(right.expr);
                    left.depth = left.depth.max(1 + right.depth);
                }
                _ => left = Tree::join(operator, column, left, right)?,
            }
            is_chain = true;
        }
        Ok(left)
    }

    fn operator_of(&self, operators: &[Binary]) -> Option<Binary> {
        let here = |operator: &&Binary| self.is_ahead(operator.symbol());
        operators.iter().find(here).copied()
    }

    fn sign(&mut self) -> Result<Tree, Error> {
        const SIGNS: [Unary; 4] = [Unary::Plus, Unary::Minus, Unary::Not, Unary::BitNot];
        let sign = SIGNS.iter().find(|sign| self.is_ahead(sign.symbol()));
        let Some(&sign) = sign else {
            return self.value();
        };
        let column = self.advance()?.column;
        let operand = self.nested(column, Self::sign)?;
        let node = Node::Unary(sign, Box::new(operand.expr));
        Tree::of(column, node, operand.depth + 1)
    }

    fn nested(
        &mut self,
        column: usize,
        parse: impl FnOnce(&mut Self) -> Result<Tree, Error>,
    ) -> Result<Tree, Error> {
        if self.nesting == MAX_NESTING {
            return Err(Problem::TooDeep.at(column));
        }
        self.nesting += 1;
        let tree = parse(self)?;
        self.nesting -= 1;
        Ok(tree)
    }

    fn value(&mut self) -> Result<Tree, Error> {
        let literal = match &mut self.ahead.token {
            Token::Int(value) => Literal::Int(*value as i64),
            Token::Float(value) => Literal::Float(*value),
            Token::Text(parts) => Literal::Text(core::mem::take(parts)),
            Token::Name(_) => return self.field(),
            Token::Dollar(_) => return self.dollar(),
            Token::Symbol("(") => return self.parentheses(),
            _ => return Err(self.expected("a value")),
        };
        let column = self.advance()?.column;
        Ok(Tree::leaf(column, Node::Literal(literal)))
    }

    fn parentheses(&mut self) -> Result<Tree, Error> {
        let column = self.advance()?.column;
        let tree = self.nested(column, |parser| parser.binary(0))?;
        self.symbol(")", "an operator or `)`")?;
        Ok(tree)
    }

    fn field(&mut self) -> Result<Tree, Error> {
        let Placed {
            column, text: root, ..
        } = self.advance()?;
        let mut name = root;
        let mut index = None;
        loop {
            let is_index = self.is_ahead("[");
            if !is_index && !self.is_ahead(".") {
                break;
            }
            // An index in the middle belongs to the name of what comes behind it.
            if let Some(index) = index.take() {
                write!(name, "[{index}]").expect("a string takes everything");
            }
            self.advance()?;
            if is_index {
                index = Some(self.index()?);
            } else {
                name.push('.');
                name += &self.name("the name of a member")?;
            }
        }
        if name.len() > MAX_NAME {
            return Err(Problem::NameTooLong { limit: MAX_NAME }.at(column));
        }
        Ok(Tree::leaf(column, Node::Field { name, index }))
    }

    /// A number and the bracket behind it.
    fn index(&mut self) -> Result<u32, Error> {
        let Token::Int(index) = self.ahead.token else {
            return Err(self.expected("an index, which is a number"));
        };
        let digits = self.advance()?;
        let index = u32::try_from(index)
            .map_err(|_| Problem::NumberTooLarge(digits.text).at(digits.column))?;
        self.symbol("]", "`]`")?;
        Ok(index)
    }

    fn dollar(&mut self) -> Result<Tree, Error> {
        let column = self.ahead.column;
        let node = match self.ahead.text.as_str() {
            "$ctx" => self.context()?,
            "$app" => self.app_context()?,
            _ => return Err(self.expected("`$ctx.NAME` or `$app.PROVIDER:NAME`")),
        };
        Ok(Tree::leaf(column, node))
    }

    fn context(&mut self) -> Result<Node, Error> {
        self.advance()?;
        self.symbol(".", "`.` and the name of a context")?;
        let column = self.ahead.column;
        let name = self.name("the name of a context")?;
        if let Some(context) = Context::find(&name) {
            return Ok(Node::Context(context));
        }
        let all: Vec<&str> = Context::ALL.iter().map(|context| context.name()).collect();
        let near = near::names(&name, all.into_iter());
        Err(Problem::UnknownContext { name, near }.at(column))
    }

    fn app_context(&mut self) -> Result<Node, Error> {
        self.advance()?;
        self.symbol(".", "`.` and the name of a provider")?;
        let column = self.ahead.column;
        let provider = self.name("the name of a provider")?;
        self.symbol(":", "`:` and the name of a context")?;
        let name = self.name("the name of a context")?;
        if provider.len() > MAX_APP_NAME || name.len() > MAX_APP_NAME {
            let limit = MAX_APP_NAME;
            return Err(Problem::NameTooLong { limit }.at(column));
        }
        Ok(Node::App { provider, name })
    }
}
