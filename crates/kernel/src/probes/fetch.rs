//! What a probe fetches, in the kernel's words.

use super::spec::ArgumentSpec;

/// Where a value is, and its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) from: String,
    pub(super) kind: String,
}

/// What the kernel itself knows by a name with `$`.
const KERNELS: [&str; 3] = ["$retval", "$comm", "$stack"];

/// An argument as `NAME=FETCH:TYPE`; `known` tells where that is of which only the name was said.
pub(super) fn fetch(
    argument: &ArgumentSpec,
    known: &dyn Fn(&str) -> Option<Known>,
) -> Result<String, String> {
    let ArgumentSpec { name, from, kind } = argument;
    let is_kernels = KERNELS.iter().any(|one| from.starts_with(one));
    let named = from.strip_prefix('$').filter(|_| !is_kernels);
    let found = match named {
        Some(named) => known(named).ok_or_else(|| format!("`{from}` cannot be had there"))?,
        None => Known {
            from: from.clone(),
            kind: if from == "$comm" { "string" } else { "x64" }.to_owned(),
        },
    };
    let kind = kind.clone().unwrap_or(found.kind);
    let is_pointer = named.is_some() || from.starts_with('%') || from == "$retval";
    Ok(spelled(name, &found.from, &kind, is_pointer))
}

/// Fields that every probe's event has.
pub(super) const OWN_FIELDS: [&str; 3] = ["ip", "parent_ip", "tid"];

/// The field for a parameter with this name: another, if it has none or one that is taken.
pub(super) fn field_name(name: &str, number: usize) -> String {
    match OWN_FIELDS.contains(&name) || name.is_empty() {
        true => format!("{name}_{number}"),
        false => name.to_owned(),
    }
}

/// A text is where its argument points at; who says `+0(%di)` has said so.
pub(super) fn spelled(name: &str, from: &str, kind: &str, is_pointer: bool) -> String {
    let is_text = kind.starts_with("string") || kind.starts_with("ustring");
    match is_text && is_pointer {
        true => format!("{name}=+0({from}):{kind}"),
        false => format!("{name}={from}:{kind}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::spec::ProbeSpec;
    use super::*;

    #[track_caller]
    fn check(argument: &str, want: &str) {
        let spec: ProbeSpec = format!("a:b {argument}").parse().unwrap();
        let known = |name: &str| {
            let (from, kind) = match name {
                "arg1" => ("%di", "x64"),
                "arg2" => ("-8(%bp)", "s32"),
                "path" => ("%si", "string"),
                _ => return None,
            };
            Some(Known {
                from: from.to_owned(),
                kind: kind.to_owned(),
            })
        };
        let fetched = fetch(&spec.arguments[0], &known);
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
        check("$path", "path=+0(%si):string");
        check("$path:x64", "path=%si:x64");
        check("caller=$stack0", "caller=$stack0:x64");
        check("$arg3", "`$arg3` cannot be had there");
    }
}
