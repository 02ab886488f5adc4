//! What the guide for C says, and the example shop, in C as well.

use std::path::{Path, PathBuf};
use std::process::Command;
use thalweg_testkit::finish;
use thalweg_tests::{Installed, World, with_ids_numbered};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a folder of the checkout")
}

/// A block of code of a page: its language and its lines.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let inside = lines.by_ref().take_while(|line| *line != "```");
            let text = inside.map(|line| format!("{line}\n")).collect();
            blocks.push((language.to_owned(), text));
        }
    }
    blocks
}

/// A program with pkg-config's words, and its path.
#[track_caller]
fn build(
    world: &World,
    installed: &Installed,
    number: usize,
    language: &str,
    text: &str,
) -> PathBuf {
    let folder = world.trace(&format!("program-{number}"));
    std::fs::create_dir(&folder).expect("the folder is new");
    let (compiler, source, standard) = match language {
        "c" => ("gcc", "program.c", "-std=c11"),
        _ => ("g++", "program.cpp", "-std=c++17"),
    };
    std::fs::write(folder.join(source), text).expect("the folder is ours");
    let script = format!(
        "{compiler} {standard} -Wall -Wextra -pedantic -Werror -o program {source} \
         $(pkg-config --cflags --libs thalweg)"
    );
    let mut shell = Command::new("sh");
    shell.args(["-ec", &script]).current_dir(&folder);
    shell.env("PKG_CONFIG_PATH", installed.prefix().join("lib/pkgconfig"));
    let ran = finish("sh", &mut shell);
    assert!(ran.success, "{text}\n{}", ran.stderr);
    folder.join("program")
}

/// Runs a program under a recorder; its events as babeltrace2 prints them.
#[track_caller]
fn record(
    world: &World,
    installed: &Installed,
    program: &Path,
    args: &[&str],
    trace: &str,
) -> (String, String) {
    let recorder = world.recorder(trace).start();
    let mut command = Command::new(program);
    command
        .args(args)
        .env("LD_LIBRARY_PATH", installed.prefix().join("lib"));
    world.place(&mut command);
    let ran = finish(trace, &mut command);
    assert!(ran.success, "{ran:?}");
    let report = recorder.finish();
    assert_eq!(report.lost(), 0, "{report:?}");
    report.check_our_reader();
    let trace = report.trace();
    let lines = trace.events().map(|event| {
        let (_, fields) = event.rest.split_once(" }, { cpu_id = ").expect("a context");
        let (_, fields) = fields.split_once(" }, ").expect("fields");
        format!("{}: {fields}\n", event.name)
    });
    let lines = with_ids_numbered(&lines.collect::<String>());
    (ran.stdout, lines)
}

#[test]
fn each_program_of_the_guide_emits_what_the_guide_says() {
    let world = World::new();
    let installed = Installed::new(&world);
    let page = std::fs::read_to_string(root().join("docs/guide/c.md")).expect("the guide is there");
    let blocks = blocks(&page);
    let mut programs = 0;
    let mut shown = 0;
    let mut program: Option<PathBuf> = None;
    for (number, (language, text)) in blocks.iter().enumerate() {
        match language.as_str() {
            "c" | "cpp" => {
                assert_eq!(program, None, "a program without its events");
                program = Some(build(&world, &installed, number, language, text));
                programs += 1;
            }
            "events" => {
                let program = program
                    .take()
                    .expect("the program stands before its events");
                let trace = format!("trace-{number}");
                let (_, events) = record(&world, &installed, &program, &[], &trace);
                assert_eq!(events, *text);
                shown += 1;
            }
            other => assert_eq!(other, "text"),
        }
    }
    assert_eq!((programs, shown), (8, 8));
}

/// A copy of the example, so that nothing is built in the checkout.
fn copied(world: &World, name: &str) -> PathBuf {
    let folder = world.trace(name);
    std::fs::create_dir(&folder).expect("the folder is new");
    for file in ["Makefile", "CMakeLists.txt", "shop.c", "till.cpp", "till.h"] {
        let from = root().join("examples/c-shop").join(file);
        std::fs::copy(from, folder.join(file)).expect("the example has this file");
    }
    folder
}

/// Runs the shop; the events that it counted are those of the trace.
#[track_caller]
fn check_shop(world: &World, installed: &Installed, shop: &Path, trace: &str) {
    let args = ["--requests", "500", "--threads", "3"];
    let (said, events) = record(world, installed, shop, &args, trace);
    let counted = said.trim().strip_prefix("500 requests by 3 threads, ");
    let counted = counted.and_then(|said| said.strip_suffix(" events"));
    assert_eq!(
        counted,
        Some(events.lines().count().to_string().as_str()),
        "{said}"
    );
    let count = |name: &str| events.matches(&format!("{name}: {{")).count();
    assert_eq!(
        (count("shop:request_begin"), count("shop:request_end")),
        (500, 500)
    );
    assert_eq!((count("shop:order"), count("till:open")), (500, 1));
    assert_eq!(count("till:taken") + count("till:refused"), 500);
    assert!(count("till:refused") > 0, "some vouchers have no name");
    assert_eq!(count("lttng_ust_tracef:event"), 3);
}

#[test]
fn the_shop_is_built_with_make_and_its_count_is_the_trace_s() {
    let world = World::new();
    let installed = Installed::new(&world);
    let folder = copied(&world, "make");
    let mut make = Command::new("make");
    make.args(["CFLAGS=-O2 -Werror", "CXXFLAGS=-O2 -Werror", "shop"])
        .current_dir(&folder);
    make.env("PKG_CONFIG_PATH", installed.prefix().join("lib/pkgconfig"));
    let ran = finish("make", &mut make);
    assert!(ran.success, "{ran:?}");
    check_shop(&world, &installed, &folder.join("shop"), "trace");
}

#[test]
fn the_shop_is_built_with_cmake() {
    let world = World::new();
    let installed = Installed::new(&world);
    let folder = copied(&world, "cmake");
    let mut cmake = Command::new("cmake");
    cmake.args([
        "-B",
        "build",
        "-DCMAKE_C_FLAGS=-Werror",
        "-DCMAKE_CXX_FLAGS=-Werror",
    ]);
    cmake.arg(format!(
        "-DCMAKE_PREFIX_PATH={}",
        installed.prefix().display()
    ));
    let ran = finish("cmake", cmake.current_dir(&folder));
    assert!(ran.success, "{ran:?}");
    let mut build = Command::new("cmake");
    let ran = finish(
        "cmake",
        build.args(["--build", "build"]).current_dir(&folder),
    );
    assert!(ran.success, "{ran:?}");
    check_shop(&world, &installed, &folder.join("build/shop"), "trace");
}
