//! The modules of the Python package that know the specification: opcodes, operands, types, limits and layouts; a method for
//! each instruction; a class for each kind of error.

use std::fmt::Write as _;

use super::python::{Literal, text};
use crate::Spec;
use crate::model::{
    ErrorEntry, LimitDefault, NoLimit, OpcodeEntry, OperandEntry, Role, Section, pascal_case, snake_case,
};

/// `_spec.py`: what the specification declares, as Python has it.
#[must_use]
pub fn spec(spec: &Spec) -> String {
    let Spec { isa, values, format, .. } = spec;
    let mut out = header(
        "spec/isa.yaml, spec/values.yaml and spec/format.yaml",
        "What the specification declares: opcodes and their operands, types, kinds of assertion, limits and layouts.",
    );
    out.push_str(
        "from enum import Enum, IntEnum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple, TypedDict
else:
    from ._light import NamedTuple, TypedDict
",
    );

    let _ = writeln!(out, "\n\nclass Role(Enum):\n    \"\"\"What an operand can be.\n");
    let first = isa.opcodes.first().map(|opcode| constant(&opcode.mnemonic())).unwrap_or_default();
    let _ = writeln!(out, "    >>> from machine_dialect_vm import Opcode, Role");
    let _ = writeln!(out, "    >>> Opcode.{first}.operands[0].role is Role.OUT\n    True\n    \"\"\"\n");
    for role in &isa.roles {
        let _ = writeln!(out, "    {} = {}", constant(&role.name), text(&role.name));
        let _ = writeln!(
            out,
            "    {}",
            docstring(&format!("{}; in assembly `{}`.", sentence(&role.summary), role.text))
        );
    }

    let _ = writeln!(out, "\n\nclass Operand(NamedTuple):\n    \"\"\"An operand of an opcode.\n");
    let _ = writeln!(out, "    >>> from machine_dialect_vm import Opcode");
    let _ = writeln!(out, "    >>> [operand.name for operand in Opcode.{first}.operands]");
    let names: Vec<String> = isa
        .opcodes
        .first()
        .iter()
        .flat_map(|opcode| &opcode.operands)
        .map(|operand| format!("'{}'", operand.name))
        .collect();
    let _ = writeln!(out, "    [{}]\n    \"\"\"\n", names.join(", "));
    let _ = writeln!(
        out,
        "    name: str\n    \"\"\"Its name.\"\"\"\n    role: Role\n    \"\"\"What it can be.\"\"\""
    );

    render_opcodes(&isa.opcodes, &mut out);

    let types = values.types.iter().map(|one| {
        let notes = one.notes.as_deref().map(|notes| format!(" {notes}")).unwrap_or_default();
        (one.name.as_str(), u64::from(one.id), format!("`{}` in Python.{notes}", one.python))
    });
    render_enum("TypeId", "A type of the language, as instructions encode it.", types, &mut out);
    let kinds = values.assert_kinds.iter().map(|kind| {
        (kind.name.as_str(), u64::from(kind.id), format!("It passes when {}.", kind.passes_when))
    });
    render_enum("AssertKind", "What an assertion checks.", kinds, &mut out);
    let tags = format.constants.iter().map(|constant| {
        (
            constant.type_name.as_str(),
            u64::from(constant.tag),
            format!("A tag byte, then: {}.", constant.layout),
        )
    });
    render_enum("ConstantTag", "The first byte of a constant in the pool.", tags, &mut out);

    let _ = writeln!(out, "\n\nclass Limits(TypedDict, total=False):");
    let _ = writeln!(
        out,
        "    \"\"\"The limits of a run; ``None`` is no limit, and what is left out has its default.\n"
    );
    let limit = values.run_limits.first().map(|limit| limit.name.as_str()).unwrap_or_default();
    let _ = writeln!(out, "    >>> from machine_dialect_vm import Limits, Module, run");
    let _ = writeln!(
        out,
        "    >>> run(Module.assemble(\"halt\"), limits=Limits({limit}=1)).steps\n    1\n    \"\"\"\n"
    );
    for limit in &values.run_limits {
        let default = match limit.default {
            LimitDefault::Number(number) => number.to_string(),
            LimitDefault::Word(NoLimit::None) => "no limit".to_owned(),
        };
        let _ = writeln!(out, "    {}: int | None", limit.name);
        let doc = format!(
            "In {}; by default {default}. Beyond it the run ends with `{}`.",
            limit.unit, limit.error
        );
        let _ = writeln!(out, "    {}", docstring(&doc));
    }

    let _ = writeln!(out, "\n\n# How many registers an instruction can name.\nREGISTERS = {}", isa.registers);
    let _ = writeln!(out, "\n# The first bytes of a module.\nMAGIC = b{}", text(&format.magic));
    let _ = writeln!(
        out,
        "\n# The version and the flags that follow them.\nVERSION = {}\nFLAGS = {}",
        format.version, format.flags
    );
    let _ = writeln!(
        out,
        "\n# The size of the header, and the sections that it has an offset for, in the order of the canonical layout."
    );
    let _ = writeln!(out, "HEADER_BYTES = {}", format.header_bytes());
    let sections: Vec<Literal> =
        format.sections.iter().map(|section: &Section| text(&section.name)).collect();
    let _ = writeln!(out, "SECTIONS = {}", Literal::Tuple(sections));
    let _ = writeln!(
        out,
        "\n# Execution starts here, where there is a function of this name.\nENTRY_FUNCTION = {}",
        text(&format.entry_function)
    );
    let _ = writeln!(
        out,
        "\n# The extension of a module's source map, its first bytes and its version.\nSOURCE_MAP_EXTENSION = {}\nSOURCE_MAP_MAGIC = b{}\nSOURCE_MAP_VERSION = {}",
        text(&format.source_map.extension),
        text(&format.source_map.magic),
        format.source_map.version
    );
    let _ = writeln!(out, "\n# The most constants of a module.");
    let most = format.limits.iter().find(|limit| limit.name == "constants").map_or(0, |limit| limit.value);
    let _ = writeln!(out, "MAX_CONSTANTS = {most}");
    let _ = writeln!(
        out,
        "\n# How an operand of each role is encoded, as `struct` names it; what may repeat or be missing stands once."
    );
    out.push_str("ROLE_LAYOUTS = {\n");
    for role in &isa.roles {
        let codes: String = role.bytes.iter().map(|part| codes(part)).collect();
        let _ = writeln!(out, "    Role.{}: {},", constant(&role.name), text(&codes));
    }
    out.push_str("}\n\n# How the payload of a constant is encoded, as `struct` names it; that of a string is its own.\n");
    out.push_str("CONSTANT_LAYOUTS = {\n");
    for one in &format.constants {
        let _ = writeln!(out, "    ConstantTag.{}: {},", constant(&one.type_name), text(&codes(&one.layout)));
    }
    out.push_str("}\n\n# The kinds of assertion that two ends of a range follow.\n");
    let ranges: Vec<String> = values
        .assert_kinds
        .iter()
        .filter(|kind| kind.takes_range)
        .map(|kind| format!("AssertKind.{}", constant(&kind.name)))
        .collect();
    let _ = writeln!(out, "RANGE_KINDS = frozenset([{}])", ranges.join(", "));
    out
}

