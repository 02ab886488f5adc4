//! From a probe's text to what it says.

use std::str::FromStr;

use super::fetch::OWN_FIELDS;
use super::name::is_name;
use super::spec::{ArgumentSpec, FunctionSpec, PlaceSpec, ProbeSpec};
use crate::Error;

impl FromStr for ProbeSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text.trim()).map_err(|why| Error::Probe {
            probe: text.trim().to_owned(),
            why,
        })
    }
}

impl FromStr for FunctionSpec {
    type Err = Error;

    /// Arguments that only a return has are its own, all others those of the call.
    fn from_str(text: &str) -> Result<Self, Error> {
        let whole: ProbeSpec = text.parse()?;
        let is_of_return = |argument: &ArgumentSpec| argument.from.contains("$retval");
        let (at_exit, at_entry) = whole.arguments.iter().cloned().partition(is_of_return);
        let half = |is_return, arguments| ProbeSpec {
            is_return,
            arguments,
            is_half: true,
            ..whole.clone()
        };
        match whole.place {
            PlaceSpec::Function { offset: 0, .. } | PlaceSpec::Kernel { offset: 0, .. }
                if !whole.is_return =>
            {
                Ok(Self([half(true, at_exit), half(false, at_entry)]))
            }
            _ => Err(Error::Probe {
                probe: whole.to_string(),
                why: "only a whole function has calls and returns".to_owned(),
            }),
        }
    }
}

fn parse(text: &str) -> Result<ProbeSpec, String> {
    let (rest, filter) = match text.split_once(" if ") {
        Some((rest, filter)) => (rest, Some(filter.trim().to_owned())),
        None => (text, None),
    };
    let (place, arguments) = split_place(rest);
    let (name, place) = split_name(&place);
    let (place, is_return) = match place.strip_suffix("%return") {
        Some(place) => (place, true),
        None => (place, false),
    };
    let place = parse_place(place)?;
    if is_return && matches!(place, PlaceSpec::Sdt { .. }) {
        return Err("only functions return".to_owned());
    }
    let arguments = arguments.split_ascii_whitespace().map(argument);
    Ok(ProbeSpec {
        name: name.map(str::to_owned),
        place,
        is_return,
        arguments: arguments.collect::<Result<_, _>>()?,
        filter,
        is_half: false,
        text: text.to_owned(),
    })
}

/// The first word, in which `\ ` is a space, and the rest.
fn split_place(text: &str) -> (String, &str) {
    let mut place = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => place.extend(letters.next().map(|(_, escaped)| escaped)),
            letter if letter.is_ascii_whitespace() => return (place, &text[at..]),
            letter => place.push(letter),
        }
    }
    (place, "")
}

/// `NAME=` before something. A file's path may have a `=` as well, but no name has a `/`.
fn split_name(text: &str) -> (Option<&str>, &str) {
    let is_event = |name: &str| match name.split_once(':') {
        Some((group, name)) => is_name(group) && is_name(name),
        None => is_name(name),
    };
    match text.split_once('=') {
        Some((name, rest)) if is_event(name) => (Some(name), rest),
        _ => (None, text),
    }
}

const FORMS: &str = "a place is FILE:FUNCTION, FILE:+OFFSET, sdt:FILE:PROVIDER:PROBE or FUNCTION";

fn parse_place(text: &str) -> Result<PlaceSpec, String> {
    let is_whole = |parts: &[&str]| parts.iter().all(|part| !part.is_empty());
    if let Some(rest) = text.strip_prefix("sdt:") {
        let mut parts = rest.rsplitn(3, ':');
        let (name, provider, file) = (parts.next(), parts.next(), parts.next());
        return match (file, provider, name) {
            (Some(file), Some(provider), Some(name)) if is_whole(&[file, provider, name]) => {
                Ok(PlaceSpec::Sdt {
                    file: file.to_owned(),
                    provider: provider.to_owned(),
                    name: name.to_owned(),
                })
            }
            _ => Err(FORMS.to_owned()),
        };
    }
    let rest = text.strip_prefix("elf:").unwrap_or(text);
    match rest.rsplit_once(':') {
        Some((file, place)) if is_whole(&[file, place]) => in_file(file.to_owned(), place),
        None if !text.is_empty() => in_kernel(text),
        _ => Err(FORMS.to_owned()),
    }
}

fn in_kernel(text: &str) -> Result<PlaceSpec, String> {
    let (pattern, offset) = behind(text)?;
    let is_in_symbol = |c: char| c.is_ascii_alphanumeric() || "_.$*?".contains(c);
    match pattern.chars().all(is_in_symbol) {
        true => Ok(PlaceSpec::Kernel {
            pattern: pattern.to_owned(),
            offset,
        }),
        false => Err(FORMS.to_owned()),
    }
}

/// `NAME+OFFSET`, or `NAME`.
fn behind(text: &str) -> Result<(&str, u64), String> {
    match text.split_once('+') {
        Some((name, offset)) => Ok((name, number(offset)?)),
        None => Ok((text, 0)),
    }
}

