//! The kernel's text of a histogram: an event's file `hist` in tracefs.
//!
//! ```text
//!   # event histogram                                        one such block for each trigger
//!   # trigger info: hist:keys=call_site.sym,len:… [active]
//!   { call_site: [ffff…] kmalloc, len:   64 } hitcount:   3  bytes:   192      a row
//!   Totals:
//!       Hits: 3
//!       Entries: 1
//!       Dropped: 0
//! ```
//!
//! Keys are texts of whoever was counted, and may hold what looks like the end of a row: so the number of
//! rows is compared with what the kernel says of it, by [`HistTable::is_whole`].

/// What begins a block.
const BLOCK: &str = "# event histogram";
/// What ends a row's keys; the counts follow.
const HITS: &str = "} hitcount:";
/// What follows the rows.
const TOTALS: &str = "Totals:";

/// No row is longer: a stack has 16 callers in it.
const LONGEST: usize = 16 << 10;

/// A histogram as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistTable {
    /// The groups, in the kernel's order.
    pub rows: Vec<HistRow>,
    /// Events that were counted.
    pub hits: u64,
    /// Groups that there are.
    pub entries: u64,
    /// Events that were not counted: there was no room for their group.
    pub dropped: u64,
}

/// A group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistRow {
    /// What its events have in common: a text for each key, with single blanks.
    pub keys: Vec<String>,
    /// How many they are, and the sum of each value.
    pub counts: Vec<u64>,
}

impl HistTable {
    /// Reads the block of this number, counted from 0, of a histogram by these keys and with the sums
    /// of these values; `None` if there is no such block, or its end is missing.
    pub fn parse(text: &str, block: usize, keys: &[String], values: &[String]) -> Option<Self> {
        let block = text.split(BLOCK).nth(block + 1)?;
        let (rows, totals) = block.rsplit_once(TOTALS)?;
        let total = |name: &str| {
            let line = totals
                .lines()
                .find_map(|line| line.trim().strip_prefix(name));
            line?.trim().parse().ok()
        };
        let mut table = Self {
            rows: Vec::new(),
            hits: total("Hits:")?,
            entries: total("Entries:")?,
            dropped: total("Dropped:")?,
        };
        let mut open: Option<String> = None;
        for line in rows.split('\n') {
            match (line.strip_prefix("{ "), &mut open) {
                (Some(begin), _) => open = Some(begin.to_owned()),
                (None, Some(text)) if text.len() < LONGEST => {
                    text.push(' ');
                    text.push_str(line);
                }
                (None, _) => open = None,
            }
            if let Some(row) = open.as_deref().and_then(|text| row(text, keys, values)) {
                table.rows.push(row);
                open = None;
            }
        }
        Some(table)
    }

    /// Whether every group that the kernel has was read.
    pub fn is_whole(&self) -> bool {
        self.rows.len() as u64 == self.entries
    }
}

/// A row, behind its brace.
fn row(text: &str, keys: &[String], values: &[String]) -> Option<HistRow> {
    let (mut left, numbers) = text.rsplit_once(HITS)?;
    let mut words = numbers.split_ascii_whitespace();
    let mut counts = vec![words.next()?.parse().ok()?];
    for value in values {
        (words.next()?.strip_suffix(':')? == value).then_some(())?;
        counts.push(words.next()?.parse().ok()?);
    }
    words.next().is_none().then_some(())?;
    let mut found = Vec::new();
    for (place, key) in keys.iter().enumerate() {
        left = behind_name(left.trim_start(), key)?;
        let end = match keys.get(place + 1) {
            Some(next) => next_key(left, next)?,
            None => left.len(),
        };
        let (value, rest) = left.split_at(end);
        found.push(value.split_whitespace().collect::<Vec<_>>().join(" "));
        left = rest.strip_prefix(',').unwrap_or(rest);
    }
    Some(HistRow {
        keys: found,
        counts,
    })
}

/// What follows a key's name and a colon.
fn behind_name<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let behind = |name| text.strip_prefix(name)?.strip_prefix(':');
    behind(key).or_else(|| behind(other_name(key)?))
}

