//! Random filters over random events: the whole way from text to an evaluation gives what a walk
//! over the tree gives, which knows no bytecode, no words and no stack.

#![forbid(unsafe_code)]

mod common;

use std::cmp::Ordering;

use common::{Event, Owned, Random};
use thalweg_filter::{Filter, Kind, evaluate, link};

/// A filter as this test knows it.
#[derive(Clone, Debug)]
enum Tree {
    Int(i64),
    Float(f64),
    /// A text, with its stars.
    Text(&'static str),
    Field(&'static str),
    Element(&'static str, u32),
    Unary(&'static str, Box<Tree>),
    Binary(&'static str, Box<[Tree; 2]>),
}

/// What it is worth.
#[derive(Clone, Debug, PartialEq)]
enum Worth {
    Int(i64),
    Float(f64),
    Bytes(Vec<u8>),
    Pattern(&'static str),
}

use Worth::{Bytes, Float, Int, Pattern};

/// Loosest first.
const LEVELS: [&[&str]; 10] = [
    &["||"],
    &["&&"],
    &["==", "!="],
    &["<", "<=", ">", ">="],
    &["|"],
    &["^"],
    &["&"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

const TEXTS: [&str; 8] = ["", "a", "*", "a*", "*b", "a*b", "ab", "*a*b*"];
const INTS: [i64; 12] = [0, 1, 2, 3, 7, 63, 64, 255, -1, -2, i64::MAX, i64::MIN];
const FLOATS: [f64; 6] = [0.0, 0.5, 1.0, 1.5, 2.0, 1e18];
const INT_FIELDS: [&str; 3] = ["i", "j", "u"];

fn level_of(operator: &str) -> usize {
    let has = |level: &[&str]| level.contains(&operator);
    LEVELS.into_iter().position(has).expect("one of them")
}

/// A random number, `depth` operators deep at most.
fn number(random: &mut Random, depth: usize) -> Tree {
    if depth == 0 || random.below(8) == 0 {
        return match random.below(9) {
            0 | 1 => Tree::Int(random.one_of(&INTS)),
            2 => Tree::Float(random.one_of(&FLOATS)),
            3 => Tree::Field("f"),
            4 => Tree::Element("list", random.below(3) as u32),
            5 => Tree::Element("reals", random.below(2) as u32),
            6 if random.below(8) == 0 => Tree::Field("missing"),
            _ => Tree::Field(random.one_of(&INT_FIELDS)),
        };
    }
    if random.below(5) == 0 {
        let operator = random.one_of(&["-", "+", "!", "~"]);
        return Tree::Unary(operator, Box::new(number(random, depth - 1)));
    }
    let level: &[&'static str] = LEVELS[random.below(LEVELS.len())];
    let operator = random.one_of(level);
    let is_of_texts = matches!(operator, "==" | "!=") && random.below(2) == 0;
    let side = if is_of_texts { text } else { number };
    let sides = [side(random, depth - 1), side(random, depth - 1)];
    Tree::Binary(operator, Box::new(sides))
}

fn text(random: &mut Random, _: usize) -> Tree {
    match random.below(3) {
        0 => Tree::Text(random.one_of(&TEXTS)),
        1 => Tree::Field("s"),
        _ => Tree::Field("t"),
    }
}

fn event(random: &mut Random) -> Event {
    let int = |random: &mut Random| random.one_of(&INTS);
    let (i, j, u) = (int(random), int(random), int(random) as u64);
    let list = (0..random.below(4)).map(|_| int(random)).collect();
    let float = |random: &mut Random| match random.below(8) {
        0 => f64::NAN,
        1 => f64::INFINITY,
        _ => random.one_of(&FLOATS),
    };
    let f = float(random);
    let reals = (0..random.below(3)).map(|_| float(random)).collect();
    Event::default()
        .with("i", Owned::Int(i))
        .with("j", Owned::Int(j))
        .with("u", Owned::Uint(u))
        .with("f", Owned::Float(f))
        .with("s", Owned::text(random.one_of(&TEXTS)))
        .with("t", Owned::text(random.one_of(&TEXTS)))
        .with("list", Owned::Ints(list))
        .with("reals", Owned::Floats(reals))
}

/// With no more parentheses than are needed, and now and then some.
fn write(tree: &Tree, random: &mut Random) -> (String, usize) {
    let (text, level) = match tree {
        // A negative number has a sign, which binds like one.
        Tree::Int(i64::MIN) => ("0x8000000000000000".to_owned(), LEVELS.len() + 1),
        Tree::Int(value) if *value < 0 => (value.to_string(), LEVELS.len()),
        Tree::Int(value) => match random.below(3) {
            0 => (format!("{value:#x}"), LEVELS.len() + 1),
            1 if *value > 0 => (format!("0{value:o}"), LEVELS.len() + 1),
            _ => (value.to_string(), LEVELS.len() + 1),
        },
        Tree::Float(value) => (format!("{value:?}"), LEVELS.len() + 1),
        Tree::Text(text) => (format!("\"{text}\""), LEVELS.len() + 1),
        Tree::Field(name) => ((*name).to_owned(), LEVELS.len() + 1),
        Tree::Element(name, at) => (format!("{name}[{at}]"), LEVELS.len() + 1),
        Tree::Unary(operator, operand) => {
            let operand = write_at_least(operand, LEVELS.len(), random);
            (format!("{operator}{operand}"), LEVELS.len())
        }
        Tree::Binary(operator, sides) => {
            let level = level_of(operator);
            let left = write_at_least(&sides[0], level, random);
            let right = write_at_least(&sides[1], level + 1, random);
            (format!("{left} {operator} {right}"), level)
        }
    };
    if random.below(20) == 0 {
        return (format!("({text})"), LEVELS.len() + 1);
    }
    (text, level)
}

fn write_at_least(tree: &Tree, least: usize, random: &mut Random) -> String {
    let (text, level) = write(tree, random);
    if level < least {
        format!("({text})")
    } else {
        text
    }
}

fn is_true(worth: &Worth) -> Option<bool> {
    match worth {
        Int(value) => Some(*value != 0),
        Float(value) => Some(*value as i64 != 0),
        _ => None,
    }
}

fn float(worth: &Worth) -> Option<f64> {
    match worth {
        Int(value) => Some(*value as f64),
        Float(value) => Some(*value),
        _ => None,
    }
}

/// What a tree is worth for an event; `None` makes the filter false.
fn worth(tree: &Tree, event: &Event) -> Option<Worth> {
    Some(match tree {
        Tree::Int(value) => Int(*value),
        Tree::Float(value) => Float(*value),
        Tree::Text(text) => Pattern(text),
        Tree::Field(name) => {
            let field = event.fields.iter().find(|field| field.0 == *name)?;
            match &field.1 {
                Owned::Int(value) => Int(*value),
                Owned::Uint(value) => Int(*value as i64),
                Owned::Float(value) => Float(*value),
                Owned::Text(text) => Bytes(text.clone()),
                _ => return None,
            }
        }
        Tree::Element(name, at) => {
            let field = event.fields.iter().find(|field| field.0 == *name)?;
            match &field.1 {
                Owned::Ints(values) => Int(*values.get(*at as usize)?),
                Owned::Floats(values) => Float(*values.get(*at as usize)?),
                _ => return None,
            }
        }
        Tree::Unary(operator, operand) => match (*operator, worth(operand, event)?) {
            ("+", worth @ (Int(_) | Float(_))) => worth,
            ("-", Int(value)) => Int(value.wrapping_neg()),
            ("-", Float(value)) => Float(-value),
            ("!", Int(value)) => Int((value == 0).into()),
            ("!", Float(value)) => Int((value == 0.0).into()),
            ("~", Int(value)) => Int(!value),
            _ => return None,
        },
        Tree::Binary(operator @ ("&&" | "||"), sides) => {
            let decides = *operator == "||";
            let truth = |side: &Tree| is_true(&worth(side, event)?);
            Int((truth(&sides[0])? == decides && decides
                || (truth(&sides[0])? != decides && truth(&sides[1])?))
            .into())
        }
        Tree::Binary(operator, sides) => {
            let [left, right] = sides.each_ref().map(|side| worth(side, event));
            binary(operator, &left?, &right?)?
        }
    })
}

fn binary(operator: &str, left: &Worth, right: &Worth) -> Option<Worth> {
    if level_of(operator) == 2 || level_of(operator) == 3 {
        return compare(operator, left, right).map(|holds| Int(holds.into()));
    }
    if let (Int(left), Int(right)) = (left, right) {
        return integers(operator, *left, *right).map(Int);
    }
    let (left, right) = (float(left)?, float(right)?);
    Some(Float(match operator {
        "*" => left * right,
        "/" if right != 0.0 => left / right,
        "+" => left + right,
        "-" => left - right,
        _ => return None,
    }))
}

/// In 128 bits, and cut.
fn integers(operator: &str, left: i64, right: i64) -> Option<i64> {
    let (wide, other) = (i128::from(left), i128::from(right));
    let bits = u128::from(left as u64);
    Some(match operator {
        "*" => (wide * other) as i64,
        "/" if right != 0 => (wide / other) as i64,
        "%" if right != 0 => (wide % other) as i64,
        "+" => (wide + other) as i64,
        "-" => (wide - other) as i64,
        "<<" if (0..64).contains(&right) => (bits << right) as i64,
        ">>" if (0..64).contains(&right) => (bits >> right) as i64,
        "&" => left & right,
        "^" => left ^ right,
        "|" => left | right,
        _ => return None,
    })
}

fn compare(operator: &str, left: &Worth, right: &Worth) -> Option<bool> {
    let order = match (left, right) {
        (Int(left), Int(right)) => Some(left.cmp(right)),
        (Int(_) | Float(_), Int(_) | Float(_)) => float(left)?.partial_cmp(&float(right)?),
        _ => {
            let is_equal = match (left, right) {
                (Bytes(left), Bytes(right)) => left == right,
                (Pattern(pattern), Bytes(text)) | (Bytes(text), Pattern(pattern)) => {
                    glob(pattern.as_bytes(), text)
                }
                (Pattern(left), Pattern(right)) if left.contains('*') => {
                    glob(left.as_bytes(), right.as_bytes())
                }
                (Pattern(left), Pattern(right)) => glob(right.as_bytes(), left.as_bytes()),
                _ => return None,
            };
            return match operator {
                "==" => Some(is_equal),
                "!=" => Some(!is_equal),
                _ => None,
            };
        }
    };
    Some(match operator {
        "==" => order.is_some_and(Ordering::is_eq),
        "!=" => !order.is_some_and(Ordering::is_eq),
        "<" => order.is_some_and(Ordering::is_lt),
        "<=" => order.is_some_and(Ordering::is_le),
        ">" => order.is_some_and(Ordering::is_gt),
        _ => order.is_some_and(Ordering::is_ge),
    })
}

/// Every way to put bytes in for the stars.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|at| glob(rest, &text[at..])),
        [byte, rest @ ..] => text.first() == Some(byte) && glob(rest, &text[1..]),
    }
}

fn has_a_missing_field(tree: &Tree) -> bool {
    match tree {
        Tree::Field(name) => *name == "missing",
        Tree::Unary(_, operand) => has_a_missing_field(operand),
        Tree::Binary(_, sides) => sides.iter().any(has_a_missing_field),
        _ => false,
    }
}

fn expected(tree: &Tree, event: &Event) -> bool {
    !has_a_missing_field(tree) && matches!(worth(tree, event), Some(Int(value)) if value != 0)
}

/// Whether the checker passes it: then nothing but a missing value may make it false.
fn is_accepted(filter: &Filter) -> bool {
    let fields = [
        ("i", Kind::Integer),
        ("j", Kind::Integer),
        ("u", Kind::Integer),
        ("f", Kind::Float),
        ("s", Kind::Text),
        ("t", Kind::Text),
        ("list", Kind::IntegerList(None)),
        ("reals", Kind::FloatList(None)),
    ];
    filter.check(&fields[..]).is_ok()
}

#[test]
fn evaluating_gives_what_walking_over_the_tree_gives() {
    const CASES: usize = 150_000;
    let mut random = Random(7);
    let (mut cases, mut passed, mut refused, mut accepted) = (0, 0, 0, 0);
    let mut words = vec![0; 4096];
    while cases < CASES {
        let depth = 1 + random.below(6);
        let tree = number(&mut random, depth);
        let (text, _) = write(&tree, &mut random);
        let Ok(filter) = text.parse::<Filter>() else {
            refused += 1;
            continue;
        };
        accepted += usize::from(is_accepted(&filter));
        let bytecode = filter.compile().expect("it is small");
        for _ in 0..4 {
            let event = event(&mut random);
            let lookup = |name: &[u8], element| event.index(name, element);
            let len = link(bytecode.as_bytes(), lookup, &mut words).expect("it is ours");
            let ours = evaluate(&words[..len], &event);
            assert_eq!(ours, expected(&tree, &event), "{text}\n{event:?}");
            cases += 1;
            passed += usize::from(ours);
        }
    }
    // A generator that makes only refused or only false filters would prove nothing.
    assert!(passed > CASES / 10 && passed < CASES, "{passed} passed");
    assert!(accepted > CASES / 40, "{accepted} fit their event");
    println!("{cases} cases, {passed} passed, {accepted} filters fit, {refused} refused");
}
