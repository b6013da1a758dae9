//! Files that strangers upload, through the command itself, as `SECURITY.md` says to run them: real modules cut short and changed
//! at random, files that lie about every number in them, bombs, and what is no file at all. Whatever they are, `mdvm run`,
//! `check` and `dis` end with 0, 1 or 2 and never by a signal, in little time and little memory.
//!
//! There are as many files as `MDVM_HOSTILE_FILES` says, or a few:
//! `MDVM_HOSTILE_FILES=5000 cargo test --release -p machine-dialect-vm --test hostile_files -- --nocapture`.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use machine_dialect_vm::asm::assemble_bytes;
use wait4::Wait4 as _;

mod bombs;

use bombs::{BOMBS, LIMIT};

/// How many files there are where nobody says.
const FILES: usize = 40;
/// The most memory that a command may use, in bytes.
const MOST_MEMORY: u64 = 128 << 20;
/// The longest that a command may take of a processor; more where it is not optimised. (How long it has to wait for one is not the
/// command's to say.)
const LONGEST: Duration = Duration::from_secs(if cfg!(debug_assertions) { 12 } else { 2 });

/// What the commands took.
#[derive(Default)]
struct Seen {
    /// How often each command ended with each code.
    ends: BTreeMap<(&'static str, i32), usize>,
    /// The most memory, and what took it.
    memory: (u64, String),
    /// The longest time, and what took it.
    time: (Duration, String),
}

impl Seen {
    /// Has the three commands at a file, which is told apart in messages by what it is.
    fn try_out(&mut self, path: &Path, what: &str) -> i32 {
        let limits = ["--max-steps=10000000", "--max-output=1048576", "--max-time=0.5"];
        let memory = format!("--max-memory={LIMIT}");
        let code = self.command("run", limits.iter().copied().chain([memory.as_str()]), path, what);
        let checked = self.command("check", [], path, what);
        let shown = self.command("dis", [], path, what);
        assert_eq!(checked, shown, "{what}: one of check and dis loads the module");
        assert_eq!(checked == 2, code == 2, "{what}: one of check and run loads the module");
        code
    }

    fn command<'a>(
        &mut self,
        name: &'static str,
        arguments: impl IntoIterator<Item = &'a str>,
        path: &Path,
        what: &str,
    ) -> i32 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mdvm"))
            .arg(name)
            .args(arguments)
            .arg(path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ended = child.wait4().unwrap();
        let what = format!("{name}, {what}");
        let Some(code) = ended.status.code() else { panic!("{what}: {}", ended.status) };
        assert!((0..=2).contains(&code), "{what}: exit code {code}");
        let time = ended.rusage.utime + ended.rusage.stime;
        assert!(time < LONGEST, "{what}: {time:?}");
        let memory = ended.rusage.maxrss;
        assert!(memory < MOST_MEMORY, "{what}: {} MB", memory >> 20);
        *self.ends.entry((name, code)).or_default() += 1;
        if memory > self.memory.0 {
            self.memory = (memory, what.clone());
        }
        if time > self.time.0 {
            self.time = (time, what);
        }
        code
    }
}

#[test]
fn no_file_breaks_the_command() {
    let files = std::env::var("MDVM_HOSTILE_FILES").map_or(FILES, |number| number.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("upload.mdbc");
    let samples = samples();
    let lies = lies(&samples[0]);
    let mut random = fastrand::Rng::with_seed(0x4d44_4243);
    let mut seen = Seen::default();
    let write = |bytes: &[u8]| fs::write(&path, bytes).unwrap();
    for number in 0..files {
        // A quarter of each kind.
        let index = number / 4;
        match number % 4 {
            0 => {
                let bomb = &BOMBS[index * 5 % BOMBS.len()];
                write(&assemble_bytes(&(bomb.program)((index / BOMBS.len()) as u64)).unwrap());
                let code = seen.try_out(&path, bomb.name);
                let expected = i32::from(!bomb.ends.contains(&None));
                assert!(code == expected || bomb.ends.len() > 1, "{}: exit code {code}", bomb.name);
            }
            1 => {
                let (lie, bytes) = &lies[index * 7 % lies.len()];
                write(bytes);
                seen.try_out(&path, lie);
            }
            _ => {
                let mut bytes = samples[random.usize(..samples.len())].clone();
                let changes = random.usize(1..=6);
                for _ in 0..changes {
                    mutate(&mut bytes, &mut random);
                }
                write(&bytes);
                seen.try_out(&path, &format!("mutation {number}"));
            }
        }
    }
    for (name, bytes) in large() {
        write(&bytes);
        seen.try_out(&path, name);
    }
    no_files(folder.path(), &mut seen);
    println!("{:?}", seen.ends);
    println!("most memory: {:.1} MB, {}", seen.memory.0 as f32 / (1 << 20) as f32, seen.memory.1);
    println!("longest: {:?}, {}", seen.time.0, seen.time.1);
    let ran: usize = seen.ends.iter().filter(|((name, _), _)| *name == "run").map(|(_, count)| count).sum();
    assert!(ran > files && seen.ends.keys().filter(|(name, _)| *name == "run").count() == 3);
}

/// Modules to be changed: one in which everything is found, and the real ones.
fn samples() -> Vec<Vec<u8>> {
    let everything = ".module \"имя 名 \\u{202e}\"\n.func main\nload_const r0, \"text\"\nload_const r5, 7\nload_const r6, 1.5\n\
         define r0, int\njump 0\njump_if r5, 0\ncall r0, r1, (r2, r3)\nphi r1, [r2: 0, r3: 0]\nreturn r0\n\
         .func \"функция\\n\\u{7f}\"\nreturn";
    let mut samples = vec![assemble_bytes(everything).unwrap()];
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/corpus");
    let entries = fs::read_dir(&corpus).unwrap_or_else(|error| panic!("{}: {error}", corpus.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension() == Some(OsStr::new("mdbc")));
    paths.sort();
    samples.extend(paths.iter().map(|path| fs::read(path).unwrap()));
    assert!(samples.len() > 360, "the corpus has only {} modules", samples.len());
    samples
}

/// A module cut short at every byte, and with every number in it replaced by each that programs tend to get wrong; and files that
/// are no module for other reasons.
fn lies(sample: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut lies: Vec<(String, Vec<u8>)> = (0..sample.len())
        .map(|length| (format!("the first {length} bytes of a module"), sample[..length].to_vec()))
        .collect();
    for place in 4..sample.len() - 3 {
        for number in NUMBERS {
            let mut bytes = sample.to_vec();
            bytes[place..place + 4].copy_from_slice(&number.to_le_bytes());
            lies.push((format!("{number:#x} at byte {place:#x}"), bytes));
        }
    }
    let others: [(&str, &[u8]); 7] = [
        ("an empty file", b""),
        ("the magic alone", b"MDBC"),
        ("the magic backwards", b"CBDM\x01\0\0\0"),
        ("a program for Linux", b"\x7fELF\x02\x01\x01\0\0\0\0\0"),
        ("assembly that claims to be a module", b"load_const r0, 1\nreturn r0"),
        ("zeros", &[0; 4096]),
        ("ones", &[0xff; 4096]),
    ];
    lies.extend(others.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())));
    lies
}

