//! LTTng 2.13 itself as the judge: the same filters over the same events.
//!
//! ```text
//!   rows ──▶ C program: for each row, event case_0 … case_N (one class, so the same fields)
//!   filters ──▶ lttng enable-event oracle:case_I --filter FILTER_I ──▶ which rows are recorded
//!          └──▶ ours ────────────────────────────────────────────────▶ which rows pass
//! ```

#![forbid(unsafe_code)]

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{Event, Owned, passes};
use thalweg_filter::{Context, Filter};

/// What the program is called, and so the context `procname`.
const PROGRAM: &str = "oracle-app";

/// An event's values; the enum is called `mode`.
struct Row {
    tiny: i8,
    byte: u8,
    number: i64,
    word: u64,
    real: f64,
    single: f32,
    name: &'static str,
    other: &'static str,
    list: [i32; 3],
    /// The first so many of `list`, as a sequence.
    len: usize,
    mode: i32,
}

const ROWS: [Row; 10] = [
    row(0, 0, 0, 0, 0.0, "", "", [0, 0, 0], 0, 0),
    row(1, 1, 1, 1, 1.0, "a", "a", [1, 2, 3], 3, 1),
    row(
        -1,
        255,
        -1,
        u64::MAX,
        -1.0,
        "abc",
        "ab",
        [-1, -2, -3],
        2,
        -3,
    ),
    row(
        127,
        128,
        i64::MAX,
        1 << 63,
        0.5,
        "abcabc",
        "*",
        [5, 0, 5],
        1,
        7,
    ),
    row(
        -128,
        64,
        i64::MIN,
        1 << 62,
        -0.25,
        "file.log",
        "file",
        [9, 8, 7],
        3,
        14,
    ),
    row(
        5,
        10,
        23,
        4096,
        17.34e9,
        "a.b.7.1",
        "a*c",
        [23, 24, 25],
        3,
        2,
    ),
    row(2, 2, 2, 2, f64::NAN, "a*c", "a*c", [2, 2, 2], 2, 2),
    row(63, 63, 63, 63, f64::INFINITY, "*", "**", [63, 64, 65], 3, 5),
    row(
        64,
        64,
        64,
        64,
        2.5,
        "say \"hi\"\\",
        "back\\slash",
        [64, 0, 0],
        2,
        100,
    ),
    row(
        7,
        7,
        0x0123_4567,
        0x1234_5678,
        1e-3,
        "tab\there",
        "x",
        [7, 7, 7],
        1,
        -1,
    ),
];

#[allow(clippy::too_many_arguments, reason = "a line of a table")]
const fn row(
    tiny: i8,
    byte: u8,
    number: i64,
    word: u64,
    real: f64,
    name: &'static str,
    other: &'static str,
    list: [i32; 3],
    len: usize,
    mode: i32,
) -> Row {
    let single = real as f32;
    Row {
        tiny,
        byte,
        number,
        word,
        real,
        single,
        name,
        other,
        list,
        len,
        mode,
    }
}

