//! Programs made of filters, run by somebody else's interpreter, beside crate `filter`'s evaluator.

use rbpf::EbpfVmRaw;
use thalweg_bpf::Register::{R0, R1, R6};
use thalweg_bpf::{Assembler, Helper};
use thalweg_filter::tracefs::Width;
use thalweg_filter::{Context, Filter, Source, Value, evaluate, link};

use super::*;

/// Name, bits and sign in the kernel, those in the trace, what is added, and where it lies.
const NUMBERS: [(&str, u32, bool, u32, bool, i32, i16); 12] = [
    ("byte", 8, false, 8, false, 0, 0),
    ("char", 8, true, 8, true, 0, 1),
    ("half", 16, false, 16, false, 0, 2),
    ("short", 16, true, 16, true, 0, 4),
    ("word", 32, false, 32, false, 0, 8),
    ("int", 32, true, 32, true, 0, 12),
    ("wide", 64, false, 64, false, 0, 16),
    ("long", 64, true, 64, true, 0, 24),
    ("prio", 32, true, 32, true, -100, 32),
    ("cut", 64, false, 32, true, 0, 40),
    ("grown", 16, true, 64, false, 0, 36),
    ("turned", 32, true, 32, false, 0, 48),
];
const LIST: i16 = 52;
const LIST_LEN: u32 = 3;
/// Name, room, whether it may be cut.
const TEXTS: [(&str, i16, bool); 3] = [("comm", 16, false), ("path", 32, true), ("user", 24, true)];
const LABELS: [&str; 4] = ["read", "write", "readv", "openat"];
const LABEL: i16 = 64;
const BYTES: usize = 192;

const IDS: u64 = 77 << 32 | 78;

const fn length_at(text: usize) -> i16 {
    72 + 8 * text as i16
}

const fn text_at(text: usize) -> i16 {
    [96, 112, 144][text]
}

struct Fields;

impl Operands for Fields {
    fn operand(&self, name: &str) -> Option<Operand> {
        let width = |bits, signed| Width { bits, signed };
        for &(known, bits, signed, trace, trace_signed, add, at) in &NUMBERS {
            if known == name {
                return Some(Operand::Integer(Integer {
                    place: Place::Memory(R6, at),
                    kernel: width(bits, signed),
                    trace: width(trace, trace_signed),
                    add,
                }));
            }
        }
        for (at, &(known, room, may_be_cut)) in TEXTS.iter().enumerate() {
            if known == name {
                return Some(Operand::Text(Text {
                    base: R6,
                    offset: text_at(at),
                    room,
                    length: (R6, length_at(at)),
                    may_be_cut,
                    may_fail: name == "user",
                }));
            }
        }
        let memory = |at, bits| Integer::plain(Place::Memory(R6, at), bits, false);
        let labels = LABELS.iter().map(|&label| label.to_owned());
        match name {
            "list" => Some(Operand::List(memory(LIST, 32), LIST_LEN)),
            "label" => Some(Operand::Names(
                memory(LABEL, 32),
                (0..).zip(labels).collect(),
            )),
            "pid" => {
                let place = Place::Helper(Helper::GetCurrentPidTgid, 32);
                Some(Operand::Integer(Integer::plain(place, 32, true)))
            }
            "seven" => Some(Operand::Integer(Integer::plain(
                Place::Constant(7),
                64,
                true,
            ))),
            "closed" => Some(Operand::Closed("it is closed".to_owned())),
            _ => None,
        }
    }

    fn context(&self, context: Context) -> Option<Operand> {
        let place = Place::Helper(Helper::GetCurrentPidTgid, 0);
        let tid = Operand::Integer(Integer::plain(place, 32, true));
        (context == Context::Tid).then_some(tid)
    }

    fn names(&self) -> Vec<&str> {
        let numbers = NUMBERS.iter().map(|number| number.0);
        let texts = TEXTS.iter().map(|text| text.0);
        let others = ["list", "label", "pid", "seven", "closed"];
        numbers.chain(texts).chain(others).collect()
    }
}

/// An event in memory.
struct Event([u8; BYTES]);

