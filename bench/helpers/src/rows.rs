//! The rows that the programs write, read back.

use std::collections::BTreeMap;

/// Which rows belong together: the workload and the tracer.
pub(crate) type Case = (String, String);

/// What was measured of one case.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Measured {
    /// Nanoseconds of CPU time of one unit, a value for each batch.
    pub(crate) unit_ns: Vec<f64>,
    /// How many runs they are from.
    pub(crate) runs: usize,
}

/// The cases of a file: `workload,tracer,round,batch,units,ns` a line.
pub(crate) fn read(text: &str) -> Result<BTreeMap<Case, Measured>, String> {
    let mut cases = BTreeMap::<Case, Measured>::new();
    let mut last_run = None;
    for line in text.lines() {
        let words: Vec<&str> = line.split(',').collect();
        let [workload, tracer, round, _, units, ns] = words[..] else {
            return Err(format!("not a row: {line}"));
        };
        let (Ok(units), Ok(ns)) = (units.parse::<f64>(), ns.parse::<f64>()) else {
            return Err(format!("not a row: {line}"));
        };
        let case = cases.entry((workload.to_owned(), tracer.to_owned()));
        let case = case.or_default();
        case.unit_ns.push(ns / units);
        let run = Some((workload, tracer, round));
        case.runs += usize::from(run != last_run);
        last_run = run;
    }
    Ok(cases)
}

impl Measured {
    /// The least of the values.
    pub(crate) fn best(&self) -> f64 {
        self.unit_ns.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The value in the middle.
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.unit_ns.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_divided_by_their_units_and_counted_by_run() {
        let text = "calls,plain,1,0,10,30\ncalls,plain,1,1,10,10\ncalls,plain,2,0,10,20\n";
        let cases = read(text).unwrap();
        let case = &cases[&("calls".to_owned(), "plain".to_owned())];
        assert_eq!((case.best(), case.median(), case.runs), (1.0, 2.0, 2));
    }

    #[test]
    fn a_line_that_is_no_row_is_refused_with_its_text() {
        assert_eq!(read("calls,plain\n").unwrap_err(), "not a row: calls,plain");
        assert_eq!(read("a,b,c,d,e,f\n").unwrap_err(), "not a row: a,b,c,d,e,f");
    }
}