fn render_opcodes(opcodes: &[OpcodeEntry], out: &mut String) {
    let Some(last) = opcodes.last() else { return };
    let _ = writeln!(out, "\n\nclass Opcode(IntEnum):\n    \"\"\"The first byte of an instruction.\n");
    let _ = writeln!(out, "    >>> from machine_dialect_vm import Opcode");
    let _ =
        writeln!(out, "    >>> Opcode({})\n    <Opcode.{}: {0}>", last.number, constant(&last.mnemonic()));
    let _ = writeln!(out, "    >>> Opcode.{}.mnemonic, Opcode.{0}.summary", constant(&last.mnemonic()));
    let _ = writeln!(out, "    ('{}', '{}')\n    \"\"\"\n", last.mnemonic(), last.summary);
    for opcode in opcodes {
        let _ = writeln!(out, "    {} = {}", constant(&opcode.mnemonic()), opcode.number);
        let _ = writeln!(out, "    {}", docstring(&opcode.summary));
    }
    out.push_str(
        "
    @property
    def mnemonic(self) -> str:
        \"\"\"The name in assembly, as in ``load_const``.\"\"\"
        return self.name.lower()

    @property
    def summary(self) -> str:
        \"\"\"What it does, in one line.\"\"\"
        return _OPCODES[self][0]

    @property
    def operands(self) -> tuple[Operand, ...]:
        \"\"\"The operands, in byte order.\"\"\"
        return _OPCODES[self][1]

    @property
    def errors(self) -> tuple[str, ...]:
        \"\"\"The kinds of error it can give, apart from limits that bind every instruction.\"\"\"
        return _OPCODES[self][2]


# Opcode -> summary, operands, errors.
_OPCODES: dict[int, tuple[str, tuple[Operand, ...], tuple[str, ...]]] = {
",
    );
    for opcode in opcodes {
        let operands: Vec<String> = opcode
            .operands
            .iter()
            .map(|operand| format!("Operand({}, Role.{})", text(&operand.name), constant(&operand.role)))
            .collect();
        let comma = if operands.len() == 1 { "," } else { "" };
        let errors = Literal::Tuple(opcode.errors.iter().map(|error| text(error)).collect());
        let _ = writeln!(
            out,
            "    {}: ({}, ({}{comma}), {errors}),",
            opcode.number,
            text(&opcode.summary),
            operands.join(", ")
        );
    }
    out.push_str("}\n");
}

fn render_enum<'a>(
    name: &str,
    doc: &str,
    members: impl Iterator<Item = (&'a str, u64, String)>,
    out: &mut String,
) {
    let members: Vec<_> = members.collect();
    let Some((last, value, _)) = members.last() else { return };
    let _ = writeln!(out, "\n\nclass {name}(IntEnum):\n    \"\"\"{doc}\n");
    let module = if name == "ConstantTag" { "machine_dialect_vm.builder" } else { "machine_dialect_vm" };
    let _ = writeln!(out, "    >>> from {module} import {name}");
    let _ = writeln!(out, "    >>> {name}({value})\n    <{name}.{}: {value}>\n    \"\"\"\n", constant(last));
    for (member, value, doc) in &members {
        let _ = writeln!(out, "    {} = {value}\n    {}", constant(member), docstring(doc));
    }
}

/// `_instructions.py`: a method for each instruction.
#[must_use]
pub fn instructions(spec: &Spec) -> String {
    let mut out = header(
        "spec/isa.yaml",
        "A method for each instruction, which appends it to a module that is being built.",
    );
    out.push_str(
        "from ._spec import Opcode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from typing_extensions import Self

    from ._spec import AssertKind, TypeId
    from .builder import Constant, Label, Register


class Instructions:
    \"\"\"The instructions, as methods; each gives back the builder, so that calls may follow one another.\"\"\"

    def _emit(self, opcode: Opcode, *operands: Any) -> Self:
        raise NotImplementedError
",
    );
    for opcode in &spec.isa.opcodes {
        let mut parameters = vec!["self".to_owned()];
        let mut arguments = vec![format!("Opcode.{}", constant(&opcode.mnemonic()))];
        for operand in &opcode.operands {
            let (declared, passed) = parameter(operand);
            parameters.extend(declared);
            arguments.push(passed);
        }
        let _ =
            writeln!(out, "\n    def {}({}) -> Self:", identifier(&opcode.mnemonic()), parameters.join(", "));
        let (call, bytes) = example(spec, opcode);
        let _ = writeln!(out, "        \"\"\"{}", opcode.summary);
        for line in opcode.notes.iter().flat_map(|notes| wrapped(notes)).enumerate() {
            let _ = writeln!(out, "{}        {}", if line.0 == 0 { "\n" } else { "" }, line.1);
        }
        let _ = writeln!(out, "\n        >>> from machine_dialect_vm import ModuleBuilder");
        let _ = writeln!(out, "        >>> ModuleBuilder(){call}.code.hex(\" \")");
        let _ = writeln!(out, "        '{bytes}'");
        for error in &opcode.errors {
            let _ = writeln!(
                out,
                "{}",
                if Some(error) == opcode.errors.first() {
                    "\n        When it runs, it can fail with:\n"
                } else {
                    ""
                }
            );
            let _ = write!(out, "        * ``{error}``");
        }
        if !opcode.errors.is_empty() {
            out.push('\n');
        }
        let _ = writeln!(out, "        \"\"\"\n        return self._emit({})", arguments.join(", "));
    }
    out
}

/// The parameters that an operand becomes, and what of them is passed on.
fn parameter(operand: &OperandEntry) -> (Vec<String>, String) {
    let name = identifier(&operand.name);
    let one = |kind: &str| (vec![format!("{name}: {kind}")], name.clone());
    let Some(role) = Role::from_name(&operand.role) else { return one("Any") };
    match role {
        Role::In | Role::Out | Role::InOut | Role::Tagged => one("Register"),
        Role::OptionalIn => one("Register | None = None"),
        Role::Registers => one("Iterable[Register] = ()"),
        Role::Constant => one("Constant"),
        Role::Global => one("str"),
        Role::Type => one("TypeId | str"),
        Role::Jump => one("Label"),
        Role::Phis => one("Iterable[tuple[Register, Label]]"),
        Role::Check => {
            let parameters = [
                "kind: AssertKind | str",
                "message: str",
                "least: int | None = None",
                "most: int | None = None",
            ];
            (parameters.map(str::to_owned).to_vec(), "(kind, message, least, most)".to_owned())
        }
        Role::Scope => one("int"),
    }
}

/// A call that appends the instruction, and the bytes that come of it.
fn example(spec: &Spec, opcode: &OpcodeEntry) -> (String, String) {
    let mut before = "";
    let mut register: u8 = 0;
    let mut next = || {
        register += 1;
        register - 1
    };
    let mut arguments: Vec<String> = Vec::new();
    let mut bytes = vec![opcode.number];
    for operand in &opcode.operands {
        let Some(role) = Role::from_name(&operand.role) else { continue };
        match role {
            Role::In | Role::Out | Role::InOut | Role::Tagged => {
                let register = next();
                arguments.push(register.to_string());
                bytes.push(register);
            }
            Role::OptionalIn => {
                let register = next();
                arguments.push(register.to_string());
                bytes.extend([1, register]);
            }
            Role::Registers => {
                let (one, two) = (next(), next());
                arguments.push(format!("[{one}, {two}]"));
                bytes.extend([2, one, two]);
            }
            Role::Constant => {
                arguments.push("1.5".to_owned());
                bytes.extend(0u16.to_le_bytes());
            }
            Role::Global => {
                arguments.push("\"x\"".to_owned());
                bytes.extend(0u16.to_le_bytes());
            }
            Role::Type => {
                let Some(one) = spec.values.types.last() else { continue };
                arguments.push(format!("\"{}\"", one.name));
                bytes.extend(u16::from(one.id).to_le_bytes());
            }
            Role::Jump => {
                before = ".label(\"again\")";
                arguments.push("\"again\"".to_owned());
                bytes.extend((-1i32).to_le_bytes());
            }
            Role::Phis => {
                before = ".label(\"before\")";
                let register = next();
                arguments.push(format!("[({register}, \"before\")]"));
                bytes.extend([1, register]);
                bytes.extend(0u16.to_le_bytes());
            }
            Role::Check => {
                let Some(kind) = spec.values.assert_kinds.first() else { continue };
                arguments.push(format!("\"{}\", \"it is not\"", kind.name));
                bytes.push(kind.id);
                bytes.extend(0u16.to_le_bytes());
            }
            Role::Scope => {
                arguments.push("7".to_owned());
                bytes.extend(7u16.to_le_bytes());
            }
        }
    }
    let call = format!("{before}.{}({})", identifier(&opcode.mnemonic()), arguments.join(", "));
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    (call, hex.join(" "))
}

/// `errors.py`: a class for each kind of error.
#[must_use]
pub fn errors(spec: &Spec) -> String {
    let mut out = header(
        "spec/errors.yaml",
        "Every error: a class for each kind that ``spec/errors.yaml`` declares, and those that they derive from.

>>> from machine_dialect_vm import Module, errors, run
>>> try:
...     run(Module.assemble(\"neg r0, r1\"))
... except errors.InvalidOperation as error:
...     print(error.message)
Invalid operation: negation on type Empty
",
    );
    out.push_str(
        "from ._errors import (
    AssemblyError,
    BuildError,
    CallSite,
    CompileError,
    Diagnostic,
    LoadError,
    MachineDialectError,
    Place,
    RunError,
    SourceMapWarning,
    SourceWarning,
    StateError,
    UnreadableFile,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar
",
    );
    let mut names = [
        "AssemblyError",
        "BuildError",
        "CallSite",
        "CompileError",
        "Diagnostic",
        "LoadError",
        "MachineDialectError",
        "Place",
        "RunError",
        "SourceMapWarning",
        "SourceWarning",
        "StateError",
        "UnreadableFile",
    ]
    .map(str::to_owned)
    .to_vec();
    let load = spec.errors.load.iter().map(|entry| (entry, "LoadError"));
    let run = spec.errors.of_runs().map(|entry| (entry, "RunError"));
    let state = spec.errors.state.iter().map(|entry| (entry, "StateError"));
    for (entry, base) in load.chain(run).chain(state) {
        render_error(entry, base, &mut out);
        names.push(entry.kind.clone());
    }
    names.sort();
    out.push_str("\n\n__all__ = [\n");
    for name in names {
        let _ = writeln!(out, "    \"{name}\",");
    }
    out.push_str("]\n");
    out
}

fn render_error(entry: &ErrorEntry, base: &str, out: &mut String) {
    let kind = &entry.kind;
    let _ = writeln!(out, "\n\nclass {kind}({base}):\n    \"\"\"{}.\n", sentence(&entry.summary));
    let _ = writeln!(out, "    >>> from machine_dialect_vm import errors");
    let _ = writeln!(out, "    >>> errors.{base}.kinds[\"{kind}\"] is errors.{kind}\n    True\n    \"\"\"\n");
    let _ = writeln!(out, "    kind: ClassVar[str] = {}", text(kind));
    let templates: Vec<Literal> = entry.all_variants().iter().map(|variant| text(&variant.message)).collect();
    let _ = writeln!(out, "    templates: ClassVar[tuple[str, ...]] = {}", Literal::Tuple(templates));
}

fn header(files: &str, doc: &str) -> String {
    format!(
        "# {}\n\"\"\"{doc}\"\"\"\n\nfrom __future__ import annotations\n\n",
        super::banner(files, super::WRITE)
    )
}

/// A string under a declaration, which editors show.
fn docstring(doc: &str) -> String {
    format!("\"\"\"{}\"\"\"", doc.replace('\\', "\\\\"))
}

fn sentence(summary: &str) -> String {
    let mut letters = summary.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

/// A paragraph, in lines of a length that reads well.
fn wrapped(text: &str) -> Vec<String> {
    const WIDTH: usize = 110;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `load_const` becomes `LOAD_CONST`.
fn constant(name: &str) -> String {
    snake_case(&pascal_case(name)).to_ascii_uppercase()
}

/// The name as a Python identifier: keywords get an underscore.
fn identifier(name: &str) -> String {
    const KEYWORDS: &[&str] = &[
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
        "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in",
        "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ];
    if KEYWORDS.contains(&name) { format!("{name}_") } else { name.to_owned() }
}

/// The numbers that a layout names, as `struct` does: `(u8, u16) × n` becomes `BH`.
fn codes(layout: &str) -> String {
    layout
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter_map(|word| match word {
            "u8" => Some('B'),
            "u16" => Some('H'),
            "i32" => Some('i'),
            "u32" => Some('I'),
            "i64" => Some('q'),
            "f64" => Some('d'),
            _ => None,
        })
        .collect()
}