impl Event {
    fn number(&self, at: i16, bits: u32, signed: bool) -> i64 {
        let at = at as usize;
        let mut eight = [0; 8];
        eight[..bits as usize / 8].copy_from_slice(&self.0[at..at + bits as usize / 8]);
        cut(i64::from_le_bytes(eight), bits, signed)
    }

    fn text(&self, at: usize) -> Option<&[u8]> {
        let len = usize::try_from(self.number(length_at(at), 64, true)).ok()?;
        let from = text_at(at) as usize;
        Some(&self.0[from..from + len])
    }

    /// Whether a text is not known to its end.
    fn is_dim(&self) -> bool {
        let mut texts = TEXTS.iter().enumerate();
        texts.any(|(at, &(_, room, may_be_cut))| match self.text(at) {
            Some(text) => may_be_cut && text.len() == room as usize - 1,
            None => true,
        })
    }

    fn set_text(&mut self, at: usize, text: &[u8]) {
        let room = TEXTS[at].1 as usize;
        let from = text_at(at) as usize;
        let len = text.len().min(room - 1);
        self.0[from..from + room].fill(0xaa);
        self.0[from..from + len].copy_from_slice(&text[..len]);
        self.0[from + len] = 0;
        self.set_length(at, len as i64);
    }

    fn set_length(&mut self, at: usize, len: i64) {
        let from = length_at(at) as usize;
        self.0[from..from + 8].copy_from_slice(&len.to_le_bytes());
    }
}

fn cut(value: i64, bits: u32, signed: bool) -> i64 {
    let above = 64 - bits;
    match signed {
        true => value << above >> above,
        false => ((value as u64) << above >> above) as i64,
    }
}

impl Source for Event {
    fn field(&self, index: u16) -> Option<Value<'_>> {
        let names = Fields.names();
        let name = names[usize::from(index)];
        if let Some(&(_, bits, signed, trace, trace_signed, add, at)) =
            NUMBERS.iter().find(|number| number.0 == name)
        {
            let value = self.number(at, bits, signed).wrapping_add(add.into());
            return Some(Value::Int(cut(value, trace, trace_signed)));
        }
        if let Some(at) = TEXTS.iter().position(|text| text.0 == name) {
            return self.text(at).map(Value::Text);
        }
        match name {
            "label" => {
                let label = LABELS.get(self.number(LABEL, 32, false) as usize);
                Some(Value::Text(label.map_or(b"", |label| label.as_bytes())))
            }
            "pid" => Some(Value::Int((IDS >> 32) as i64)),
            _ => Some(Value::Int(7)),
        }
    }

    fn element(&self, _: u16, at: u32) -> Option<Value<'_>> {
        (at < LIST_LEN).then(|| Value::Int(self.number(LIST + 4 * at as i16, 32, false)))
    }

    fn context(&self, _: Context) -> Option<Value<'_>> {
        Some(Value::Int(i64::from(IDS as u32)))
    }
}

/// What a program says: it passes, it does not, it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Fails,
    Passes,
    Unknown,
}

fn program(filter: &Filter) -> Result<Vec<u8>, String> {
    let mut a = Assembler::new();
    let exits = Exits {
        fails: a.label(),
        unknown: a.label(),
    };
    let slots = Slots { at: -8, count: 8 };
    a.set(R6, R1);
    write_filter(&mut a, filter, &Fields, slots, exits).map_err(|refusal| refusal.to_string())?;
    for (answer, label) in [(1, None), (0, Some(exits.fails)), (2, Some(exits.unknown))] {
        if let Some(label) = label {
            a.bind(label);
        }
        a.set(R0, answer);
        a.exit();
    }
    let words = a.finish().expect("each label has a place");
    Ok(words.into_iter().flat_map(u64::to_le_bytes).collect())
}

