//! Common mistakes with the macros have a compile error of one clear line.
//!
//! `TRYBUILD=overwrite cargo test -p thalweg --test compile_errors` writes the texts anew; read the
//! difference before you commit it.
//!
//! Not under a sanitizer: that takes another compiler, which may say it in other words.
#![cfg(not(sanitized))]

#[test]
fn a_mistake_is_told_in_one_clear_line() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile_errors/*.rs");
}
