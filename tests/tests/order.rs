//! One clock: what the kernel says of a system call lies between the program's events around it.

use thalweg_tests::{Event, World};

const COUNT: u64 = 100_000;

/// What happened between a `before` and its `after`, and how often all was in its place.
#[derive(Default)]
struct Between {
    open: Option<u64>,
    entered: bool,
    left: u64,
    in_order: u64,
    exits: u64,
}

impl Between {
    fn take(&mut self, event: &Event<'_>, own_parent: &str) {
        match event.name {
            "test:tick" if event.number("account") == 0 => {
                (self.entered, self.left) = (false, 0);
                self.open = Some(event.number("n"));
            }
            "test:tick" => {
                let whole = self.open == Some(event.number("n")) && self.left == 1;
                self.in_order += u64::from(whole);
                self.open = None;
            }
            "syscall_entry_getppid" => self.entered |= self.open.is_some(),
            // Others call it too; the exit's value is the caller's parent: this test.
            "syscall_exit_getppid" if event.rest.ends_with(own_parent) => {
                self.exits += 1;
                self.left += u64::from(self.entered);
            }
            _ => {}
        }
    }
}

#[test]
fn entry_and_exit_of_a_system_call_lie_between_the_events_around_it() {
    let world = World::new();
    let recorder = world.recorder("trace");
    let recorder = recorder
        .kernel("syscalls:sys_enter_getppid")
        .kernel("syscalls:sys_exit_getppid")
        .start();
    world.run("order", &[&COUNT.to_string()]);
    let report = recorder.finish();
    assert_eq!(report.lost(), 0, "{report:?}");
    let own_parent = format!("ret = {} }}", std::process::id());
    let mut between = Between::default();
    for event in report.trace().events() {
        between.take(&event, &own_parent);
    }
    println!("{} of {COUNT} in order", between.in_order);
    assert_eq!((between.in_order, between.exits), (COUNT, COUNT));
}
