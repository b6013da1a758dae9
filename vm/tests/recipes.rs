//! The promises of the specification, kept in a copy of the project by following the recipes in `docs/internals` to the letter:
//!
//! - a new opcode is one entry of `spec/isa.yaml` and one function, and nothing else in Rust;
//! - to make it fast in every tier takes one more entry and one place a tier, and the compiler names each tier that it is left out of;
//! - a new kind of constant is two lines of `spec/format.yaml` and one line in each language;
//! - for a new type of value, the compiler names each file that the recipe lists, and no other.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

const OPCODE: &str = include_str!("../../docs/internals/adding-an-opcode.md");
const CONSTANT: &str = include_str!("../../docs/internals/adding-a-constant.md");
const TYPE: &str = include_str!("../../docs/internals/adding-a-type.md");

#[test]
fn the_recipes_hold() {
    // One after another in one copy, so that what does not change is built once.
    let copy = ProjectCopy::new();
    a_new_opcode_is_one_entry_and_one_function(&copy);
    a_fast_opcode_is_one_more_entry_and_one_place_a_tier(&copy);
    a_new_kind_of_constant_is_one_line_in_each_language(&copy);
    the_compiler_asks_for_all_of_a_new_type(&copy);
}

fn a_new_opcode_is_one_entry_and_one_function(copy: &ProjectCopy) {
    copy.append("spec/isa.yaml", block(OPCODE, "yaml", 0));
    let (_, errors) = copy.mdvm(&["run", "-"], "nop");
    assert!(errors.contains("cannot find function `clamp` in module `ops`"), "{errors}");

    copy.append("vm/src/ops/arithmetic.rs", block(OPCODE, "rust", 0));
    let program = "load_const r0, 12\nload_const r1, 7\nclamp r2, r0, r1\ndebug_print r2\nclamp r2, r0, r3";
    let (printed, errors) = copy.mdvm(&["run", "-"], program);
    assert_eq!(printed, "7\n", "{errors}");
    assert!(
        errors.contains("error: TypeMismatch: Type mismatch: expected numeric, found Int and Empty"),
        "{errors}"
    );
    assert!(errors.contains("at instruction 4 in main"), "{errors}");
    assert!(errors.contains("clamp r2, r0, r3"), "{errors}");

    copy.append("conformance/reference/mdvm_reference/operations.py", block(OPCODE, "python", 0));
    let (printed, errors) = copy.reference(program);
    assert_eq!(printed, "7\n", "{errors}");
    assert!(errors.contains("expected numeric, found Int and Empty"), "{errors}");
}

fn a_fast_opcode_is_one_more_entry_and_one_place_a_tier(copy: &ProjectCopy) {
    let executor = "vm/src/exec/specialise/execute/numbers.rs";
    let translator = "vm/src/exec/specialise/translate/instructions.rs";
    let jit = "vm/src/exec/jit/x64/instructions.rs";
    let loops = "vm/src/exec/optimise/build/numbers.rs";

    let summary = "summary: r[dst] = the smaller of r[value] and r[most]\n";
    copy.put_behind("spec/isa.yaml", summary, block(OPCODE, "yaml", 2));
    copy.append("spec/specops.yaml", block(OPCODE, "yaml", 3));
    let (_, errors) = copy.mdvm(&["run", "-"], "nop");
    assert!(errors.contains("no method named `clamp_int`"), "{errors}");

    copy.put_behind(executor, "impl Execution<'_, '_> {\n", block(OPCODE, "rust", 1));
    let (_, errors) = copy.mdvm(&["run", "-"], "nop");
    let tiers: &[&str] = if cfg!(target_arch = "x86_64") { &[translator, jit, loops] } else { &[translator] };
    let tiers: BTreeSet<String> = tiers.iter().map(|file| (*file).to_owned()).collect();
    assert_eq!(missing_arms(&errors, "Clamp"), tiers, "{errors}");

    copy.put_behind(translator, "match Translatable::from(op) {\n", block(OPCODE, "rust", 2));
    copy.put_before(jit, "            NumberOp::NegInt {", block(OPCODE, "rust", 3));
    copy.put_before(loops, "            NumberOp::NegInt {", block(OPCODE, "rust", 4));
    let program = "
        load_const r0, 0
        load_const r1, 1000
        load_const r4, 1
    again:
        add r0, r0, r4
        clamp r2, r0, r1
        lt r3, r2, r1
        jump_if r3, again
        return r2";
    let (dumped, errors) = copy.mdvm(&["dump", "--tier", "specialised", "-"], program);
    assert!(dumped.contains("ClampInt dst=r2 value=r0 most=r1"), "{dumped}{errors}");
    for tier in ["interpreter", "specialised", "jit"] {
        let (printed, errors) = copy.mdvm(&["run", "--result", "--tier", tier, "-"], program);
        assert!(printed.contains("1000"), "{tier}: {printed}{errors}");
    }
}

