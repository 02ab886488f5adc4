//! The command line.

use std::path::PathBuf;

pub(crate) const USAGE: &str = "\
usage: shop [--requests N] [--threads N] [--seed N] [--dir DIR] [--count-file PATH]
  --requests N        orders to serve (default 1000)
  --threads N         workers in the pool (default 4)
  --seed N            what the orders are made from (default 1)
  --dir DIR           keep orders and receipts in DIR (default: a folder that goes away)
  --count-file PATH   write the number of events emitted to PATH at the end";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) requests: u64,
    pub(crate) threads: u16,
    pub(crate) seed: u64,
    pub(crate) dir: Option<PathBuf>,
    pub(crate) count_file: Option<PathBuf>,
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            requests: 1000,
            threads: 4,
            seed: 1,
            dir: None,
            count_file: None,
        }
    }
}

/// Reads the words after the program's name.
pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments::default();
    let mut words = words;
    while let Some(flag) = words.next() {
        let value = words
            .next()
            .ok_or_else(|| format!("`{flag}` lacks its value"))?;
        match flag.as_str() {
            "--requests" => arguments.requests = number(&flag, &value)?,
            "--threads" => arguments.threads = number(&flag, &value)?,
            "--seed" => arguments.seed = number(&flag, &value)?,
            "--dir" => arguments.dir = Some(value.into()),
            "--count-file" => arguments.count_file = Some(value.into()),
            _ => return Err(format!("no option is called `{flag}`")),
        }
    }
    if arguments.threads == 0 {
        return Err("a shop without threads serves nobody".to_owned());
    }
    Ok(arguments)
}

fn number<T: std::str::FromStr>(flag: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("`{flag}` takes a number, not `{value}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Arguments, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn every_option_is_read() {
        let expected = Arguments {
            requests: 5,
            threads: 2,
            seed: 9,
            dir: Some("d".into()),
            count_file: Some("c".into()),
        };
        let line = "--requests 5 --threads 2 --seed 9 --dir d --count-file c";
        assert_eq!(parsed(line), Ok(expected));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |line| parsed(line).unwrap_err();
        assert_eq!(wrong("--moon 1"), "no option is called `--moon`");
        assert_eq!(wrong("--seed"), "`--seed` lacks its value");
        assert_eq!(
            wrong("--threads many"),
            "`--threads` takes a number, not `many`"
        );
        assert_eq!(wrong("--threads 0"), "a shop without threads serves nobody");
    }
}
