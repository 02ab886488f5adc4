//! What a user reads when a filter is wrong.

#![forbid(unsafe_code)]

use thalweg_filter::{Filter, Kind};

#[track_caller]
fn check(filter: &str, expected: &str) {
    let error = filter.parse::<Filter>().expect_err("it is wrong");
    let words = error.to_string();
    assert_eq!(words, expected, "{filter:.60}");
    assert!(!words.contains('\n'));
}

#[test]
fn what_is_missing_is_named_with_its_column() {
    check("a > && b", "column 5: expected a value, found `&&`");
    check("", "column 1: expected a value, found the end");
    check("a ==", "column 5: expected a value, found the end");
    check(
        "(a == 1",
        "column 8: expected an operator or `)`, found the end",
    );
    check("a == 1)", "column 7: expected an operator, found `)`");
    check("a 1", "column 3: expected an operator, found `1`");
    check("a = 1", "column 3: expected `==`, found `=`");
    check(
        "a[b]",
        "column 3: expected an index, which is a number, found `b`",
    );
    check(
        "a[-1]",
        "column 3: expected an index, which is a number, found `-`",
    );
    check("a[1", "column 4: expected `]`, found the end");
    check("a.1", "column 2: expected an operator, found `.1`");
    check("a..b", "column 3: expected the name of a member, found `.`");
    check("a ? 1 : 0", "column 3: no filter has '?' here");
    check(
        "$foo == 1",
        "column 1: expected `$ctx.NAME` or `$app.PROVIDER:NAME`, found `$foo`",
    );
    check(
        "$ctx == 1",
        "column 6: expected `.` and the name of a context, found `==`",
    );
    check(
        "$app.a == 1",
        "column 8: expected `:` and the name of a context, found `==`",
    );
}

#[test]
fn columns_count_characters() {
    check(
        "n == \"äöü\" &&",
        "column 14: expected a value, found the end",
    );
    check("ä == 1", "column 1: no filter has 'ä' here");
}

#[test]
fn a_bad_literal_is_shown() {
    check("a == 08", "column 6: `08` is not a number");
    check("a == 0x", "column 6: `0x` is not a number");
    check("a == 12ab", "column 6: `12ab` is not a number");
    check("a == 1.2.3", "column 6: `1.2.3` is not a number");
    check("a == 1e", "column 6: `1e` is not a number");
    check(
        "a == 18446744073709551616",
        "column 6: the number `18446744073709551616` is too large",
    );
    check(
        "a[4294967296]",
        "column 3: the number `4294967296` is too large",
    );
    check(
        "a == \"b",
        "column 6: the text that begins here has no closing `\"`",
    );
    check(
        "a == \"b\\",
        "column 6: the text that begins here has no closing `\"`",
    );
    check(
        "a == \"\\q\"",
        "column 6: no character has the escape `\\q`",
    );
    check(
        "a == \"\\xg\"",
        "column 6: no character has the escape `\\x`",
    );
    check(
        "a == \"\\400\"",
        "column 6: no character has the escape `\\400`",
    );
    check(
        "a == \"\\é\"",
        "column 6: no character has the escape `\\é`",
    );
}

#[test]
fn an_unknown_context_comes_with_its_neighbours_and_all_names() {
    check(
        "$ctx.vpdi == 1",
        "column 6: no context is called `vpdi` (did you mean `vpid`?); there are vpid, vtid, \
         procname, pthread_id, ip, cpu_id, vuid, veuid, vsuid, vgid, vegid, vsgid, cgroup_ns, \
         ipc_ns, mnt_ns, net_ns, pid_ns, time_ns, user_ns, uts_ns, tid, pid, ppid, vppid, prio, nice, \
         hostname, interruptible, preemptible, need_reschedule, migratable, uid, gid, euid, egid, \
         suid, sgid, cgroup_id, cgroup, container",
    );
}

#[test]
fn constants_of_the_wrong_kind_are_found_without_an_event() {
    check(
        "a < \"b\"",
        "column 3: texts have no `<`, only `==` and `!=`",
    );
    check("\"a\" == 1", "column 5: a text and a number are compared");
    check(
        "\"a*\" != \"*b\"",
        "column 6: two texts with stars are compared",
    );
    check("!\"a\"", "column 2: `!` is for numbers, not for a text");
    check("a & 1.5", "column 5: `&` is for integers, not for a float");
    check("1.5 % a", "column 1: `%` is for integers, not for a float");
    check("~1.0", "column 2: `~` is for integers, not for a float");
    check(
        "a && \"b\"",
        "column 6: `&&` is for numbers, not for a text",
    );
    check(
        "\"a\"",
        "column 1: a text is neither true nor false; compare it with something",
    );
    check(
        "1.5",
        "column 1: a float is neither true nor false; compare it with something",
    );
    check(
        "$ctx.procname == 1",
        "column 15: a text and a number are compared",
    );
}

