//! What is measured once a round, or once an event: cold events, memory, the collectors' time, …

use std::collections::BTreeMap;

use crate::pick::Pick;

/// All numbers, by what they are and whose.
#[derive(Debug, Default)]
pub(crate) struct Numbers(BTreeMap<(String, String), Vec<f64>>);

impl Numbers {
    /// Reads `round,tracer,what,value` lines.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut all = Self::default();
        for line in text.lines() {
            let (key, value) = parse(line).ok_or_else(|| format!("not a number's row: {line}"))?;
            all.0.entry(key).or_default().push(value);
        }
        Ok(all)
    }

    /// One number of these, if there are any.
    pub(crate) fn of(&self, tracer: &str, what: &str, pick: Pick) -> Option<f64> {
        let values = self.0.get(&(what.to_owned(), tracer.to_owned()))?;
        Some(pick(values))
    }
}

fn parse(line: &str) -> Option<((String, String), f64)> {
    let parts: Vec<&str> = line.split(',').collect();
    let [_round, tracer, what, value] = parts[..] else {
        return None;
    };
    let value = value.parse().ok().filter(|value: &f64| value.is_finite())?;
    Some(((what.to_owned(), tracer.to_owned()), value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pick::best;

    #[test]
    fn numbers_of_all_rounds_are_together() {
        let all = Numbers::read("1,thalweg,cold,7.5\n2,thalweg,cold,6\n2,lttng-ust,cold,1\n");
        let all = all.unwrap();
        assert_eq!(all.of("thalweg", "cold", best), Some(6.0));
        assert_eq!(all.of("thalweg", "warm", best), None);
    }

    #[test]
    fn what_is_no_number_is_refused_with_its_text() {
        for line in ["1,thalweg,cold,", "1,thalweg,cold,NaN", "1,thalweg,7"] {
            let found = Numbers::read(line).err().unwrap();
            assert_eq!(found, format!("not a number's row: {line}"));
        }
    }
}
