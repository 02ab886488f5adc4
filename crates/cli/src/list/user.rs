//! The events of programs that run now.

use std::fmt::Write;

use thalweg_abi::rules::{ENABLE, Rules, Verdict};
use thalweg_collect::program::{Definitions, Site};
use thalweg_collect::running;
use thalweg_filter::near_names;

use super::{Args, class};
use crate::exit::{Failure, INCOMPLETE};
use crate::level;

const WIDTH: usize = 32;

/// Every program that has such an event.
pub(super) fn programs(args: &Args, out: &mut String) -> Result<(), Failure> {
    let programs = running();
    let lines = args
        .patterns
        .iter()
        .map(|pattern| format!("{ENABLE} {pattern}\n"));
    let rules: String = lines.collect();
    let is_any_wanted = args.patterns.is_empty();
    let mut is_any = is_any_wanted;
    for program in &programs {
        let sites = program.sites.iter().filter(|site| site.is_known());
        let sites = sites.filter(|site| is_any_wanted || is_wanted(site, &rules));
        let mut sites: Vec<&Site> = sites.collect();
        sites.sort_by_key(|site| &site.name);
        sites.dedup_by_key(|site| &site.name);
        if sites.is_empty() {
            continue;
        }
        is_any = true;
        let _ = writeln!(out, "{}", program.title());
        for site in sites {
            let level = level::name(site.level);
            let _ = writeln!(out, "  {:WIDTH$} {level}", site.name);
            if args.fields {
                class::fields(&site.payload, "      ", out);
            }
        }
    }
    match is_any {
        true => Ok(()),
        false => Err(unknown(args, &programs)),
    }
}

fn is_wanted(site: &Site, rules: &str) -> bool {
    let verdict = Rules::new(rules.as_bytes()).verdict(site.name.as_bytes(), site.level as u8);
    verdict == Verdict::Wanted
}

fn unknown(args: &Args, programs: &[Definitions]) -> Failure {
    let wanted = args.patterns.join(",");
    let sites = programs.iter().flat_map(|program| &program.sites);
    let near = near_names(&wanted, sites.map(|site| site.name.as_str()));
    let near = match near.is_empty() {
        true => String::new(),
        false => format!("; did you mean {}?", near.join(", ")),
    };
    let words = format!("find an event `{wanted}` of a program that runs now{near}");
    Failure::words(INCOMPLETE, words)
}
