//! The command `mdvm` with pages of Machine Dialect: where errors stand, how pages come in, how they are checked and formatted.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use machine_dialect_vm::assemble;
use serde_json::Value as Json;
use tempfile::TempDir;

fn mdvm(folder: &TempDir, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mdvm"))
        .args(arguments)
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// Exit code, standard output and standard error.
fn outcome(folder: &TempDir, arguments: &[&str]) -> (i32, String, String) {
    told(&mdvm(folder, arguments, ""))
}

fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Divides by zero in a loop inside a utility inside a block.
const FAILS: &str = "\
# A page

### Utility: `half`

<details>
<summary>Counts down</summary>

> Define `r` as Number.
> While _Yes_:
>
> > If `n` is equal to _0_:
> >
> > > Set `r` to _1_ / `n`.
> >
> > Set `n` to `n` - _1_.

</details>

#### Inputs

- `n` as Number (required)

Say _\"begin\"_.
Use `half` with _2_.
";

const DRAWN: &str = "\
error[DivisionByZero]: Division by zero
  --> fails.md:13:22
   |
13 | > > > Set `r` to _1_ / `n`.
   |                      ^
   |
note: called in main
  --> fails.md:24:1
   |
24 | Use `half` with _2_.
   | ^

`mdvm explain DivisionByZero` tells more.
";

#[test]
fn an_error_shows_its_line_and_those_of_its_calls() {
    let folder = folder(&[("fails.md", FAILS)]);
    for arguments in [["run", "fails.md"].as_slice(), &["fails.md"]] {
        assert_eq!(outcome(&folder, arguments), (1, "begin\n".to_owned(), DRAWN.to_owned()), "{arguments:?}");
    }
}

#[test]
fn a_module_with_its_map_beside_it_shows_lines() {
    let folder = folder(&[("fails.md", FAILS)]);
    assert_eq!(outcome(&folder, &["compile", "fails.md", "-o", "x.mdbc", "-g"]).0, 0);
    // The map has the text of the page.
    fs::remove_file(folder.path().join("fails.md")).unwrap();
    assert_eq!(outcome(&folder, &["run", "x.mdbc"]), (1, "begin\n".to_owned(), DRAWN.to_owned()));
    let (code, stdout, _) = outcome(&folder, &["run", "--json", "x.mdbc"]);
    let json: Json = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &json["line"], &json["column"]), (1, &13.into(), &22.into()));
    assert_eq!(json["function"], "half");
}

#[test]
fn a_map_without_the_text_finds_the_page() {
    let folder = folder(&[("fails.md", FAILS)]);
    let compiled = machine_dialect_vm::language::compile(FAILS, "fails.md").unwrap();
    let module = compiled.module.encode();
    fs::write(folder.path().join("x.mdbc"), &module).unwrap();
    fs::write(folder.path().join("x.mdbm"), compiled.map.without_text().encode(&module)).unwrap();
    assert_eq!(outcome(&folder, &["run", "x.mdbc"]).2, DRAWN);
    fs::write(folder.path().join("fails.md"), FAILS.replace("begin", "start")).unwrap();
    let (_, _, errors) = outcome(&folder, &["run", "x.mdbc"]);
    assert!(errors.contains("fails.md:13:22") && !errors.contains("Set `r`"), "another page: {errors}");
}

#[test]
fn a_map_that_is_none_is_a_warning() {
    let folder = folder(&[("fails.md", FAILS), ("other.md", "Say _1_.\n")]);
    assert_eq!(outcome(&folder, &["compile", "fails.md", "-o", "x.mdbc", "-g"]).0, 0);
    assert_eq!(outcome(&folder, &["compile", "other.md", "-o", "other.mdbc", "-g"]).0, 0);
    let map = fs::read(folder.path().join("x.mdbm")).unwrap();
    let other = fs::read(folder.path().join("other.mdbm")).unwrap();
    for (what, bytes) in
        [("damaged at byte", &map[..100]), ("not a source map", b"garbage"), ("of another module", &other)]
    {
        fs::write(folder.path().join("x.mdbm"), bytes).unwrap();
        let (code, stdout, errors) = outcome(&folder, &["run", "x.mdbc"]);
        assert_eq!((code, stdout.as_str()), (1, "begin\n"), "{what}");
        assert!(errors.starts_with("warning: x.mdbm: ") && errors.contains(what), "{what}: {errors}");
        assert!(
            errors.contains("error: DivisionByZero: Division by zero\n  at instruction "),
            "{what}: {errors}"
        );
        let (code, listing, errors) = outcome(&folder, &["dis", "x.mdbc"]);
        assert_eq!((code, listing.contains("fails.md")), (0, false));
        assert!(errors.starts_with("warning: x.mdbm: "), "{what}: {errors}");
    }
    // A map is not looked at where no error is shown.
    fs::write(folder.path().join("other.mdbm"), "garbage").unwrap();
    assert_eq!(outcome(&folder, &["run", "other.mdbc"]), (0, "1\n".to_owned(), String::new()));
}

