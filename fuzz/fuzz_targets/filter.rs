//! A text as a filter, the whole way to its value; and any bytes as bytecode and as linked code.

#![no_main]

use libfuzzer_sys::fuzz_target;
use thalweg_abi::field::{ByteOrder, Field, FieldClass, Integer};
use thalweg_filter::tracefs::{
    IntegerOperand, Lowered, Operand, Operands, TextOperand, Width, lower,
};
use thalweg_filter::{
    Context, Error, Filter, Kind, MAX_LEN, Simple, Source, Value, evaluate, from_hex, link,
};

const FIELDS: [(&str, Kind); 6] = [
    ("a", Kind::Integer),
    ("u", Kind::Integer),
    ("f", Kind::Float),
    ("s", Kind::Text),
    ("list", Kind::IntegerList(Some(3))),
    ("m.x", Kind::Integer),
];

const INTEGER: FieldClass = FieldClass::Integer(Integer::new(4, true));
const FLOAT: FieldClass = FieldClass::Float {
    bytes: 8,
    order: ByteOrder::Little,
};
const MEMBERS: FieldClass = FieldClass::Struct {
    fields: &[
        Field::written("x", INTEGER),
        Field::written(
            "texts",
            FieldClass::Sequence {
                element: &FieldClass::Text,
            },
        ),
        Field::written("bytes", FieldClass::Blob { media_type: "a/b" }),
    ],
};

/// Fields as a call site declares them.
const DECLARED: [Field; 6] = [
    Field::written("a", INTEGER),
    Field::written("f", FieldClass::Optional { class: &FLOAT }),
    Field::written("s", FieldClass::CountedText),
    Field::written(
        "list",
        FieldClass::Array {
            element: &FLOAT,
            length: 3,
        },
    ),
    Field::written("m", MEMBERS),
    Field::written("ms", FieldClass::Sequence { element: &MEMBERS }),
];

/// The same as the kernel has them: one as it is, one unsigned, one cut, one with something added.
struct OfKernel;

impl Operands for OfKernel {
    fn operand(&self, name: &str) -> Option<Operand<'_>> {
        let width = |bits, signed| Width { bits, signed };
        let integer = |name, kernel, trace, add| {
            Operand::Integer(IntegerOperand {
                name,
                kernel,
                trace,
                add,
            })
        };
        Some(match name {
            "a" => integer("a", width(32, true), width(32, true), 0),
            "u" => integer("u", width(64, false), width(64, false), 0),
            "l" => integer("l", width(64, true), width(64, true), 0),
            "cut" => integer("cut", width(64, true), width(32, true), 0),
            "prio" => integer("prio", width(32, true), width(32, true), -100),
            "s" => Operand::Text(TextOperand {
                name: "s",
                room: Some(16),
            }),
            "f" | "list" => Operand::Closed("for no reason"),
            _ => return None,
        })
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        ["a", "u", "l", "cut", "prio", "s", "f", "list"].into_iter()
    }
}

/// In the kernel's words, or refused with a column.
fn lowered(filter: &Filter) {
    match lower(filter, &OfKernel) {
        Ok(Lowered::Predicate(text)) => assert!(!text.is_empty() && text.len() < 4096),
        Ok(_) => {}
        Err(refusal) => assert!(refusal.to_string().starts_with("column ")),
    }
}

struct Event<'a>(&'a [u8]);

impl Source for Event<'_> {
    fn field(&self, index: u16) -> Option<Value<'_>> {
        Some(match index {
            0 => Value::Int(-1),
            1 => Value::Uint(u64::MAX),
            2 => Value::Float(0.5),
            3 => Value::Text(self.0),
            5 => Value::Int(7),
            _ => return None,
        })
    }

    fn element(&self, index: u16, at: u32) -> Option<Value<'_>> {
        (index == 4 && at < 3).then_some(Value::Int(at.into()))
    }

    fn context(&self, context: Context) -> Option<Value<'_>> {
        match context {
            Context::Procname => Some(Value::Text(b"fuzz")),
            Context::Ip => None,
            _ => Some(Value::Uint(context as u64)),
        }
    }

    fn app_context(&self, provider: &[u8], name: &[u8]) -> Option<Value<'_>> {
        (provider != name).then_some(Value::Int(1))
    }
}

fn lookup(name: &[u8], element: Option<u32>) -> Option<u16> {
    let at = FIELDS.iter().position(|field| field.0.as_bytes() == name)?;
    (element.is_some() == (at == 4)).then_some(at as u16)
}

/// Links and evaluates; whatever was linked fits.
fn run(bytecode: &[u8], room: &mut [u64], text: &[u8]) -> Option<bool> {
    let len = link(bytecode, lookup, room).ok()?;
    assert!(len <= room.len());
    let passes = evaluate(&room[..len], &Event(text));
    if let Some(simple) = Simple::of(&room[..len])
        && simple.field == 0
    {
        assert_eq!(passes, simple.holds(-1));
    }
    Some(passes)
}

/// Every mistake has a column and words.
fn shown<'e>(errors: impl IntoIterator<Item = &'e Error>) {
    for error in errors {
        assert!(error.to_string().starts_with("column "));
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut room = vec![0; 1 << 14];
    let parsed = String::from_utf8_lossy(bytes).parse::<Filter>();
    shown(parsed.as_ref().err());
    if let Ok(filter) = parsed {
        let listed = filter.check(&FIELDS[..]);
        let declared = filter.check(&DECLARED[..]);
        for errors in [listed, declared] {
            shown(errors.err().iter().flatten());
        }
        lowered(&filter);
        if let Ok(bytecode) = filter.compile() {
            assert!(bytecode.as_bytes().len() <= MAX_LEN);
            let hex = bytecode.to_hex();
            let mut back = vec![0; hex.len() / 2];
            assert_eq!(
                from_hex(hex.as_bytes(), &mut back),
                Some(bytecode.as_bytes())
            );
            // What we compile, we link, if there is room: no instruction has eight times its bytes.
            let mut enough = vec![0; 2 + 8 * bytecode.as_bytes().len()];
            assert!(run(bytecode.as_bytes(), &mut enough, b"a text").is_some());
        }
    }
    let mut back = [0; 1 << 12];
    let _ = from_hex(bytes, &mut back);
    run(bytes, &mut room, bytes);
    // The version is right more often than by chance.
    let versioned: Vec<u8> = [1].into_iter().chain(bytes.iter().copied()).collect();
    run(&versioned, &mut room, bytes);
    let words = bytes
        .chunks_exact(8)
        .map(|eight| eight.try_into().expect("eight"));
    let words: Vec<u64> = words.map(u64::from_le_bytes).collect();
    evaluate(words.as_slice(), &Event(b"a text"));
});
