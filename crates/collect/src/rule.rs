//! Which events of programs a recording takes.

use std::fmt::Write as _;
use thalweg_abi::rules::{AT_LEAST, ENABLE, EXACTLY, EXCLUDE, FILTER};
use thalweg_abi::sampled::MAX;
use thalweg_abi::slot::RULES_LEN;
use thalweg_filter::{Context, Expr, Filter, Node};
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
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The names that it takes; `*` stands for anything.
    pub pattern: String,
    /// Names that it leaves out, as patterns.
    pub exclude: Vec<String>,
    /// The severities that it takes.
    pub levels: Levels,
    /// Takes only events that pass.
    pub filter: Option<Filter>,
}

impl Rule {
    /// A rule for all events whose names match.
    pub fn named(pattern: impl Into<String>) -> Self {
        Self {
            pattern: pattern.into(),
            exclude: Vec::new(),
            levels: Levels::All,
            filter: None,
        }
    }

    fn write(&self, text: &mut String) -> Result<(), RuleError> {
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
        if let Some(filter) = &self.filter {
            known_to_programs(filter.expr())?;
            let bytecode = filter
                .compile()
                .map_err(|why| RuleError::Filter(why.to_string()))?;
            line(FILTER, &bytecode.to_hex());
        }
        Ok(())
    }
}

/// Why rules cannot be told to programs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Names have no line breaks.
    #[error("record events of programs: the pattern {0:?} has a line break in it")]
    LineBreak(String),
    /// The filter is too large.
    #[error("use the filter: {0}")]
    Filter(String),
    /// A program does not know what the filter asks for.
    #[error(
        "use the filter: column {column}: programs know no {what} of their events; they know $ctx.vpid, vtid, procname, pthread_id, ip, cpu_id, vuid, veuid, vsuid, vgid, vegid and vsgid"
    )]
    Context {
        /// Where it stands.
        column: usize,
        /// What it is.
        what: String,
    },
    /// So many contexts no program takes itself.
    #[error(
        "record events of programs: contexts that they take themselves are at most {MAX}, not {0}"
    )]
    TooManyContexts(usize),
    /// The text of all rules has a limit.
    #[error(
        "record events of programs: the rules take {0} bytes, and there is room for {RULES_LEN}"
    )]
    TooLong(usize),
}

/// Refuses what no program can tell of its events: it would be false always.
fn known_to_programs(expr: &Expr) -> Result<(), RuleError> {
    expr.parts().try_for_each(|part| match &part.node {
        Node::Context(context) if !is_known(*context) => Err(RuleError::Context {
            column: part.column,
            what: format!("$ctx.{}", context.name()),
        }),
        _ => Ok(()),
    })
}

fn is_known(context: Context) -> bool {
    use Context::{CpuId, Ip, Procname, PthreadId, Vpid, Vtid};
    use Context::{Vegid, Veuid, Vgid, Vsgid, Vsuid, Vuid};
    let of_thread = matches!(context, Vpid | Vtid | Procname | PthreadId | Ip | CpuId);
    of_thread || matches!(context, Vuid | Veuid | Vsuid | Vgid | Vegid | Vsgid)
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
    rules.iter().try_for_each(|rule| rule.write(&mut text))?;
    // An advert has other lines before them.
    if text.len() > RULES_LEN - 2048 {
        return Err(RuleError::TooLong(text.len()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use thalweg_abi::rules::{Rules, Verdict};

    #[test]
    fn the_text_says_what_the_rules_say() {
        let rule = Rule {
            exclude: vec!["shop:secret*".into()],
            levels: Levels::AtLeast(LogLevel::Info),
            ..Rule::named("shop:*")
        };
        let filtered = Rule {
            filter: Some("a > 1".parse().unwrap()),
            ..Rule::named("b:*")
        };
        let text = text_of(&[rule, Rule::named("a:b"), filtered]).unwrap();
        let expected =
            "enable shop:*\nexclude shop:secret*\nat-least 6\nenable a:b\nenable b:*\nfilter ";
        assert!(text.starts_with(expected), "{text}");
        let rules = Rules::new(text.as_bytes());
        let check = |name: &[u8], level: LogLevel, expected| {
            assert_eq!(rules.verdict(name, level as u8), expected);
        };
        check(b"shop:order", LogLevel::Warning, Verdict::Wanted);
        check(b"shop:order", LogLevel::Debug, Verdict::Unwanted);
        check(b"shop:secret", LogLevel::Warning, Verdict::Unwanted);
        check(b"b:c", LogLevel::Warning, Verdict::Filtered);
    }

    #[test]
    fn what_cannot_be_told_is_refused() {
        let broken = text_of(&[Rule::named("a\nenable *")]);
        assert_eq!(broken, Err(RuleError::LineBreak("a\nenable *".into())));
        let with = |filter: &str| Rule {
            filter: Some(filter.parse().unwrap()),
            ..Rule::named("*")
        };
        let told = text_of(&[with("a == 1 || $ctx.net_ns > 2")]).unwrap_err();
        let expected = "use the filter: column 11: programs know no $ctx.net_ns";
        assert!(told.to_string().starts_with(expected), "{told}");
        assert!(text_of(&[with("$ctx.vpid == 1 && $ctx.procname == \"x*\"")]).is_ok());
        let long = vec![Rule::named("x".repeat(100)); 200];
        assert!(matches!(text_of(&long), Err(RuleError::TooLong(_))));
    }
}