#[test]
fn an_error_in_a_helper_of_the_compiler_is_told_where_it_was_called() {
    let folder = folder(&[("x.md", "Define `l` as List.\nSay _2_.\nInsert _1_ at position _7_ in `l`.\n")]);
    let (code, _, errors) = outcome(&folder, &["run", "x.md"]);
    assert_eq!(code, 1);
    assert!(errors.contains("--> x.md:3:") && errors.contains("3 | Insert _1_ at position _7_"), "{errors}");
    assert!(!errors.contains("called in"), "{errors}");
}

#[test]
fn a_listing_shows_lines_and_can_be_assembled() {
    let folder = folder(&[("fails.md", FAILS), ("power.md", "Say _2_ ^ _3_.\n")]);
    let (_, listing, _) = outcome(&folder, &["dis", "fails.md"]);
    let lines: Vec<&str> = listing.lines().collect();
    let at = lines.iter().position(|line| *line == "; fails.md:13: > > > Set `r` to _1_ / `n`.").unwrap();
    assert!(lines[at + 2].trim_start().starts_with("div "), "{listing}");
    let compiled = machine_dialect_vm::language::compile(FAILS, "fails.md").unwrap();
    assert_eq!(assemble(&listing).unwrap(), compiled.module);
    let (_, plain, _) = outcome(&folder, &["dis", "--no-source", "fails.md"]);
    assert!(!plain.contains("fails.md"), "{plain}");
    assert!(outcome(&folder, &["dis", "power.md"]).1.contains("; added by the compiler"));
}

#[test]
fn pages_come_from_standard_input_and_arguments() {
    let folder = folder(&[]);
    for page in [
        "---\ntitle: x\n---\nSay _1_.\n",
        "### Utility: `f`\n<details>\n\n> Say _2_.\n\n</details>\n\nSay _1_.\n",
        "Say _1_.\n",
        "**Say** _1_.\n",
        "\u{feff}Say _1_.\n",
    ] {
        let (code, stdout, errors) = told(&mdvm(&folder, &["run", "-"], page));
        assert_eq!((code, stdout.as_str()), (0, "1\n"), "{page}: {errors}");
    }
    let (code, _, errors) = told(&mdvm(&folder, &["run", "-"], "Say `x`.\n"));
    assert_eq!(code, 2);
    assert!(errors.contains("--> standard input:1:5"), "{errors}");
    assert_eq!(told(&mdvm(&folder, &["run", "-"], "add r2, r0, r1")).0, 1, "assembly, which adds empty");
    assert_eq!(outcome(&folder, &["run", "-e", "Say _\"hi\"_."]).1, "hi\n");
    assert_eq!(outcome(&folder, &["-e", "If _Yes_:", "-e", "> Say _3_."]).1, "3\n");
    let (code, _, errors) = outcome(&folder, &["run", "-e", "Say _1_ / _0_."]);
    assert_eq!(code, 1);
    assert!(errors.contains("--> -e:1:9"), "{errors}");
    let (code, _, errors) = outcome(&folder, &["run", "-e", "Say _1_.", "x.md"]);
    assert_eq!(code, 2);
    assert!(errors.contains("cannot be used with"), "{errors}");
}

#[test]
fn all_mistakes_of_a_page_are_shown() {
    let folder = folder(&[("three.md", "Say `a`.\nSay `b`.\nSet `c` to _1_.\n")]);
    for arguments in [["run", "three.md"], ["check", "three.md"], ["dis", "three.md"], ["fmt", "three.md"]] {
        let (code, stdout, errors) = outcome(&folder, &arguments);
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}");
        for line in 1..=3 {
            assert!(errors.contains(&format!("--> three.md:{line}:5")), "{arguments:?}: {errors}");
        }
    }
    assert_eq!(
        fs::read_to_string(folder.path().join("three.md")).unwrap(),
        "Say `a`.\nSay `b`.\nSet `c` to _1_.\n"
    );
}

