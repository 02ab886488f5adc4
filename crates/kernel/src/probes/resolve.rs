//! From what a user says to what the kernel is told: the file is found and looked at.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use thalweg_elf::{ElfError, Fetch, Function, Points, SdtProbe, examine, function_argument};
use thalweg_filter::near_names;

use super::file::find_file;
use super::instruction::check_instruction;
use super::spec::{ArgumentSpec, PlaceSpec, ProbeSpec};
use crate::{Error, glob};

/// The most places of one probe: more are meant by mistake.
const MAX_PLACES: usize = 1000;

/// A probe of the kernel's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Whose it is: an SDT probe's provider, or the program; none if the user has named it alone.
    pub provider: Option<String>,
    /// Its event's name.
    pub name: String,
    /// Whether it tells of a function's return.
    pub is_return: bool,
    /// The program or library.
    pub file: PathBuf,
    /// Where in it.
    pub offset: u64,
    /// Where in it the counter is of those who look.
    pub semaphore_offset: Option<u64>,
    /// What it fetches, as `NAME=FETCH:TYPE`.
    pub arguments: Vec<String>,
    /// Which of its events are wanted.
    pub filter: Option<String>,
}

/// The probes that are meant, and what of them cannot be had.
///
/// # Errors
/// A file cannot be read, or has no such place.
pub fn resolve_probes(specs: &[ProbeSpec]) -> Result<(Vec<Probe>, Vec<String>), Error> {
    let (mut probes, mut notes) = (Vec::new(), Vec::new());
    for spec in specs {
        let found = Resolver::open(spec).and_then(|resolver| resolver.run(&mut notes));
        let found = found.map_err(|why| Error::Probe {
            probe: spec.to_string(),
            why,
        })?;
        probes.extend(found);
    }
    Ok((probes, notes))
}

struct Resolver<'s> {
    spec: &'s ProbeSpec,
    path: PathBuf,
    file: File,
}

impl<'s> Resolver<'s> {
    fn open(spec: &'s ProbeSpec) -> Result<Self, String> {
        let path = find_file(spec.place.file())?;
        let file = File::open(&path).map_err(|why| format!("open {}: {why}", path.display()))?;
        Ok(Self { spec, path, file })
    }

    fn run(&self, notes: &mut Vec<String>) -> Result<Vec<Probe>, String> {
        match &self.spec.place {
            PlaceSpec::Offset { offset, .. } => self.anywhere(*offset, *offset),
            PlaceSpec::Address { address, .. } => {
                let points = self.examine(&|_| false)?;
                let offset = points.offset_of(*address);
                let offset = offset.ok_or_else(|| format!("{address:#x} is no address in it"))?;
                self.anywhere(offset, *address)
            }
            PlaceSpec::Function {
                pattern, offset, ..
            } => self.functions(pattern, *offset, notes),
            PlaceSpec::Sdt { provider, name, .. } => self.sdt(provider, name, notes),
        }
    }

    fn examine(&self, wanted: &dyn Fn(&str) -> bool) -> Result<Points, String> {
        let found = examine(&self.file, wanted);
        found.map_err(|why: ElfError| format!("{why}: {}", self.path.display()))
    }

    fn anywhere(&self, offset: u64, said: u64) -> Result<Vec<Probe>, String> {
        let place = format!("{said:#x}");
        if !self.spec.is_return {
            check_instruction(&self.file, offset, &place)?;
        }
        Ok(vec![self.at(offset, &place)?])
    }

