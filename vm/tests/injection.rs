//! What strangers write reaches a terminal escaped: names, strings, keys, messages of assertions and names of files, through every
//! door of the command but what the program itself prints.
#![cfg(all(feature = "cli", unix))]
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use machine_dialect_vm::{Constant, Instruction, Module, ModuleBuilder, Reg, assemble, disassemble, plug};

/// Controls, escape sequences, what turns the direction of text, what has no width, tags, separators; then a line that would say
/// that all is well.
const HOSTILE: &str = "a\u{1b}]0;t\u{7}\u{1b}[2J\u{7f}\u{9b}31m\u{85}\u{ad}\u{61c}\u{180e}\u{200b}\u{200d}\u{200f}\u{2028}\u{2029}\
                       \u{202e}\u{2066}\u{2060}\u{3164}\u{fe0f}\u{feff}\u{fff9}\u{e000}\u{e0001}\u{e0041}\u{e0100}\r\nx.mdbc: ok\nb";

/// What stands in the text but must not be shown.
fn is_hostile(character: char) -> bool {
    HOSTILE.contains(character) && !character.is_ascii_graphic() && !matches!(character, ' ' | '\n')
}

/// Checks what a terminal would get.
fn assert_harmless(shown: &[u8], door: &str) {
    let text = std::str::from_utf8(shown).unwrap_or_else(|error| panic!("{door}: {error}"));
    let raw = text.chars().find(|character| is_hostile(*character) || *character == '\0');
    assert!(raw.is_none(), "{door} shows {raw:?} raw:\n{text:?}");
    let forged = text.lines().find(|line| line.trim_start().starts_with("x.mdbc: ok") || *line == "b");
    assert!(forged.is_none(), "{door} shows a line that the text forged:\n{text}");
}

fn mdvm(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mdvm"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// The output of a command on a file of that content, checked.
fn shown(arguments: &[&str], name: &str, content: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), content).unwrap();
    let arguments: Vec<&str> = arguments.iter().copied().chain([name]).collect();
    let output = mdvm(&arguments, folder.path());
    assert_harmless(&output.stdout, &format!("stdout of {arguments:?}"));
    assert_harmless(&output.stderr, &format!("stderr of {arguments:?}"));
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

fn constant(builder: &mut ModuleBuilder, text: &str) -> machine_dialect_vm::ConstIdx {
    builder.constant(Constant::String(text.to_owned())).unwrap()
}

/// Programs that fail, with texts of strangers wherever a module has a text. None of them prints.
fn failing_modules() -> Vec<(&'static str, Module)> {
    let literal = format!("\"{}\"", HOSTILE.escape_default());
    let programs = [
        (
            "a function",
            format!(".func main\nload_const r0, {literal}\ncall r0, r1, ()\n.func {literal}\nneg r0, r1"),
        ),
        ("an unknown function", format!("load_const r0, {literal}\ncall r0, r1, ()")),
        ("a message of an assertion", format!("assert r0, true, {literal}")),
        ("a string that is read", format!("load_const r0, {literal}\nneg r1, r0")),
        (
            "a key and a string within",
            format!("dict_new r0\nload_const r1, {literal}\ndict_set r0, r1, r1\nneg r2, r0"),
        ),
        ("a url", format!("load_const r0, {literal}\ncast r0, r0, url\nneg r1, r0")),
        ("a global", format!("load_global r0, {literal}\nneg r1, r0")),
        ("a name of the module", format!(".module {literal}\nneg r1, r0")),
    ];
    programs.into_iter().map(|(name, text)| (name, assemble(&text).unwrap())).collect()
}

