//! The places in a program or library that a probe means: the file is found and looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;

use thalweg_elf::{
    ElfError, Fetch, Function, Parameter, Points, Prototype, SdtProbe, examine, function_argument,
    prototypes,
};
use thalweg_filter::near_names;

use super::fetch::{Known, field_name, spelled};
use super::file::find_file;
use super::instruction::check_instruction;
use super::resolve::{Probe, Target};
use super::spec::{PlaceSpec, ProbeSpec, is_pattern};
use crate::glob;

/// A program or library whose probes are looked for.
pub(super) struct Program<'s> {
    spec: &'s ProbeSpec,
    path: PathBuf,
    file: File,
}

impl<'s> Program<'s> {
    pub(super) fn open(spec: &'s ProbeSpec, file: &str) -> Result<Self, String> {
        let path = find_file(file)?;
        let file = File::open(&path).map_err(|why| format!("open {}: {why}", path.display()))?;
        Ok(Self { spec, path, file })
    }

    pub(super) fn probes(&self, notes: &mut Vec<String>) -> Result<Vec<Probe>, String> {
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
            PlaceSpec::Kernel { .. } => Ok(Vec::new()),
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
        Ok(vec![self.at((offset, &place), None, &mut Vec::new())?])
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
        notes.extend(choosers.iter().map(|one| {
            let name = &one.name;
            format!("{name} of another version chooses a function at the start: no probe there")
        }));
        let inside = |one: &Function| one.size_bytes == 0 || offset < one.size_bytes;
        if let Some(short) = functions.iter().find(|one| !inside(one)) {
            return Err(format!("{} has {} bytes", short.name, short.size_bytes));
        }
        let described = match offset {
            0 => self.described(&functions),
            // Elsewhere than at its first instruction a function has its arguments anywhere.
            _ => BTreeMap::new(),
        };
        let probe = |one: &Function| {
            // Nothing is below the stack yet where a function begins.
            if offset > 0 {
                check_instruction(&self.file, one.offset + offset, &one.name)?;
            }
            let place = (one.offset + offset, &*one.name);
            self.at(place, described.get(&one.address), notes)
        };
        functions.iter().map(probe).collect()
    }

    /// What the debug information says of these functions. Of parts and copies that the compiler has
    /// made (`work.part.0`) it says what their source takes.
    fn described(&self, functions: &[Function]) -> BTreeMap<u64, Prototype> {
        let whole = functions.iter().filter(|one| !one.name.contains('.'));
        let addresses: BTreeSet<u64> = whole.map(|one| one.address).collect();
        prototypes(&self.file, &addresses)
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
    fn at(
        &self,
        (offset, place): (u64, &str),
        prototype: Option<&Prototype>,
        notes: &mut Vec<String>,
    ) -> Result<Probe, String> {
        let mut arguments = self.spec.fetched(&|name| match self.spec.is_return {
            true => None,
            false => argument(name, prototype),
        })?;
        if self.spec.arguments.is_empty() {
            arguments.extend(match self.spec.is_return {
                true => result(prototype),
                false => prototype.map_or_else(Vec::new, |one| parameters(place, one, notes)),
            });
        }
        let program = self.path.file_name().unwrap_or_default().to_string_lossy();
        let is_many = matches!(&self.spec.place, PlaceSpec::Function { pattern, .. }
            if is_pattern(pattern));
        let (provider, name) = match self.spec.own_name(is_many) {
            Some(named) => named,
            None => (Some(program.into_owned()), place.to_owned()),
        };
        let name = format!("{name}{}", self.spec.ending());
        Ok(self.probe((provider, name), (offset, None), arguments))
    }

    fn probe(
        &self,
        (provider, name): (Option<String>, String),
        place: (u64, Option<u64>),
        arguments: Vec<String>,
    ) -> Probe {
        Probe {
            provider,
            name,
            is_return: self.spec.is_return,
            target: Target::Program {
                file: self.path.clone(),
                offset: place.0,
                semaphore_offset: place.1,
            },
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
        let is_many = is_pattern(provider) || is_pattern(name);
        let mut probes = Vec::new();
        for one in found {
            let what = format!("{}:{}", one.provider, one.name);
            check_instruction(&self.file, one.place.offset, &what)?;
            let arguments = match self.spec.arguments.is_empty() {
                true => all_arguments(one, &points.data, notes),
                false => self.chosen_arguments(one, &points.data)?,
            };
            let own = || (Some(one.provider.clone()), one.name.clone());
            let named = self.spec.own_name(is_many).unwrap_or_else(own);
            let place = (one.place.offset, one.semaphore_offset);
            probes.push(self.probe(named, place, arguments));
        }
        Ok(probes)
    }

    fn chosen_arguments(
        &self,
        probe: &SdtProbe,
        data: &BTreeMap<String, u64>,
    ) -> Result<Vec<String>, String> {
        self.spec.fetched(&|name| {
            let number: usize = name.strip_prefix("arg")?.parse().ok()?;
            let argument = probe.arguments.get(number.checked_sub(1)?)?;
            let Fetch { from, kind } =
                argument.fetch(probe.place, |name| data.get(name).copied())?;
            Some(Known { from, kind })
        })
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

/// Where a function's `argN` is, or its parameter of this name.
fn argument(name: &str, prototype: Option<&Prototype>) -> Option<Known> {
    let number: Option<usize> = name
        .strip_prefix("arg")
        .and_then(|digits| digits.parse().ok());
    let Some(prototype) = prototype else {
        let kind = "x64".to_owned();
        return function_argument(number?).map(|from| Known { from, kind });
    };
    let named = |parameter: &&Parameter| parameter.name == name;
    let found = match number {
        Some(number) => prototype.parameters.get(number.checked_sub(1)?),
        None => prototype.parameters.iter().find(named),
    };
    let Fetch { from, kind } = found?.fetch.clone()?;
    Some(Known { from, kind })
}

/// All parameters that the debug information tells of and the kernel can fetch.
fn parameters(function: &str, prototype: &Prototype, notes: &mut Vec<String>) -> Vec<String> {
    let mut all = Vec::new();
    for (number, parameter) in (1..).zip(&prototype.parameters) {
        let name = field_name(&parameter.name, number);
        match &parameter.fetch {
            Some(Fetch { from, kind }) => all.push(spelled(&name, from, kind, true)),
            None => notes.push(format!(
                "{function} without {name}: the kernel's probes cannot read it"
            )),
        }
    }
    all
}

/// What a function returns; of unknown type, if nothing tells of it.
fn result(prototype: Option<&Prototype>) -> Vec<String> {
    match prototype.map(|one| &one.result) {
        None => vec!["ret=$retval:x64".to_owned()],
        Some(Some(Fetch { from, kind })) => vec![spelled("ret", from, kind, true)],
        Some(None) => Vec::new(),
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