    fn functions(
        &self,
        pattern: &str,
        offset: u64,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Probe>, String> {
        let points = self.examine(&|name| glob::matches(pattern, name))?;
        let (choosers, functions): (Vec<Function>, Vec<Function>) =
            points.functions.into_iter().partition(|one| one.is_chooser);
        if functions.is_empty() {
            return Err(self.no_function(pattern, &choosers));
        }
        check_count(functions.len())?;
        notes.extend(choosers.iter().map(|one| {
            let name = &one.name;
            format!("{name} of another version chooses a function at the start: no probe there")
        }));
        let inside = |one: &Function| one.size_bytes == 0 || offset < one.size_bytes;
        if let Some(short) = functions.iter().find(|one| !inside(one)) {
            return Err(format!("{} has {} bytes", short.name, short.size_bytes));
        }
        let probe = |one: &Function| {
            // Nothing is below the stack yet where a function begins.
            if offset > 0 {
                check_instruction(&self.file, one.offset + offset, &one.name)?;
            }
            self.at(one.offset + offset, &one.name)
        };
        functions.iter().map(probe).collect()
    }

    fn no_function(&self, pattern: &str, choosers: &[Function]) -> String {
        if let Some(one) = choosers.first() {
            return format!(
                "{} only chooses a function when the program starts; probe what it chooses",
                one.name
            );
        }
        let all = self.examine(&|_| true).unwrap_or_default().functions;
        let near = near_names(pattern, all.iter().map(|one| &*one.name));
        let hint = match &near[..] {
            [] => format!(
                "`thalweg list --probe {}` tells what there is",
                self.path.display()
            ),
            near => format!("did you mean {}?", near.join(", ")),
        };
        format!(
            "{} has no function `{pattern}`; {hint}",
            self.path.display()
        )
    }

    /// A probe in a function, or anywhere in the code.
    fn at(&self, offset: u64, place: &str) -> Result<Probe, String> {
        let arguments = self.spec.arguments.iter().map(|argument| {
            let from = |number: usize| match self.spec.is_return {
                true => None,
                false => function_argument(number).map(|from| (from, "x64".to_owned())),
            };
            fetch(argument, &from)
        });
        let mut arguments: Vec<String> = arguments.collect::<Result<_, _>>()?;
        if self.spec.is_return && arguments.is_empty() {
            arguments.push("ret=$retval:x64".to_owned());
        }
        let program = self.path.file_name().unwrap_or_default().to_string_lossy();
        let ending = if self.spec.is_return { "__return" } else { "" };
        let is_many = matches!(&self.spec.place, PlaceSpec::Function { pattern, .. }
            if pattern.contains(['*', '?']));
        let name = self.spec.name.clone().filter(|_| !is_many);
        let (provider, name) = match name {
            Some(name) => split(&name),
            None => (Some(program.into_owned()), format!("{place}{ending}")),
        };
        Ok(self.probe((provider, name), offset, arguments))
    }

    fn probe(
        &self,
        (provider, name): (Option<String>, String),
        offset: u64,
        arguments: Vec<String>,
    ) -> Probe {
        Probe {
            provider,
            name,
            is_return: self.spec.is_return,
            file: self.path.clone(),
            offset,
            semaphore_offset: None,
            arguments,
            filter: self.spec.filter.clone(),
        }
    }

    fn sdt(
        &self,
        provider: &str,
        name: &str,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Probe>, String> {
        let points = self.examine(&|_| false)?;
        let is_meant = |probe: &&SdtProbe| {
            glob::matches(provider, &probe.provider) && glob::matches(name, &probe.name)
        };
        let found: Vec<&SdtProbe> = points.probes.iter().filter(is_meant).collect();
        if found.is_empty() {
            return Err(self.no_probe(&points.probes, name));
        }
        check_count(found.len())?;
        let is_many = provider.contains(['*', '?']) || name.contains(['*', '?']);
        let mut probes = Vec::new();
        for one in found {
            let what = format!("{}:{}", one.provider, one.name);
            check_instruction(&self.file, one.place.offset, &what)?;
            let arguments = match self.spec.arguments.is_empty() {
                true => all_arguments(one, &points.data, notes),
                false => self.chosen_arguments(one, &points.data)?,
            };
            let name = self.spec.name.as_ref().filter(|_| !is_many);
            let named = match name {
                Some(name) => split(name),
                None => (Some(one.provider.clone()), one.name.clone()),
            };
            let mut probe = self.probe(named, one.place.offset, arguments);
            probe.semaphore_offset = one.semaphore_offset;
            probes.push(probe);
        }
        Ok(probes)
    }

    fn chosen_arguments(
        &self,
        probe: &SdtProbe,
        data: &BTreeMap<String, u64>,
    ) -> Result<Vec<String>, String> {
        let from = |number: usize| {
            let argument = probe.arguments.get(number.checked_sub(1)?)?;
            let fetched = argument.fetch(probe.place, |name| data.get(name).copied())?;
            Some((fetched.from, fetched.kind))
        };
        let arguments = self.spec.arguments.iter();
        arguments.map(|argument| fetch(argument, &from)).collect()
    }

    fn no_probe(&self, probes: &[SdtProbe], name: &str) -> String {
        let near = near_names(name, probes.iter().map(|one| &*one.name));
        let path = self.path.display();
        match (probes, &near[..]) {
            ([], _) => format!("{path} has no SDT probes"),
            (_, []) => {
                format!(
                    "{path} has no such probe; `thalweg list --probe {path}` tells what there is"
                )
            }
            (_, near) => format!(
                "{path} has no such probe; did you mean {}?",
                near.join(", ")
            ),
        }
    }
}

/// The name that a user has given: `GROUP:NAME`, or `NAME` alone.
fn split(name: &str) -> (Option<String>, String) {
    match name.split_once(':') {
        Some((provider, name)) => (Some(provider.to_owned()), name.to_owned()),
        None => (None, name.to_owned()),
    }
}

fn check_count(count: usize) -> Result<(), String> {
    match count {
        0..=MAX_PLACES => Ok(()),
        _ => Err(format!(
            "{count} places are meant, and {MAX_PLACES} are the most"
        )),
    }
}

/// All that an SDT probe tells, as `arg1`, `arg2` …
fn all_arguments(
    probe: &SdtProbe,
    data: &BTreeMap<String, u64>,
    notes: &mut Vec<String>,
) -> Vec<String> {
    let mut all = Vec::new();
    for (number, argument) in (1..).zip(&probe.arguments) {
        match argument.fetch(probe.place, |name| data.get(name).copied()) {
            Some(Fetch { from, kind }) => all.push(format!("arg{number}={from}:{kind}")),
            None => notes.push(format!(
                "{}:{} without argument {number}: the kernel's probes cannot read {}",
                probe.provider, probe.name, argument.text
            )),
        }
    }
    all
}

/// An argument in the kernel's words; `numbered` tells where an argument with a number is, and its
/// type.
fn fetch(
    argument: &ArgumentSpec,
    numbered: &dyn Fn(usize) -> Option<(String, String)>,
) -> Result<String, String> {
    let ArgumentSpec { name, from, kind } = argument;
    let number = from.strip_prefix("$arg").map(str::parse::<usize>);
    let (from, known) = match number {
        Some(Ok(number)) => {
            let found = numbered(number);
            let (from, known) =
                found.ok_or_else(|| format!("argument {number} cannot be had there"))?;
            (from, Some(known))
        }
        _ => (from.clone(), None),
    };
    let kind = match (kind, known) {
        (Some(kind), _) => kind.clone(),
        (None, Some(known)) => known,
        (None, None) if from == "$comm" => "string".to_owned(),
        (None, None) => "x64".to_owned(),
    };
    // A text is where the argument points at; who says `+0(%di)` has said so.
    let is_text = kind.starts_with("string") || kind.starts_with("ustring");
    let is_pointer = number.is_some() || from.starts_with(['%']) || from == "$retval";
    Ok(match is_text && is_pointer {
        true => format!("{name}=+0({from}):{kind}"),
        false => format!("{name}={from}:{kind}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(argument: &str, want: &str) {
        let spec: ProbeSpec = format!("a:b {argument}").parse().unwrap();
        let numbered = |number: usize| match number {
            1 => Some(("%di".to_owned(), "x64".to_owned())),
            2 => Some(("-8(%bp)".to_owned(), "s32".to_owned())),
            _ => None,
        };
        let fetched = fetch(&spec.arguments[0], &numbered);
        assert_eq!(fetched.unwrap_or_else(|why| why), want);
    }

    #[test]
    fn arguments_with_numbers_are_found_and_texts_are_followed() {
        check("$arg1", "arg1=%di:x64");
        check("n=$arg2", "n=-8(%bp):s32");
        check("n=$arg2:u8", "n=-8(%bp):u8");
        check("name=$arg1:string", "name=+0(%di):string");
        check("name=$arg2:string", "name=+0(-8(%bp)):string");
        check("name=%si:string", "name=+0(%si):string");
        check("name=+16(%si):string", "name=+16(%si):string");
        check("$retval", "retval=$retval:x64");
        check("$comm", "comm=$comm:string");
        check("list=+0(%di):u8[4]", "list=+0(%di):u8[4]");
        check("$arg3", "argument 3 cannot be had there");
    }
}
