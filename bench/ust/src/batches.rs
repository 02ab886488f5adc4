//! The rows that `emit` writes on both sides, read back.
//!
//! Invariant: loops are picked each for itself, then subtracted: a disturbed empty loop must not make
//! its event cheap.

use std::collections::BTreeMap;

use crate::pick::Pick;

/// Which rows belong together: a case of the script's, and the number of threads.
type Case = (String, u32);

/// Nanoseconds of CPU time for one turn of each loop.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    round: u32,
    empty: f64,
    event: f64,
    clock: f64,
}

/// The rows of one case and tracer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows(Vec<Row>);

/// All rows: of each case in the order in which it was run first, ours and LTTng's.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    pub(crate) order: Vec<Case>,
    rows: BTreeMap<(Case, String), Rows>,
}

impl Batches {
    /// Reads `round,tracer,case,threads,thread,batch,events,empty_ns,event_ns,clock_ns` lines.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut all = Self::default();
        for line in text.lines() {
            let (case, tracer, row) = parse(line).ok_or_else(|| format!("not a row: {line}"))?;
            if !all.order.contains(&case) {
                all.order.push(case.clone());
            }
            all.rows.entry((case, tracer)).or_default().0.push(row);
        }
        Ok(all)
    }

    /// The rows of a tracer, if any of its recordings was valid.
    pub(crate) fn of(&self, tracer: &str, case: &str, threads: u32) -> Option<&Rows> {
        let key = ((case.to_owned(), threads), tracer.to_owned());
        self.rows.get(&key)
    }
}

impl Rows {
    /// What the event costs over the empty loop.
    pub(crate) fn event(&self, pick: Pick) -> f64 {
        self.part(pick, |row| row.event) - self.empty(pick)
    }

    /// What the clock read costs over the empty loop.
    pub(crate) fn clock(&self, pick: Pick) -> f64 {
        self.part(pick, |row| row.clock) - self.empty(pick)
    }

    /// What the empty loop costs, with the work that is in it.
    pub(crate) fn empty(&self, pick: Pick) -> f64 {
        self.part(pick, |row| row.empty)
    }

    /// By how much of its cost the clock read differs between the first rounds and the last ones.
    pub(crate) fn drift(&self, pick: Pick) -> Option<f64> {
        let last = self.0.iter().map(|row| row.round).max()?;
        let (early, late): (Vec<Row>, Vec<Row>) = self
            .0
            .iter()
            .cloned()
            .partition(|row| row.round * 2 <= last);
        if early.is_empty() || late.is_empty() {
            return None;
        }
        Some((Self(late).clock(pick) / Self(early).clock(pick) - 1.0).abs())
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    fn part(&self, pick: Pick, part: fn(&Row) -> f64) -> f64 {
        pick(&self.0.iter().map(part).collect::<Vec<_>>())
    }
}

fn parse(line: &str) -> Option<(Case, String, Row)> {
    let parts: Vec<&str> = line.split(',').collect();
    let [
        round,
        tracer,
        case,
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
    let events: f64 = events.parse().ok().filter(|events| *events > 0.0)?;
    let each = |ns: &str| Some(ns.parse::<f64>().ok()? / events);
    let row = Row {
        round: round.parse().ok()?,
        empty: each(empty)?,
        event: each(event)?,
        clock: each(clock)?,
    };
    let case = (case.to_owned(), threads.parse().ok()?);
    Some((case, tracer.to_owned(), row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pick::{best, median};

    #[test]
    fn a_row_is_divided_by_its_events() {
        let all = Batches::read("1,thalweg,int,2,1,5,100,50,1450,1150\n").unwrap();
        let rows = all.of("thalweg", "int", 2).unwrap();
        let found = [rows.empty(best), rows.event(best), rows.clock(best)];
        assert_eq!(found, [0.5, 14.0, 11.0]);
        assert!(all.of("thalweg", "int", 1).is_none());
    }

    #[test]
    fn what_is_no_row_is_refused_with_its_text() {
        for line in ["1,thalweg,int,2", "1,thalweg,int,2,1,5,0,50,1450,1150"] {
            let found = Batches::read(line).err().unwrap();
            assert_eq!(found, format!("not a row: {line}"));
        }
    }

    #[test]
    fn each_loop_is_picked_for_itself() {
        let text = "1,t,c,1,0,0,1,9,20,15\n2,t,c,1,0,1,1,5,30,11\n";
        let all = Batches::read(text).unwrap();
        let rows = all.of("t", "c", 1).unwrap();
        assert_eq!((rows.event(best), rows.event(median)), (15.0, 21.0));
    }

    #[test]
    fn a_clock_that_became_slower_has_drifted() {
        let text = "1,t,c,1,0,0,1,0,20,10\n2,t,c,1,0,1,1,0,30,12\n";
        let all = Batches::read(text).unwrap();
        let drift = all.of("t", "c", 1).unwrap().drift(best).unwrap();
        assert!((drift - 0.2).abs() < 1e-9, "{drift}");
        let one = Batches::read("1,t,c,1,0,0,1,0,20,10\n").unwrap();
        assert_eq!(one.of("t", "c", 1).unwrap().drift(best), None);
    }
}
