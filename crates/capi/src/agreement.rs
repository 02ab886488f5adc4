//! The header against the library: a C file that compiles only if both say the same.

use crate::layout::*;
use std::fmt::Write as _;
use std::mem::offset_of;
use std::path::Path;
use std::process::Command;

/// What must be so: an expression of C and its value here.
fn facts() -> Vec<(String, usize)> {
    let mut facts = Vec::new();
    macro_rules! structure {
        ($rust:ident, $c:literal: $($field:ident),*) => {
            facts.push((format!("sizeof(struct {})", $c), size_of::<$rust>()));
            $(facts.push((
                format!("offsetof(struct {}, {})", $c, stringify!($field)),
                offset_of!($rust, $field),
            ));)*
        };
    }
    structure!(Site, "thalweg_site":
        gate, handle, name, file, fields, line, field_count, level, kind, users, size);
    structure!(Field, "thalweg_field":
        name, labels, label_count, length, shape, scalar, bytes, reserved, reserved_too);
    structure!(Label, "thalweg_label": number, label);
    structure!(Piece, "thalweg_piece": at, len);
    structure!(Begun, "thalweg_begun": id, origin);
    structure!(Place, "thalweg_place": before, depth);
    structure!(CodePlace, "thalweg_code_place": site, ip);
    // What is in them is the library's alone.
    let context = size_of::<Option<thalweg::AppContext>>();
    facts.push(("sizeof(struct thalweg_app_context)".to_owned(), context));
    let watch = size_of::<thalweg::Watch>();
    facts.push(("sizeof(struct thalweg_watch)".to_owned(), watch));
    let tags = [
        ("KIND_EVENT", EVENT),
        ("KIND_GUARD", GUARD),
        ("SHAPE_NUMBER", NUMBER),
        ("SHAPE_TEXT", TEXT),
        ("SHAPE_ARRAY", ARRAY),
        ("SHAPE_SEQUENCE", SEQUENCE),
        ("SCALAR_UNSIGNED", UNSIGNED),
        ("SCALAR_SIGNED", SIGNED),
        ("SCALAR_HEX", HEX),
        ("SCALAR_FLOAT", FLOAT),
        ("SCALAR_BOOL", BOOL),
        ("SCALAR_ENUM_UNSIGNED", ENUM_UNSIGNED),
        ("SCALAR_ENUM_SIGNED", ENUM_SIGNED),
    ];
    facts.extend(tags.map(|(name, value)| (format!("THALWEG_{name}"), usize::from(value))));
    facts
}

/// The functions, with the types that they have here.
const FUNCTIONS: &str = "
void (*registers)(struct thalweg_site *const *, struct thalweg_site *const *) = thalweg_register_0;
void (*unregisters)(struct thalweg_site *const *, struct thalweg_site *const *) = thalweg_unregister_0;
void (*emits)(const struct thalweg_site *, const uint64_t *, size_t) = thalweg_emit_0;
void (*emits_pieces)(const struct thalweg_site *, const struct thalweg_piece *, size_t) = thalweg_emit_pieces_0;
bool (*wants)(const struct thalweg_site *) = thalweg_wants_0;
void (*begins)(struct thalweg_begun *, const struct thalweg_site *const *, size_t) = thalweg_begin_span_0;
void (*tells)(const struct thalweg_site *, const struct thalweg_begun *) = thalweg_tell_span_0;
uint64_t (*current)(void) = thalweg_current_span_0;
void (*enters)(const struct thalweg_begun *, struct thalweg_place *) = thalweg_enter_span_0;
void (*leaves)(const struct thalweg_place *) = thalweg_leave_span_0;
bool (*polls)(struct thalweg_watch *) = thalweg_watch_poll_0;
bool (*waits)(struct thalweg_watch *, int64_t) = thalweg_watch_wait_0;
void (*ends)(struct thalweg_watch *) = thalweg_watch_end_0;
void (*places)(const struct thalweg_code_place *, const struct thalweg_code_place *) = thalweg_places_0;
bool (*adds)(struct thalweg_app_context *, const char *, const char *,
             void (*)(void *, struct thalweg_app_value *), void *) = thalweg_app_context_add_0;
