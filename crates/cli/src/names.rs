//! A list of names in one argument, which may be left out.

use std::convert::Infallible;
use std::str::FromStr;

/// Names and globs of system calls, with commas between; none for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallNames(pub(crate) Vec<String>);

impl FromStr for CallNames {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let names = text.split(',').map(str::trim);
        let names = names.filter(|name| !name.is_empty());
        Ok(Self(names.map(str::to_owned).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_between_commas() {
        let names = |text: &str| text.parse::<CallNames>().map(|names| names.0).unwrap();
        assert_eq!(names(""), Vec::<String>::new());
        assert_eq!(names("openat, connect,"), ["openat", "connect"]);
    }
}
