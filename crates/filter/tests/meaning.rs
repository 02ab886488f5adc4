//! What filters mean, each rule with its own test: text and event in, true or false out.

#![forbid(unsafe_code)]

mod common;

use common::{Event, Owned, linked, passes};
use thalweg_filter::{Comparison, Context, Simple};

fn event() -> Event {
    let mut event = Event::default()
        .with("a", Owned::Int(1))
        .with("b", Owned::Int(-5))
        .with("zero", Owned::Int(0))
        .with("big", Owned::Uint(u64::MAX))
        .with("half", Owned::Float(0.5))
        .with("nan", Owned::Float(f64::NAN))
        .with("name", Owned::text("disk/sda1"))
        .with("star", Owned::text("a*c"))
        .with("empty", Owned::text(""))
        .with("raw", Owned::Text(vec![0xff, 0x00, b'x']))
        .with("list", Owned::Array(vec![10, 20, 30]))
        .with("seq", Owned::Ints(vec![7, 8]))
        .with("reals", Owned::Floats(vec![1.5]))
        .with("msg.user[1].data[2]", Owned::Ints(vec![0, 99]))
        .with("msg.size", Owned::Int(4096))
        .with("mode", Owned::Int(14));
    event.contexts = vec![
        (Context::Vpid, Owned::Int(100)),
        (Context::Procname, Owned::text("server")),
    ];
    event.app = vec![(("shop", "user"), Owned::text("anna"))];
    event
}

#[track_caller]
fn check(filter: &str, expected: bool) {
    assert_eq!(passes(filter, &event()), expected, "{filter}");
}

/// Fails if the filter passes, and if its opposite does: it has no value.
#[track_caller]
fn check_no_value(filter: &str) {
    check(filter, false);
    check(&format!("!({filter})"), false);
    check(&format!("({filter}) || 1"), false);
    check(&format!("1 && ({filter})"), false);
}

#[test]
fn each_operator_binds_tighter_than_the_next_one() {
    check("2 + 3 * 4 == 14", true);
    check("-2 * 3 == -6", true);
    check("1 << 2 + 1 == 8", true);
    check("7 & 1 << 1 == 2", true);
    check("1 ^ 3 & 2 == 3", true);
    check("4 | 1 ^ 1 == 4", true);
    check("1 < 2 | 4", true);
    check("6 > 1 | 4", true);
    check("1 == 1 < 2", true);
    check("5 == 5 < 2", false);
    check("0 && 0 == 0", false);
    check("1 || 1 && 0", true);
    check("!a == 0", true);
    check("~0 & 1 == 1", true);
}

#[test]
fn bitwise_operators_bind_tighter_than_comparisons_unlike_c() {
    check("2 & 2 == 2", true);
    check("a | 2 == 3", true);
    check("a ^ 1 != 0", false);
}

#[test]
fn operators_of_a_level_go_from_left_to_right() {
    check("10 - 3 - 2 == 5", true);
    check("100 / 10 / 5 == 2", true);
    check("7 % 4 * 2 == 6", true);
    check("1 << 2 >> 1 == 2", true);
    check("3 > 2 > 1", false);
    check("- - a == 1", true);
    check("--a == 1", true);
    check("!!b", true);
}

#[test]
fn integers_are_compared_as_signed_64_bits() {
    check("big == -1", true);
    check("big < 0", true);
    check("b < a", true);
    check("0xffffffffffffffff == -1", true);
    check("9223372036854775808 < 0", true);
}

#[test]
fn bits_are_those_of_unsigned_integers() {
    check("b >> 60 == 15", true);
    check("~b == 4", true);
    check("big >> 63 == 1", true);
    check("a << 63 < 0", true);
    check("b & 0xff == 251", true);
}

#[test]
fn a_shift_count_outside_of_0_to_63_has_no_value() {
    check_no_value("a << 64 == 0");
    check_no_value("a >> b == 0");
    check_no_value("1 << 64 == 0");
    check("a << 63 >> 63 == 1", true);
}

#[test]
fn arithmetic_wraps_and_has_no_quotient_by_zero() {
    check("a + 9223372036854775807 < 0", true);
    check("a * -9223372036854775808 / -1 < 0", true);
    check("b / 2 == -2", true);
    check("b % 3 == -2", true);
    check("half + a == 1.5", true);
    check("half * 4 - 1 == a", true);
    check_no_value("a / zero == 0");
    check_no_value("a % zero == 0");
    check_no_value("half / 0 == 0");
    check_no_value("1 / 0 == 0");
}

#[test]
fn a_float_beside_an_integer_makes_both_floats() {
    check("half < a", true);
    check("half * 2 == a", true);
    check("-half == -0.5", true);
    check("a == 1.0", true);
}

#[test]
fn nothing_is_equal_to_nan_nor_before_nor_behind_it() {
    for comparison in ["==", "<", "<=", ">", ">="] {
        check(&format!("nan {comparison} nan"), false);
        check(&format!("nan {comparison} 1"), false);
        check(&format!("1 {comparison} nan"), false);
    }
    check("nan != nan", true);
    check("nan || 0", false);
}

#[test]
fn where_truth_is_asked_for_a_float_is_cut_to_an_integer() {
    check("half || 0", false);
    check("half * 2 && 1", true);
    check("!half", false);
    check("!(half - half)", true);
}