#[test]
fn a_run_that_fails() {
    for (what, module) in failing_modules() {
        let said = shown(&["run"], "m.mdbc", &module.encode());
        assert!(said.contains("at instruction"), "{what}: {said}");
        let json = shown(&["run", "--json"], "m.mdbc", &module.encode());
        assert!(json.is_ascii(), "{what}: {json}");
        let _: serde_json::Value = serde_json::from_str(&json).unwrap();
    }
    let asserted = shown(&["run", "--json"], "m.mdbc", &failing_modules()[2].1.encode());
    let asserted: serde_json::Value = serde_json::from_str(&asserted).unwrap();
    assert!(asserted["message"].as_str().unwrap().contains(HOSTILE), "the value is the same: {asserted}");
}

#[test]
fn what_a_program_prints_stays_its_own_but_in_json() {
    let program = format!("load_const r0, \"{}\"\ndebug_print r0\nreturn r0", HOSTILE.escape_default());
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("m.mdbc"), assemble(&program).unwrap().encode()).unwrap();
    let output = mdvm(&["run", "m.mdbc"], folder.path());
    assert_eq!(output.stdout, format!("{HOSTILE}\n").as_bytes());
    let json = mdvm(&["run", "--json", "m.mdbc"], folder.path());
    assert_harmless(&json.stdout, "run --json");
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        (json["stdout"].as_str(), json["result"].as_str()),
        (Some(&*format!("{HOSTILE}\n")), Some(HOSTILE))
    );
}

#[test]
fn a_listing_and_back() {
    for (what, module) in failing_modules() {
        let listing = shown(&["dis"], "m.mdbc", &module.encode());
        assert_eq!(assemble(&listing).unwrap(), module, "{what}");
        assert_harmless(disassemble(&module).as_bytes(), what);
    }
}

#[test]
fn a_module_that_does_not_load() {
    let mut twice = ModuleBuilder::new(HOSTILE);
    constant(&mut twice, HOSTILE);
    let at = twice.push(Instruction::Neg { dst: Reg(0), src: Reg(0) });
    twice.function(HOSTILE, at as u32);
    twice.function(HOSTILE, at as u32);
    let twice = twice.encode();
    for command in ["run", "check", "dis"] {
        let said = shown(&[command], "m.mdbc", &twice);
        assert!(said.contains("DuplicateFunction"), "{said}");
    }
    shown(&["run", "--json"], "m.mdbc", &twice);
}

#[test]
fn assembly_with_mistakes() {
    let literal = HOSTILE.escape_default();
    let texts = [
        HOSTILE.to_owned(),
        HOSTILE.replace('\n', " "),
        format!("nop ; fine\nnop {HOSTILE}"),
        format!("load_const r0, \"{}", HOSTILE.replace(['\n', '\r'], "")),
        "ж\u{200b}x r0\n\u{9b} nop\n.func\u{202e}".to_owned(),
        format!(".func \"{literal}\"\nnop\n.func \"{literal}\""),
        format!("load_const r0, \"{literal}\" x\ndefine r0, \"{literal}\"\njump l\u{e0041}\n"),
    ];
    for text in texts {
        for command in [["run"].as_slice(), &["check"], &["asm", "-o", "m.mdbc"], &["run", "--json"]] {
            let said = shown(command, "m.mdasm", text.as_bytes());
            assert!(said.contains("line") || said.contains("UTF-8"), "{said}");
        }
    }
}

#[test]
fn a_page_with_mistakes() {
    let inline = HOSTILE.replace(['\n', '\r'], "");
    let pages = [
        format!("Say `{inline}`.\n"),
        format!("Say _\"{inline}\"_ {inline}\n"),
        format!("{inline} say _1_.\n"),
        format!("Define `{inline}` as Text.\nSet `{inline}` to _\"{inline}\"_.\nSet `{inline}` to _1_.\n"),
        format!("# {inline}\n\nSay _\"{inline}\"_ + _1_.\n"),
        format!("Set `{inline}` to\n{HOSTILE}\n"),
    ];
    for page in pages {
        for command in [["run"].as_slice(), &["check"], &["compile", "-o", "m.mdbc"]] {
            shown(command, "p.md", page.replace("Say _\"", "Set `q` to _\"").as_bytes());
        }
        shown(&["run", "--json"], "p.md", page.as_bytes());
    }
}