/// Numbers that programs tend to get wrong.
const NUMBERS: [u32; 12] = [
    0,
    1,
    0xff,
    0x100,
    0xffff,
    0x1_0000,
    0x1000_0000,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0001,
    0xffff_fffe,
    0xffff_ffff,
];

fn mutate(bytes: &mut Vec<u8>, random: &mut fastrand::Rng) {
    let place = random.usize(..bytes.len());
    match random.u8(..7) {
        0 => bytes[place] ^= 1 << random.u8(..8),
        1 => bytes[place] = random.u8(..),
        2 => bytes[place] = random.u8(..50),
        3 => bytes.truncate(place.max(1)),
        4 => bytes.insert(place, random.u8(..)),
        5 => {
            // A part of the file a second time, somewhere else.
            let end = bytes.len().min(place + random.usize(1..64));
            let part = bytes[place..end].to_vec();
            let to = random.usize(..=bytes.len());
            bytes.splice(to..to, part);
        }
        _ => {
            let number = NUMBERS[random.usize(..NUMBERS.len())].to_le_bytes();
            for (byte, new) in bytes[place..].iter_mut().zip(number) {
                *byte = new;
            }
        }
    }
}

/// Modules that are as large as their sections may be, or large in one way.
fn large() -> Vec<(&'static str, Vec<u8>)> {
    let repeated = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let assembled = [
        ("half a million instructions", "nop\n".repeat(500_000)),
        ("every constant that there can be", repeated(65_536, &|n| format!("load_const r0, {n}\n"))),
        (
            "a hundred thousand functions",
            ".func main\nreturn\n".to_owned() + &repeated(100_000, &|n| format!(".func \"f{n}\"\nreturn\n")),
        ),
        (
            "a string of a megabyte",
            format!("load_const r0, \"{}\"\ndebug_print r0\nadd r1, r0, r2", "ж".repeat(1 << 19)),
        ),
        ("a name of a megabyte", format!(".module \"{}\"\nnop", "\\u{202e}".repeat(1 << 18))),
        (
            "a name of a megabyte in every call",
            format!(
                ".func main\nload_const r0, \"{0}\"\ncall r0, r1, ()\n.func \"{0}\"\ncall r0, r1, ()\nload_const r0, \"{0}\"\ncall r0, r1, ()",
                "f".repeat(1 << 20)
            ),
        ),
        ("jumps over jumps", repeated(200_000, &|n| format!("jump_if r{}, {}\n", n % 256, 199_999 - n))),
    ];
    assembled.map(|(name, text)| (name, assemble_bytes(&text).unwrap())).into()
}

/// What is no file, or has a name that is no text.
fn no_files(folder: &Path, seen: &mut Seen) {
    let empty = folder.join("empty");
    fs::create_dir(&empty).unwrap();
    assert_eq!(seen.try_out(&empty, "a folder"), 2);
    assert_eq!(seen.try_out(&folder.join("nothing"), "a file that is not there"), 2);
    assert_eq!(seen.try_out(&folder.join("x".repeat(5000)), "a name that is too long"), 2);
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        let named = folder.join(OsStr::from_bytes(b"\xff\xfe \x1b[31m\n.mdbc"));
        fs::write(&named, assemble_bytes("return").unwrap()).unwrap();
        assert_eq!(seen.try_out(&named, "a name that is no text"), 0);
        fs::write(&named, "MDBC\x01").unwrap();
        assert_eq!(seen.try_out(&named, "a bad module with a name that is no text"), 2);
        let looped = folder.join("loop.mdbc");
        std::os::unix::fs::symlink(&looped, &looped).unwrap();
        assert_eq!(seen.try_out(&looped, "a link to itself"), 2);
        for device in ["/dev/zero", "/dev/null", "/dev/full"] {
            seen.try_out(Path::new(device), device);
        }
    }
}