fn in_file(file: String, place: &str) -> Result<PlaceSpec, String> {
    if let Some(offset) = place.strip_prefix('+') {
        let offset = number(offset)?;
        return Ok(PlaceSpec::Offset { file, offset });
    }
    if place.starts_with(|c: char| c.is_ascii_digit()) {
        let address = number(place)?;
        return Ok(PlaceSpec::Address { file, address });
    }
    let (pattern, offset) = behind(place)?;
    Ok(PlaceSpec::Function {
        file,
        pattern: pattern.to_owned(),
        offset,
    })
}

fn number(text: &str) -> Result<u64, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| format!("`{text}` is no number"))
}

fn argument(text: &str) -> Result<ArgumentSpec, String> {
    let (name, fetch) = match text.split_once('=') {
        Some((name, fetch)) => (Some(name), fetch),
        None => (None, text),
    };
    let (from, kind) = match fetch.rsplit_once(':') {
        Some((from, kind)) => (from, Some(kind.to_owned())),
        None => (fetch, None),
    };
    // `$arg1` names itself.
    let name = name.unwrap_or_else(|| from.trim_start_matches(['$', '%']));
    if !is_name(name) || from.is_empty() {
        return Err(format!("`{text}` is no argument: say NAME=FETCH:TYPE"));
    }
    if OWN_FIELDS.contains(&name) {
        return Err(format!("every probe has a field `{name}` already"));
    }
    Ok(ArgumentSpec {
        name: name.to_owned(),
        from: from.to_owned(),
        kind,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(spec: &ProbeSpec) -> String {
        let place = match &spec.place {
            PlaceSpec::Function {
                file,
                pattern,
                offset,
            } => format!("{file} function {pattern}+{offset}"),
            PlaceSpec::Address { file, address } => format!("{file} address {address:#x}"),
            PlaceSpec::Offset { file, offset } => format!("{file} offset {offset:#x}"),
            PlaceSpec::Sdt {
                file,
                provider,
                name,
            } => format!("{file} probe {provider} {name}"),
            PlaceSpec::Kernel { pattern, offset } => format!("kernel {pattern}+{offset}"),
        };
        let mut all = vec![place];
        all.extend(spec.name.iter().map(|name| format!("as {name}")));
        all.extend(spec.is_return.then(|| "return".to_owned()));
        all.extend(spec.arguments.iter().map(|one| {
            let kind = one.kind.as_deref().unwrap_or("-");
            format!("{} {} {kind}", one.name, one.from)
        }));
        all.extend(spec.filter.iter().map(|filter| format!("if {filter}")));
        all.join(" | ")
    }

    #[track_caller]
    fn check(text: &str, want: &str) {
        let parsed = text.parse::<ProbeSpec>();
        let parsed = parsed.map(|spec| told(&spec));
        assert_eq!(parsed.unwrap_or_else(|error| error.to_string()), want);
    }

    #[test]
    fn places_are_functions_addresses_offsets_and_sdt_probes() {
        check("./app:work", "./app function work+0");
        check("elf:/bin/app:work+0x10", "/bin/app function work+16");
        check("app:work%return", "app function work+0 | return");
        check("app:+0x1139", "app offset 0x1139");
        check("app:0x401139", "app address 0x401139");
        check("sdt:python3:python:line", "python3 probe python line");
        check("a:b:work", "a:b function work+0");
        check("a\\ b:work", "a b function work+0");
        check("do_sys_open+0x10", "kernel do_sys_open+16");
        check("vfs_*%return", "kernel vfs_*+0 | return");
    }

    #[test]
    fn names_arguments_and_filters_stand_around_the_place() {
        check(
            "done=app:work count=%di:s32 $arg2:string if count > 3",
            "app function work+0 | as done | count %di s32 | arg2 $arg2 string | if count > 3",
        );
        check("shop:done=app:work", "app function work+0 | as shop:done");
        check("./a=b:work", "./a=b function work+0");
        check(
            "app:work%return ret=$retval:s32 $comm",
            "app function work+0 | return | ret $retval s32 | comm $comm -",
        );
    }

    #[test]
    fn a_function_is_its_calls_and_its_returns() {
        let pair: FunctionSpec = "f=app:work $arg1 r=$retval:s32".parse().unwrap();
        let told = pair.0.map(|half| told(&half));
        assert_eq!(
            told,
            [
                "app function work+0 | as f | return | r $retval s32",
                "app function work+0 | as f | arg1 $arg1 -",
            ]
        );
        let refused = "app:work+4".parse::<FunctionSpec>().unwrap_err();
        assert!(
            refused
                .to_string()
                .ends_with("only a whole function has calls and returns")
        );
    }

    #[test]
    fn what_is_no_probe_is_refused_with_the_form() {
        let form = |probe: &str| format!("set the probe `{probe}`: {FORMS}");
        for probe in ["./work", "app:", ":work", "sdt:app:work", "sdt:::", ""] {
            check(probe, &form(probe));
        }
        check(
            "app:work ip=%di",
            "set the probe `app:work ip=%di`: every probe has a field `ip` already",
        );
        check(
            "app:work +0(%di)",
            "set the probe `app:work +0(%di)`: `+0(%di)` is no argument: say NAME=FETCH:TYPE",
        );
        check("app:+x", "set the probe `app:+x`: `x` is no number");
        check(
            "sdt:app:a:b%return",
            "set the probe `sdt:app:a:b%return`: only functions return",
        );
    }
}
