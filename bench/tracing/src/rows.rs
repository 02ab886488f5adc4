//! The rows that the programs write, read back.

use std::collections::BTreeMap;

/// Nanoseconds of CPU time for one turn of each loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) empty: f64,
    pub(crate) event: f64,
}

/// The rows of each case.
pub(crate) type Cases = BTreeMap<String, Vec<Row>>;

/// `round,case,batch,events,empty_ns,event_ns` in each line.
pub(crate) fn read(text: &str) -> Result<Cases, String> {
    let mut cases = Cases::new();
    for line in text.lines() {
        let (case, row) = parse(line).ok_or_else(|| format!("not a row: {line}"))?;
        cases.entry(case).or_default().push(row);
    }
    Ok(cases)
}

fn parse(line: &str) -> Option<(String, Row)> {
    let parts: Vec<&str> = line.split(',').collect();
    let [_round, case, _batch, events, empty, event] = parts[..] else {
        return None;
    };
    let events: f64 = events.parse().ok()?;
    let each = |ns: &str| Some(ns.parse::<f64>().ok()? / events);
    let row = Row {
        empty: each(empty)?,
        event: each(event)?,
    };
    Some((case.to_owned(), row))
}

/// What an event costs over the empty loop: best batch, and median of all.
pub(crate) fn cost(rows: &[Row]) -> (f64, f64) {
    let sorted = |part: fn(&Row) -> f64| {
        let mut values: Vec<f64> = rows.iter().map(part).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let (empty, event) = (sorted(|row| row.empty), sorted(|row| row.event));
    // Each is picked for itself: a disturbed empty loop must not make its event cheap.
    let at = |index: usize| event[index] - empty[index];
    (at(0), at(rows.len() / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_divided_by_its_events() {
        let cases = read("0,fmt,5,100,50,1450\n").unwrap();
        let expected = Row {
            empty: 0.5,
            event: 14.5,
        };
        assert_eq!(cases["fmt"], [expected]);
    }

    #[test]
    fn a_line_that_is_no_row_is_refused_with_its_text() {
        assert_eq!(read("0,fmt,2\n").err().unwrap(), "not a row: 0,fmt,2");
    }

    #[test]
    fn best_and_median_are_the_least_and_the_middle() {
        let row = |empty, event| Row { empty, event };
        let rows = [row(1.0, 30.0), row(2.0, 10.0), row(9.0, 20.0)];
        assert_eq!(cost(&rows), (9.0, 18.0));
    }
}
