//! The kernel's functions, and what they take, as its BTF tells.

use std::collections::BTreeSet;
use std::fs;

use thalweg_bpf::{Btf, Parameter, Prototype, Value};
use thalweg_elf::function_argument;
use thalweg_filter::near_names;

use super::fetch::{Known, field_name, spelled};
use super::resolve::{MAX_PLACES, Probe, Target};
use super::spec::{ProbeSpec, is_pattern};
use crate::{Tracefs, glob, text};

const BTF: &str = "/sys/kernel/btf/vmlinux";

/// The functions of the running kernel.
pub(super) struct KernelFunctions {
    btf: Option<Btf>,
    /// Those that can be probed, one a line.
    available: String,
}

impl KernelFunctions {
    pub(super) fn read(tracefs: &Tracefs) -> Self {
        let bytes = fs::read(BTF).ok();
        let available = tracefs.root().join("available_filter_functions");
        Self {
            btf: bytes.and_then(|bytes| Btf::parse(bytes).ok()),
            available: text::read(&available).unwrap_or_default(),
        }
    }

    /// The probes at the functions that a spec means.
    pub(super) fn probes(
        &self,
        spec: &ProbeSpec,
        pattern: &str,
        offset: u64,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Probe>, String> {
        let is_many = is_pattern(pattern);
        let names: Vec<&str> = match is_many {
            true => self.matching(pattern),
            false => vec![pattern],
        };
        if names.is_empty() {
            return Err(format!("no function of this kernel matches `{pattern}`"));
        }
        let probe = |name: &&str| self.probe(spec, (name, offset), is_many, notes);
        names.iter().map(probe).collect()
    }

    fn matching(&self, pattern: &str) -> Vec<&str> {
        let names = self.available.lines();
        let names = names.filter_map(|line| line.split_ascii_whitespace().next());
        let mut names: Vec<&str> = names.filter(|name| glob::matches(pattern, name)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn probe(
        &self,
        spec: &ProbeSpec,
        (function, offset): (&str, u64),
        is_many: bool,
        notes: &mut Vec<String>,
    ) -> Result<Probe, String> {
        let btf = self.btf.as_ref();
        let prototype = btf.and_then(|btf| btf.function(function).ok());
        // Behind its first instruction a function may have its arguments anywhere.
        let prototype = prototype.filter(|_| offset == 0);
        let taken = prototype
            .as_ref()
            .map_or(&[][..], |found| &found.parameters);
        let known = |name: &str| match spec.is_return {
            true => None,
            false => numbered(name, taken).or_else(|| named(name, taken)),
        };
        let mut arguments = spec.fetched(&known)?;
        if spec.arguments.is_empty() {
            match &prototype {
                Some(prototype) if spec.is_return => arguments.extend(result(prototype)),
                Some(prototype) => arguments.extend(all(function, prototype, notes)),
                None if spec.is_return => arguments.push("ret=$retval:x64".to_owned()),
                None if offset == 0 => notes.push(self.unknown(function)),
                None => {}
            }
        }
        let named = spec.own_name(is_many);
        let (provider, name) = named.unwrap_or_else(|| (None, function.to_owned()));
        let place = match offset {
            0 => function.to_owned(),
            _ => format!("{function}+{offset:#x}"),
        };
        Ok(Probe {
            provider,
            name: format!("{name}{}", spec.ending()),
            is_return: spec.is_return,
            target: Target::Kernel(place),
            arguments,
            filter: spec.filter.clone(),
        })
    }

    fn unknown(&self, function: &str) -> String {
        let names = self.btf.iter().flat_map(Btf::function_names);
        let near = match &near_names(function, names)[..] {
            [] => String::new(),
            near => format!("; did you mean {}?", near.join(", ")),
        };
        format!("{function} without arguments: the kernel's BTF does not describe it{near}")
    }
}

/// The functions that one of these patterns means and none of the others.
///
/// # Errors
/// A pattern means none.
pub(crate) fn matching_functions(
    tracefs: &Tracefs,
    patterns: &[String],
    left_out: &[String],
) -> Result<Vec<String>, String> {
    let functions = KernelFunctions::read(tracefs);
    let mut names = BTreeSet::new();
    for pattern in patterns {
        let found = functions.matching(pattern);
        if found.is_empty() {
            return Err(format!("no function of this kernel matches `{pattern}`"));
        }
        names.extend(found);
    }
    let is_left_out = |name: &str| left_out.iter().any(|pattern| glob::matches(pattern, name));
    names.retain(|name| !is_left_out(name));
    Ok(names.into_iter().map(str::to_owned).collect())
}

/// A probe at the begin and one at the end of each function that is meant, as events `func_entry` and
/// `func_exit` with the function's name.
///
/// # Errors
/// There is no such function, or there are too many.
pub(crate) fn call_and_return_probes(
    tracefs: &Tracefs,
    patterns: &[String],
    left_out: &[String],
) -> Result<Vec<Probe>, String> {
    let names = matching_functions(tracefs, patterns, left_out)?;
    if names.len() > MAX_PLACES {
        let count = names.len();
        return Err(format!(
            "{count} functions are meant, and {MAX_PLACES} are the most"
        ));
    }
    // The return first: see `FunctionSpec`.
    let both =
        |name: &String| [(true, "func_exit"), (false, "func_entry")].map(|half| whole(name, half));
    Ok(names.iter().flat_map(both).collect())
}

fn whole(function: &str, (is_return, event): (bool, &str)) -> Probe {
    Probe {
        provider: None,
        name: event.to_owned(),
        is_return,
        target: Target::Kernel(function.to_owned()),
        arguments: vec![format!("func=\\\"{function}\":string")],
        filter: None,
    }
}

/// The values that registers hold when a function is called; those behind one that no single register
/// holds are nobody knows where.
fn in_registers(parameters: &[Parameter]) -> &[Parameter] {
    let first = parameters
        .iter()
        .position(|parameter| matches!(parameter.value, Value::Other | Value::Nothing));
    &parameters[..first.unwrap_or(parameters.len())]
}

/// `arg1` …: also of functions that BTF does not describe.
fn numbered(name: &str, parameters: &[Parameter]) -> Option<Known> {
    let number: usize = name.strip_prefix("arg")?.parse().ok()?;
    let found = parameters.get(number.checked_sub(1)?);
    let kind = found.map_or("x64".to_owned(), |found| kind(found.value));
    let from = function_argument(number)?;
    Some(Known { from, kind })
}

fn named(name: &str, parameters: &[Parameter]) -> Option<Known> {
    let place = in_registers(parameters)
        .iter()
        .position(|parameter| parameter.name == name)?;
    Some(Known {
        from: function_argument(place + 1)?,
        kind: kind(parameters[place].value),
    })
}

fn all(function: &str, prototype: &Prototype, notes: &mut Vec<String>) -> Vec<String> {
    let found = in_registers(&prototype.parameters);
    let left = &prototype.parameters[found.len()..];
    if !left.is_empty() {
        let names: Vec<&str> = left.iter().map(|one| one.name.as_str()).collect();
        notes.push(format!(
            "{function} without {}: not in registers",
            names.join(", ")
        ));
    }
    let fetched = (1..).zip(found).filter_map(|(number, one)| {
        let name = field_name(&one.name, number);
        let from = function_argument(number)?;
        Some(spelled(&name, &from, &kind(one.value), true))
    });
    fetched.collect()
}

fn result(prototype: &Prototype) -> Option<String> {
    match prototype.result {
        Value::Nothing => None,
        value => Some(spelled("ret", "$retval", &kind(value), true)),
    }
}

fn kind(value: Value) -> String {
    match value {
        Value::Integer { bytes, is_signed } => {
            format!(
                "{}{}",
                if is_signed { 's' } else { 'u' },
                u32::from(bytes) * 8
            )
        }
        Value::Text => "string".to_owned(),
        Value::Pointer | Value::Nothing | Value::Other => "x64".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INT: Value = Value::Integer {
        bytes: 4,
        is_signed: true,
    };

    fn prototype(parameters: &[(&str, Value)], result: Value) -> Prototype {
        let parameter = |&(name, value): &(&str, Value)| Parameter {
            name: name.to_owned(),
            value,
        };
        Prototype {
            parameters: parameters.iter().map(parameter).collect(),
            result,
        }
    }

    #[test]
    fn parameters_are_fetched_by_their_types() {
        let open = [
            ("dfd", INT),
            ("filename", Value::Text),
            ("how", Value::Pointer),
        ];
        let mut notes = Vec::new();
        let fetched = all("open", &prototype(&open, INT), &mut notes);
        assert_eq!(
            fetched,
            ["dfd=%di:s32", "filename=+0(%si):string", "how=%dx:x64"]
        );
        assert!(notes.is_empty());
        assert_eq!(
            result(&prototype(&open, INT)).as_deref(),
            Some("ret=$retval:s32")
        );
        assert_eq!(result(&prototype(&[], Value::Nothing)), None);
    }

    #[test]
    fn what_is_behind_a_structure_is_left_out_and_told() {
        let odd = [
            ("ip", INT),
            ("", INT),
            ("pair", Value::Other),
            ("last", INT),
        ];
        let mut notes = Vec::new();
        let fetched = all("odd", &prototype(&odd, INT), &mut notes);
        assert_eq!(fetched, ["ip_1=%di:s32", "_2=%si:s32"]);
        assert_eq!(notes, ["odd without pair, last: not in registers"]);
    }
}
