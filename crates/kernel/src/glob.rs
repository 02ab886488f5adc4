//! Patterns with `*` and `?`, as shells and LTTng have them.

/// Whether `pattern` matches the whole of `text`; linear in time for every pattern that has one
/// star, at worst the product of both lengths.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == b'?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match_as_in_a_shell() {
        for (pattern, text, want) in [
            ("sched_*", "sched_switch", true),
            ("sched_*", "sched", false),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("*_exit", "irq_handler_exit", true),
            ("*_e*t", "irq_handler_exit", true),
            ("?rq_*", "irq_x", true),
            ("a*b*c", "axxbxxbc", true),
            ("a*b*c", "axxbxxb", false),
            ("sched_switch", "sched_switch2", false),
        ] {
            assert_eq!(matches(pattern, text), want, "{pattern} {text}");
        }
    }
}
