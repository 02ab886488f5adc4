//! Which events of programs a recording takes.

use std::fmt::Write as _;
use thalweg_abi::rules::{AT_LEAST, ENABLE, EXACTLY, EXCLUDE};
use thalweg_abi::slot::RULES_LEN;
use thalweg_model::LogLevel;

/// The severities that a rule takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Levels {
    /// All.
    #[default]
    All,
    /// This one and what is more severe.
    AtLeast(LogLevel),
    /// This one.
    Exactly(LogLevel),
}

/// A rule: an event that it matches is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The names that it takes; `*` stands for anything.
    pub pattern: String,
    /// Names that it leaves out, as patterns.
    pub exclude: Vec<String>,
    /// The severities that it takes.
    pub levels: Levels,
}

impl Rule {
    /// A rule for all events whose names match.
    pub fn named(pattern: impl Into<String>) -> Self {
        Self {
            pattern: pattern.into(),
            exclude: Vec::new(),
            levels: Levels::All,
        }
    }

    fn write(&self, text: &mut String) {
        let mut line = |key: &str, value: &dyn std::fmt::Display| {
            let _ = writeln!(text, "{key} {value}");
        };
        line(ENABLE, &self.pattern);
        for pattern in &self.exclude {
            line(EXCLUDE, pattern);
        }
        match self.levels {
            Levels::All => {}
            Levels::AtLeast(level) => line(AT_LEAST, &(level as u8)),
            Levels::Exactly(level) => line(EXACTLY, &(level as u8)),
        }
    }
}

/// Why rules cannot be told to programs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Names have no line breaks.
    #[error("record events of programs: the pattern {0:?} has a line break in it")]
    LineBreak(String),
    /// The text of all rules has a limit.
    #[error(
        "record events of programs: the rules take {0} bytes, and there is room for {RULES_LEN}"
    )]
    TooLong(usize),
}

/// Rules as the text that programs read, see [`thalweg_abi::rules`].
pub(crate) fn text_of(rules: &[Rule]) -> Result<String, RuleError> {
    let patterns = |rule: &Rule| {
        let exclude = rule.exclude.clone();
        std::iter::once(rule.pattern.clone()).chain(exclude)
    };
    if let Some(bad) = rules.iter().flat_map(patterns).find(|p| p.contains('\n')) {
        return Err(RuleError::LineBreak(bad));
    }
    let mut text = String::new();
    rules.iter().for_each(|rule| rule.write(&mut text));
    // An advert has other lines before them.
    if text.len() > RULES_LEN - 2048 {
        return Err(RuleError::TooLong(text.len()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use thalweg_abi::rules::Rules;

    #[test]
    fn the_text_says_what_the_rules_say() {
        let rule = Rule {
            exclude: vec!["shop:secret*".into()],
            levels: Levels::AtLeast(LogLevel::Info),
            ..Rule::named("shop:*")
        };
        let text = text_of(&[rule, Rule::named("a:b")]).unwrap();
        assert_eq!(
            text,
            "enable shop:*\nexclude shop:secret*\nat-least 6\nenable a:b\n"
        );
        let rules = Rules::new(text.as_bytes());
        assert!(rules.want(b"shop:order", LogLevel::Warning as u8));
        assert!(!rules.want(b"shop:order", LogLevel::Debug as u8));
        assert!(!rules.want(b"shop:secret", LogLevel::Warning as u8));
    }

    #[test]
    fn what_cannot_be_told_is_refused() {
        let broken = text_of(&[Rule::named("a\nenable *")]);
        assert_eq!(broken, Err(RuleError::LineBreak("a\nenable *".into())));
        let long = vec![Rule::named("x".repeat(100)); 200];
        assert!(matches!(text_of(&long), Err(RuleError::TooLong(_))));
    }
}
