//! Filters in the kernel's words: what they look like, what is refused, and that they mean the same.
//!
//! The kernel itself is asked in crate `kernel`, `tests/live_filter.rs`; here an interpreter of its
//! language stands in for it.

mod common;

use common::kernel::{self, Record};
use common::{Event, Owned, Random, linked};
use thalweg_filter::tracefs::{
    IntegerOperand, Lowered, Operand, Operands, TextOperand, Width, lower,
};
use thalweg_filter::{Filter, evaluate};

/// Bits and sign in the kernel, those in the trace, and what is added.
type Shape = (u32, bool, u32, bool, i32);

const SHAPES: [(&str, Shape); 10] = [
    ("same", (32, true, 32, true, 0)),
    ("prio", (32, true, 32, true, -100)),
    ("tiny", (8, false, 8, false, 0)),
    ("wide", (64, false, 64, false, 0)),
    ("long", (64, true, 64, true, 0)),
    ("cut", (64, false, 32, true, 0)),
    ("cut_u", (64, true, 32, false, 0)),
    ("vec", (32, false, 8, false, 0)),
    ("grown", (16, true, 64, false, 0)),
    ("turned", (32, true, 32, false, 0)),
];

struct Fields;

impl Operands for Fields {
    fn operand(&self, name: &str) -> Option<Operand<'_>> {
        if let Some((name, shape)) = SHAPES.iter().find(|field| field.0 == name) {
            return Some(Operand::Integer(operand(name, *shape)));
        }
        match name {
            "comm" => Some(Operand::Text(TextOperand {
                name: "comm",
                room: Some(16),
            })),
            "path" => Some(Operand::Text(TextOperand {
                name: "path",
                room: None,
            })),
            "args" => Some(Operand::Closed("it is a list")),
            _ => None,
        }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        SHAPES
            .iter()
            .map(|field| field.0)
            .chain(["comm", "path", "args"])
    }
}

const fn operand(name: &str, shape: Shape) -> IntegerOperand<'_> {
    let (kernel, kernel_signed, trace, signed, add) = shape;
    IntegerOperand {
        name,
        kernel: Width {
            bits: kernel,
            signed: kernel_signed,
        },
        trace: Width {
            bits: trace,
            signed,
        },
        add,
    }
}

fn said(filter: &str) -> String {
    let parsed: Filter = filter.parse().expect("it is a filter");
    match lower(&parsed, &Fields) {
        Ok(Lowered::Predicate(text)) => text,
        Ok(always_or_never) => format!("{always_or_never:?}"),
        Err(refusal) => refusal.to_string(),
    }
}

#[track_caller]
fn check(filter: &str, expected: &str) {
    assert_eq!(said(filter), expected, "{filter}");
}

#[test]
fn numbers_are_said_as_the_kernel_has_them() {
    check("same == 7", "same == 7");
    check("same != -7 && same < 10", "same != -7 && same <= 9");
    check("prio < 20", "prio >= -2147483548 && prio <= 119");
    check(
        "prio >= 0 && prio < 40",
        "(prio <= -2147483549 || prio >= 100) && prio >= -2147483548 && prio <= 139",
    );
    check("wide > 4096", "wide >= 4097 && wide <= 9223372036854775807");
    check("wide < 0", "wide >= 9223372036854775808");
    check("tiny < 300", "Always");
    check("tiny == -1", "Never");
    check("!(same == 1 || tiny)", "!(same == 1) && !(tiny >= 1)");
    check("1 && same", "same != 0");
}

#[test]
fn what_the_trace_has_in_fewer_bits_is_told_bit_by_bit() {
    check("cut == 3", "cut & 0x2 && cut & 0x1 && !(cut & 0xfffffffc)");
    check("vec", "vec & 0xff");
    check(
        "vec < 0x60",
        "!(vec & 0x80) && (!(vec & 0x40) || !(vec & 0x20))",
    );
    check("same & 4", "same & 0x4");
    check("(same & 6) == 2", "same & 0x2 && !(same & 0x4)");
    check("(wide & 3) != 0 || long & 1", "wide & 0x3 || long & 0x1");
}

#[test]
fn texts_are_said_so_that_the_kernel_takes_them_for_what_they_are() {
    check("comm == \"cat\"", "comm == \"cat\"");
    check("comm != 'c*'", "!(comm ~ \"c*\")");
    check("comm == \"*at\"", "comm ~ \"*\\at\"");
    check("comm == \"a*b\"", "comm ~ \"\\a*b\"");
    check("comm == \"1*\"", "comm ~ \"\\1*\"");
    check("comm == \"!x*\"", "comm ~ \"\\!x*\"");
    check("comm == \"a\\*b\"", "comm == \"a*b\"");
    check("path == \"*[x]*\"", "path ~ \"*\\[x\\]*\"");
    check("comm == \"*\"", "Always");
    check("comm == \"longer than sixteen\"", "Never");
    check("path == 'say \"x\"'", "path == 'say \"x\"'");
    check(
        "$ctx.procname == \"sh\" && $ctx.tid != 1",
        "COMM == \"sh\" && common_pid != 1",
    );
    check("$ctx.cpu_id == 1", "CPU == 1");
}