#[test]
fn folders_are_checked_whole() {
    let good = "nop";
    let folder = folder(&[
        ("all/a.md", "Say _1_.\n"),
        ("all/deep/b.md", "Say `x`.\n"),
        ("all/deep/c.mdasm", good),
        ("all/deep/notes.txt", "nothing"),
        ("all/.hidden/d.md", "Say `x`.\n"),
        ("all/e.mdasm", "lod r0"),
        ("all/f.mdbc", "MDBC"),
    ]);
    let (code, stdout, errors) = outcome(&folder, &["check", "all"]);
    assert_eq!(code, 2);
    let named: Vec<&str> = stdout.lines().filter(|line| line.starts_with("all")).collect();
    assert_eq!(named.len(), 4, "{stdout}");
    assert!(
        named[0].starts_with("all/a.md: ok (") && named[1].starts_with("all/deep/c.mdasm: ok ("),
        "{stdout}"
    );
    assert!(
        named[2].starts_with("all/e.mdasm: line 1") && named[3].starts_with("all/f.mdbc: UnexpectedEof"),
        "{stdout}"
    );
    assert!(errors.contains("--> all/deep/b.md:1:5"), "{errors}");
    let (code, stdout, _) = outcome(&folder, &["check", "-q", "all/a.md", "all/deep/c.mdasm"]);
    assert_eq!((code, stdout.as_str()), (0, ""));
    let (code, stdout, errors) = outcome(&folder, &["check", "--json", "all", "missing.md"]);
    assert_eq!((code, errors.as_str()), (2, ""));
    let found: Vec<(String, String)> = stdout
        .lines()
        .map(|line| serde_json::from_str::<Json>(line).unwrap())
        .map(|json| (json["file"].as_str().unwrap().to_owned(), json["status"].as_str().unwrap().to_owned()))
        .collect();
    let expected = [
        ("all/a.md", "ok"),
        ("all/deep/b.md", "compile_error"),
        ("all/deep/c.mdasm", "ok"),
        ("all/e.mdasm", "assembly_error"),
        ("all/f.mdbc", "load_error"),
        ("missing.md", "input_error"),
    ];
    assert_eq!(found, expected.map(|(file, status)| (file.to_owned(), status.to_owned())));
}

#[test]
fn a_folder_with_nothing_to_check_is_an_error() {
    let folder = folder(&[("all/notes.txt", "nothing")]);
    let (code, stdout, _) = outcome(&folder, &["check", "all"]);
    assert_eq!(
        (code, stdout.trim_end()),
        (2, "all: cannot be read: there is no page, module or assembly in it")
    );
}

const LOOSE: &str = "If _Yes_:\n>> Say _1_.\n>> If _No_:\n>>> Say _2_.\nSay _3_.\n";
const FORMATTED: &str = "If _Yes_:\n\n> Say _1_.\n> If _No_:\n>\n> > Say _2_.\n\nSay _3_.\n";

#[test]
fn fmt_writes_in_place_and_keeps_the_module() {
    let folder = folder(&[("x.md", LOOSE), ("good.md", FORMATTED)]);
    let compile = || {
        assert_eq!(outcome(&folder, &["compile", "x.md", "-o", "x.mdbc"]).0, 0);
        fs::read(folder.path().join("x.mdbc")).unwrap()
    };
    let before = compile();
    assert_eq!(
        outcome(&folder, &["fmt", "--check", "x.md", "good.md"]),
        (1, "x.md\n".to_owned(), String::new())
    );
    assert_eq!(fs::read_to_string(folder.path().join("x.md")).unwrap(), LOOSE);
    assert_eq!(outcome(&folder, &["fmt", "x.md", "good.md"]), (0, String::new(), String::new()));
    assert_eq!(fs::read_to_string(folder.path().join("x.md")).unwrap(), FORMATTED);
    assert_eq!(compile(), before);
    assert_eq!(outcome(&folder, &["fmt", "--check", "x.md", "good.md"]).0, 0);
    assert_eq!(told(&mdvm(&folder, &["fmt", "-"], LOOSE)), (0, FORMATTED.to_owned(), String::new()));
    assert_eq!(told(&mdvm(&folder, &["fmt", "--check", "-"], LOOSE)).0, 1);
}

