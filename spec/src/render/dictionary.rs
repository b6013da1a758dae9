//! Dictionaries for fuzzing engines: what a module, or assembly, is made of (`name="bytes"`, one a line, as libFuzzer and
//! AFL read them).

use std::fmt::Write as _;

use crate::Spec;
use crate::model::OpcodeEntry;

/// `fuzz/dictionaries/module.dict`: magic, header, tags, and each opcode with operands that are all zero.
#[must_use]
pub fn module(spec: &Spec) -> String {
    let mut out = head("spec/format.yaml, spec/isa.yaml and spec/values.yaml");
    let format = &spec.format;
    entry(&mut out, "magic", format.magic.as_bytes());
    entry(&mut out, "version", &format.version.to_le_bytes());
    entry(&mut out, "flags", &format.flags.to_le_bytes());
    let mut header = format.magic.as_bytes().to_vec();
    header.extend(format.version.to_le_bytes());
    header.extend(format.flags.to_le_bytes());
    entry(&mut out, "header", &header);
    for constant in &format.constants {
        let mut bytes = vec![constant.tag];
        bytes.extend(std::iter::repeat_n(0, constant.bytes as usize));
        entry(&mut out, &format!("constant_{}", constant.type_name), &bytes);
    }
    for limit in &format.limits {
        let number = u32::try_from(limit.value).unwrap_or(u32::MAX);
        entry(&mut out, &format!("limit_{}", limit.name), &number.to_le_bytes());
        entry(&mut out, &format!("past_{}", limit.name), &number.wrapping_add(1).to_le_bytes());
    }
    entry(&mut out, "entry_function", format.entry_function.as_bytes());
    for opcode in &spec.isa.opcodes {
        entry(&mut out, &opcode.mnemonic(), &zeroed(spec, opcode));
    }
    for kind in &spec.values.types {
        entry(&mut out, &format!("type_{}", kind.name), &u16::from(kind.id).to_le_bytes());
    }
    out
}

/// `fuzz/dictionaries/assembly.dict`: mnemonics, and examples of operands.
#[must_use]
pub fn assembly(spec: &Spec) -> String {
    let mut out = head("spec/isa.yaml and spec/values.yaml");
    for opcode in &spec.isa.opcodes {
        entry(&mut out, &opcode.mnemonic(), format!("{} ", opcode.mnemonic()).as_bytes());
    }
    for role in &spec.isa.roles {
        entry(&mut out, &format!("operand_{}", role.name), role.text.as_bytes());
    }
    for kind in &spec.values.types {
        entry(&mut out, &format!("type_{}", kind.name), kind.name.as_bytes());
    }
    for kind in &spec.values.assert_kinds {
        entry(&mut out, &format!("assert_{}", kind.name), kind.name.as_bytes());
    }
    for (name, text) in
        [("func", ".func "), ("module", ".module \""), ("const", ".const "), ("label", "label:\n")]
    {
        entry(&mut out, name, text.as_bytes());
    }
    out
}

/// `fuzz/dictionaries/source.dict`: spellings, signs, literals, and the marks of a page.
#[must_use]
pub fn source(spec: &Spec) -> String {
    let language = &spec.language;
    let mut out = head("spec/language.yaml");
    for (words, _) in language.spellings() {
        let name = words.join("_").replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        entry(&mut out, &name, format!("{} ", words.join(" ")).as_bytes());
    }
    for (sign, operators) in language.signs() {
        let name = operators.first().map_or("", |one| one.name.as_str());
        entry(&mut out, &format!("sign_{name}"), sign.as_bytes());
    }
    for literal in &language.literals {
        for (index, example) in literal.examples.iter().enumerate() {
            entry(&mut out, &format!("literal_{}_{index}", literal.name), example.as_bytes());
        }
    }
    for (index, escape) in language.escapes.iter().enumerate() {
        entry(&mut out, &format!("escape_{index}"), escape.written.as_bytes());
    }
    for (name, text) in [
        ("name", "`x`"),
        ("name_possessive", "`x`'s "),
        ("block", "\n> "),
        ("block_2", "\n> > "),
        ("heading", "### "),
        (
            "function",
            "\n### Utility: `f`\n\n<details>\n\n> Give back `x`.\n\n</details>\n\n#### Inputs\n\n- `x` as Number\n\n",
        ),
        ("item", "\n- _1_.\n"),
        ("numbered_item", "\n1. _1_.\n"),
        ("named_item", "\n- _\"k\"_: _1_.\n"),
        ("front_matter", "---\n"),
        ("comment", "<!-- -->"),
        ("comment_open", "<!--"),
        ("details", "<details>\n"),
        ("details_end", "</details>\n"),
        ("summary", "<summary>x</summary>\n"),
        ("fence", "\n```\n"),
        ("bold", "**"),
        ("statement", "Define `x` as Number or Text (default: _1_).\n"),
        ("colon", ":\n> "),
        ("mark", "\u{feff}"),
    ] {
        entry(&mut out, name, text.as_bytes());
    }
    out
}

fn head(files: &str) -> String {
    format!("# {}\n", super::banner(files, super::WRITE))
}

/// The opcode byte, and as many zeros as its operands take at least.
fn zeroed(spec: &Spec, opcode: &OpcodeEntry) -> Vec<u8> {
    let mut bytes = vec![opcode.number];
    for operand in &opcode.operands {
        let role = spec.isa.roles.iter().find(|role| role.name == operand.role);
        for field in role.iter().flat_map(|role| &role.bytes) {
            let size = match field.as_str() {
                "u8" => 1,
                "u16" => 2,
                "i32" => 4,
                // What follows a count or a presence byte of zero is not there.
                _ => 0,
            };
            bytes.extend(std::iter::repeat_n(0, size));
        }
    }
    bytes
}

fn entry(out: &mut String, name: &str, bytes: &[u8]) {
    let mut text = String::new();
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = match byte {
            b'"' | b'\\' => write!(text, "\\{}", char::from(*byte)),
            0x20..=0x7e => write!(text, "{}", char::from(*byte)),
            _ => write!(text, "\\x{byte:02X}"),
        };
    }
    let _ = writeln!(out, "{name}=\"{text}\"");
}