#[test]
fn what_the_kernel_cannot_tell_is_refused_with_its_place() {
    check(
        "same == 1 && prio + 1 > 2",
        "column 19: the kernel's filters know no `+`",
    );
    check(
        "same == prio",
        "column 9: the kernel's filters compare a field with a constant, not with this",
    );
    check(
        "args[1] == 1",
        "column 1: the kernel's filters look at fields, not at elements of them",
    );
    check(
        "args == 1",
        "column 1: `args` cannot be filtered: it is a list",
    );
    check(
        "same > 1.5",
        "column 8: the kernel's filters compare with integers, not with floats",
    );
    check(
        "path == \"\\\"'\"",
        "column 9: the kernel's filters know no text with quotes of both kinds",
    );
    check(
        "(same == 1) == 1",
        "column 7: the kernel's filters compare fields, not what comes of a comparison",
    );
    check(
        "sam == 1",
        "column 1: the event has no field `sam` (did you mean `same`?)",
    );
    check(
        "comm > path",
        "column 6: texts have no `>`, only `==` and `!=`",
    );
    check(
        "$ctx.vtid == 1",
        "column 1: the kernel's filters know no $ctx.vtid, but $ctx.tid, $ctx.procname and $ctx.cpu_id",
    );
    let many: Vec<String> = (0..500).map(|n| format!("same == {n}")).collect();
    let told = said(&many.join(" || "));
    assert!(told.contains("and it takes 4095"), "{told}");
}

const WORDS: [&str; 9] = ["", "a", "ab", "1a", "!a", "a[b", "ba", "a?", "\u{e4}b"];
const EDGES: [i64; 12] = [
    0,
    1,
    2,
    -1,
    99,
    100,
    255,
    256,
    1 << 31,
    -(1 << 31),
    i64::MAX,
    i64::MIN,
];

fn number(random: &mut Random) -> i64 {
    match random.below(3) {
        0 => random.one_of(&EDGES),
        1 => random.below(8) as i64 - 4,
        _ => (random.next() as i64) >> random.below(64),
    }
}

fn word(random: &mut Random) -> String {
    let mut pick = || random.one_of(&WORDS);
    [pick(), pick()].concat()
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('*', "\\*")
}

/// A filter that the kernel can tell, most of the time.
fn filter(random: &mut Random, depth: u32) -> String {
    let field = random.one_of(&SHAPES).0;
    let operator = random.one_of(&["<", "<=", ">", ">=", "==", "!="]);
    match random.below(if depth == 0 { 6 } else { 9 }) {
        0..=2 => format!("{field} {operator} {}", number(random)),
        3 => format!(
            "({field} & {}) {operator} {}",
            number(random),
            number(random)
        ),
        4 => format!("!{field}"),
        5 => {
            let name = random.one_of(&["comm", "path"]);
            let is = random.one_of(&["==", "!="]);
            let stars = [random.one_of(&["", "*"]), random.one_of(&["", "*"])];
            let middle = random.one_of(&["", "*"]);
            let (first, last) = (quoted(&word(random)), quoted(&word(random)));
            format!(
                "{name} {is} \"{}{first}{middle}{last}{}\"",
                stars[0], stars[1]
            )
        }
        6 => format!("!({})", filter(random, depth - 1)),
        n => {
            let logic = ["&&", "||"][n - 7];
            format!(
                "({} {logic} {})",
                filter(random, depth - 1),
                filter(random, depth - 1)
            )
        }
    }
}

/// What the kernel has in its record, and what the trace has.
fn event(random: &mut Random) -> (Record, Event) {
    let (mut record, mut event) = (Record::default(), Event::default());
    for (name, shape) in SHAPES {
        let (kernel, kernel_signed, trace, signed, add) = shape;
        let raw = number(random);
        let value = cut(raw, kernel, kernel_signed);
        let shown = cut((value + i128::from(add)) as i64, trace, signed);
        record.integers.insert(name, (value, kernel, kernel_signed));
        event = event.with(
            name,
            match signed {
                true => Owned::Int(shown as i64),
                false => Owned::Uint(shown as u64),
            },
        );
    }
    for name in ["comm", "path"] {
        let text = word(random);
        event = event.with(name, Owned::text(&text));
        record.texts.insert(name, text);
    }
    (record, event)
}

/// The lowest bits as a number.
fn cut(value: i64, bits: u32, signed: bool) -> i128 {
    let low = i128::from(value as u64) & ((1 << bits) - 1);
    match signed && low >> (bits - 1) == 1 {
        true => low - (1 << bits),
        false => low,
    }
}

#[test]
fn a_predicate_and_its_filter_pass_the_same_events() {
    let mut random = Random(0x7a_cef5);
    let (mut pairs, mut passed, mut refused) = (0, 0, 0);
    for _ in 0..3000 {
        let text = filter(&mut random, 3);
        let parsed: Filter = text.parse().unwrap_or_else(|why| panic!("{text}: {why}"));
        let Ok(lowered) = lower(&parsed, &Fields) else {
            refused += 1;
            continue;
        };
        for _ in 0..20 {
            let (record, event) = event(&mut random);
            let expected = evaluate(linked(&text, &event).as_slice(), &event);
            let found = match &lowered {
                Lowered::Always => true,
                Lowered::Never => false,
                Lowered::Predicate(predicate) => kernel::passes(predicate, &record),
            };
            assert_eq!(
                found, expected,
                "{text}\n{lowered:?}\n{record:?}\n{event:?}"
            );
            pairs += 1;
            passed += u32::from(found);
        }
    }
    assert!(pairs > 40_000, "{pairs} pairs, {refused} filters refused");
    assert!(
        passed > pairs / 5 && passed < pairs * 4 / 5,
        "{passed} of {pairs} pass"
    );
}
