//! The progress line as people see it: in the bottom row of a real terminal, apart from what the
//! command writes there.

mod common;

use std::path::PathBuf;
use std::process::Command;

use common::{Scene, THALWEG, wait_until};

/// How many rows a terminal has here, at first.
const ROWS: usize = 12;

/// A terminal of its own, by tmux, and what a shell does in it.
struct Terminal {
    socket: PathBuf,
}

impl Terminal {
    fn start(scene: &Scene, columns: usize, script: &str) -> Self {
        let terminal = Self {
            socket: scene.rendezvous().join("tmux"),
        };
        let rundir = format!("THALWEG_RUNDIR={}", scene.rendezvous().display());
        let dir = scene.dir().to_str().unwrap();
        let (columns, rows) = (columns.to_string(), ROWS.to_string());
        let of_tmux = ["-f", "/dev/null", "new-session", "-d", "-e", &rundir];
        let size = ["-c", dir, "-x", &columns, "-y", &rows];
        let shell = ["bash", "-c", script];
        terminal.tmux(&[&of_tmux[..], &size, &shell].concat());
        terminal
    }

    fn tmux(&self, args: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(&self.socket).args(args);
        let output = command.env("TERM", "xterm").output();
        let output = output.expect("tmux is not installed");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What is seen, row by row.
    fn rows(&self) -> Vec<String> {
        let screen = self.tmux(&["capture-pane", "-p"]);
        screen.lines().map(str::to_owned).collect()
    }

    /// What is seen without empty rows, when it is so.
    #[track_caller]
    fn wait_for(&self, what: &str, is_so: impl Fn(&[String]) -> bool) -> Vec<String> {
        let mut rows = Vec::new();
        wait_until(what, || {
            rows = self.rows();
            is_so(&rows)
        });
        rows.retain(|row| !row.is_empty());
        rows
    }

    fn resize(&self, columns: usize, rows: usize) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        self.tmux(&["resize-window", "-x", &columns, "-y", &rows]);
    }

    fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A server whose only session has ended is gone already.
        let _ = Command::new("tmux")
            .arg("-S")
            .arg(&self.socket)
            .arg("kill-server")
            .output();
    }
}

/// What `thalweg record` makes of a command, and then waits for a line.
fn recording(command: &str) -> String {
    format!(
        "trap : INT; {THALWEG} record -k sched_switch -o t -- sh -c '{command}'; echo status $?; read end"
    )
}

/// Whether the row is our line.
fn is_progress(row: &str) -> bool {
    row.contains("/s, ") && row.contains(" discarded")
}

/// Whether the bottom row is our line.
fn is_shown(rows: &[String]) -> bool {
    rows.last().is_some_and(|row| is_progress(row))
}

/// The command's own rows, and that there is one row of ours, the last.
#[track_caller]
fn without_progress(mut rows: Vec<String>) -> Vec<String> {
    let last = rows.pop().unwrap_or_default();
    assert!(is_progress(&last), "{last:?} below {rows:#?}");
    assert!(!rows.iter().any(|row| is_progress(row)), "{rows:#?}");
    rows
}

const NUMBERS: [&str; 6] = ["1", "2", "3", "4", "5", "6"];

#[test]
fn one_row_shows_the_progress_and_ctrl_c_is_the_commands() {
    let scene = Scene::new();
    let script = recording("trap \"echo stopping; exit 9\" INT; while :; do sleep 0.01; done");
    let terminal = Terminal::start(&scene, 80, &script);
    let rows = terminal.wait_for("the progress", is_shown);
    assert!(rows[0].starts_with("recording 0:0"), "{rows:#?}");
    assert_eq!(without_progress(rows), [""; 0]);
    terminal.keys(&["C-c"]);
    let ended = |rows: &[String]| rows.iter().any(|row| row == "status 9");
    let rows = terminal.wait_for("the end", ended);
    assert!(!rows.iter().any(|row| is_progress(row)), "{rows:#?}");
    assert!(rows[0].ends_with("stopping"), "{rows:#?}");
    assert!(rows[1].starts_with("recorded "), "{rows:#?}");
}

