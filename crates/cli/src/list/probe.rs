//! What of a program or library can be probed.

use std::collections::BTreeMap;
use std::fs::File;

use thalweg_elf::{Argument, Function, Parameter, Points, Prototype, SdtProbe};
use thalweg_kernel::{find_file, matches};

use super::Args;
use crate::exit::{Failure, INCOMPLETE};

/// A line for each SDT probe, and then for each function.
pub(super) fn places(name: &str, args: &Args, out: &mut String) -> Result<(), Failure> {
    let failed = |why: String| Failure::words(INCOMPLETE, why);
    let path = find_file(name).map_err(failed)?;
    let shown = path.display().to_string();
    let file = File::open(&path).map_err(|why| failed(format!("open {shown}: {why}")))?;
    let is_meant = |name: &str| {
        let patterns = args.patterns.iter();
        args.patterns.is_empty() || patterns.into_iter().any(|pattern| matches(pattern, name))
    };
    let points = thalweg_elf::examine(&file, &is_meant);
    let points = points.map_err(|why| failed(format!("{why}: {shown}")))?;
    let addresses = points.functions.iter().map(|one| one.address).collect();
    let described = thalweg_elf::prototypes(&file, &addresses);
    let path = shown.replace(' ', "\\ ");
    let lines = text(&path, &is_meant, &points, &described);
    if lines.is_empty() {
        return Err(failed(format!("find such a place in {shown}")));
    }
    lines.iter().for_each(|line| {
        out.push_str(line);
        out.push('\n');
    });
    Ok(())
}

fn text(
    path: &str,
    is_meant: &dyn Fn(&str) -> bool,
    points: &Points,
    described: &BTreeMap<u64, Prototype>,
) -> Vec<String> {
    let mut probes: BTreeMap<(&str, &str), Vec<&SdtProbe>> = BTreeMap::new();
    let wanted = points.probes.iter().filter(|one| is_meant(&one.name));
    for one in wanted {
        let name = (&*one.provider, &*one.name);
        probes.entry(name).or_default().push(one);
    }
    let probes = probes
        .into_iter()
        .map(|((provider, name), places)| sdt(path, provider, name, &places));
    let functions = points.functions.iter();
    let functions = functions.map(|one| function(path, one, described.get(&one.address)));
    probes.chain(functions).collect()
}

fn sdt(path: &str, provider: &str, name: &str, places: &[&SdtProbe]) -> String {
    let mut line = format!("sdt:{path}:{provider}:{name}");
    for (number, argument) in (1..).zip(&places[0].arguments) {
        line.push_str(&format!(" arg{number}:{}", kind(argument)));
    }
    let mut words = Vec::new();
    if places.len() > 1 {
        words.push(format!("{} places", places.len()));
    }
    if places[0].semaphore_offset.is_some() {
        words.push("with a semaphore".to_owned());
    }
    if !words.is_empty() {
        line.push_str(&format!("  ({})", words.join(", ")));
    }
    line
}

fn kind(argument: &Argument) -> String {
    let bits = u32::from(argument.size_bytes) * 8;
    match (&argument.operand, argument.is_float, argument.is_signed) {
        (None, ..) => format!("out of reach ({})", argument.text),
        (_, true, _) => format!("x{bits}"),
        (_, _, true) => format!("s{bits}"),
        _ => format!("u{bits}"),
    }
}

fn function(path: &str, one: &Function, prototype: Option<&Prototype>) -> String {
    let Function {
        name,
        address,
        size_bytes,
        ..
    } = one;
    let parameters = prototype.iter().flat_map(|known| &known.parameters);
    let parameters: String = parameters.map(parameter).collect();
    let kind = match one.is_chooser {
        true => ", chooses a function at the start: cannot be probed",
        false => "",
    };
    format!("{path}:{name}{parameters}  ({size_bytes} bytes at {address:#x}{kind})")
}

fn parameter(one: &Parameter) -> String {
    let kind = one
        .fetch
        .as_ref()
        .map_or("out of reach", |fetch| &fetch.kind);
    format!(" {}:{kind}", one.name)
}
