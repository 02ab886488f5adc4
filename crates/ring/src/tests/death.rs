//! The writer dies at each step, also while handlers are nested.

use super::world::{
    SITUATIONS, World, at_every_step, forget_script, in_situation, scripted, stride,
};

#[test]
fn a_writer_that_dies_at_any_step_loses_nothing_that_was_committed() {
    for situation in 0..SITUATIONS.len() {
        at_every_step(|step| {
            let world = in_situation(situation);
            let died = world.jump_target(|| {
                scripted(&[(step, World::leave())], || world.event(0));
            });
            world.check(1);
            died
        });
    }
}

#[test]
fn a_writer_that_dies_at_any_step_of_a_handler_loses_nothing_that_was_committed() {
    for situation in 0..SITUATIONS.len() {
        at_every_step(|step| {
            let mut died = true;
            let mut later = 1;
            while died {
                let world = in_situation(situation);
                let handler = world.handler(|world| world.events(4, 1400));
                let script = [(step, handler), (later, World::leave())];
                died = world.jump_target(|| {
                    scripted(&script, || world.event(0));
                });
                forget_script();
                world.check(2);
                later += stride(later, step);
            }
            later > 2
        });
    }
}
