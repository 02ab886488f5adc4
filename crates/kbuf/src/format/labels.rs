//! What the numbers of a field are called: from the line by which the kernel prints an event.
//!
//! ```text
//!   print fmt: "reason: %s", __print_symbolic(REC->reason, { 2, "NOT_SPECIFIED" }, { 3, "NO_SOCKET" })
//! ```
//!
//! Invariant: a form that is not this one has no labels.

use super::EventFormat;

const SYMBOLIC: &str = "__print_symbolic(REC->";

impl EventFormat {
    /// The labels of a field's numbers, if the kernel prints them.
    pub fn labels(&self, field: &str) -> Vec<(u64, &str)> {
        let mut calls = self.print.split(SYMBOLIC).skip(1);
        let of_field = calls.find_map(|call| call.strip_prefix(field)?.strip_prefix(','));
        let mut rest = of_field.unwrap_or_default().trim_start();
        let mut labels = Vec::new();
        while let Some((number, label, behind)) = label(rest) {
            labels.push((number, label));
            rest = behind;
        }
        labels
    }
}

/// `{ 2, "NO_SOCKET" }, …`: the number, the label, and what is behind.
fn label(text: &str) -> Option<(u64, &str, &str)> {
    let (number, rest) = text.strip_prefix('{')?.split_once(',')?;
    let (label, rest) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
    let rest = rest.trim_start().strip_prefix('}')?;
    let rest = rest.strip_prefix(',').unwrap_or(rest);
    Some((number_of(number.trim())?, label, rest.trim_start()))
}

fn number_of(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(print: &str, field: &str, want: &[(u64, &str)]) {
        let text = format!(
            "name: x\nID: 1\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\
             print fmt: {print}\n"
        );
        let format = EventFormat::parse(&text).unwrap();
        assert_eq!(format.labels(field), want);
    }

    #[test]
    fn labels_are_those_that_the_kernel_prints() {
        let print = "\"%s %s\", __print_symbolic(REC->a, { 0x10, \"X, Y\" }, {2,\"Z\"}), \
                     __print_symbolic(REC->ab, { 1, \"Q\" })";
        check(print, "a", &[(16, "X, Y"), (2, "Z")]);
        check(print, "ab", &[(1, "Q")]);
        check(print, "b", &[]);
        check("\"%d\", REC->a", "a", &[]);
        check("__print_symbolic(REC->a, { A, \"x\" })", "a", &[]);
        check("__print_symbolic(REC->a, { 1, \"x", "a", &[]);
    }
}
