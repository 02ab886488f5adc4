//! `view` beside babeltrace2 with the same options, and what babeltrace2 has not.

mod common;

use std::path::PathBuf;

use common::THALWEG;
use thalweg_testkit::{Ran, run};

/// A trace of babeltrace2's test data.
fn trace(name: &str) -> String {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("THALWEG_SHARED").map_or(beside, PathBuf::from);
    let folder = shared.join("traces/succeed").join(name);
    assert!(
        folder.is_dir(),
        "no {}: set THALWEG_SHARED",
        folder.display()
    );
    folder.display().to_string()
}

fn view(trace: &str, options: &[&str]) -> Ran {
    run(THALWEG, [&["view"], options, &[trace]].concat())
}

/// The same options mean the same to both.
#[track_caller]
fn check(trace: &str, options: &[&str]) -> String {
    let theirs = run("babeltrace2", [options, &[trace]].concat());
    let ours = view(trace, options);
    assert!(
        theirs.success && ours.success,
        "{options:?}: {}",
        ours.stderr
    );
    let lines = ours.stdout.lines().zip(theirs.stdout.lines());
    for (ours, theirs) in lines {
        assert_eq!(ours, theirs, "{trace} {options:?}");
    }
    assert_eq!(
        ours.stdout.len(),
        theirs.stdout.len(),
        "{trace} {options:?}"
    );
    ours.stdout
}

/// Traces of programs by user and by process, of the kernel, without a clock, in several folders.
const TRACES: [&str; 6] = [
    "wk-heartbeat-u",
    "sequence",
    "multi-domains",
    "meta-variant-two-underscores",
    "barectf-event-before-packet",
    "session-rotation",
];

#[test]
fn times_are_shown_as_babeltrace2_shows_them() {
    for name in TRACES {
        let trace = trace(name);
        for options in [
            &["--clock-cycles"][..],
            &["--clock-cycles", "--no-delta"],
            &["--clock-date"],
            &["--clock-date", "--clock-gmt"],
            &["--clock-date", "--clock-seconds"],
            &["--no-delta", "--clock-gmt"],
        ] {
            check(&trace, options);
        }
    }
}

#[test]
fn names_and_fields_are_those_of_babeltrace2() {
    for name in TRACES {
        let trace = trace(name);
        for names in [
            "none",
            "all",
            "payload",
            "args",
            "scope",
            "header",
            "ctx,header",
        ] {
            check(&trace, &["--names", names, "--clock-gmt"]);
            check(&trace, &["--names", names, "--fields", "all"]);
        }
        for fields in [
            "trace",
            "trace:domain,trace:vpid",
            "trace:procname",
            "loglevel",
            "emf",
        ] {
            check(&trace, &["--fields", fields]);
            check(&trace, &["--fields", fields, "--names", "header"]);
        }
    }
    let both = view(&trace("sequence"), &["--names", "all,none"]);
    assert!(
        both.stderr.contains("both all names and none"),
        "{}",
        both.stderr
    );
}

#[test]
fn a_range_of_time_has_the_events_that_babeltrace2_finds_in_it() {
    let heartbeat = trace("wk-heartbeat-u");
    let (begin, end) = ("1351532897.587442710", "1351532897.589068336");
    let both = format!("{begin},{end}");
    assert_eq!(
        check(&heartbeat, &["--timerange", &both]).lines().count(),
        8
    );
    check(&heartbeat, &["--timerange", &format!("[{both}]")]);
    for (option, time) in [
        ("--begin", begin),
        ("--end", end),
        ("--begin", "17:48:17.5875"),
        ("--begin", "17:48"),
        ("--end", "2012-10-29 17:48:17.589"),
        ("--begin", "2012-10-29"),
        ("--end", "-5"),
    ] {
        check(&heartbeat, &[&format!("{option}={time}"), "--clock-gmt"]);
    }
    // Many packets: with an index, and without.
    for (name, begin) in [
        ("trace-with-index", "19:30:57"),
        ("lttng-tracefile-rotation", "21:36:36"),
        ("multi-domains", "19:16:30"),
    ] {
        check(&trace(name), &["--clock-gmt", "--begin", begin]);
    }
}

