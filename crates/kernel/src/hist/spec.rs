//! Histograms and synthetic events as a user says them.
//!
//! ```text
//!   --hist       EVENT:keys=KEY[.MODIFIER][,…][:vals=FIELD[,…]][:sort=…][:size=N] [if FILTER]
//!   --synthetic  NAME: EVENT.KEY -> EVENT.KEY [FIELD | start.FIELD]…
//! ```

use std::str::FromStr;

/// A histogram: the events of one kind, counted by keys. All behind `EVENT:` is in the kernel's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistogramSpec {
    /// The event, as `-k` names it.
    pub event: String,
    /// What is counted by.
    pub keys: Vec<HistogramKey>,
    /// The fields that are summed.
    pub values: Vec<String>,
    /// From `keys=` on, without the filter.
    pub(super) words: String,
    /// The filter, with ` if ` before it, or nothing.
    pub(super) filter: String,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistogramKey {
    /// A field, or `stacktrace`.
    pub field: String,
    /// How the kernel shows it, if not as it is.
    pub modifier: Option<String>,
}

/// An event that tells of two others, of which the second follows the first: how long it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntheticSpec {
    /// Its name.
    pub name: String,
    /// The first event, and the field that both have in common.
    pub start: (String, String),
    /// The second.
    pub end: (String, String),
    /// What it tells besides.
    pub fields: Vec<SyntheticField>,
}

/// A field that is taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntheticField {
    /// Its name.
    pub name: String,
    /// Whether it is the first event's, not the second's.
    pub of_start: bool,
}

impl FromStr for HistogramSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let whole = "EVENT:keys=KEYS[:vals=FIELDS][:sort=FIELDS][:size=N] [if FILTER]";
        let (event, rest) = text
            .split_once(":keys=")
            .ok_or_else(|| format!("it is no {whole}"))?;
        let (words, filter) = match rest.split_once(" if ") {
            Some((words, filter)) => (words, format!(" if {}", filter.trim())),
            None => (rest, String::new()),
        };
        if event.is_empty() || text.contains('\n') {
            return Err(format!("it is no {whole}"));
        }
        let words = words.trim();
        let mut parts = words.split(':');
        let keys = parts.next().unwrap_or_default().split(',').map(key);
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let mut values = Vec::new();
        for part in parts {
            match part.split_once('=') {
                Some(("vals" | "values", list)) => {
                    for name in list.split(',').filter(|name| *name != "hitcount") {
                        values.push(name_of(name)?);
                    }
                }
                Some(("sort" | "size", _)) => {}
                _ => return Err(format!("`{part}` is none of vals=, sort= and size=")),
            }
        }
        Ok(Self {
            event: event.to_owned(),
            keys,
            values,
            words: words.to_owned(),
            filter,
        })
    }
}

fn key(text: &str) -> Result<HistogramKey, String> {
    let (field, modifier) = match text.split_once('.') {
        Some((field, modifier)) => (field, Some(modifier.to_owned())),
        None => (text, None),
    };
    Ok(HistogramKey {
        field: name_of(field)?,
        modifier,
    })
}

impl FromStr for SyntheticSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let whole = || "it is no NAME: EVENT.KEY -> EVENT.KEY [FIELD | start.FIELD]...".to_owned();
        let (name, rest) = text.split_once(':').ok_or_else(whole)?;
        let (start, rest) = rest.split_once("->").ok_or_else(whole)?;
        let mut words = rest.split_whitespace();
        let field = |word: &str| match word.strip_prefix("start.") {
            Some(name) => Ok((name_of(name)?, true)),
            None => Ok((name_of(word)?, false)),
        };
        let end = place(words.next().ok_or_else(whole)?)?;
        let fields = words.map(field).collect::<Result<Vec<_>, String>>()?;
        let fields = fields
            .into_iter()
            .map(|(name, of_start)| SyntheticField { name, of_start })
            .collect();
        Ok(Self {
            name: name_of(name.trim())?,
            start: place(start.trim())?,
            end,
            fields,
        })
    }
}

/// An event and a field of it.
fn place(text: &str) -> Result<(String, String), String> {
    let (event, key) = text
        .rsplit_once('.')
        .ok_or_else(|| format!("`{text}` is no EVENT.KEY"))?;
    Ok((event.to_owned(), name_of(key)?))
}

fn name_of(text: &str) -> Result<String, String> {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match !text.is_empty() && text.len() <= LONGEST && text.chars().all(is_letter) {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` is no name of at most {LONGEST} letters")),
    }
}

/// The kernel's limit for the name of an event is 63 letters, of which ours take 25.
const LONGEST: usize = 38;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_is_said_in_the_kernel_s_words() {
        let spec: HistogramSpec =
            "kmem:kmalloc:keys=call_site.sym,len:vals=hitcount,bytes:sort=bytes:size=64 if len > 5"
                .parse()
                .unwrap();
        assert_eq!(spec.event, "kmem:kmalloc");
        let keys: Vec<_> = spec
            .keys
            .iter()
            .map(|key| (&*key.field, key.modifier.as_deref()))
            .collect();
        assert_eq!(keys, [("call_site", Some("sym")), ("len", None)]);
        assert_eq!(spec.values, ["bytes"]);
        assert_eq!(
            format!("{}{}", spec.words, spec.filter),
            "call_site.sym,len:vals=hitcount,bytes:sort=bytes:size=64 if len > 5"
        );
        for (text, why) in [
            ("kmalloc", "it is no EVENT:keys="),
            ("kmalloc:keys=", "`` is no name"),
            ("kmalloc:keys=a:onmax($x).save(y)", "is none of vals="),
            ("kmalloc:keys=a:clock=local", "is none of vals="),
            ("kmalloc:keys=a:vals=b.percent", "`b.percent` is no name"),
            ("kmalloc:keys=a\n!b", "it is no EVENT:keys="),
        ] {
            let refused = text.parse::<HistogramSpec>().unwrap_err();
            assert!(refused.contains(why), "{text}: {refused}");
        }
    }

    #[test]
    fn a_synthetic_event_is_two_events_and_what_they_share() {
        let spec: SyntheticSpec =
            "wakeup: sched:sched_waking.pid -> sched_switch.next_pid next_comm start.prio"
                .parse()
                .unwrap();
        assert_eq!(spec.name, "wakeup");
        assert_eq!(
            spec.start,
            ("sched:sched_waking".to_owned(), "pid".to_owned())
        );
        assert_eq!(spec.end, ("sched_switch".to_owned(), "next_pid".to_owned()));
        let fields: Vec<_> = spec
            .fields
            .iter()
            .map(|field| (&*field.name, field.of_start))
            .collect();
        assert_eq!(fields, [("next_comm", false), ("prio", true)]);
        for text in [
            "wakeup",
            "w: a.b",
            "w: a -> b.c",
            "w x: a.b -> c.d",
            "w: a.b -> c.d $e",
        ] {
            assert!(text.parse::<SyntheticSpec>().is_err(), "{text}");
        }
    }
}
