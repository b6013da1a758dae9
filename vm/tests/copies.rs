//! How many arrays and dicts are copied: twice as many writes through a pattern make no more copies than once as many.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use machine_dialect_vm::{Run, Tiers, Vm, assemble, copies};

const ALL_TIERS: [Tiers; 5] =
    [Tiers::Auto, Tiers::Interpreter, Tiers::Specialised, Tiers::EagerSpecialised, Tiers::EagerJit];

/// How many containers a program copies with `N` in its text set to a number.
fn copied(source: &str, n: u64, tiers: Tiers) -> u64 {
    let vm =
        Vm::new(assemble(&source.replace("N", &n.to_string())).unwrap_or_else(|error| panic!("{error}")));
    let before = copies();
    vm.run(Run::new(&mut ()).tiers(tiers)).unwrap_or_else(|failure| panic!("{failure}\n{source}"));
    copies().containers - before.containers
}

/// Checks that the number of copies does not grow with the number of writes.
fn does_not_grow(source: &str) {
    for tiers in ALL_TIERS {
        let (once, twice) = (copied(source, 1000, tiers), copied(source, 2000, tiers));
        assert!(twice <= once.max(8), "{tiers:?}: {once} copies for 1000 turns, {twice} for 2000:\n{source}");
    }
}

/// A loop that runs `body` with a counter in r0, after `before`.
fn turns(before: &str, body: &str, functions: &str) -> String {
    format!(
        "{before}
        load_const r0, 0
        load_const r1, 1
        load_const r2, N
        again:
        {body}
        add r0, r0, r1
        lt r3, r0, r2
        jump_if r3, again
        return r0
        {functions}"
    )
}

/// An array of forty numbers in r10, of which those that may hold it too, and will not look at it, differ from turn to turn.
#[test]
fn holders_that_come_and_go_are_found_again() {
    let before = "
        load_const r11, 40
        new_array r10, r11
        load_const r12, 2
        load_const r13, 0";
    let body = "
        mod r4, r0, r12
        move r5, r13
        jump_if r4, odd
        move r5, r10
        odd:
        move r6, r10
        array_set r10, r13, r0";
    does_not_grow(&turns(before, body, ""));
}

/// An array of three rows, which are long enough not to be copied, in r10, and the indices 1 and 2 in r11 and r12.
const GRID: &str = "
    load_const r11, 3
    new_array r10, r11
    load_const r12, 40
    load_const r13, 0
    rows:
    new_array r14, r12
    array_set r14, r13, r13
    array_set r10, r13, r14
    load_const r15, 1
    add r13, r13, r15
    lt r16, r13, r11
    jump_if r16, rows
    load_const r11, 1
    load_const r12, 2";

/// An array of forty numbers in a global.
const NUMBERS: &str = "
    load_const r11, 40
    new_array r10, r11
    load_const r12, 0
    fill:
    array_set r10, r12, r12
    load_const r13, 1
    add r12, r12, r13
    lt r14, r12, r11
    jump_if r14, fill
    load_const r12, 4
    store_global r10, \"numbers\"
    load_const r10, 0";

#[test]
fn a_cell_of_a_grid_is_changed_in_place() {
    does_not_grow(&turns(
        GRID,
        "array_get r20, r10, r11
        array_set r20, r12, r0
        array_set r10, r11, r20",
        "",
    ));
}

#[test]
fn several_cells_of_a_row_are_changed_in_place() {
    does_not_grow(&turns(
        GRID,
        "array_get r20, r10, r11
        array_set r20, r12, r0
        array_get r21, r20, r12
        array_set r20, r11, r21
        load_const r22, 1
        array_set r10, r22, r20",
        "",
    ));
}

#[test]
fn a_cell_of_a_grid_in_a_global_is_changed_in_place() {
    does_not_grow(&turns(
        &format!("{GRID}\n store_global r10, \"grid\"\n load_const r10, 0"),
        "load_global r19, \"grid\"
        array_get r20, r19, r11
        array_set r20, r12, r0
        array_set r19, r11, r20
        store_global r19, \"grid\"",
        "",
    ));
}