fn a_new_kind_of_constant_is_one_line_in_each_language(copy: &ProjectCopy) {
    let format = "spec/format.yaml";
    copy.put_behind(
        format,
        "- {tag: 5, type: empty, bytes: 0, layout: nothing}\n",
        block(CONSTANT, "yaml", 0),
    );
    copy.put_behind(format, "- bool constant\n", block(CONSTANT, "yaml", 1));
    let (_, errors) = copy.mdvm(&["run", "-"], "nop");
    let missing = missing_arms(&errors, "Constant::Url(_)");
    assert_eq!(missing, BTreeSet::from(["vm/src/exec/interpreter/lower.rs".to_owned()]), "{errors}");

    copy.put_behind(
        "vm/src/exec/interpreter/lower.rs",
        "Constant::Int(value) => Self::Int(*value),\n",
        block(CONSTANT, "rust", 0),
    );
    let program = "    load_const r0, url(\"https://example.org\")\n    debug_print r0\n    return r0\n";
    let (printed, errors) = copy.mdvm(&["run", "-"], program);
    assert_eq!(printed, "https://example.org\n", "{errors}");
    let listing =
        copy.mdvm(&["asm", "-", "-o", "url.mdbc"], program).1 + &copy.mdvm(&["dis", "url.mdbc"], "").0;
    assert!(listing.contains("load_const r0, url(\"https://example.org\")"), "{listing}");

    let decoder = "conformance/reference/mdvm_reference/decode.py";
    let int = "lambda reader: reader.number(\"q\", \"int constant\"),\n";
    copy.put_behind(decoder, int, block(CONSTANT, "python", 0));
    copy.put_behind(decoder, "from .values import ", "Url, ");
    let (printed, errors) = copy.reference(program);
    assert_eq!(printed, "https://example.org\n", "{errors}");
}

/// The first table of the recipe has the files, the second those that only some types need.
fn the_compiler_asks_for_all_of_a_new_type(copy: &ProjectCopy) {
    copy.put_before("spec/values.yaml", "\n# Names for sets of types", block(TYPE, "yaml", 0));
    copy.put_behind("vm/src/value.rs", "    Dict(Dict),\n", block(TYPE, "rust", 0));
    let (_, errors) = copy.cargo(&["check", "--package", "machine-dialect-vm", "--features", "pyo3"], "");
    let asked = missing_arms(&errors, "Duration");
    let listed: BTreeSet<String> = TYPE
        .lines()
        .filter_map(|line| line.strip_prefix("| `vm/src/")?.split('`').next())
        .map(|file| format!("vm/src/{file}"))
        .collect();
    assert_eq!(asked, listed, "what the compiler asks for, and what the recipe lists");
}