fn run(program: &[u8], event: &Event) -> Answer {
    let mut machine = EbpfVmRaw::new(Some(program)).expect("the interpreter takes it");
    let ids: rbpf::Helper = |_, _, _, _, _| IDS;
    let helper = Helper::GetCurrentPidTgid as u32;
    machine.register_helper(helper, ids).expect("a helper");
    let mut memory = event.0;
    match machine.execute_program(&mut memory).expect("it ends") {
        0 => Answer::Fails,
        1 => Answer::Passes,
        _ => Answer::Unknown,
    }
}

fn evaluated(filter: &Filter, event: &Event) -> Answer {
    let names = Fields.names();
    let lookup = |name: &[u8], element: Option<u32>| {
        let at = names.iter().position(|known| known.as_bytes() == name)?;
        let is_list = names[at] == "list";
        (is_list == element.is_some()).then_some(at as u16)
    };
    let mut words = vec![0; 1 << 12];
    let bytecode = filter.compile().expect("a small filter");
    let len = link(bytecode.as_bytes(), lookup, &mut words).expect("our own bytecode");
    match evaluate(&words[..len], event) {
        true => Answer::Passes,
        false => Answer::Fails,
    }
}

/// The same numbers in the same order, always.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn value(&mut self) -> i64 {
        let edges = [
            0,
            1,
            -1,
            127,
            128,
            255,
            256,
            -129,
            1 << 31,
            1 << 32,
            i64::MIN,
            i64::MAX,
        ];
        match self.below(3) {
            0 => self.one_of(&edges),
            1 => self.below(9) as i64 - 4,
            _ => (self.next() as i64) >> self.below(64),
        }
    }

    fn word(&mut self) -> String {
        const WORDS: [&str; 10] = [
            "",
            "a",
            "ab",
            "b",
            "aab",
            "read",
            "openat",
            "\u{e4}",
            "abcdefghi",
            "x*",
        ];
        let words: Vec<&str> = (0..1 + self.below(4))
            .map(|_| self.one_of(&WORDS))
            .collect();
        words.concat()
    }

    fn event(&mut self) -> Event {
        let mut event = Event([0; BYTES]);
        for &(_, bits, _, _, _, _, at) in &NUMBERS {
            let (at, len) = (at as usize, bits as usize / 8);
            event.0[at..at + len].copy_from_slice(&self.value().to_le_bytes()[..len]);
        }
        event.0[LIST as usize] = self.below(3) as u8;
        event.0[LABEL as usize] = self.below(5) as u8;
        for at in 0..TEXTS.len() {
            let text = self.word();
            event.set_text(at, text.as_bytes());
        }
        if self.below(6) == 0 {
            event.set_length(2, -1);
        }
        event
    }

    fn number(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 5 } else { 9 }) {
            0 => self
                .value()
                .to_string()
                .replace("-9223372036854775808", "(1 << 63)"),
            1 => self.one_of(&["pid", "$ctx.tid", "seven"]).to_owned(),
            2 => format!("list[{}]", self.below(3)),
            3 | 4 => self.one_of(&NUMBERS).0.to_owned(),
            5 => format!(
                "{}{}",
                self.one_of(&["-", "~", "+", "!"]),
                self.inner(depth)
            ),
            6 => format!("({})", self.filter(depth - 1)),
            _ => {
                let operators = ["+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^"];
                let operator = self.one_of(&operators);
                format!("{} {operator} {}", self.inner(depth), self.inner(depth))
            }
        }
    }

    fn inner(&mut self, depth: usize) -> String {
        format!("({})", self.number(depth - 1))
    }

    fn text(&mut self) -> String {
        let name = self.one_of(&["comm", "path", "user", "label"]);
        let is = self.one_of(&["==", "!="]);
        if self.below(6) == 0 {
            return format!("comm {is} {}", self.one_of(&["path", "user", "comm"]));
        }
        let mut pattern = String::new();
        for _ in 0..1 + self.below(3) {
            pattern += self.one_of(&["", "*", ""]);
            pattern += &self.word().replace('*', "\\*");
        }
        pattern += self.one_of(&["", "*", ""]);
        format!("{name} {is} \"{pattern}\"")
    }

    fn filter(&mut self, depth: usize) -> String {
        let comparison = self.one_of(&["<", "<=", ">", ">=", "==", "!="]);
        match self.below(if depth == 0 { 4 } else { 7 }) {
            0 | 1 => format!("{} {comparison} {}", self.number(depth), self.number(depth)),
            2 | 3 => self.text(),
            4 => format!("!({})", self.filter(depth - 1)),
            n => {
                let logic = ["&&", "||"][n - 5];
                let (left, right) = (self.filter(depth - 1), self.filter(depth - 1));
                format!("({left}) {logic} ({right})")
            }
        }
    }
}