#[track_caller]
fn check_fields(filter: &str, expected: &[&str]) {
    let fields = [
        ("size", Kind::Integer),
        ("ratio", Kind::Float),
        ("name", Kind::Text),
        ("list", Kind::IntegerList(Some(3))),
        ("seq", Kind::FloatList(None)),
        ("user.name", Kind::Text),
        ("any", Kind::Unknown),
        ("user", Kind::Structure),
        ("users", Kind::StructureList(None)),
    ];
    let filter: Filter = filter.parse().expect("it is a filter");
    let errors = filter.check(&fields[..]).err().unwrap_or_default();
    let words: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(words, expected);
}

#[test]
fn a_filter_that_fits_its_event_passes() {
    check_fields("size > 4096 && name == \"a*\" || ratio < 0.5", &[]);
    check_fields("list[2] & 1 && seq[100] > 1 && user.name != name", &[]);
    check_fields("any == 1 && any == \"a\" && any[1] && $app.a:b", &[]);
}

#[test]
fn everything_that_does_not_fit_is_reported_once_from_left_to_right() {
    check_fields(
        "name == size && nam == 1 || list > 1 || size[0] || list[3]",
        &[
            "column 6: a text and a number are compared",
            "column 17: the event has no field `nam` (did you mean `name`?)",
            "column 29: `list` is a list; say which element, as in `list[0]`",
            "column 41: `size` is not a list",
            "column 52: `list` has 3 elements, the first is `list[0]`",
        ],
    );
    check_fields(
        "name < user.name && ratio | 1",
        &[
            "column 6: texts have no `<`, only `==` and `!=`",
            "column 21: `|` is for integers, not for a float",
        ],
    );
    check_fields(
        "ratio",
        &["column 1: a float is neither true nor false; compare it with something"],
    );
    check_fields(
        "seq[0] << 1",
        &["column 1: `<<` is for integers, not for a float"],
    );
}

#[test]
fn a_structure_has_no_value() {
    let words = "column 1: a structure is compared; say which member";
    check_fields("user == 1", &[words]);
    check_fields("users[0] != user.name", &[words]);
    let words = "column 3: `&` is for integers, not for a structure";
    check_fields("1&user", &[words]);
}

#[test]
fn what_is_too_deep_or_too_large_is_refused_and_what_is_long_is_not() {
    let chain = |count: usize, operator: &str| vec!["a"; count].join(operator);
    let nested = |count: usize| format!("{}a{}", "(".repeat(count), ")".repeat(count));
    let too_deep = "nested more than 64 deep, or more than 256 operators in a row";
    let compile = |filter: &str| filter.parse::<Filter>().and_then(|it| it.compile());
    assert!(compile(&nested(64)).is_ok());
    check(&nested(65), &format!("column 65: {too_deep}"));
    check(&"!".repeat(60_000), &format!("column 65: {too_deep}"));
    assert!(compile(&chain(255, "+")).is_ok());
    check(&chain(300, "+"), &format!("column 512: {too_deep}"));
    assert!(compile(&chain(9_000, "||")).is_ok());
    let many = compile(&chain(13_200, "&&")).unwrap_err();
    assert!(many.to_string().contains("more than 65535 bytes"), "{many}");
    let right = format!("{}a{}", "a+(".repeat(31), ")".repeat(31));
    assert!(compile(&right).is_ok());
    let right = format!("{}a{}", "a+(".repeat(32), ")".repeat(32));
    let error = compile(&right).unwrap_err().to_string();
    assert_eq!(
        error,
        "column 97: more than 32 values wait for their operator"
    );
    let name = "n".repeat(256);
    check(&name, "column 1: the name has more than 255 bytes");
    check(
        &format!("$app.{}:b", "p".repeat(64)),
        "column 6: the name has more than 63 bytes",
    );
    check(
        &" ".repeat(70_000),
        "column 1: the filter has more than 65535 bytes",
    );
}

#[test]
fn every_level_of_logic_can_be_nested_to_the_limit() {
    let filter = format!("{}a{}", "a || a && (".repeat(64), ")".repeat(64));
    let bytecode = filter.parse::<Filter>().unwrap().compile().unwrap();
    let mut words = vec![0; 4096];
    thalweg_filter::link(bytecode.as_bytes(), |_, _| Some(0), &mut words).unwrap();
}
