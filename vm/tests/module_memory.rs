//! What a module itself takes, as the system counts it: `mdvm run`, `check` and `dis` stay below eight times the file and a fixed part,
//! whatever the file holds, and twice the file takes no more than twice the memory. Each runs in a process of its own.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Stdio};

use machine_dialect_vm::{Constant, Instruction, JumpOffset, Module, ModuleBuilder, Reg};
use wait4::Wait4 as _;

/// What the rule of SECURITY.md leaves for each byte of the file, and for all else.
const FOR_EACH_BYTE: u64 = 8;
const FIXED: u64 = 16 << 20;
/// How many bytes the smaller of two files has, about.
const SIZE: usize = 3 << 20;

/// Makes a module of about so many bytes.
type Make = fn(usize) -> Vec<u8>;

const R0: Reg = Reg(0);

fn code(size: usize, of: impl Fn(usize, usize) -> Instruction<'static>, bytes: usize) -> Vec<u8> {
    let mut builder = ModuleBuilder::new("");
    let count = size / bytes;
    for index in 0..count {
        builder.push(of(index, count));
    }
    builder.encode()
}

/// The offset of a jump from an instruction to some other, by no order.
fn somewhere(index: usize, count: usize) -> JumpOffset {
    let target = index.wrapping_mul(2_654_435_761) % count;
    JumpOffset((target as i64 - index as i64 - 1) as i32)
}

/// Kinds of modules: those that take most for each byte of theirs.
const KINDS: [(&str, Make); 12] = [
    ("nops", |size| code(size, |_, _| Instruction::Nop, 1)),
    ("halts", |size| code(size, |_, _| Instruction::Halt, 1)),
    ("prints", |size| code(size, |_, _| Instruction::DebugPrint { src: R0 }, 2)),
    ("moves", |size| code(size, |_, _| Instruction::Move { dst: R0, src: Reg(1) }, 3)),
    ("jumps", |size| code(size, |index, count| Instruction::Jump { offset: somewhere(index, count) }, 5)),
    ("branches", |size| {
        let branch =
            |index, count| Instruction::JumpIf { cond: Reg(index as u8), offset: somewhere(index, count) };
        code(size, branch, 6)
    }),
    ("a loop behind nops", |size| {
        let mut builder = ModuleBuilder::new("");
        (0..size).for_each(|_| _ = builder.push(Instruction::Nop));
        let zero = builder.constant(Constant::Int(0)).unwrap();
        let again = builder.label();
        builder.place(again);
        builder.push(Instruction::LoadConst { dst: R0, constant: zero });
        builder.push_jump(Instruction::Jump { offset: JumpOffset(0) }, again);
        builder.encode()
    }),
    ("constants", |size| {
        let mut builder = ModuleBuilder::new("");
        (0..65_536).for_each(|_| _ = builder.push_constant(Constant::Empty).unwrap());
        (65_536..size).for_each(|_| _ = builder.push(Instruction::Nop));
        builder.encode()
    }),
    ("strings", |size| {
        let mut builder = ModuleBuilder::new("");
        for index in 0..65_536 {
            builder
                .push_constant(Constant::String(format!("{index:08x}").repeat(size / 65_536 / 8)))
                .unwrap();
        }
        builder.encode()
    }),
    ("a long string", |size| {
        let mut builder = ModuleBuilder::new("");
        builder.push_constant(Constant::String("ab\n".repeat(size / 3))).unwrap();
        builder.encode()
    }),
    ("functions", |size| {
        let mut builder = ModuleBuilder::new("");
        builder.push(Instruction::Nop);
        (0..size / 12).for_each(|index| builder.function(&format!("{index:04x}"), 0));
        builder.encode()
    }),
    // Each of them would be shown as the whole text.
    ("a long string that is loaded again and again", |size| {
        let mut builder = ModuleBuilder::new("");
        let constant = builder.constant(Constant::String("x".repeat(size / 2))).unwrap();
        (0..size / 8).for_each(|_| _ = builder.push(Instruction::LoadConst { dst: R0, constant }));
        builder.encode()
    }),
];

/// Runs a verb and gives the most memory that it took, in bytes, and how long its output was.
fn peak(verb: &str, path: &Path) -> (u64, u64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdvm"));
    command.arg(verb).arg(path);
    if verb == "run" {
        command.arg("--max-steps=8000000");
    }
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let shown = std::io::copy(&mut stdout, &mut std::io::sink()).unwrap();
    let mut message = String::new();
    std::io::Read::read_to_string(child.stderr.as_mut().unwrap(), &mut message).unwrap();
    let ended = child.wait4().unwrap();
    let is_limit = verb == "run" && message.contains("StepLimitExceeded");
    assert_eq!(ended.status.code(), Some(i32::from(is_limit)), "{verb} {}: {message}", path.display());
    (ended.rusage.maxrss, shown)
}

#[test]
fn memory_is_a_few_times_the_file() {
    let folder = tempfile::tempdir().unwrap();
    for (name, make) in KINDS {
        let files = [SIZE, 2 * SIZE].map(|size| {
            let (path, bytes) = (folder.path().join(format!("{size}.mdbc")), make(size));
            Module::decode(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            std::fs::write(&path, &bytes).unwrap();
            (path, bytes.len() as u64)
        });
        for verb in ["run", "check", "dis"] {
            let [(small, _), (large, shown)] = [0, 1].map(|file| peak(verb, &files[file].0));
            let grown = files[1].1 - files[0].1;
            println!(
                "{verb} of {name}: {:.1} MB for {:.1} MB, {:.1} bytes for each byte more",
                large as f64 / 1e6,
                files[1].1 as f64 / 1e6,
                large.saturating_sub(small) as f64 / grown as f64
            );
            assert!(large <= FIXED + FOR_EACH_BYTE * files[1].1, "{verb} of {name}: {large} bytes");
            // A little more, for what the allocator rounds up.
            let more = large.saturating_sub(small);
            assert!(more <= FOR_EACH_BYTE * grown + (2 << 20), "{verb} of {name}: {more} bytes more");
            // The longest line of an instruction that fits into a byte, and the label above it.
            assert!(shown <= 80 * files[1].1 + 1000, "{verb} of {name}: {shown} bytes of text");
        }
    }
}