#[test]
fn programs_say_what_the_evaluator_says() {
    let mut random = Random(7);
    let (mut pairs, mut passed, mut unknown, mut refused) = (0, 0, 0, 0);
    while pairs < 12_000 {
        let depth = random.below(4);
        let text = random.filter(depth);
        let Ok(filter) = text.parse::<Filter>() else {
            panic!("{text}");
        };
        let program = match program(&filter) {
            Ok(program) => program,
            Err(why) => {
                assert!(why.contains("look at the first"), "{text}: {why}");
                refused += 1;
                continue;
            }
        };
        for _ in 0..6 {
            let event = random.event();
            let (found, expected) = (run(&program, &event), evaluated(&filter, &event));
            pairs += 1;
            if found == Answer::Unknown {
                assert!(event.is_dim(), "{text}");
                unknown += 1;
            } else {
                assert_eq!(found, expected, "{text}: {:?}", event.0);
                passed += usize::from(found == Answer::Passes);
            }
        }
    }
    eprintln!("{pairs} pairs: {passed} passed, {unknown} unknown; {refused} filters refused");
    assert!(
        passed > pairs / 5 && passed < pairs * 4 / 5,
        "{passed} of {pairs}"
    );
    assert!(
        unknown < pairs / 10 && refused < pairs / 100,
        "{unknown}, {refused}"
    );
}

#[track_caller]
fn check(text: &str, path: &str, expected: Answer) {
    let mut event = Random(1).event();
    event.set_text(1, path.as_bytes());
    let program = program(&text.parse().unwrap()).unwrap();
    assert_eq!(run(&program, &event), expected);
}

#[test]
fn of_a_text_that_was_cut_as_much_is_said_as_is_known() {
    let long = "/usr/lib/x86_64-linux-gnu/libc.so.6";
    check("path == \"/usr/*\"", long, Answer::Passes);
    check("path == \"/etc/*\"", long, Answer::Fails);
    check("path == \"*linux*\"", long, Answer::Passes);
    check("path == \"*libz*\"", long, Answer::Unknown);
    check("path == \"*.so.6\"", long, Answer::Unknown);
    check("path == \"/usr/lib/x\"", long, Answer::Fails);
    check("path != \"*.so.6\"", "/lib/a.so.6", Answer::Fails);
    check("path == comm", long, Answer::Unknown);
}

#[test]
fn what_cannot_be_lowered_is_refused_with_its_place() {
    let refused = |text: &str| program(&text.parse().unwrap()).unwrap_err();
    assert_eq!(
        refused("int == 1 && long > 1.5"),
        "column 20: programs in the kernel know no floats"
    );
    assert_eq!(
        refused("inn == 1"),
        "column 1: the event has no field `inn` (did you mean `int`?)"
    );
    assert_eq!(
        refused("closed == 1"),
        "column 1: this cannot be used: it is closed"
    );
    assert_eq!(
        refused("$ctx.vtid == 1"),
        "column 1: programs in the kernel do not know $ctx.vtid"
    );
    assert_eq!(
        refused("label == comm"),
        "column 10: this text has a number in the kernel; compare it with a text of your own"
    );
    assert_eq!(
        refused("path == \"0123456789012345678901234567890\""),
        "column 9: programs in the kernel look at the first 30 bytes of this text"
    );
    assert_eq!(
        refused("list[3] == 1"),
        "column 1: `list` has 3 elements, the first is `list[0]`"
    );
    let deep = (0..10).fold("int".to_owned(), |inner, _| format!("(long + ({inner}))"));
    assert!(refused(&format!("{deep} == 1")).contains("more than 8 values wait"));
}