#[cfg(unix)]
#[test]
fn fmt_keeps_links_and_permissions() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = folder(&[("real.md", LOOSE)]);
    let real = folder.path().join("real.md");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&real, folder.path().join("link.md")).unwrap();
    assert_eq!(outcome(&folder, &["fmt", "link.md"]).0, 0);
    assert!(fs::symlink_metadata(folder.path().join("link.md")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&real).unwrap(), FORMATTED);
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_result_is_shown_where_it_is_asked_for() {
    let folder = folder(&[]);
    let page = "Say _1_. Give back _\"two\"_.";
    assert_eq!(outcome(&folder, &["run", "-e", page]).1, "1\n");
    assert_eq!(outcome(&folder, &["run", "--result", "-e", page]).1, "1\n\"two\"\n");
}

#[test]
fn stats_are_exact() {
    let folder = folder(&[]);
    let page = "Define `i` as Number (default: _0_).\nWhile `i` < _5000_:\n> Set `i` to `i` + _1_.";
    let (code, stdout, errors) = outcome(&folder, &["run", "--stats", "-e", page]);
    assert_eq!((code, stdout.as_str()), (0, ""));
    let number = |name: &str| -> u64 {
        let line = errors
            .lines()
            .find(|line| line.trim_start().starts_with(name))
            .unwrap_or_else(|| panic!("{name}: {errors}"));
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    assert_eq!(number("add "), 5000);
    assert_eq!(number("calls "), 0);
    let by_opcode: u64 = errors
        .lines()
        .filter(|line| line.starts_with("  "))
        .map(|line| line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(by_opcode, number("steps "));
}

#[test]
fn stats_tell_of_tiers_as_text_and_as_json() {
    let folder = folder(&[]);
    let page =
        "Define `i` as Number (default: _0_).\nWhile `i` < _50000_:\n> Set `i` to `i` + _1_.\nSay `i`.";
    let tiers = |arguments: &[&str]| {
        let (code, stdout, errors) =
            outcome(&folder, &[&["run", "--stats", "--json", "-e", page], arguments].concat());
        assert_eq!((code, errors.as_str()), (0, ""));
        let mut outcome: Json = serde_json::from_str(&stdout).unwrap();
        let stats = outcome.as_object_mut().unwrap().remove("stats").unwrap();
        let plain = self::outcome(&folder, &["run", "--json", "-e", page]).1;
        assert_eq!(outcome, serde_json::from_str::<Json>(&plain).unwrap(), "the rest is as without");
        assert_eq!(stats["opcodes"]["add"], 50_000);
        stats["tiers"].clone()
    };
    let fast = tiers(&["--tier", "specialised"]);
    assert_eq!(fast["specialised"]["entries"], 1);
    assert_eq!(fast["specialised"]["exits"], serde_json::json!({ "ended": 1 }));
    assert_eq!(fast["jit"]["entries"], 0);
    let slow = tiers(&["--tier", "interpreter"]);
    assert_eq!(slow["specialised"]["entries"], 0);
    assert_eq!(slow["specialising"]["blocks"], 0);

    let text = |tier| outcome(&folder, &["run", "--stats", "--tier", tier, "-e", page]).2;
    let (fast, slow) = (text("specialised"), text("interpreter"));
    assert!(fast.contains("entered once; left: ended 1\n"), "{fast}");
    assert!(slow.contains(" 100.0 %") && !slow.contains("entered"), "{slow}");
    assert!(slow.contains("given up      nothing\n"), "{slow}");
}

#[test]
fn arguments_have_units_and_are_checked() {
    let folder = folder(&[("x.mdasm", "again:\njump again")]);
    let (code, _, errors) = outcome(&folder, &["run", "--max-steps", "1k", "x.mdasm"]);
    assert_eq!(code, 1);
    assert!(errors.contains("the limit is 1000 instructions"), "{errors}");
    assert!(outcome(&folder, &["run", "--max-time", "100ms", "x.mdasm"]).2.contains("DeadlineExceeded"));
    let grows = "Define `l` as List.\nSet `l` to blank.\nWhile _Yes_:\n> Add _1_ to `l`.";
    assert!(outcome(&folder, &["run", "--max-memory", "2M", "-e", grows]).2.contains("OutOfMemory"));
    for (arguments, message) in [
        (["--max-memory", "64X"], "unknown unit `X`"),
        (["--max-time", "2d"], "unknown unit `d`"),
        (["--global", "=1"], "there is no name before `=`"),
    ] {
        let (code, _, errors) = outcome(&folder, &["run", arguments[0], arguments[1], "x.mdasm"]);
        assert_eq!(code, 2);
        assert!(errors.contains(message), "{errors}");
    }
    let (code, _, errors) = outcome(&folder, &["run", "--global", "a=1", "--global", "a=2", "x.mdasm"]);
    assert_eq!((code, errors.as_str()), (2, "error: --global a is there twice\n"));
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let folder = folder(&[("x.md", "Say _1_.\n")]);
    for arguments in [["compile", "x.md", "-o", "no/such/x.mdbc"], ["dis", "x.md", "-o", "no/such/x.mdbc"]] {
        let (code, _, errors) = outcome(&folder, &arguments);
        assert_eq!(code, 2);
        assert_eq!(errors, "error: no/such/x.mdbc cannot be written: there is no folder no/such\n");
    }
    assert!(!Path::new(&folder.path().join("no")).exists());
}

#[test]
fn verbs_have_other_names() {
    let folder = folder(&[("x.md", "Say _1_.\n"), ("x.mdasm", "nop")]);
    for verb in ["disasm", "disassemble", "DIS", "Dis"] {
        assert!(outcome(&folder, &[verb, "x.md"]).1.contains("debug_print"), "{verb}");
    }
    assert_eq!(outcome(&folder, &["format", "--check", "x.md"]).0, 0);
    let (code, _, errors) = outcome(&folder, &["chekc", "x.md"]);
    assert_eq!(code, 2);
    assert!(errors.contains("'check'"), "{errors}");
}

#[test]
fn names_of_the_specification_are_explained() {
    let folder = folder(&[]);
    let explained = |arguments: &[&str]| outcome(&folder, &[&["explain"], arguments].concat());
    for (name, kind, text) in [
        ("add", "opcode", "dst, left, right"),
        ("AddR", "opcode", "errors: "),
        ("DivisionByZero", "error", "Instructions that can give it: div, mod"),
        ("division_by_zero", "error", "Division by zero"),
        ("InvalidMagic", "error", "when a module is loaded"),
        ("dict", "type of values", "{k: v, l: w}"),
        ("max_steps", "limit of a run", "StepLimitExceeded"),
        ("--max-memory", "limit of a run", "OutOfMemory"),
        ("for_each", "form of the language", "For each"),
        ("is at most", "operator of the language", "<="),
        ("Whole Number", "type of the language", "whole number"),
        ("UndefinedName", "diagnostic of a page", "no variable"),
        ("Joining", "rule of the language", "text"),
        ("nesting", "limit of the language", "200"),
    ] {
        let (code, stdout, errors) = explained(&[name]);
        assert_eq!((code, errors.as_str()), (0, ""), "{name}");
        assert!(stdout.contains(&format!(": {kind}\n")) && stdout.contains(text), "{name}: {stdout}");
    }
    assert!(explained(&["give", "back"]).1.contains("Ends the function with a result"));
    let (code, _, errors) = explained(&["DivisonByZero"]);
    assert_eq!(
        (code, errors.as_str()),
        (2, "error: nothing is called DivisonByZero; did you mean DivisionByZero?\n")
    );
    let all = explained(&[]).1;
    for kind in machine_dialect_vm::RuntimeErrorKind::ALL {
        assert!(all.contains(kind.name()), "{}", kind.name());
    }
    for opcode in machine_dialect_vm::Opcode::ALL {
        assert!(all.contains(opcode.spec().mnemonic), "{opcode:?}");
    }
}

#[test]
fn errors_name_what_explains_them() {
    let folder = folder(&[
        ("x.mdbc", "MDBC"),
        ("x.md", "Say `x`.\n"),
        ("x.mdasm", "load_const r0, 1\nload_const r1, 0\ndiv r2, r0, r1"),
    ]);
    for (file, name) in
        [("x.mdbc", "UnexpectedEof"), ("x.md", "UndefinedName"), ("x.mdasm", "DivisionByZero")]
    {
        let (_, _, errors) = outcome(&folder, &["run", file]);
        assert!(errors.ends_with(&format!("\n`mdvm explain {name}` tells more.\n")), "{file}: {errors}");
        assert_eq!(outcome(&folder, &["explain", name]).0, 0);
    }
}

#[test]
fn shells_complete_and_manuals_are_written() {
    let folder = folder(&[]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, stdout, _) = outcome(&folder, &["completions", shell]);
        assert_eq!(code, 0);
        assert!(stdout.contains("disasm") || stdout.contains("dis"), "{shell}");
    }
    assert_eq!(outcome(&folder, &["man", "pages"]).0, 0);
    let page = fs::read_to_string(folder.path().join("pages/mdvm-run.1")).unwrap();
    assert!(page.contains("max\\-steps"), "{page}");
    assert!(folder.path().join("pages/mdvm.1").exists());
}

#[test]
fn the_version_tells_how_it_was_built() {
    let folder = folder(&[]);
    let (code, stdout, _) = outcome(&folder, &["--version"]);
    assert_eq!(code, 0);
    for fact in ["mdvm ", "\ncommit: ", "\ntarget: ", "\ntiers: interpreter", "\nprofile: "] {
        assert!(stdout.contains(fact), "{stdout}");
    }
    assert_eq!(outcome(&folder, &["-V"]).1, format!("mdvm {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn what_can_be_read_of_a_module_that_does_not_load_is_shown() {
    let folder = folder(&[]);
    let module = assemble(".func main\nload_const r0, \"hello\"\ndebug_print r0\nreturn r0\n").unwrap();
    let good = module.encode();
    let write = |bytes: &[u8]| fs::write(folder.path().join("x.mdbc"), bytes).unwrap();
    let shown = || outcome(&folder, &["dis", "x.mdbc"]);
    // An opcode that there is none of.
    let mut bytes = good.clone();
    bytes[module.instruction_offset(2)] = 0xff;
    write(&bytes);
    let (code, stdout, errors) = shown();
    assert_eq!(code, 2);
    assert!(stdout.starts_with("; does not load: InvalidOpcode: "), "{stdout}");
    assert!(stdout.contains("load_const r0, \"hello\"") && stdout.contains("debug_print r0"), "{stdout}");
    assert!(
        stdout.ends_with(&format!(
            "; stops here: {}\n",
            stdout.lines().next().unwrap().trim_start_matches("; does not load: ")
        )),
        "{stdout}"
    );
    assert!(errors.starts_with("error: x.mdbc: InvalidOpcode: "), "{errors}");
    // A constant that is not in the pool: what follows is shown, too.
    let mut bytes = good.clone();
    bytes[module.instruction_offset(0) + 2] = 9;
    write(&bytes);
    let (_, stdout, _) = shown();
    let lines: Vec<&str> = stdout.lines().collect();
    let at = lines.iter().position(|line| line.starts_with("; refused: InvalidConstantIndex: ")).unwrap();
    assert!(lines[at + 1].contains("load_const r0, k9") && stdout.contains("return r0"), "{stdout}");
    // Every beginning of a module, and other bytes.
    for end in 0..good.len() {
        write(&good[..end]);
        let (code, stdout, errors) = outcome(&folder, &["dis", "--hex", "x.mdbc"]);
        assert_eq!(code, 2, "{end}: {errors}");
        assert!(
            stdout.starts_with("; does not load: UnexpectedEof: ")
                || stdout.contains("InvalidOffset")
                || stdout.contains("InvalidCount"),
            "{end}: {stdout}"
        );
    }
    write(b"not a module at all, and long enough for a header");
    let (code, stdout, _) = outcome(&folder, &["dis", "--hex", "x.mdbc"]);
    assert_eq!(code, 2);
    assert!(
        stdout.contains("; does not load: InvalidMagic") && stdout.contains("6e 6f 74 20 61"),
        "{stdout}"
    );
}

#[test]
fn a_listing_shows_bytes() {
    let folder = folder(&[("x.mdasm", "load_const r7, 1\nreturn r7")]);
    let (code, stdout, _) = outcome(&folder, &["dis", "--hex", "x.mdasm"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("; instructions at 0x") && stdout.contains(" | 00 07 00 00\n"), "{stdout}");
    assert_eq!(assemble(&stdout).unwrap(), assemble("load_const r7, 1\nreturn r7").unwrap());
}

#[test]
fn the_modules_of_the_corpus_that_do_not_load_are_shown() {
    let folder = folder(&[]);
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/corpus");
    let mut count = 0;
    for entry in fs::read_dir(corpus).unwrap().flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "mdbc") {
            continue;
        }
        let Err(error) = machine_dialect_vm::Module::decode(&fs::read(&path).unwrap()) else { continue };
        let (code, stdout, _) = outcome(&folder, &["dis", path.to_str().unwrap()]);
        assert_eq!(code, 2);
        assert!(
            stdout.contains(error.kind().name()) && stdout.lines().count() > 3,
            "{}: {stdout}",
            path.display()
        );
        count += 1;
    }
    assert!(count > 0);
}

/// What a mistake is told to do: the habits of other languages, and what stands around the mistake.
#[test]
fn everyday_mistakes_get_one_error_with_a_hint_that_helps() {
    let cases = [
        ("Say _5.\n", "UndefinedName", "a value stands between two underscores: _5_"),
        ("Say _\"tea\".\n", "UnterminatedText", "an underscore stands behind the closing quote, too"),
        ("Define `a` as Number.\nSet `a` = _1_.\n", "InvalidCharacter", "`Set … to …` gives a variable one"),
        ("If _1_ == _1_:\n> Say _1_.\n", "InvalidCharacter", "`equals` compares two values"),
        ("If _1_ is _1_:\n> Say _1_.\n", "MissingColon", "`is` alone compares nothing"),
        ("If _1_ greater than _0_:\n> Say _1_.\n", "MissingColon", "the comparisons are"),
        ("Say _7_ % _2_.\n", "InvalidCharacter", "there is no sign for the remainder"),
        ("Define `a` as Integer.\n", "ExpectedType", "`Whole Number`"),
        ("Define `a` as string.\n", "ExpectedType", "`Text`"),
        ("Define `a`.\n", "ExpectedWord", "the form is Define NAME as TYPE"),
        ("Define tea cups as Number.\n", "ExpectedWord", "stands in backticks: `tea cups`"),
        ("Say _1_, _2_.\n", "MissingPeriod", "the form is Say EXPRESSION."),
        ("Say _1_\nSay _2_.\n", "MissingPeriod", "every statement ends with a period"),
        ("Say _“tea”_.\n", "InvalidLiteral", "the quotes of a text are straight"),
        ("If _Yes_:\n> Return _1_.\n", "ExpectedStatement", "`Give back` ends a function"),
        ("While _Yes_:\n> break.\n", "UndefinedName", "no word leaves a loop"),
        ("Say `a`.\nDefine `a` as Number.\n", "UndefinedName", "its Define stands behind this, in line 2"),
        ("Define `a as Number.\nSay `a`.\n", "UnterminatedName", "UnterminatedName"),
        ("Foreach x in _1_:\n\n> Say _1_.\n", "UnexpectedBlock", "`For each … in …:` goes over a list"),
        (
            "Define `rate` as Number.\n\n### Utility: `f`\n<details>\n\n> Give back `rate`.\n\n</details>\n",
            "UndefinedName",
            "is of the top level, which functions do not see",
        ),
        (
            "### Utility: `f`\n<details>\n\n> Give back `width`.\n\n</details>\n\n#### Inputs\n- `width` as Number\n\nUse `f` where `widht` is _1_.\n",
            "UnknownInput",
            "did you mean `width`?",
        ),
        ("### Utility: `f`\n\n> Give back _1_.\n", "MissingDetails", "MissingDetails"),
        ("Define `l` as List.\nSet `l` to: _1_, _2_.\n", "ExpectedItem", "items all begin with `-`"),
    ];
    for (page, kind, hint) in cases {
        let folder = folder(&[("a.md", page)]);
        let (code, _, said) = outcome(&folder, &["check", "a.md"]);
        let (_, _, printed) = outcome(&folder, &["run", "a.md"]);
        let errors = printed.matches("error[").count();
        assert_eq!((code, errors), (2, 1), "{page}{said}{printed}");
        assert!(printed.contains(&format!("error[{kind}]")) && printed.contains(hint), "{page}{printed}");
    }
}