#[test]
fn a_cell_of_a_long_row_three_levels_deep_in_a_global_is_changed_in_place() {
    does_not_grow(&turns(
        &format!(
            "{long}
            load_const r17, 2
            new_array r18, r17
            load_const r17, 0
            array_set r18, r17, r10
            store_global r18, \"cube\"
            load_const r10, 0
            load_const r18, 0",
            long = GRID.replace("load_const r12, 40", "load_const r12, 200")
        ),
        "load_global r18, \"cube\"
        array_get r19, r18, r17
        array_get r20, r19, r11
        array_set r20, r12, r0
        array_set r19, r11, r20
        array_set r18, r17, r19
        store_global r18, \"cube\"",
        "",
    ));
}

#[test]
fn an_array_in_a_dict_is_changed_in_place() {
    does_not_grow(&turns(
        &format!(
            "{GRID}\n dict_new r18\n load_const r17, \"k\"\n array_get r14, r10, r11\n dict_set r18, r17, r14\n load_const r10, 0\n load_const r14, 0"
        ),
        "dict_get r20, r18, r17
        array_set r20, r12, r0
        dict_set r18, r17, r20",
        "",
    ));
}

#[test]
fn a_dict_in_a_dict_in_a_global_is_changed_in_place() {
    does_not_grow(&turns(
        "dict_new r18
        dict_new r19
        load_const r17, \"k\"
        load_const r16, \"count\"
        dict_set r19, r16, r17
        dict_set r18, r17, r19
        load_const r19, 0
        store_global r18, \"dicts\"
        load_const r18, 0",
        "load_global r18, \"dicts\"
        dict_get r20, r18, r17
        dict_set r20, r16, r0
        dict_set r18, r17, r20
        store_global r18, \"dicts\"",
        "",
    ));
}

#[test]
fn an_array_that_is_passed_and_given_back_is_changed_in_place() {
    does_not_grow(&turns(
        &format!("{NUMBERS}\n load_global r10, \"numbers\"\n store_global r11, \"numbers\""),
        "move r20, r10
        load_const r21, \"change\"
        call r21, r22, (r20, r0)
        move r10, r22",
        ".func change
        load_const r2, 3
        load_const r3, 4
        array_set r0, r2, r1
        array_set r0, r3, r1
        return r0",
    ));
}

#[test]
fn a_long_array_that_two_functions_pass_on_is_changed_in_place() {
    does_not_grow(&turns(
        &format!(
            "{long}\n load_global r10, \"numbers\"\n store_global r11, \"numbers\"",
            long = NUMBERS.replace("load_const r11, 40", "load_const r11, 200")
        ),
        "load_const r21, \"outer\"
        call r21, r10, (r10, r0)",
        ".func outer
        move r3, r0
        load_const r2, \"inner\"
        call r2, r4, (r3, r1)
        return r4
        .func inner
        load_const r2, 3
        array_set r0, r2, r1
        array_set r0, r2, r2
        return r0",
    ));
}

#[test]
fn elements_of_an_array_in_a_global_change_places_in_place() {
    does_not_grow(&turns(
        NUMBERS,
        "load_global r20, \"numbers\"
        array_get r21, r20, r1
        load_global r22, \"numbers\"
        array_get r23, r22, r12
        load_global r24, \"numbers\"
        array_set r24, r1, r23
        store_global r24, \"numbers\"
        load_global r25, \"numbers\"
        array_set r25, r12, r21
        store_global r25, \"numbers\"",
        "",
    ));
}

#[test]
fn recursion_over_a_long_array_in_a_global_changes_it_in_place() {
    does_not_grow(&turns(
        &NUMBERS.replace("load_const r11, 40", "load_const r11, 200"),
        "load_const r20, \"down\"
        load_const r21, 9
        call r20, r22, (r21)",
        ".func down
        load_const r1, 0
        gt r2, r0, r1
        jump_if_not r2, done
        load_global r3, \"numbers\"
        array_get r4, r3, r0
        load_const r5, 1
        sub r6, r0, r5
        load_global r7, \"numbers\"
        array_set r7, r6, r4
        store_global r7, \"numbers\"
        load_const r8, \"down\"
        call r8, r9, (r6)
        load_global r10, \"numbers\"
        array_set r10, r0, r4
        store_global r10, \"numbers\"
        done:
        return r0",
    ));
}

/// What somebody reads later is copied all the same.
#[test]
fn what_is_read_again_is_copied() {
    for tiers in ALL_TIERS {
        let source = turns(
            GRID,
            "array_get r20, r10, r11
            array_set r20, r12, r0
            array_get r21, r10, r11
            array_set r10, r11, r20",
            "",
        );
        assert!(copied(&source, 1000, tiers) >= 1000, "{tiers:?}");
    }
}