/// Where the comma before the next key is.
fn next_key(text: &str, key: &str) -> Option<usize> {
    let find = |name: &str| text.find(&format!(", {name}:"));
    find(key).or_else(|| find(other_name(key)?))
}

/// The kernel's stack has two names.
fn other_name(key: &str) -> Option<&'static str> {
    match key {
        "stacktrace" => Some("common_stacktrace"),
        "common_stacktrace" => Some("stacktrace"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str) -> Vec<String> {
        list.split_whitespace().map(str::to_owned).collect()
    }

    const HEAD: &str = "# event histogram\n#\n# trigger info: hist:keys=x [active]\n#\n\n";
    const END: &str = "\nTotals:\n    Hits: 5\n    Entries: 2\n    Dropped: 1\n";

    #[track_caller]
    fn check(rows: &str, keys: &str, values: &str, want: &[(&[&str], &[u64])]) {
        let text = format!("{HEAD}{rows}{END}");
        let table = HistTable::parse(&text, 0, &names(keys), &names(values)).unwrap();
        let found: Vec<(Vec<&str>, &[u64])> = table
            .rows
            .iter()
            .map(|row| (row.keys.iter().map(String::as_str).collect(), &*row.counts))
            .collect();
        let want: Vec<(Vec<&str>, &[u64])> = want
            .iter()
            .map(|(keys, counts)| (keys.to_vec(), *counts))
            .collect();
        assert_eq!(found, want);
        assert_eq!((table.hits, table.entries, table.dropped), (5, 2, 1));
        assert_eq!(table.is_whole(), want.len() == 2);
    }

    #[test]
    fn rows_have_a_text_for_each_key_and_their_counts() {
        check(
            "{ common_pid: bash            [      3112], id: sys_write          [  1] } hitcount:          4\n\
             { common_pid: a, id: b        [         7], id: sys_read           [  0] } hitcount:          1\n",
            "common_pid id",
            "",
            &[
                (&["bash [ 3112]", "sys_write [ 1]"], &[4]),
                (&["a", "b [ 7], id: sys_read [ 0]"], &[1]),
            ],
        );
        check(
            "{ len: ~ 2^6  } hitcount:  3  bytes_req:  10  bytes_alloc:  64\n",
            "len",
            "bytes_req bytes_alloc",
            &[(&["~ 2^6"], &[3, 10, 64])],
        );
    }

    #[test]
    fn a_stack_is_a_key_of_many_lines_and_two_names() {
        for name in ["stacktrace", "common_stacktrace"] {
            let rows = format!(
                "{{ call_site:  1, {name}:\n         one+0x1/0x2\n         two+0x3/0x4\n}} hitcount:  2\n"
            );
            check(
                &rows,
                "call_site stacktrace",
                "",
                &[(&["1", "one+0x1/0x2 two+0x3/0x4"], &[2])],
            );
        }
    }

    #[test]
    fn a_name_that_looks_like_a_row_s_end_spoils_its_own_row_only() {
        check(
            "{ comm: } hitcount: x          } hitcount:  3\n{ comm: a\nb } hitcount:  2\n",
            "comm",
            "",
            &[(&["} hitcount: x"], &[3]), (&["a b"], &[2])],
        );
        check("{ other: a } hitcount:  3\n", "comm", "", &[]);
    }

    #[test]
    fn blocks_are_told_apart_and_a_torn_one_is_none() {
        let one = format!("{HEAD}{{ a:  1 }} hitcount:  5\n{END}");
        let text = format!("{one}\n{}", one.replace("a:  1", "b:  2"));
        let keys = |block, name| {
            let table = HistTable::parse(&text, block, &names(name), &[])?;
            Some(table.rows.first()?.keys[0].clone())
        };
        assert_eq!(keys(0, "a").as_deref(), Some("1"));
        assert_eq!(keys(1, "b").as_deref(), Some("2"));
        assert_eq!(keys(2, "b"), None);
        let torn = &one[..one.len() - 20];
        assert_eq!(HistTable::parse(torn, 0, &names("a"), &[]), None);
    }
}
