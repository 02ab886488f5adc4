//! The rows that both programs write, read back.

use std::collections::BTreeMap;

/// Which rows belong together: the tracer and the number of threads.
pub(crate) type Case = (String, u32);

/// Nanoseconds of CPU time for one turn of each loop.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) empty: f64,
    pub(crate) event: f64,
    pub(crate) clock: f64,
}

/// `round,tracer,threads,thread,batch,events,empty_ns,event_ns,clock_ns` in each line.
pub(crate) fn read(text: &str) -> Result<BTreeMap<Case, Vec<Row>>, String> {
    let mut cases: BTreeMap<Case, Vec<Row>> = BTreeMap::new();
    for line in text.lines() {
        let (case, row) = parse(line).ok_or_else(|| format!("not a row: {line}"))?;
        cases.entry(case).or_default().push(row);
    }
    Ok(cases)
}

fn parse(line: &str) -> Option<(Case, Row)> {
    let parts: Vec<&str> = line.split(',').collect();
    let [
        _round,
        tracer,
        threads,
        _thread,
        _batch,
        events,
        empty,
        event,
        clock,
    ] = parts[..]
    else {
        return None;
    };
    let events: f64 = events.parse().ok()?;
    let each = |ns: &str| Some(ns.parse::<f64>().ok()? / events);
    let row = Row {
        empty: each(empty)?,
        event: each(event)?,
        clock: each(clock)?,
    };
    Some(((tracer.to_owned(), threads.parse().ok()?), row))
}

/// The least of the values.
pub(crate) fn best(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::INFINITY, f64::min)
}

/// The value in the middle.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_divided_by_its_events() {
        let cases = read("0,thalweg,2,1,5,100,50,1450,1150\n").unwrap();
        let row = cases[&("thalweg".to_owned(), 2)][0];
        assert_eq!((row.empty, row.event, row.clock), (0.5, 14.5, 11.5));
    }

    #[test]
    fn a_line_that_is_no_row_is_refused_with_its_text() {
        assert_eq!(
            read("0,thalweg,2\n").err().unwrap(),
            "not a row: 0,thalweg,2"
        );
    }

    #[test]
    fn best_and_median_are_the_least_and_the_middle() {
        let values = [3.0, 1.0, 2.0];
        assert_eq!(
            (best(values.into_iter()), median(values.into_iter())),
            (1.0, 2.0)
        );
    }
}