#[test]
fn names_of_files_and_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let good = assemble("nop").unwrap().encode();
    let bad = assemble("neg r0, r1").unwrap().encode();
    let named = |end: &str| -> PathBuf { PathBuf::from(format!("{HOSTILE}{end}")) };
    fs::write(folder.path().join(named(".mdbc")), &good).unwrap();
    fs::write(folder.path().join(named("-bad.mdbc")), &bad).unwrap();
    fs::write(folder.path().join(named(".mdasm")), "bogus").unwrap();
    fs::write(folder.path().join(named(".md")), "Say `tea`.\nSet `x` to _1_ / _0_.").unwrap();
    fs::write(folder.path().join(named("-fails.md")), "Say _1_ / _0_.\n").unwrap();
    let at = |end: &str| named(end).to_string_lossy().into_owned();
    let global = format!("--global={HOSTILE}");
    let option = format!("--{HOSTILE}");
    let no_value = format!("--global=x={HOSTILE}");
    let calls: [&[&str]; 16] = [
        &["check", &at(".mdbc"), &at("-bad.mdbc"), &at(".mdasm"), &at(".md"), &at("-none.mdbc")],
        &["run", &at("-bad.mdbc")],
        &["run", &at(".mdasm")],
        &["run", &at(".md")],
        &["run", &at("-fails.md")],
        &["run", &at("-none.mdbc")],
        &["run", "--json", &at("-none.mdbc")],
        &["dis", &at("-none.mdbc")],
        &["asm", &at(".mdasm"), "-o", "m.mdbc"],
        &["asm", &at(".mdbc"), "-o", &at("/no/folder.mdbc")],
        &["compile", &at(".md"), "-o", "m.mdbc"],
        &["run", &at(".mdbc"), &at(".mdbc")],
        &["run", &at(".mdbc"), &option],
        &["run", &at(".mdbc"), &global],
        &["run", &at(".mdbc"), &no_value],
        &["run", "--json", &at(".mdbc"), &global],
    ];
    for arguments in calls {
        let output = mdvm(arguments, folder.path());
        assert!(!output.status.success(), "{arguments:?}");
        assert!(!output.stdout.is_empty() || !output.stderr.is_empty(), "{arguments:?}");
        assert_harmless(&output.stdout, &format!("stdout of {arguments:?}"));
        assert_harmless(&output.stderr, &format!("stderr of {arguments:?}"));
    }
}

#[test]
fn what_is_served() {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let inline = HOSTILE.replace(['\n', '\r'], "");
    let page = json(&format!("Say `{inline}`.\nSay {inline}\n"));
    let requests = [
        HOSTILE.replace(['\n', '\r'], ""),
        format!("{{\"id\": 1, {}: 2}}", json(HOSTILE)),
        format!("{{\"id\": {}, \"module\": \"%\"}}", json(HOSTILE)),
        format!("{{\"id\": 1, \"module\": {}}}", json(HOSTILE)),
        format!("{{\"id\": 1, \"source\": {page}, \"name\": {}}}", json(HOSTILE)),
        format!("{{\"id\": 1, \"module\": \"\", \"limits\": {{{}: 1}}}}", json(HOSTILE)),
        format!("{{\"id\": 1, \"module\": \"\", \"globals\": {{{}: {{\"set\": []}}}}}}", json(HOSTILE)),
    ];
    for request in &requests {
        let answer = plug::answer(request);
        assert_harmless(answer.as_bytes(), request);
        let _: serde_json::Value = serde_json::from_str(&answer).unwrap();
    }
    let mut served = Command::new(env!("CARGO_BIN_EXE_mdvm"))
        .arg("serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    served.stdin.take().unwrap().write_all(requests.join("\n").as_bytes()).unwrap();
    assert_harmless(&served.wait_with_output().unwrap().stdout, "serve");
}
