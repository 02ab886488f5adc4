//! Sequences without helpers, run by somebody else's interpreter: no kernel, no root.

use thalweg_bpf::Register::{R0, R1, R2, R10};
use thalweg_bpf::{AssembleError, Assembler, Condition, Operation, Size};

fn bytes(assembler: Assembler) -> Vec<u8> {
    let words = assembler.finish().expect("each label has a place");
    words.into_iter().flat_map(u64::to_le_bytes).collect()
}

/// What the program makes of the memory that R1 points to.
#[track_caller]
fn check(write: impl FnOnce(&mut Assembler), memory: &[u8], expected: u64) {
    let mut assembler = Assembler::new();
    write(&mut assembler);
    assembler.exit();
    let program = bytes(assembler);
    let machine = rbpf::EbpfVmRaw::new(Some(&program)).expect("the interpreter takes the program");
    let mut memory = memory.to_vec();
    let result = machine.execute_program(&mut memory);
    assert_eq!(result.expect("the program ends"), expected);
}

#[test]
fn numbers_are_computed_with() {
    let write = |a: &mut Assembler| {
        a.set(R0, 13);
        a.add(R0, 7);
        a.and(R0, -8);
        a.shift_left(R0, 3);
        a.set(R2, 2);
        a.shift_right(R0, R2);
        a.add(R0, R2);
    };
    check(write, &[0], 34);
}

#[test]
fn negative_numbers_keep_their_sign() {
    check(|a| a.set(R0, -1), &[0], u64::MAX);
}

#[test]
fn numbers_of_64_bits_are_whole() {
    for number in [
        0x1234_5678_9abc_def0,
        i64::MIN,
        -2_147_483_649,
        2_147_483_648,
    ] {
        check(|a| a.set_number(R0, number), &[0], number as u64);
    }
}

#[test]
fn operations_are_those_of_c() {
    for (operation, left, right, expected) in [
        (Operation::Subtract, 5, 7, -2),
        (Operation::Multiply, -3, 5, -15),
        (Operation::Divide, 17, 5, 3),
        (Operation::Remainder, 17, 5, 2),
        (Operation::Or, 5, 3, 7),
        (Operation::Xor, 5, 3, 6),
        (Operation::ShiftRightSigned, -16, 2, -4),
        (Operation::ShiftRight, -1, 60, 15),
    ] {
        let write = |a: &mut Assembler| {
            a.set(R0, left);
            a.operate(operation, R0, right);
        };
        check(write, &[0], i64::from(expected) as u64);
    }
}

#[test]
fn memory_is_loaded_and_stored_in_each_size() {
    let write = |a: &mut Assembler| {
        a.load(Size::Two, R2, (R1, 1));
        a.store(Size::Eight, (R10, -8), -1);
        a.store(Size::Two, (R10, -8), R2);
        a.store(Size::One, (R10, -6), 0x7f);
        a.load(Size::Four, R0, (R10, -8));
        a.load(Size::One, R2, (R1, 3));
        a.add(R0, R2);
        a.load(Size::Eight, R2, (R10, -8));
        a.shift_right(R2, 56);
        a.add(R0, R2);
    };
    check(write, &[9, 0x34, 0x12, 1], 0xff7f_1234 + 1 + 0xff);
}

#[test]
fn jumps_lead_forward_and_back() {
    let write = |a: &mut Assembler| {
        let (again, done) = (a.label(), a.label());
        a.set(R0, 0);
        a.load(Size::One, R2, (R1, 0));
        a.bind(again);
        a.jump_if(Condition::Equal, R2, 0, done);
        a.add(R0, R2);
        a.add(R2, -1);
        a.jump(again);
        a.bind(done);
    };
    check(write, &[10], 55);
}

#[test]
fn conditions_compare_with_and_without_sign() {
    for (condition, value, expected) in [
        (Condition::Above, 5, 0),
        (Condition::Above, -1, 1),
        (Condition::NotEqual, 5, 0),
        (Condition::NotEqual, 6, 1),
        (Condition::Shares, 8, 0),
        (Condition::Shares, 4, 1),
        (Condition::Equal, 5, 1),
        (Condition::Greater, -1, 0),
        (Condition::Greater, 6, 1),
        (Condition::GreaterOrEqual, 5, 1),
        (Condition::Less, -1, 1),
        (Condition::Less, 5, 0),
        (Condition::LessOrEqual, 5, 1),
    ] {
        let write = |a: &mut Assembler| {
            let yes = a.label();
            a.set(R2, value);
            a.set(R0, 1);
            a.jump_if(condition, R2, 5, yes);
            a.set(R0, 0);
            a.bind(yes);
        };
        check(write, &[0], expected);
    }
}

#[test]
fn a_jump_without_a_place_is_refused() {
    let mut assembler = Assembler::new();
    let nowhere = assembler.label();
    assembler.set(R0, 0);
    assembler.jump(nowhere);
    let refused = assembler.finish().expect_err("the label was not bound");
    assert_eq!(refused, AssembleError::Unbound { at: 1 });
}

#[test]
fn a_jump_too_far_is_refused() {
    let mut assembler = Assembler::new();
    let far = assembler.label();
    assembler.jump(far);
    (0..40_000).for_each(|_| assembler.set(R0, 0));
    assembler.bind(far);
    assert_eq!(assembler.finish(), Err(AssembleError::TooFar { at: 0 }));
}
