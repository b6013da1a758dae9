//! Hosts that give a run little, or forbid what others allow: it goes on with less, or says so, and never ends the process.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::expect_used, clippy::unwrap_used)]

use std::process::{Command, Output};

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter,
};

use machine_dialect_vm::{Limits, Run, RuntimeErrorKind, Tiers, Vm, assemble};

/// A loop that is hot, with calls, arrays and strings in it.
const HOT: &str = "
    load_const r0, 0
    load_const r1, 1
    load_const r2, 5000
    load_const r5, \"double\"
    new_array r6, r0
again:
    array_set r6, r0, r0
    call r5, r3, (r0)
    add r0, r0, r1
    lt r4, r0, r2
    jump_if r4, again
    debug_print r3
    return r3
.func double
    add r0, r0, r0
    return r0";

/// Calls itself for ever.
const DEEP: &str = "
.func main
    load_const r1, \"main\"
    call r1, r0, (r0)
    return r0";

/// Builds an array that is nested so deep that nothing may recurse over it, compares it with itself and prints it.
const NESTED: &str = "
    load_const r0, 0
    load_const r1, 1
    load_const r2, 20000
    load_const r6, 0
    new_array r3, r6
again:
    new_array r4, r6
    array_set r4, r6, r3
    move r3, r4
    add r0, r0, r1
    lt r5, r0, r2
    jump_if r5, again
    move r7, r3
    eq r8, r3, r7
    debug_print r3
    return r8";

#[test]
fn a_thread_with_a_stack_of_64_kib_runs_on_every_tier() {
    const STACK: usize = 64 << 10;
    for tiers in [Tiers::Auto, Tiers::Interpreter, Tiers::EagerSpecialised, Tiers::EagerJit] {
        for (name, source) in [("hot", HOT), ("deep", DEEP), ("nested", NESTED)] {
            let module = assemble(source).unwrap();
            let run = move || {
                let mut printed = String::new();
                let limits = Limits { max_steps: Some(1_000_000), ..Limits::default() };
                let end = Vm::new(module).run(Run::new(&mut printed).limits(limits).tiers(tiers));
                (end.map(|_| ()).map_err(|failure| failure.error.kind()), printed.len())
            };
            let (end, printed) =
                std::thread::Builder::new().stack_size(STACK).spawn(run).unwrap().join().unwrap();
            match name {
                "deep" => assert_eq!(end.unwrap_err(), RuntimeErrorKind::StackOverflow, "{tiers:?}"),
                _ => assert!(end.is_ok() && printed > 4, "{name} on {tiers:?}: {end:?}"),
            }
        }
    }
}

/// Runs a program where no memory may become executable that was writable.
fn without_gain_of_execution(file: &std::path::Path, options: &[&str]) -> Output {
    // prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN); the command inherits it.
    let script = "import ctypes, os, sys\n\
                  refused = ctypes.CDLL(None).prctl(65, 1, 0, 0, 0)\n\
                  sys.exit(77) if refused else os.execv(sys.argv[1], sys.argv[1:])";
    let mut command = Command::new("python3");
    command.args(["-c", script, env!("CARGO_BIN_EXE_mdvm"), "run"]).args(options).arg(file);
    command.output().unwrap()
}

#[test]
fn a_host_that_forbids_new_executable_memory_has_the_program_run_without() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hot.mdasm");
    std::fs::write(&file, HOT).unwrap();
    for options in [&["--stats"][..], &["--stats", "--jit=always"]] {
        let output = without_gain_of_execution(&file, options);
        if output.status.code() == Some(77) {
            // Linux has this since 6.3.
            eprintln!("the system cannot forbid it");
            return;
        }
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "9998\n", "{told}");
        assert!(output.status.success(), "{told}");
        #[cfg(all(target_arch = "x86_64", feature = "machine-code"))]
        assert!(
            told.contains("which there cannot be here"),
            "it does not say that there is no machine code:\n{told}"
        );
    }
}

/// Kills what asks for executable memory, or refuses it; only for this thread.
fn forbid_executable_memory(action: SeccompAction) {
    const EXECUTABLE: u64 = libc::PROT_EXEC as u64;
    // The third argument of both says what may be done with the memory.
    let is_executable =
        SeccompCondition::new(2, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(EXECUTABLE), EXECUTABLE);
    let rule = SeccompRule::new(vec![is_executable.unwrap()]).unwrap();
    let calls = [libc::SYS_mmap, libc::SYS_mprotect].map(|call| (call, vec![rule.clone()]));
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(calls.into(), SeccompAction::Allow, action, arch).unwrap();
    apply_filter(&BpfProgram::try_from(filter).unwrap()).unwrap();
}

#[test]
fn a_filter_of_system_calls_that_refuses_executable_memory_has_the_program_run_without() {
    let run = || {
        forbid_executable_memory(SeccompAction::Errno(libc::EPERM as u32));
        let vm = Vm::new(assemble(HOT).unwrap());
        let mut printed = String::new();
        // The second run must not ask again, nor believe that there is machine code.
        for _ in 0..2 {
            vm.run(Run::new(&mut printed).tiers(Tiers::EagerJit)).unwrap();
        }
        (printed, vm.tier_stats())
    };
    let (printed, stats) = std::thread::spawn(run).join().unwrap();
    assert_eq!(printed, "9998\n9998\n");
    assert_eq!(stats.machine_code.entries, 0, "{stats:?}");
    #[cfg(all(target_arch = "x86_64", feature = "machine-code"))]
    assert!(stats.is_jit_refused, "{stats:?}");
}

#[test]
fn tiers_without_machine_code_never_ask_for_executable_memory() {
    // The process would be gone, were it asked for.
    let run = || {
        forbid_executable_memory(SeccompAction::KillProcess);
        let mut printed = String::new();
        for tiers in [Tiers::Interpreter, Tiers::Specialised, Tiers::EagerSpecialised] {
            Vm::new(assemble(HOT).unwrap()).run(Run::new(&mut printed).tiers(tiers)).unwrap();
        }
        printed
    };
    assert_eq!(std::thread::spawn(run).join().unwrap(), "9998\n9998\n9998\n");
}