#[test]
fn a_missing_field_makes_the_whole_filter_false() {
    check_no_value("missing == 1");
    check_no_value("missing != 1");
    check("1 || missing == 1", false);
    check("0 && missing == 1 || 1", false);
    assert_eq!(linked("a == 1 || missing == 1", &event()).len(), 1);
}

#[test]
fn an_index_beyond_an_array_makes_the_whole_filter_false_and_beyond_a_sequence_if_reached() {
    check("list[2] == 30", true);
    check_no_value("list[3] == 0");
    check("1 || list[3] == 0", false);
    check("seq[1] == 8", true);
    check_no_value("seq[2] == 0");
    check("1 || seq[2] == 0", true);
    check("reals[0] == 1.5", true);
    check_no_value("reals[1] == 1.5");
    check_no_value("list == 1");
    check_no_value("a[0] == 1");
}

#[test]
fn a_path_reaches_into_structures() {
    check("msg.size == 4096", true);
    check("msg . size == 4096", true);
    check("msg.user[1].data[2][1] == 99", true);
    check("msg.user[0x1].data[02][1] == 99", true);
    check_no_value("msg.user[2].data[2][1] == 99");
    check_no_value("msg == 1");
}

#[test]
fn a_text_is_equal_to_the_same_bytes() {
    check("name == \"disk/sda1\"", true);
    check("name == \"disk/sda\"", false);
    check("name != \"disk/sda\"", true);
    check("\"disk/sda1\" == name", true);
    check("empty == \"\"", true);
    check("raw == \"\\xff\\0x\"", true);
    check("raw == \"\\377*\"", true);
    check("name == name", true);
    check("name == star", false);
    check("name != star", true);
}

#[test]
fn a_star_in_the_text_of_a_filter_stands_for_any_bytes() {
    check("name == \"disk/*\"", true);
    check("name == \"*/sd*1\"", true);
    check("name == \"*/sd*2\"", false);
    check("name != \"*sda*\"", false);
    check("\"d*1\" == name", true);
    check("name == \"*\"", true);
    check("empty == \"*\"", true);
    check("empty == \"**\"", true);
}

#[test]
fn a_star_of_an_event_s_text_or_behind_a_backslash_is_a_star() {
    check("star == \"a\\*c\"", true);
    check("name == \"a\\*c\"", false);
    check("star == \"*\\**\"", true);
    check("name == \"*\\**\"", false);
}

#[test]
fn a_text_where_a_number_is_needed_has_no_value() {
    check_no_value("name == a");
    check_no_value("name + 1 == a");
    check_no_value("(name || 0) == 0");
    check_no_value("-name == 1");
    check_no_value("name < star");
    check("name", false);
    check("!name", false);
    check_no_value("half & 1");
    check_no_value("~half == 1");
    check_no_value("half % 2 == 1");
    check("half", false);
}

#[test]
fn an_enum_is_its_integer() {
    check("mode >= 14 && mode & 2", true);
}

#[test]
fn the_right_side_is_evaluated_only_if_the_left_one_does_not_decide() {
    check("a == 1 || a / zero", true);
    check("a == 2 && a / zero || 1", true);
    check("a == 2 || a / zero", false);
    check("a == 1 && a / zero || 1", false);
    check("zero || zero || a || seq[9]", true);
    check("a && a && zero && seq[9] || a", true);
}

#[test]
fn logic_gives_0_or_1() {
    check("(b && 7) == 1", true);
    check("(0 || b) == 1", true);
    check("(b && zero) == 0", true);
    check("(a || b) + (a && b) == 2", true);
}

#[test]
fn contexts_are_those_of_the_event() {
    check("$ctx.vpid == 100 && $ctx.procname == \"serv*\"", true);
    check_no_value("$ctx.vtid == 100");
    check("$app.shop:user == \"anna\"", true);
    check("$app.shop:user != \"an*\"", false);
    check_no_value("$app.shop:nobody == 1");
    check("1 || $app.shop:nobody == 1", true);
}

#[track_caller]
fn check_simple(filter: &str, expected: Option<(u16, Comparison, i64)>) {
    let expected = expected.map(|(field, comparison, constant)| Simple {
        field,
        comparison,
        constant,
    });
    assert_eq!(
        Simple::of(linked(filter, &event()).as_slice()),
        expected,
        "{filter}"
    );
}

#[test]
fn one_comparison_of_a_field_with_an_integer_is_simple() {
    check_simple("a == 1", Some((0, Comparison::Eq, 1)));
    check_simple("(b) >= 4 * 1024 - 1", Some((1, Comparison::Ge, 4095)));
    check_simple("7 > b", Some((1, Comparison::Lt, 7)));
    check_simple("b != -1", Some((1, Comparison::Ne, -1)));
    check_simple("a == 1.0", None);
    check_simple("a == b", None);
    check_simple("a", None);
    check_simple("a == 1 && b == 1", None);
    check_simple("list[0] == 1", None);
    check_simple("missing == 1", None);
}

#[test]
fn simple_and_general_code_agree_for_every_class_of_field() {
    for field in ["a", "b", "zero", "big", "half", "nan", "name", "list"] {
        for comparison in ["==", "!=", "<", "<=", ">", ">="] {
            let filter = format!("{field} {comparison} 0");
            let general = format!("{filter} && 1");
            assert_eq!(
                passes(&filter, &event()),
                passes(&general, &event()),
                "{filter}"
            );
        }
    }
}
