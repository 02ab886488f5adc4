//! What an event is called, and how severe it is, from what `tracing` says of its call site.

use thalweg::Level;
use tracing_core::Metadata;

/// The level in LTTng's words.
pub(crate) fn level(level: tracing_core::Level) -> Level {
    match level {
        tracing_core::Level::ERROR => Level::Err,
        tracing_core::Level::WARN => Level::Warning,
        tracing_core::Level::INFO => Level::Info,
        tracing_core::Level::DEBUG => Level::DebugFunction,
        _ => Level::DebugLine,
    }
}

/// `TARGET:NAME`; an event without a name of its own is called by its place.
pub(crate) fn name(metadata: &Metadata<'_>) -> String {
    let target = metadata.target();
    let module = metadata.module_path().unwrap_or(target);
    let name = match metadata.line() {
        Some(line) if is_unnamed(metadata) && module == target => format!("{target}:{line}"),
        Some(line) if is_unnamed(metadata) => format!("{target}:{module}:{line}"),
        _ => format!("{target}:{}", metadata.name()),
    };
    without_nul(name)
}

/// `tracing` calls an event without a name `event FILE:LINE`, whatever the file is called.
fn is_unnamed(metadata: &Metadata<'_>) -> bool {
    let place = metadata.name().strip_prefix("event ");
    let rest = place.and_then(|place| place.strip_prefix(metadata.file()?));
    metadata.is_event() && rest.is_some_and(|rest| rest.starts_with(':'))
}

/// A NUL would end the name before its end.
pub(crate) fn without_nul(name: String) -> String {
    if name.contains('\0') {
        name.replace('\0', "_")
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_core::callsite::DefaultCallsite;
    use tracing_core::field::FieldSet;
    use tracing_core::metadata::Kind;

    static CALLSITE: DefaultCallsite = DefaultCallsite::new(&METADATA);
    static METADATA: Metadata<'static> = tracing_core::metadata! {
        name: "any",
        target: "any",
        level: tracing_core::Level::INFO,
        fields: &[],
        callsite: &CALLSITE,
        kind: Kind::EVENT,
    };

    /// The name of an event in line 12 of a file with a space in its name.
    #[track_caller]
    fn check(target: &str, given: &'static str, module: Option<&str>, expected: &str) {
        let metadata = Metadata::new(
            given,
            target,
            tracing_core::Level::INFO,
            Some("src/a b.rs"),
            Some(12),
            module,
            FieldSet::new(&[], tracing_core::identify_callsite!(&CALLSITE)),
            Kind::EVENT,
        );
        assert_eq!(name(&metadata), expected);
    }

    #[test]
    fn a_named_event_is_called_by_target_and_name() {
        check("shop::net", "slow", Some("shop::net"), "shop::net:slow");
    }

    #[test]
    fn an_event_without_a_name_is_called_by_its_line() {
        check(
            "shop::net",
            "event src/a b.rs:12",
            Some("shop::net"),
            "shop::net:12",
        );
        check("shop", "event src/a b.rs:12", None, "shop:12");
    }

    #[test]
    fn a_target_of_its_own_does_not_hide_the_module() {
        check(
            "audit",
            "event src/a b.rs:12",
            Some("shop::net"),
            "audit:shop::net:12",
        );
    }

    #[test]
    fn a_nul_does_not_end_the_name() {
        check("a\0b", "c\0d", None, "a_b:c_d");
    }

    #[test]
    fn levels_keep_their_order() {
        use tracing_core::Level as L;
        let levels = [L::ERROR, L::WARN, L::INFO, L::DEBUG, L::TRACE].map(level);
        assert!(levels.is_sorted());
        assert_eq!(levels[4], Level::DebugLine);
    }
}