/// Filters that both have to understand in the same way, or refuse.
const FILTERS: &[&str] = &[
    // Integers.
    "number == 23",
    "number != 23",
    "number < 0",
    "number >= 63",
    "tiny == -1",
    "tiny < 0",
    "byte == 255",
    "byte > tiny",
    "word == -1",
    "word == 0xffffffffffffffff",
    "word < 0",
    "word >= 4096",
    "number == 0x17",
    "number == 027",
    "number == 9223372036854775807",
    "number == -9223372036854775808",
    "number == 23u",
    "number == word",
    "number",
    "!number",
    "!!number == 1",
    "-number == 1",
    "+number == 1",
    "~number == 0",
    "- - number == 1",
    "1",
    "0",
    // Precedence.
    "2 & 2 == 2",
    "number & 1 == 1",
    "number | 1 == number",
    "number ^ 1 & 3 == 2",
    "1 | 2 ^ 3 & 4 << 1 == 3",
    "number & 0xff == 0x67",
    "number < 5 == 1",
    "number == 1 < 2",
    "0 || 1 && 0",
    "1 || 0 && 0",
    "number == 1 || number == 2 && word == 99",
    "(number == 1 || number == 2) && word == 2",
    "1 < 2 < 3",
    "3 > 2 > 1",
    "!number == 0",
    "~1 & 3 == 2",
    "1 << 2 >> 1 == 2",
    // Shifts and bits.
    "word >> 12 == 1",
    "number >> 63 == 1",
    "number >> 60 == 15",
    "1 << tiny == 2",
    "1 << number > 0",
    "1 << number >= 0 || 1",
    "1 << 63 < 0",
    "1 << 64 == 0 || 1",
    "number >> tiny == 0",
    "list[0] >> 1 <= 0x1234",
    "number & word == number",
    "number ^ word",
    // Floats.
    "real == 1.0",
    "real != 1.0",
    "real < 1",
    "real >= 1",
    "real > number",
    "real == 17.34e9",
    "real == 0.5",
    "real == .5",
    "real == -0.25",
    "-real == 1",
    "+real == 1",
    "!real",
    "real",
    "real == real",
    "real != real",
    "single == 0.5",
    "single == real",
    "real & 1",
    "~real == 1",
    "real << 1",
    "1.5",
    "1.5 && number == 1",
    "0.5 && number == 1",
    "real == 1e-3",
    // Texts.
    "name == \"abc\"",
    "name != \"abc\"",
    "\"abc\" == name",
    "name == \"a*\"",
    "name != \"a*\"",
    "name == \"*\"",
    "name == \"*c\"",
    "name == \"a*c\"",
    "name == \"*b*\"",
    "name == \"a*b*c\"",
    "name == \"a**c\"",
    "name == \"*.log\"",
    "\"a.b.*\" == name",
    "name == \"a.b.*.*\"",
    "name == \"a\\*c\"",
    "name == \"\\*\"",
    "name == \"a\\*\"",
    "name == \"\"",
    "name == other",
    "name != other",
    "name",
    "!name",
    "-name == 1",
    "name == 1",
    "name == 1.0",
    "number == \"1\"",
    "name && 1",
    "name & 1",
    "\"abc\"",
    "\"a\" == \"a\"",
    "\"a*\" == \"abc\"",
    "label == \"abc\"",
    "label == \"a*\"",
    // Lists, enums.
    "list[0] == 23",
    "list[2] == 3",
    "list[3] == 0",
    "list[3] == 0 || 1",
    "1 || list[3] == 0",
    "0 && list[3] == 0",
    "list == 1",
    "seq[0] == 23",
    "seq[1] == -2",
    "1 || seq[2] == 3",
    "mode == 2",
    "mode >= 14",
    "mode == -3",
    "mode & 1",
    "list[-1] == 0",
    "list[number] == 0",
    // Missing names.
    "missing == 1",
    "missing == 1 || 1",
    "1 || missing == 1",
    "0 && missing == 1 || 1",
    "!(missing == 1)",
    "missing[0] == 1 || 1",
    "name.member == 1 || 1",
    // Contexts.
    "$ctx.vpid > 0",
    "$ctx.vpid == $ctx.vtid",
    "$ctx.procname == \"oracle-app\"",
    "$ctx.procname == \"oracle*\" && number > 0",
    "$ctx.procname != \"oracle*\"",
    "$ctx.vuid == 0 && $ctx.vegid == 0",
    "$ctx.cpu_id >= 0",
    "$ctx.pthread_id != 0",
    "$ctx.mnt_ns > 0",
    "$app.nobody:nothing == 1",
    "$app.nobody:nothing == 1 || 1",
    "1 || $app.nobody:nothing == 1",
    // Corners.
    r#"name == "*\\""#,
    r#"name == "say*""#,
    r#"name == "tab	here""#,
    r#"other == "back\\slash""#,
    r#"other == "back*slash""#,
    r#"other == "back\\*""#,
    r#"name == "\*" || 0"#,
    r#"name == "a\**""#,
    r#"name == 'a'"#,
    r#"name == 'a*'"#,
    r#"!(real > 1) == 0"#,
    r#"1.5 == 1.5"#,
    r#"-1.5 < 0"#,
    r#"real > 1 && 1.5"#,
    r#"number == 1."#,
    r#"number == 1.0f"#,
    r#"number == 0x"#,
    r#"number == 0b11"#,
    r#"list [ 0 ] == 23"#,
    r#"list[00] == 23"#,
    r#"$ctx . vpid > 0"#,
    r#"name == "a" == 1"#,
    r#"1 == 1 == 1"#,
    r#""" == name"#,
    r#""a" "b" == name"#,
    r#"number == 1 && && 1"#,
    r#"number.a == 1"#,
    r#"f(number)"#,
    r#"number ? 1 : 0"#,
    r#"number++ == 1"#,
    r#"number == - 1"#,
    r#"number == -(1)"#,
    r#"-(number) == 1"#,
    r#"number == --1"#,
    r#"~~number == 1"#,
    r#"!~number"#,
    r#"1 < number <= 5"#,
    r#"number && name == "a""#,
    r#"byte << 8 == 256"#,
    r#"tiny << 1 == -2"#,
    r#"tiny >> 1 == -1"#,
    r#"tiny >> 63"#,
    r#"real == word"#,
    r#"word > 9223372036854775807"#,
    r#"word > 1.0"#,
    r#"word < 1.0"#,
    r#"number > 9.3e18"#,
    r#"number == 9223372036854775807.0"#,
    r#"0x8000000000000000 < 0"#,
    r#"18446744073709551615 == -1"#,
    r#"name == "ABC""#,
    r#"name == "abc*c""#,
    r#"name == "*abc""#,
    r#"name == "*a*b*c*""#,
    // Not filters.
    "number ==",
    "== 1",
    "(number == 1",
    "number == 1)",
    "number = 1",
    "number == 1 &&",
    "name == \"abc",
    "number == 08",
    "number 1",
    "list[0",
];