void (*removes)(struct thalweg_app_context *) = thalweg_app_context_remove_0;
void (*sets_int)(struct thalweg_app_value *, int64_t) = thalweg_app_value_set_int_0;
void (*sets_uint)(struct thalweg_app_value *, uint64_t) = thalweg_app_value_set_uint_0;
void (*sets_float)(struct thalweg_app_value *, double) = thalweg_app_value_set_float_0;
void (*sets_text)(struct thalweg_app_value *, const char *) = thalweg_app_value_set_text_0;
";

/// Compiles the facts with a compiler.
fn compile(compiler: &str, facts: &[(String, usize)]) -> Result<Option<()>, String> {
    let word = if compiler.ends_with("++") {
        "static_assert"
    } else {
        "_Static_assert"
    };
    let mut source = String::new();
    for (expression, value) in facts {
        let _ = writeln!(source, "{word}({expression} == {value}, \"{expression}\");");
    }
    source.push_str(FUNCTIONS);
    syntax(compiler, &source)
}

/// Checks a source file; `Ok` is `None` where there is no such compiler.
fn syntax(compiler: &str, source: &str) -> Result<Option<()>, String> {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let (language, standard) = if compiler.ends_with("++") {
        ("c++", "-std=c++17")
    } else {
        ("c", "-std=c11")
    };
    let file = folder.path().join("facts");
    let source = format!("#include <thalweg.h>\n{source}");
    std::fs::write(&file, source).expect("the folder is ours");
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
    let ran = Command::new(compiler)
        .args([
            standard,
            "-Wall",
            "-Wextra",
            "-pedantic",
            "-Werror",
            "-x",
            language,
            "-I",
        ])
        .args([&include, &file])
        .args(["-fsyntax-only", "-fPIC"])
        .output();
    match ran {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("run {compiler}: {error}")),
        Ok(output) if output.status.success() => Ok(Some(())),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// gcc and g++ have to be there; clang is asked where it is installed.
#[track_caller]
fn with_each(check: impl Fn(&str, Result<Option<()>, String>), facts: &[(String, usize)]) {
    for compiler in ["gcc", "g++", "clang", "clang++"] {
        let compiled = compile(compiler, facts);
        if compiled == Ok(None) {
            assert!(
                compiler.starts_with("clang"),
                "no {compiler}: scripts/setup.sh installs it"
            );
            eprintln!("{compiler} is not installed: not asked");
            continue;
        }
        check(compiler, compiled);
    }
}

#[test]
fn the_header_has_the_layout_and_the_tags_of_the_library() {
    with_each(
        |compiler, compiled| assert_eq!(compiled, Ok(Some(())), "{compiler}"),
        &facts(),
    );
}

#[test]
fn a_header_that_differs_in_any_one_fact_does_not_compile() {
    let facts = facts();
    for at in 0..facts.len() {
        let mut other = facts.clone();
        other[at].1 += 1;
        let said = compile("gcc", &other).expect_err("one fact is wrong");
        assert!(said.contains(&other[at].0), "{said}");
        assert_eq!(said.matches("static assertion failed").count(), 1, "{said}");
    }
}

/// Compiles a program with one mistake in it; gcc has to say these words.
#[track_caller]
fn check_mistake(event: &str, words: &str) {
    let said = syntax(
        "gcc",
        &format!("void f(void);\nvoid f(void) {{ {event}; }}\n"),
    );
    let said = said.expect_err("gcc takes the mistake for none");
    assert!(said.contains(words), "{said}");
}

#[test]
fn mistakes_are_named_by_the_compiler() {
    let fields = |count: usize| vec!["tw_u8(a, 1)"; count].join(", ");
    check_mistake(
        &format!("THALWEG_EVENT(\"a:b\", INFO, {})", fields(65)),
        "an_event_has_at_most_64_fields",
    );
    check_mistake("THALWEG_EVENT(\"a:b\", LOUD)", "THALWEG__LEVEL_LOUD");
    check_mistake("THALWEG_EVENT(\"a:b\", INFO, tw_u128(a, 1))", "tw_u128");
    check_mistake("THALWEG_EVENT(\"a:b\", INFO, tw_str(a, 7))", "const char *");
    check_mistake(
        "short x[2]; THALWEG_EVENT(\"a:b\", INFO, tw_seq(a, i64, x, 2))",
        "int64_t",
    );
    check_mistake("thalweg_tracef(\"%s\", 7)", "expects argument of type");
    check_mistake("thalweg_tracelog(INFO, \"%d\")", "expects a matching");
}