#[test]
fn what_the_command_writes_and_asks_stays_as_it_is() {
    for columns in [80, 40] {
        let scene = Scene::new();
        let script = recording(
            "for i in 1 2 3 4 5 6; do echo $i; sleep 0.4; done; printf \"name? \"; read n; echo hello $n",
        );
        let terminal = Terminal::start(&scene, columns, &script);
        let asks =
            |rows: &[String]| rows.iter().any(|row| row.starts_with("name?")) && is_shown(rows);
        terminal.wait_for("the question", asks);
        // Our line has changed beside the question more than once.
        std::thread::sleep(std::time::Duration::from_millis(1200));
        let rows = without_progress(terminal.wait_for("the question", asks));
        assert_eq!(
            rows,
            [&NUMBERS[..], &["name?"]].concat(),
            "{columns} columns"
        );
        terminal.keys(&["bob", "Enter"]);
        let ended = |rows: &[String]| rows.iter().any(|row| row == "status 0");
        let rows = terminal.wait_for("the end", ended);
        let own = [&NUMBERS[..], &["name? bob", "hello bob"]].concat();
        // The summary of a narrow terminal is longer than what is left of the screen.
        let seen = rows.iter().take_while(|row| !row.starts_with("recorded "));
        let seen: Vec<&String> = seen.collect();
        assert!(
            own.ends_with(&seen.iter().map(|row| row.as_str()).collect::<Vec<_>>()),
            "{rows:#?}"
        );
        assert!(seen.len() > 2, "{rows:#?}");
        assert!(!rows.iter().any(|row| is_progress(row)), "{rows:#?}");
    }
}

#[test]
fn a_terminal_that_is_full_scrolls_above_the_row() {
    let scene = Scene::new();
    let script = recording("for i in $(seq 1 30); do echo line $i; sleep 0.1; done; read n");
    let terminal = Terminal::start(&scene, 80, &script);
    let all = |rows: &[String]| rows.iter().any(|row| row == "line 30") && is_shown(rows);
    let rows = without_progress(terminal.wait_for("all lines", all));
    let expected: Vec<String> = (30 - rows.len() + 1..=30)
        .map(|i| format!("line {i}"))
        .collect();
    assert_eq!(rows, expected);
    assert!(rows.len() >= ROWS - 2, "{rows:#?}");
    // What has left the screen is whole, too.
    let history = terminal.tmux(&["capture-pane", "-p", "-S", "-100"]);
    let lines: Vec<&str> = history
        .lines()
        .filter(|row| row.starts_with("line"))
        .collect();
    let expected: Vec<String> = (1..=30).map(|i| format!("line {i}")).collect();
    assert_eq!(lines, expected);
}

#[test]
fn the_row_follows_the_size_of_the_terminal() {
    let scene = Scene::new();
    let script = recording("echo begin; read n; echo middle; read n; echo end; read n");
    let terminal = Terminal::start(&scene, 80, &script);
    terminal.wait_for("the progress", is_shown);
    let mut own = vec!["begin"];
    for (columns, rows, word) in [(40, 8, "middle"), (110, 16, "end")] {
        terminal.resize(columns, rows);
        let fits = |seen: &[String]| {
            is_shown(seen)
                && seen.len() == rows
                && seen[rows - 1].starts_with("recording") == (columns > 80)
        };
        let seen = without_progress(terminal.wait_for("the row at its new place", fits));
        assert_eq!(seen, own, "{columns} columns, {rows} rows");
        terminal.keys(&["Enter"]);
        own.push(word);
        let written = |seen: &[String]| is_shown(seen) && seen.iter().any(|row| row == word);
        let seen = without_progress(terminal.wait_for("the command to go on", written));
        assert_eq!(seen, own, "{columns} columns, {rows} rows");
    }
}

#[test]
fn a_program_that_takes_the_whole_screen_has_it() {
    let scene = Scene::new();
    let script =
        recording("echo begin; read n; stty -icanon; echo raw; read n; stty icanon; read n");
    let terminal = Terminal::start(&scene, 80, &script);
    terminal.wait_for("the progress", is_shown);
    terminal.keys(&["Enter"]);
    let gone = |rows: &[String]| rows.iter().any(|row| row == "raw") && !is_shown(rows);
    let rows = terminal.wait_for("the row to be given back", gone);
    assert_eq!(rows, ["begin", "raw"]);
    let region = [
        "display-message",
        "-p",
        "#{scroll_region_upper} #{scroll_region_lower}",
    ];
    assert_eq!(terminal.tmux(&region), format!("0 {}\n", ROWS - 1));
    terminal.keys(&["Enter"]);
    terminal.wait_for("the progress again", is_shown);
}
