//! What a filter sees of a field of each type.

use thalweg::__private::Value;
use thalweg::{BigEndian, Blob, Bounded, CountedText, FieldType, Hex, OctetStream, Text};

thalweg::fields! {
    struct Line<'l> { name: &'l str, to: Option<i8>, words: &'l [&'l str] }
}

thalweg::labels! {
    struct Status: u16 { Good = 200..=299 }
}

thalweg::labels! {
    #[derive(Clone, Copy)]
    enum Change: i8 { Down = -3..=-1, Up = 1 }
}

fn shown(value: Value<'_>) -> String {
    match value {
        Value::None => "none".to_owned(),
        Value::Int(number) => format!("int {number}"),
        Value::Uint(number) => format!("uint {number}"),
        Value::Float(number) => format!("float {number}"),
        Value::Char(char) => format!("char {char}"),
        Value::Text(text) => format!("text {}", String::from_utf8_lossy(text)),
        Value::Parts(parts) => {
            // One more than there are: what is behind the last is none.
            let all = (0..=parts.count()).map(|index| shown(parts.part(index)));
            format!("[{}]", all.collect::<Vec<_>>().join(", "))
        }
    }
}

#[track_caller]
fn check(field: &impl FieldType, expected: &str) {
    assert_eq!(shown(field.value()), expected);
}

#[test]
fn a_filter_sees_numbers_in_the_machine_s_order() {
    check(&u64::MAX, "uint 18446744073709551615");
    check(&i64::MIN, "int -9223372036854775808");
    check(&-1_isize, "int -1");
    check(&0.5_f32, "float 0.5");
    check(&true, "uint 1");
    check(&Hex(BigEndian(0x1234_u16)), "uint 4660");
    check(&BigEndian(Hex(-2_i32)), "int -2");
    check(&BigEndian(1.5_f64), "float 1.5");
}

#[test]
fn a_filter_sees_the_text_that_is_written() {
    check(&"ab\0cd", "text ab");
    check(&c"ab", "text ab");
    check(&Text(b"a\0b"), "text a");
    check(&CountedText(b"a\0b"), "text a\0b");
    check(&Bounded::<2, _>("aßb"), "text a");
    check(&Bounded::<2, _>(7_u8), "uint 7");
    check(&'ß', "char ß");
}

#[test]
fn a_filter_sees_the_number_of_a_label() {
    check(&Status(404), "uint 404");
    check(&Status::Good, "uint 200");
    check(&Change::Down, "int -3");
    check(&Change::Up, "int 1");
}

#[test]
fn a_filter_sees_into_lists_options_and_structures() {
    check(&[1_u8, 2], "[uint 1, uint 2, none]");
    check(&[[1_i8], [2]], "[[int 1, none], [int 2, none], none]");
    check(&(&[] as &[u8]), "[none]");
    check(&Blob::<OctetStream>::new(&[255]), "[uint 255, none]");
    check(&Some("x"), "text x");
    check(&None::<u8>, "none");
    let words: &[&str] = &["a", ""];
    let (name, to) = ("l", Some(-1));
    check(
        &Line { name, to, words },
        "[text l, int -1, [text a, text , none], none]",
    );
}
