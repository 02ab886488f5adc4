//! A table as text: a column for each key and each number.
//!
//! ```text
//!   comm   count()  max(ret)
//!   bash        12       832
//! ```

use std::fmt::Write as _;

use thalweg_kernel::{Function, KeyValue, WatchRow, WatchSpec, WatchTable, WatchValue};

use super::quantiles::{SHOWN, by_powers, quantile};

/// Characters of the longest bar.
const BAR: u64 = 40;

/// The table, its first `top` rows; all of them if that is 0.
pub(super) fn table(spec: &WatchSpec, table: &WatchTable, top: usize) -> String {
    let rows = table.rows();
    let shown = if top == 0 {
        rows.len()
    } else {
        top.min(rows.len())
    };
    let mut lines = vec![heads(spec)];
    lines.extend(rows[..shown].iter().map(|row| cells(spec, row)));
    let mut out = String::new();
    for (at, line) in aligned(&lines, spec.keys.len()).into_iter().enumerate() {
        out += &line;
        if let Some(row) = at.checked_sub(1).and_then(|at| rows.get(at)) {
            histograms(spec, row, &mut out);
        }
    }
    if shown < rows.len() {
        let more = rows.len() - shown;
        let _ = writeln!(out, "… {more} more groups; --top 0 shows all");
    }
    out
}

fn heads(spec: &WatchSpec) -> Vec<String> {
    let mut heads: Vec<String> = spec.keys.iter().map(|key| key.text.clone()).collect();
    for aggregate in &spec.aggregates {
        let argument = aggregate
            .argument
            .iter()
            .map(|argument| argument.text.as_str());
        let argument: String = argument.collect();
        match aggregate.function {
            Function::Quantiles => {
                heads.extend(SHOWN.map(|(name, _)| format!("{name}({argument})")));
            }
            Function::Histogram => heads.push(format!("count of {argument}")),
            _ => heads.push(aggregate.text.clone()),
        }
    }
    heads
}

fn cells(spec: &WatchSpec, row: &WatchRow) -> Vec<String> {
    let mut cells: Vec<String> = row.keys.iter().map(key).collect();
    for (aggregate, value) in spec.aggregates.iter().zip(&row.values) {
        match value {
            WatchValue::Number(number) => cells.push(number.to_string()),
            WatchValue::Mean(mean) => cells.push(format!("{mean:.1}")),
            WatchValue::Buckets(buckets) if aggregate.function == Function::Quantiles => {
                let shown = SHOWN.map(|(_, thousandths)| quantile(buckets, thousandths));
                cells.extend(shown.map(|number| number.map_or("-".to_owned(), |n| n.to_string())));
            }
            WatchValue::Buckets(_) => cells.push(row.count.to_string()),
        }
    }
    cells
}

fn key(value: &KeyValue) -> String {
    match value {
        KeyValue::Int(number) => number.to_string(),
        KeyValue::Uint(number) => number.to_string(),
        KeyValue::Text(text) => plain(text),
        KeyValue::Beginning(text) => format!("{}…", plain(text)),
        KeyValue::Unreadable => "(not in memory)".to_owned(),
    }
}

/// On one line, whatever a program calls itself.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

/// Lines whose columns stand below each other: keys to the left, numbers to the right.
fn aligned(lines: &[Vec<String>], keys: usize) -> Vec<String> {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let written = lines.iter().map(|line| {
        let mut out = String::new();
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let gap = if column == 0 { "" } else { "  " };
            let _ = match column < keys {
                true => write!(out, "{gap}{cell:<width$}"),
                false => write!(out, "{gap}{cell:>width$}"),
            };
        }
        format!("{}\n", out.trim_end())
    });
    written.collect()
}

fn histograms(spec: &WatchSpec, row: &WatchRow, out: &mut String) {
    for (aggregate, value) in spec.aggregates.iter().zip(&row.values) {
        let WatchValue::Buckets(buckets) = value else {
            continue;
        };
        if aggregate.function != Function::Histogram {
            continue;
        }
        let powers = by_powers(buckets);
        let most = powers.iter().map(|power| power.2).max().unwrap_or(1);
        for (first, last, count) in powers {
            let range = match first == last {
                true => first.to_string(),
                false => format!("{first} to {last}"),
            };
            let bar = "#".repeat((count * BAR / most.max(1)) as usize);
            let line = format!("  {range:>28}  {count:>10}  {bar}");
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let line = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let lines = [
            line(["comm", "fd", "count()"]),
            line(["b\u{e4}h", "10", "7"]),
        ];
        assert_eq!(
            aligned(&lines, 2),
            ["comm  fd  count()\n", "b\u{e4}h   10        7\n"]
        );
    }

    #[test]
    fn a_name_cannot_break_a_line() {
        assert_eq!(key(&KeyValue::Text("a\nb\x1b".to_owned())), "a?b?");
        assert_eq!(key(&KeyValue::Beginning("/x".to_owned())), "/x…");
    }
}
