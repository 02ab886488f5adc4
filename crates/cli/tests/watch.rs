//! `thalweg watch`, beside bpftrace and strace on the same work.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;

use common::{Ended, Scene, THALWEG};
use serde_json::Value;

/// The groups of the last table of JSON: their keys as a text, and their numbers.
fn groups(ended: &Ended) -> BTreeMap<String, Vec<i64>> {
    let mut lines = ended.stdout.lines();
    let table = lines.next_back().unwrap_or_else(|| panic!("{ended:?}"));
    let table: Value = serde_json::from_str(table).unwrap();
    assert_eq!(table["version"], 1);
    let rows = table["groups"].as_array().unwrap().iter().map(|group| {
        let keys = group["keys"].as_array().unwrap().iter();
        let keys: Vec<String> = keys.map(key).collect();
        let values = group["values"].as_array().unwrap().iter();
        (
            keys.join(","),
            values.map(|one| one.as_i64().unwrap_or(-1)).collect(),
        )
    });
    rows.collect()
}

/// A key as bpftrace shows it, which tells neither what was cut nor what could not be read.
fn key(key: &Value) -> String {
    match key {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Object(_) => key["beginning"].as_str().unwrap().to_owned(),
        number => number.to_string(),
    }
}

#[track_caller]
fn watch(scene: &Scene, spec: &str, command: &[&str]) -> Ended {
    let args = [&["watch", spec, "--json", "--top", "0", "--"], command].concat();
    let ended = scene.thalweg(&args);
    assert_eq!(ended.status, Some(0), "{spec}: {}", ended.stderr);
    assert!(!ended.stderr.contains("not counted"), "{}", ended.stderr);
    ended
}

/// A copy of `dd` with a name that no other process has, and its path.
fn own_dd(scene: &Scene) -> (String, String) {
    let name = format!("dd-{}", std::process::id());
    let path = scene.dir().join(&name);
    if !path.exists() {
        fs::copy("/usr/bin/dd", &path).expect("coreutils");
    }
    (name, path.to_str().unwrap().to_owned())
}

/// What we count of a `dd`, and what bpftrace does meanwhile; DD stands for its name in both.
fn beside_bpftrace(ours: &str, theirs: &str) -> (Ended, Vec<Value>) {
    let scene = Scene::new();
    let (name, path) = own_dd(&scene);
    let (ours, theirs) = (ours.replace("DD", &name), theirs.replace("DD", &name));
    let dd = format!("{path} if=/dev/zero of=/dev/null bs=7 count=3000 status=none");
    let command = [
        "bpftrace", "-f", "json", "-o", "theirs", "-e", &theirs, "-c", &dd,
    ];
    let ended = watch(&scene, &ours, &command);
    let said = fs::read_to_string(scene.dir().join("theirs")).unwrap();
    let lines = said
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let data = lines.map(|line| line["data"].clone()).collect();
    (ended, data)
}

/// One of bpftrace's maps.
fn map<'v>(theirs: &'v [Value], name: &str) -> &'v Value {
    let found = theirs.iter().find_map(|data| data.get(name));
    found.unwrap_or_else(|| panic!("{name}: {theirs:?}"))
}