const ALL: &[usize] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/// Where we differ, and why: the filter, what LTTng 2.13 makes of it, what we do.
type Differing = (
    &'static str,
    Option<&'static [usize]>,
    Option<&'static [usize]>,
);

const DIFFERENT: &[Differing] = &[
    // It has no arithmetic.
    ("number + 1 == 2", None, Some(&[1])),
    ("number - 1 == 0", None, Some(&[1])),
    ("number -1 == 0", None, Some(&[1])),
    ("number * 2 == 4", None, Some(&[6])),
    ("number / 2 == 1", None, Some(&[6])),
    ("number % 2 == 1", None, Some(&[1, 3, 5, 7, 9])),
    // It knows no escapes but those of the backslash and the star.
    (r#"name == "say \"hi\"\\""#, None, Some(&[8])),
    (r#"name == "tab\there""#, None, Some(&[9])),
    (r#"name == "\x61""#, None, Some(&[1])),
    (r#"name == "\141""#, None, Some(&[1])),
    // It orders texts, in spite of its manual.
    (r#"name < "b""#, Some(&[0, 1, 2, 3, 5, 6, 7]), None),
    // It takes two texts with stars for equal.
    (r#""a*" == "ab*""#, Some(ALL), None),
    // It leaves a float under `!` as it was, if something follows.
    ("!real == 0", Some(&[0]), Some(&[1, 2, 3, 4, 5, 6, 7, 8, 9])),
    ("!real && 1", Some(&[1, 2, 5, 6, 7, 8]), Some(&[0])),
    // Its conversion of NaN to an integer is undefined in C, and true on this processor.
    (
        "real && 1",
        Some(&[1, 2, 5, 6, 7, 8]),
        Some(&[1, 2, 5, 7, 8]),
    ),
    (
        "0 || real",
        Some(&[1, 2, 5, 6, 7, 8]),
        Some(&[1, 2, 5, 7, 8]),
    ),
    // It reads behind the end of a sequence.
    (
        "seq[2] == 3 || 1",
        Some(&[1, 2, 3, 4, 5, 6, 7, 8, 9]),
        Some(&[1, 4, 5, 7]),
    ),
    // It has no call site yet when it filters.
    ("$ctx.ip != 0", Some(&[]), Some(ALL)),
    // It says nothing, and records nothing.
    ("$ctx.nothing == 1", Some(&[]), None),
    ("$ctx.perf:thread:cycles > 0", Some(&[]), None),
    // It cuts what is too large.
    ("number == 18446744073709551616", Some(&[2]), None),
];

fn event(row: &Row) -> Event {
    let list: Vec<i64> = row.list.iter().copied().map(i64::from).collect();
    let mut event = Event::default()
        .with("tiny", Owned::Int(row.tiny.into()))
        .with("byte", Owned::Uint(row.byte.into()))
        .with("number", Owned::Int(row.number))
        .with("word", Owned::Uint(row.word))
        .with("real", Owned::Float(row.real))
        .with("single", Owned::Float(row.single.into()))
        .with("name", Owned::text(row.name))
        .with("other", Owned::text(row.other))
        .with("label", Owned::text("abc"))
        .with("seq", Owned::Ints(list[..row.len].to_vec()))
        .with("list", Owned::Array(list))
        .with("mode", Owned::Int(row.mode.into()));
    event.contexts = Context::ALL
        .into_iter()
        .map(|context| (context, Owned::Uint(1)))
        .collect();
    for (context, value) in &mut event.contexts {
        match context {
            Context::Procname => *value = Owned::text(PROGRAM),
            Context::Vuid | Context::Vegid | Context::CpuId => *value = Owned::Uint(0),
            _ => {}
        }
    }
    event
}

const FIELDS: &str = "
  lttng_ust_field_integer(int, row, row)
  lttng_ust_field_integer(signed char, tiny, r->tiny)
  lttng_ust_field_integer(unsigned char, byte, r->byte)
  lttng_ust_field_integer(long, number, r->number)
  lttng_ust_field_integer(unsigned long, word, r->word)
  lttng_ust_field_float(double, real, r->real)
  lttng_ust_field_float(float, single, r->single)
  lttng_ust_field_string(name, r->name)
  lttng_ust_field_string(other, r->other)
  lttng_ust_field_array_text(char, label, \"abc\", 4)
  lttng_ust_field_array(int, list, r->list, 3)
  lttng_ust_field_sequence(int, seq, r->list, unsigned int, r->len)
  lttng_ust_field_enum(oracle, modes, int, mode, r->mode)";

fn header(cases: usize) -> String {
    let mut text = String::from(
        "#undef LTTNG_UST_TRACEPOINT_PROVIDER\n#define LTTNG_UST_TRACEPOINT_PROVIDER oracle\n\
         #undef LTTNG_UST_TRACEPOINT_INCLUDE\n#define LTTNG_UST_TRACEPOINT_INCLUDE \"./tp.h\"\n\
         #if !defined(TP_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)\n#define TP_H\n\
         #include <lttng/tracepoint.h>\n\
         #ifndef ROW\n#define ROW\n\
         struct row { signed char tiny; unsigned char byte; long number; unsigned long word; \
         double real; float single; const char *name, *other; int list[3]; unsigned len; int mode; \
         };\n#endif\n\
         LTTNG_UST_TRACEPOINT_ENUM(oracle, modes, LTTNG_UST_TP_ENUM_VALUES(\
         lttng_ust_field_enum_value(\"low\", -3) lttng_ust_field_enum_value(\"high\", 14)))\n",
    );
    writeln!(
        text,
        "LTTNG_UST_TRACEPOINT_EVENT_CLASS(oracle, class, \
         LTTNG_UST_TP_ARGS(int, row, const struct row *, r), LTTNG_UST_TP_FIELDS({FIELDS}))"
    )
    .unwrap();
    for case in 0..cases {
        writeln!(
            text,
            "LTTNG_UST_TRACEPOINT_EVENT_INSTANCE(oracle, class, oracle, case_{case}, \
             LTTNG_UST_TP_ARGS(int, row, const struct row *, r))"
        )
        .unwrap();
    }
    text + "#endif\n#include <lttng/tracepoint-event.h>\n"
}

fn program(cases: usize) -> String {
    let mut text = String::from(
        "#define LTTNG_UST_TRACEPOINT_CREATE_PROBES\n#define LTTNG_UST_TRACEPOINT_DEFINE\n\
         #include <math.h>\n#include \"tp.h\"\nstatic const struct row rows[] = {\n",
    );
    for row in &ROWS {
        let float = |value: f64| match value {
            value if value.is_nan() => "NAN".to_owned(),
            value if value.is_infinite() => "INFINITY".to_owned(),
            value => format!("{value:?}"),
        };
        let [a, b, c] = row.list;
        writeln!(
            text,
            "{{ {}, {}, (long){:#x}, {:#x}, {}, {}, {:?}, {:?}, {{ {a}, {b}, {c} }}, {}, {} }},",
            row.tiny,
            row.byte,
            row.number,
            row.word,
            float(row.real),
            float(row.single.into()),
            row.name,
            row.other,
            row.len,
            row.mode
        )
        .unwrap();
    }
    text += "};\nint main(void) {\nfor (int i = 0; i < (int)(sizeof rows / sizeof *rows); i++) {\n";
    for case in 0..cases {
        writeln!(
            text,
            "lttng_ust_tracepoint(oracle, case_{case}, i, rows + i);"
        )
        .unwrap();
    }
    text + "}\nreturn 0;\n}\n"
}

/// In mount and process namespaces of its own: no daemon, socket or shared memory of this run
/// meets another's, and all ends with the shell.
const SCRIPT: &str = r#"
set -e
out=$1; app=$2; filters=$3
mount -t tmpfs none /run; mount -t tmpfs none /dev/shm
export LTTNG_HOME=/run/home HOME=/run/home; mkdir -p /run/home /run/lttng
lttng-sessiond --daemonize --no-kernel
lttng --no-sessiond create s --output="$out" >/dev/null
lttng enable-channel --userspace --subbuf-size=1M --num-subbuf=4 channel >/dev/null
case=0
while IFS= read -r filter; do
    lttng enable-event --userspace --channel=channel "oracle:case_$case" --filter "$filter" \
        >/dev/null 2>&1 || echo "refused $case"
    case=$((case + 1))
done <"$filters"
lttng start >/dev/null; "$app"; lttng stop >/dev/null; lttng destroy >/dev/null
"#;

fn build(scratch: &Path, cases: usize) -> PathBuf {
    fs::write(scratch.join("tp.h"), header(cases)).unwrap();
    fs::write(scratch.join("app.c"), program(cases)).unwrap();
    let mut gcc = Command::new("gcc");
    gcc.args(["-O0", "-I.", "-o", PROGRAM, "app.c", "-llttng-ust", "-ldl"]);
    let ran = thalweg_testkit::finish("gcc", gcc.current_dir(scratch));
    assert!(ran.success, "{}", ran.stderr);
    scratch.join(PROGRAM)
}

/// What LTTng makes of each filter: the rows that it passes, or `None` if it refuses it.
fn judged_by_lttng(scratch: &Path, filters: &[&str]) -> Vec<Option<Vec<usize>>> {
    let app = build(scratch, filters.len());
    let list = scratch.join("filters");
    fs::write(&list, filters.join("\n") + "\n").unwrap();
    let out = scratch.join("trace");
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--propagation", "private", "--pid", "--fork"]);
    unshare.args(["--kill-child", "--mount-proc", "sh", "-c", SCRIPT, "sh"]);
    unshare.args([&out, &app, &list]).stdin(Stdio::null());
    let ran = thalweg_testkit::finish("unshare", &mut unshare);
    assert!(ran.success, "{}{}", ran.stdout, ran.stderr);
    let mut judged = vec![Some(Vec::new()); filters.len()];
    for line in ran.stdout.lines() {
        let case: usize = line.strip_prefix("refused ").unwrap().parse().unwrap();
        judged[case] = None;
    }
    for line in thalweg_testkit::babeltrace2_clean(&out).lines() {
        let (case, row) = case_and_row(line);
        judged[case].as_mut().expect("it was refused").push(row);
    }
    judged
}

/// `… oracle:case_7: { cpu_id = 0 }, { row = 3, …`.
fn case_and_row(line: &str) -> (usize, usize) {
    let number = |before: &str| {
        let rest = line.split_once(before).expect(line).1;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap();
        rest[..end].parse().unwrap()
    };
    (number("oracle:case_"), number("{ row = "))
}

/// What we make of it.
fn judged_by_us(filter: &str, events: &[Event]) -> Option<Vec<usize>> {
    filter.parse::<Filter>().ok()?;
    let rows = 0..events.len();
    Some(rows.filter(|row| passes(filter, &events[*row])).collect())
}

fn is_lttng_here() -> bool {
    let succeeds = |program: &str, args: &[&str]| {
        let ran = Command::new(program).args(args).output();
        ran.is_ok_and(|output| output.status.success())
    };
    let header = ["-E", "-include", "lttng/tracepoint.h", "-xc", "/dev/null"];
    let tools = ["lttng", "lttng-sessiond", "babeltrace2"];
    succeeds("gcc", &header) && tools.iter().all(|tool| succeeds(tool, &["--version"]))
}

#[test]
fn lttng_passes_exactly_the_events_that_we_pass() {
    if !is_lttng_here() {
        println!("skipped: lttng-tools, liblttng-ust-dev, gcc and babeltrace2 are not all here");
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let different = DIFFERENT.iter().map(|row| row.0);
    let filters: Vec<&str> = FILTERS.iter().copied().chain(different).collect();
    let theirs = judged_by_lttng(scratch.path(), &filters);
    let events: Vec<Event> = ROWS.iter().map(event).collect();
    let mut lines = String::new();
    for (filter, theirs) in filters.iter().zip(&theirs) {
        let ours = judged_by_us(filter, &events);
        let expected = DIFFERENT.iter().find(|row| row.0 == *filter);
        let is_as_expected = match expected {
            Some((_, lttng, us)) => theirs.as_deref() == *lttng && ours.as_deref() == *us,
            None => ours == *theirs,
        };
        if !is_as_expected {
            writeln!(lines, "{filter}\n  ours   {ours:?}\n  lttng  {theirs:?}").unwrap();
        }
    }
    assert!(lines.is_empty(), "{lines}");
    println!(
        "{} filters agree, {} differ as listed",
        FILTERS.len(),
        DIFFERENT.len()
    );
}
