//! The rows that `run.sh` writes, read back.

use std::collections::BTreeMap;

/// What one case of one trace took, by reader, in seconds of processor time: one for each round.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Case {
    pub(crate) events: f64,
    pub(crate) ours: Vec<f64>,
    pub(crate) theirs: Vec<f64>,
}

/// By trace and case.
pub(crate) type Cases = BTreeMap<(String, String), Case>;

/// `round,trace,events,case,reader,user_s,system_s` in each line.
pub(crate) fn read(text: &str) -> Result<Cases, String> {
    let mut cases = Cases::new();
    for line in text.lines() {
        take(line, &mut cases).ok_or_else(|| format!("not a row: {line}"))?;
    }
    Ok(cases)
}

fn take(line: &str, cases: &mut Cases) -> Option<()> {
    let parts: Vec<&str> = line.split(',').collect();
    let [_round, trace, events, case, reader, user, system] = parts[..] else {
        return None;
    };
    let seconds = user.parse::<f64>().ok()? + system.parse::<f64>().ok()?;
    let entry = cases
        .entry((trace.to_owned(), case.to_owned()))
        .or_default();
    entry.events = events.parse().ok()?;
    match reader {
        "thalweg" => entry.ours.push(seconds),
        "babeltrace2" => entry.theirs.push(seconds),
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_both_readers_come_together() {
        let text = "1,ints,100,text,thalweg,1.5,0.5\n1,ints,100,text,babeltrace2,9,1\n";
        let expected = Case {
            events: 100.0,
            ours: vec![2.0],
            theirs: vec![10.0],
        };
        let cases = read(text).unwrap();
        assert_eq!(cases[&("ints".to_owned(), "text".to_owned())], expected);
    }

    #[test]
    fn a_line_that_is_no_row_is_refused_with_its_text() {
        assert_eq!(read("1,ints,2\n").err().unwrap(), "not a row: 1,ints,2");
        let row = "1,ints,100,text,perf,1,1";
        assert_eq!(read(row).err().unwrap(), format!("not a row: {row}"));
    }
}