#[test]
fn what_is_no_time_no_filter_and_no_name_is_a_wrong_command_line() {
    for (option, value, words) in [
        ("--begin", "yesterday", "expected [YYYY-MM-DD ]hh:mm"),
        ("--timerange", "1", "two times with a comma"),
        ("--where", "a &&", "expected a value"),
        ("--names", "everything", "possible values"),
    ] {
        let ran = view(&trace("sequence"), &[option, value]);
        assert!(!ran.success && ran.stderr.contains(words), "{}", ran.stderr);
    }
}

#[test]
fn only_and_where_take_events_out_of_the_same_text() {
    let domains = trace("lttng-tracefile-rotation");
    let all = view(&domains, &["--no-delta"]).stdout;
    let only = view(
        &domains,
        &["--no-delta", "--only", "sched_wak*,sched_migrate_task"],
    )
    .stdout;
    let named = |line: &&str| line.contains(" sched_wak") || line.contains(" sched_migrate_task:");
    assert!(only.lines().count() > 10);
    assert!(only.lines().eq(all.lines().filter(named)));
    let filter = "cpu_id == 2 && (next_comm == \"swapper*\" || prev_prio < 20 && prev_tid != 0)";
    let passed = view(&domains, &["--no-delta", "--where", filter]).stdout;
    let number = |line: &str, name: &str| {
        let rest = line.split(&format!(" {name} = ")).nth(1)?;
        let digits = rest.split([',', ' ']).next()?;
        digits.parse::<i64>().ok()
    };
    // An event without one of the fields does not pass.
    let passes = |line: &&str| {
        line.contains(" sched_switch:")
            && number(line, "cpu_id") == Some(2)
            && (line.contains("next_comm = \"swapper")
                || number(line, "prev_prio") < Some(20) && number(line, "prev_tid") != Some(0))
    };
    assert!(passed.lines().count() > 10);
    assert!(passed.lines().eq(all.lines().filter(passes)));
    assert_eq!(view(&domains, &["--where", "nowhere == 1"]).stdout, "");
}

#[test]
fn the_first_and_the_last_events_are_those_of_the_whole_text() {
    for name in TRACES {
        let trace = trace(name);
        let all = view(&trace, &[]).stdout;
        let lines: Vec<&str> = all.lines().collect();
        for count in [0, 1, 3, lines.len() - 1, lines.len(), lines.len() + 5] {
            let shown = |option| view(&trace, &[option, &count.to_string()]).stdout;
            let kept = count.min(lines.len());
            assert!(
                shown("-n").lines().eq(lines[..kept].iter().copied()),
                "{name} -n {count}"
            );
            let last = lines[lines.len() - kept..].iter().copied();
            assert!(shown("--tail").lines().eq(last), "{name} --tail {count}");
        }
    }
}

#[test]
fn json_has_what_the_text_has() {
    let line = |name: &str, at: usize| {
        let shown = view(&trace(name), &["--json"]).stdout;
        shown.lines().nth(at).unwrap_or_default().to_owned()
    };
    assert_eq!(
        line("wk-heartbeat-u", 0),
        "{\"time_ns\":1351532897586558519,\"name\":\"heartbeat:msg\",\"stream\":2,\
         \"packet\":{\"timestamp_begin\":1967630597709,\"timestamp_end\":1967651374099,\
         \"events_discarded\":0,\"content_size\":2280,\"packet_size\":32768,\"cpu_id\":2},\
         \"context\":{\"vtid\":3214,\"vpid\":3208},\"fields\":{\"msg\":\"heartbeat\"}}"
    );
    assert_eq!(
        line("meta-variant-two-underscores", 0),
        "{\"time_ns\":null,\"name\":\"yo\",\"stream\":0,\"fields\":{\"tag\":{\"value\":1,\
         \"labels\":[\"__PELCHAT\"]},\"var\":\"Daniel Lavoie\"}}"
    );
    for name in TRACES {
        let shown = view(&trace(name), &["--json"]).stdout;
        assert_eq!(
            shown.lines().count(),
            view(&trace(name), &[]).stdout.lines().count()
        );
        for line in shown.lines() {
            serde_json::from_str::<serde_json::Value>(line)
                .unwrap_or_else(|e| panic!("{e}: {line}"));
        }
    }
}