/// The numbers of a map with keys, in their order.
fn numbers(map: &Value) -> Vec<i64> {
    let numbers = map.as_object().unwrap().values();
    let mut numbers: Vec<i64> = numbers.map(|one| one.as_i64().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn all_calls_of_a_program_are_those_that_bpftrace_sees() {
    let (ended, theirs) = beside_bpftrace(
        "count() by syscall where comm == \"DD\"",
        "tracepoint:raw_syscalls:sys_enter /comm == \"DD\"/ { @[args->id] = count(); }",
    );
    let ours = groups(&ended);
    assert!(
        ours["write"][0] >= 3000 && ours["read"][0] >= 3000,
        "{ours:?}"
    );
    let mut counts: Vec<i64> = ours.values().map(|values| values[0]).collect();
    counts.sort_unstable();
    assert!(counts.len() > 10, "{ours:?}");
    assert_eq!(counts, numbers(map(&theirs, "@")));
}

#[test]
fn results_are_added_up_as_bpftrace_does() {
    let (ended, theirs) = beside_bpftrace(
        "count(), sum(ret), min(ret), max(ret), histogram(ret) of syscall:read where comm == \"DD\"",
        "tracepoint:syscalls:sys_exit_read /comm == \"DD\"/ { @c = count(); @s = sum(args->ret); \
         @n = min(args->ret); @x = max(args->ret); @h = hist(args->ret); }",
    );
    let ours = &groups(&ended)[""];
    let single = ["@c", "@s", "@n", "@x"].map(|name| map(&theirs, name).as_i64().unwrap());
    assert_eq!(ours[..4], single);
    assert!(single[0] >= 3000, "{single:?}");
    // Our buckets, joined to theirs.
    let table: Value = serde_json::from_str(ended.stdout.trim()).unwrap();
    let buckets = table["groups"][0]["values"][4]["buckets"]
        .as_array()
        .unwrap();
    for theirs in map(&theirs, "@h").as_array().unwrap() {
        let (min, max) = (theirs["min"].as_i64(), theirs["max"].as_i64());
        let within = |one: &&Value| one[0].as_i64() >= min && one[1].as_i64() <= max;
        let counts = buckets
            .iter()
            .filter(within)
            .map(|one| one[2].as_i64().unwrap());
        assert_eq!(
            Some(counts.sum::<i64>()),
            theirs["count"].as_i64(),
            "{theirs}"
        );
    }
}

#[test]
fn events_of_the_scheduler_are_counted_as_bpftrace_counts_them() {
    let (ended, theirs) = beside_bpftrace(
        "count() of sched_switch by prev_comm, prev_state where prev_comm == \"DD\" || next_comm == \"DD\"",
        "tracepoint:sched:sched_switch /args->prev_comm == \"DD\" || args->next_comm == \"DD\"/ \
         { @[args->prev_comm, args->prev_state] = count(); }",
    );
    let mut ours: Vec<i64> = groups(&ended).values().map(|values| values[0]).collect();
    ours.sort_unstable();
    assert!(!ours.is_empty());
    assert_eq!(ours, numbers(map(&theirs, "@")));
}

#[test]
fn paths_are_those_that_bpftrace_reads() {
    let (ended, theirs) = beside_bpftrace(
        "count() of syscall:openat by filename where comm == \"DD\"",
        "tracepoint:syscalls:sys_enter_openat /comm == \"DD\"/ { @[str(args->filename)] = count(); }",
    );
    // bpftrace keeps the first 63 bytes of a text.
    let mut ours = BTreeMap::new();
    for (path, values) in groups(&ended) {
        *ours
            .entry(path[..path.len().min(63)].to_owned())
            .or_insert(0) += values[0];
    }
    let theirs = map(&theirs, "@").as_object().unwrap();
    let theirs: BTreeMap<String, i64> = theirs
        .iter()
        .map(|(path, count)| (path.clone(), count.as_i64().unwrap()))
        .collect();
    assert!(ours.contains_key("/dev/zero"), "{ours:?}");
    assert_eq!(ours, theirs);
}

const CALLS: &str = r#"
#include <stdlib.h>
#include <unistd.h>
__attribute__((noinline)) long work(int n, const char *name, long *p)
{
    usleep(name[0] == 'z');
    return n * 2 + *p;
}
int main(int argc, char **argv)
{
    const char *names[] = { "ab", "cd", "longer" };
    long sum = names[0][0];
    for (long i = 0; i < atoi(argv[1]); i++)
        sum += work(i, names[i % 3], &i);
    return sum == 3;
}
"#;

#[test]
fn probes_of_programs_are_counted_as_bpftrace_counts_them() {
    let scene = Scene::new();
    fs::write(scene.dir().join("calls.c"), CALLS).unwrap();
    let built = scene
        .command("gcc", &["-O1", "-g", "-o", "calls", "calls.c"])
        .status();
    assert!(built.unwrap().success());
    let app = scene.dir().join("calls").to_str().unwrap().to_owned();
    let run = |spec: &str, theirs: &str| {
        let command = format!("{app} 900");
        let theirs = [
            "bpftrace", "-f", "json", "-o", "theirs", "-e", theirs, "-c", &command,
        ];
        let ours = groups(&watch(&scene, &spec.replace("APP", &app), &theirs));
        let said = fs::read_to_string(scene.dir().join("theirs")).unwrap();
        let lines = said
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        (
            ours,
            lines.map(|line| line["data"].clone()).collect::<Vec<_>>(),
        )
    };
    let sum = 899 * 900 / 2;
    let probe =
        format!("uprobe:{app}:work {{ @c = count(); @s = sum(arg0); @n[str(arg1)] = count(); }}");
    let (ours, theirs) = run(
        "count(), sum(n), sum(x) of probe:APP:work n=$arg1:s32 x=+0(%dx):s64",
        &probe,
    );
    let single = ["@c", "@s"].map(|name| map(&theirs, name).as_i64().unwrap());
    assert_eq!(single, [900, sum]);
    assert_eq!(ours[""], [900, sum, sum]);
    // The first call comes before the texts are in memory.
    let (ours, theirs) = run(
        "count() of probe:APP:work name=$arg2:string by name",
        &probe,
    );
    let theirs = map(&theirs, "@n").as_object().unwrap().iter();
    let theirs = theirs.map(|(name, count)| (name.clone(), vec![count.as_i64().unwrap()]));
    assert_eq!(ours, theirs.collect());
    assert_eq!((&ours["cd"], &ours["longer"]), (&vec![300], &vec![300]));
    let probe = format!("uretprobe:{app}:work {{ @c = count(); @s = sum(retval); }}");
    let (ours, theirs) = run(
        "count(), sum(ret), min(latency) of probe:APP:work%return where latency > 0",
        &probe,
    );
    let single = ["@c", "@s"].map(|name| map(&theirs, name).as_i64().unwrap());
    assert_eq!(single, [900, 3 * sum]);
    assert_eq!(ours[""][..2], single);
}

#[test]
fn calls_are_as_many_as_strace_counts() {
    let scene = Scene::new();
    let (name, path) = own_dd(&scene);
    let spec = format!("count() by syscall where comm == \"{name}\"");
    let dd = [
        &path[..],
        "if=/dev/zero",
        "of=/dev/null",
        "bs=7",
        "count=500",
        "status=none",
    ];
    let strace = [&["strace", "-c", "-o", "theirs"], &dd[..]].concat();
    let ours = groups(&watch(&scene, &spec, &strace));
    let said = fs::read_to_string(scene.dir().join("theirs")).unwrap();
    let mut compared = 0;
    for line in said.lines().filter(|line| line.contains('.')) {
        // % time, seconds, usecs/call, calls, errors if any, the call.
        let words: Vec<&str> = line.split_whitespace().collect();
        let (Some(call), Some(count)) = (words.last(), words.get(3)) else {
            continue;
        };
        // It gets its name by `execve`; what does not come back is not in strace's list.
        if !["execve", "total"].contains(call) {
            let count: i64 = count.parse().unwrap();
            assert_eq!(ours.get(*call), Some(&vec![count]), "{call}: {said}");
            compared += 1;
        }
    }
    assert!(compared > 8, "{said}");
    let others = ours
        .keys()
        .filter(|call| !said.contains(&format!(" {call}\n")));
    assert_eq!(others.collect::<Vec<_>>(), ["exit_group"]);
}

#[test]
fn a_latency_is_the_time_that_a_call_took() {
    let scene = Scene::new();
    let name = format!("nap-{}", std::process::id());
    let path = scene.dir().join(&name);
    fs::copy("/usr/bin/sleep", &path).expect("coreutils");
    let spec = format!(
        "count(), min(latency), max(latency), quantiles(latency) \
         where comm == \"{name}\" && syscall == \"clock_nanosleep\""
    );
    let args = [
        "watch",
        &spec,
        "--json",
        "--",
        path.to_str().unwrap(),
        "0.3",
    ];
    let ended = scene.thalweg(&args);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let all = groups(&ended);
    let [count, min, max, _] = all[""][..] else {
        panic!("{all:?}");
    };
    assert_eq!((count, min), (1, max));
    // However busy the machine is, it is no shorter, and the whole command was there meanwhile.
    assert!((300_000_000..5_000_000_000).contains(&max), "{max}");
    let table: Value = serde_json::from_str(ended.stdout.trim()).unwrap();
    let median = table["groups"][0]["values"][3]["p50"].as_i64().unwrap();
    assert!(
        (median - max).unsigned_abs() <= max.unsigned_abs() / 64,
        "{median} {max}"
    );
}

#[test]
fn tables_follow_until_ctrl_c_and_none_counts_twice() {
    let scene = Scene::new();
    let name = format!("dd-{}", std::process::id());
    let spec = format!("count() where comm == \"{name}\" && syscall == \"write\"");
    let args = ["watch", &spec, "--json", "--interval", "0.1"];
    let out = scene.rendezvous().join("out");
    let running = scene.start_with(&args, |command| {
        command.stdout(fs::File::create(&out).unwrap());
    });
    let (_, path) = own_dd(&scene);
    // Nothing tells when it counts but a table.
    common::wait_until("the first table", || {
        fs::read_to_string(&out).is_ok_and(|text| text.contains('\n'))
    });
    for _ in 0..3 {
        let dd = [
            "if=/dev/zero",
            "of=/dev/null",
            "bs=7",
            "count=2000",
            "status=none",
        ];
        let status = scene.command(&path, &dd).status().unwrap();
        assert!(status.success());
    }
    running.signal("INT");
    let ended = running.end();
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let text = fs::read_to_string(&out).unwrap();
    let tables = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let counts = tables.filter_map(|table| table["groups"][0]["count"].as_u64());
    assert_eq!(counts.sum::<u64>(), 6000);
    assert!(
        ended.stderr.contains("counted 6 000 events in "),
        "{}",
        ended.stderr
    );
}

#[test]
fn the_status_is_that_of_the_command() {
    let scene = Scene::new();
    let status = |command: &[&str]| {
        let args = [&["watch", "count()", "--"], command].concat();
        scene.thalweg(&args).status
    };
    assert_eq!(status(&["true"]), Some(0));
    assert_eq!(status(&["sh", "-c", "exit 7"]), Some(7));
    assert_eq!(status(&["sh", "-c", "kill -9 $$"]), Some(137));
    assert_eq!(status(&["no-such-command"]), Some(127));
    assert_eq!(status(&["/etc/passwd"]), Some(126));
}

#[test]
fn what_cannot_be_watched_is_told_in_one_line() {
    let scene = Scene::new();
    let check = |spec: &str, status: i32, words: &str| {
        let ended = scene.thalweg(&["watch", spec, "--", "true"]);
        assert_eq!(ended.status, Some(status), "{}", ended.stderr);
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
        assert_eq!(ended.stdout, "");
    };
    check(
        "cuont() by comm",
        2,
        "column 1: there is no aggregate `cuont`; did you mean count?",
    );
    check(
        "count() where a >",
        2,
        "column 18: expected a value, found the end",
    );
    check(
        "count() of sched_switch by prev_com",
        125,
        "column 28: the event has no field `prev_com` (did you mean `prev_comm`?)",
    );
    check(
        "count() of shed_switch",
        125,
        "column 12: there is no kernel event called",
    );
}

#[test]
fn who_has_no_right_to_it_is_told_so() {
    let scene = Scene::of_stranger();
    let ended = scene.as_stranger(&["watch", "count()", "--", "true"]);
    assert_eq!(ended.status, Some(125), "{}", ended.stderr);
    assert!(ended.stderr.contains("root"), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
}

#[test]
fn each_example_of_the_guide_runs() {
    let scene = Scene::new();
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/watch.md");
    let guide = fs::read_to_string(guide).unwrap();
    let examples: Vec<&str> = guide
        .lines()
        .filter(|line| line.starts_with("thalweg watch "))
        .collect();
    assert!(examples.len() > 10, "{examples:?}");
    for example in examples {
        let script = example.replacen("thalweg watch", "\"$0\" watch --duration 0.2", 1);
        let mut shell = scene.command("sh", &["-c", &script, THALWEG]);
        let ended: Ended = shell.stderr(Stdio::piped()).output().unwrap().into();
        assert_eq!(ended.status, Some(0), "{example}: {}", ended.stderr);
        let counted = ended
            .stderr
            .lines()
            .any(|line| line.starts_with("counted "));
        assert!(counted, "{example}: {}", ended.stderr);
    }
}
