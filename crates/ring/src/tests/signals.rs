//! A signal at each step of an event, and two signals at each pair of steps.

use super::world::{SITUATIONS, World, at_every_step, in_situation, scripted, stride};
use core::cell::Cell;
use std::rc::Rc;
use std::{eprintln, vec::Vec};

/// What a handler does.
type Body = fn(&World);

const HANDLERS: [(&str, Body); 4] = [
    ("three events", |world| world.events(3, 0)),
    ("a collector's round and one event", |world| {
        world.poll();
        world.event(0);
    }),
    ("events that fill two chunks", |world| world.events(6, 1400)),
    ("events that fill all chunks, which are read", |world| {
        for _ in 0..6 {
            world.events(2, 1400);
            world.poll();
        }
    }),
];

#[test]
fn a_signal_at_any_step_loses_nothing_and_tears_nothing() {
    for (situation, (name, ..)) in SITUATIONS.iter().enumerate() {
        for (what, body) in HANDLERS {
            let steps = at_every_step(|step| {
                let world = in_situation(situation);
                let script = [(step, world.handler(body))];
                let all = scripted(&script, || world.event(0));
                world.event(0);
                world.check(0);
                all
            });
            eprintln!("{name}, {what}: {steps} steps");
        }
    }
}

#[test]
fn two_signals_at_any_two_steps_lose_nothing_and_tear_nothing() {
    for situation in 0..SITUATIONS.len() {
        for (first, second) in [(0, 0), (1, 1), (3, 1), (1, 3)] {
            at_every_step(|step| {
                let both = at_every_pair(step, situation, HANDLERS[first].1, HANDLERS[second].1);
                both.is_some()
            });
        }
    }
}

#[test]
fn two_signals_while_the_clock_stands_still_lose_nothing_and_tear_nothing() {
    // An event that has not reserved and one of a handler would have the same time.
    let stopped: Body = |world| {
        world.pace.set(0);
        world.events(1, 0);
    };
    for situation in 0..SITUATIONS.len() {
        at_every_step(|step| at_every_pair(step, situation, stopped, stopped).is_some());
    }
}

/// A signal at `step` and another one each number of steps later; `None` behind the last step.
fn at_every_pair(step: u64, situation: usize, first: Body, second: Body) -> Option<u64> {
    let mut later = 1;
    loop {
        let world = in_situation(situation);
        let script = [(step, world.handler(first)), (later, world.handler(second))];
        let all = scripted(&script, || world.event(0));
        world.event(0);
        world.check(0);
        if !all {
            return (later > 1).then_some(later);
        }
        later += stride(later, step);
    }
}

#[test]
fn a_handler_on_another_stack_above_loses_nothing_uncounted() {
    // Its frame looks as if the interrupted one had been left: the interrupted event may be counted
    // as torn, but then it must not be recorded, and nothing else may be missing.
    for situation in 0..SITUATIONS.len() {
        at_every_step(|step| {
            let world = in_situation(situation);
            world.above.set(true);
            let script = [(step, world.handler(|world| world.events(3, 0)))];
            let all = scripted(&script, || world.event(0));
            world.event(0);
            world.check(0);
            all
        });
    }
}

#[test]
fn times_go_up_through_signals_at_random_steps() {
    let mut seed = 0x1234_5678_u64;
    let mut random = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % below
    };
    for _ in 0..2000 {
        let world = World::new(&[0, 0, 1, 0]);
        let script: Vec<_> = (0..20)
            .map(|_| {
                (
                    1 + random(90),
                    world.handler(HANDLERS[random(3) as usize].1),
                )
            })
            .collect();
        let count = Rc::new(Cell::new(0));
        scripted(&script, || {
            for _ in 0..40 {
                world.event(10);
                count.set(count.get() + 1);
            }
        });
        world.check(0);
    }
}
