//! The rows that `run.sh` writes, read back.

use std::collections::BTreeMap;

/// One run of a workload under a recorder, or under none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Row {
    /// The workload's own time, in seconds.
    pub(crate) wall: f64,
    /// Processor time of everything but the workload, in seconds.
    pub(crate) recorder: f64,
    /// Events in the recording.
    pub(crate) events: f64,
    /// The recording's bytes.
    pub(crate) bytes: f64,
}

/// The rows by workload and recorder.
pub(crate) type Rows = BTreeMap<(String, String), Vec<Row>>;

/// `workload,recorder,wall_s,workload_cpu_s,whole_cpu_s,events,bytes` in each line.
pub(crate) fn read(text: &str) -> Result<Rows, String> {
    let mut rows = Rows::new();
    for line in text.lines() {
        let (key, row) = parse(line).ok_or_else(|| format!("understand the row: {line}"))?;
        rows.entry(key).or_default().push(row);
    }
    Ok(rows)
}

fn parse(line: &str) -> Option<((String, String), Row)> {
    let parts: Vec<&str> = line.split(',').collect();
    let [workload, recorder, numbers @ ..] = &parts[..] else {
        return None;
    };
    let numbers: Vec<f64> = numbers
        .iter()
        .map(|text| text.parse().ok())
        .collect::<Option<_>>()?;
    let [wall, own, whole, events, bytes] = numbers[..] else {
        return None;
    };
    let row = Row {
        wall,
        recorder: (whole - own).max(0.0),
        events,
        bytes,
    };
    Some((((*workload).to_owned(), (*recorder).to_owned()), row))
}

/// The least of a part of all rows.
pub(crate) fn best(rows: &[Row], part: fn(&Row) -> f64) -> f64 {
    rows.iter().map(part).fold(f64::MAX, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorder_s_time_is_what_the_workload_has_not_taken() {
        let rows = read("find,perf,2.5,1.5,1.75,100,9000\nfind,perf,2,1,3,90,800\n").unwrap();
        let found = &rows[&("find".to_owned(), "perf".to_owned())];
        let first = Row {
            wall: 2.5,
            recorder: 0.25,
            events: 100.0,
            bytes: 9000.0,
        };
        assert_eq!(found[0], first);
        assert_eq!(best(found, |row| row.wall), 2.0);
        assert_eq!(
            read("find,perf,2\n").unwrap_err(),
            "understand the row: find,perf,2"
        );
    }
}