/// The block of a recipe in a language, by its position among those.
fn block(recipe: &'static str, language: &str, position: usize) -> &'static str {
    let (_, rest) = recipe.split_once(&format!("\n```{language}\n")).unwrap();
    let rest = (0..position).fold(rest, |rest, _| rest.split_once(&format!("\n```{language}\n")).unwrap().1);
    let end = rest.find("```").unwrap();
    &rest[..end]
}

/// The files in which the compiler misses an arm for a variant.
fn missing_arms(errors: &str, variant: &str) -> BTreeSet<String> {
    let mut lines = errors.lines();
    let mut files = BTreeSet::new();
    while let Some(line) = lines.next() {
        if line.starts_with("error[E0004]") && line.contains(variant) {
            let place = lines.next().unwrap().trim().strip_prefix("--> ").unwrap();
            files.insert(place.split(':').next().unwrap().replace('\\', "/"));
        }
    }
    files
}

/// A copy of the project, without tests and cases.
struct ProjectCopy {
    root: PathBuf,
}

impl ProjectCopy {
    fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recipes");
        let _ = fs::remove_dir_all(&copy);
        // The folders of whatever is generated.
        for folder in ["spec", "vm", "conformance/reference", "fuzz/dictionaries"] {
            copy_folder(&root.join(folder), &copy.join(folder));
        }
        let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
        let members = manifest.lines().find(|line| line.starts_with("members = ")).unwrap();
        let manifest = manifest.replace(members, "members = [\"spec\", \"vm\"]");
        // Nothing here runs for long, so what runs fast is what builds fast.
        fs::write(copy.join("Cargo.toml"), manifest.replace("opt-level = 1", "opt-level = 0")).unwrap();
        fs::copy(root.join("Cargo.lock"), copy.join("Cargo.lock")).unwrap();
        Self { root: copy }
    }

    fn append(&self, path: &str, text: &str) {
        self.change(path, |content| format!("{content}{text}"));
    }

    /// Puts a text behind another, which must be there once.
    fn put_behind(&self, path: &str, anchor: &str, text: &str) {
        self.change(path, |content| {
            assert_eq!(content.matches(anchor).count(), 1, "{anchor} in {path}");
            content.replace(anchor, &format!("{anchor}{text}"))
        });
    }

    fn put_before(&self, path: &str, anchor: &str, text: &str) {
        self.change(path, |content| {
            assert_eq!(content.matches(anchor).count(), 1, "{anchor} in {path}");
            content.replace(anchor, &format!("{text}{anchor}"))
        });
    }

    fn change(&self, path: &str, change: impl FnOnce(String) -> String) {
        let path = self.root.join(path);
        let content = change(fs::read_to_string(&path).unwrap());
        fs::write(path, content).unwrap();
    }

    /// Builds the copy and runs its command line; gives what went to standard output and to standard error.
    fn mdvm(&self, arguments: &[&str], input: &str) -> (String, String) {
        let before = ["run", "--quiet", "--package", "machine-dialect-vm", "--bin", "mdvm", "--"];
        self.cargo(&[&before, arguments].concat(), input)
    }

    /// Runs a program in assembly on the reference of the copy, with the tables that the copy generates.
    fn reference(&self, program: &str) -> (String, String) {
        let written = self.cargo(&["run", "--quiet", "--package", "mdvm-spec", "--", "write"], "");
        assert!(written.0.contains("_tables.py"), "{}", written.1);
        let module = self.root.join("program.mdbc");
        let (_, errors) = self.mdvm(&["asm", "-", "-o", "program.mdbc"], program);
        assert!(module.exists(), "{errors}");
        let mut command = Command::new("python3");
        command.args(["-m", "mdvm_reference", "run"]).arg(&module);
        run(command.current_dir(self.root.join("conformance/reference")), "")
    }

    fn cargo(&self, arguments: &[&str], input: &str) -> (String, String) {
        let mut command = Command::new(env!("CARGO"));
        command.args(arguments).current_dir(&self.root);
        command.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("recipes-target"));
        run(&mut command, input)
    }
}

fn run(command: &mut Command, input: &str) -> (String, String) {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A build that fails does not read the program.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(output.stdout), text(output.stderr))
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if ["target", "tests", "cases", "__pycache__"].iter().any(|left_out| name == *left_out) {
            continue;
        }
        if fs::metadata(entry.path()).unwrap().is_dir() {
            copy_folder(&entry.path(), &to.join(name));
        } else {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}
