//! A jump out of an event at each step: by the event's thread itself, or by its handler.

use super::world::{SITUATIONS, World, at_every_step, forget_script, in_situation, scripted};
use std::rc::Rc;
use thalweg_abi::desc::{Desc, OWNED};

/// After the jump the thread goes on: with a few events, or with some chunks of them.
fn go_on(world: &Rc<World>) {
    world.events(3, 0);
    world.events(4, 1500);
    world.poll();
    world.event(0);
}

#[test]
fn an_event_that_is_left_at_any_step_is_torn_at_most_once_and_the_others_are_whole() {
    for situation in 0..SITUATIONS.len() {
        at_every_step(|step| {
            let world = in_situation(situation);
            let left = world.jump_target(|| {
                scripted(&[(step, World::leave())], || world.event(0));
            });
            go_on(&world);
            check_live_chunks(&world);
            world.check(1);
            left
        });
    }
}

/// Whoever jumps out of a change of chunks leaves one behind at most, until the thread ends.
#[track_caller]
fn check_live_chunks(world: &World) {
    let owned = (0..world.ring.units_ready())
        .filter(|&unit| {
            let word = world
                .ring
                .desc(unit)
                .load(core::sync::atomic::Ordering::Relaxed);
            Desc::unpack(word).state == OWNED
        })
        .count();
    assert!(owned <= 2, "{owned} chunks are owned by one thread");
}

#[test]
fn a_handler_that_jumps_out_of_its_event_tears_two_at_most() {
    for situation in 0..SITUATIONS.len() {
        at_every_step(|step| {
            let mut interrupted = false;
            for later in 1..90 {
                let world = in_situation(situation);
                let handler = world.handler(|world| world.events(2, 0));
                let script = [(step, handler), (later, World::leave())];
                let left = world.jump_target(|| {
                    scripted(&script, || world.event(0));
                });
                forget_script();
                interrupted |= left;
                go_on(&world);
                world.check(2);
            }
            interrupted
        });
    }
}

#[test]
fn an_event_left_while_it_is_filled_is_torn_exactly_once() {
    let world = World::new(&[0; 4]);
    world.events(2, 0);
    let torn_times = 20;
    for _ in 0..torn_times {
        // Of an event in the middle of a chunk: top (twice), place, time, its mark, place, payload.
        let left = world.jump_target(|| {
            scripted(&[(8, World::leave())], || world.event(0));
        });
        assert!(left);
        world.event(0);
        world.poll();
    }
    assert_eq!(
        world.collector.borrow().torn,
        torn_times,
        "known while the thread lives"
    );
    world.check(torn_times as usize);
    assert_eq!(world.collector.borrow().torn, torn_times);
}
