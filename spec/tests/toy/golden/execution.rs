// Generated from spec/specops.yaml by "cargo run -p mdvm-spec -- render rust". Do not edit.
/// Executes an instruction, and of a superinstruction the second half too, where it stands behind. Leaves the loop that is
/// named by `$stop` where the instruction exits. Each is a function in a file of `vm/src/exec/specialise/execute/`; one that has no
/// exit and goes on to the next gives nothing, all others a `Step`. What is missing does not compile.
macro_rules! execute_op {
    ($execution:ident, $op:expr, $stop:lifetime) => {
        match $op {
            &SpecOp::AddInt { dst, left, right } => { if let Step::Exit(reason) = $execution.add_int(*dst, *left, *right) { break $stop reason; } }
            &SpecOp::IfLtInt { left, right, to } => { if let Step::Exit(reason) = $execution.if_lt_int(*left, *right, to) { break $stop reason; } }
            &SpecOp::LoopLeInt { left, right, to, steps } => { if let Step::Exit(reason) = $execution.loop_le_int(*left, *right, to, steps) { break $stop reason; } }
            &SpecOp::ArrayGet { dst, array, index } => { if let Step::Exit(reason) = $execution.array_get(dst, array, *index) { break $stop reason; } }
            &SpecOp::ArrayGetInt { dst, array, index } => { if let Step::Exit(reason) = $execution.array_get_int(*dst, array, *index) { break $stop reason; } }
            &SpecOp::Swap { a, b } => { $execution.swap(a, b); }
            &SpecOp::AddIntIfLtInt { dst, left, right } => {
                match $execution.add_int(*dst, *left, *right) {
                    Step::Next => if let &SpecOp::IfLtInt { left, right, to } = $execution.peek() { $execution.skip(); if let Step::Exit(reason) = $execution.if_lt_int(*left, *right, to) { break $stop reason; } }
                    Step::Jumped => {}
                    Step::Exit(reason) => break $stop reason,
                }
            }
        }
    };
}
