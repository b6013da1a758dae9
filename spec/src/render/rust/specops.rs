//! The instructions of specialised code: the enum, what is known of operands, the text of a dump, and what the JIT lowers.

use std::fmt::Write as _;

use super::header;
use crate::Spec;
use crate::model::pascal_case;
use crate::model::specops::{JitLowering, SpecFlow, SpecOpEntry, SpecOperand, SpecOps, SpecType};

pub(super) fn render(spec: &Spec) -> String {
    let specops = &spec.specops;
    let mut out = header("spec/specops.yaml");
    render_enum(specops, &mut out);
    let _ = writeln!(out, "\nimpl SpecOp {{");
    render_names(specops, &mut out);
    render_control(specops, &mut out);
    render_in_place(specops, &mut out);
    render_relatives(specops, &mut out);
    render_fusion(specops, &mut out);
    render_accesses(specops, &mut out);
    let _ = writeln!(out, "}}");
    render_dump(specops, &mut out);
    render_jit(specops, &mut out);
    out
}

fn rust_type<'a>(specops: &'a SpecOps, operand: &SpecOperand) -> &'a str {
    specops.kinds.iter().find(|kind| kind.name == operand.kind).map_or("", |kind| &kind.rust)
}

/// The variants, with a line of documentation each.
fn render_variants<'a>(specops: &SpecOps, ops: impl Iterator<Item = &'a SpecOpEntry>, out: &mut String) {
    for op in ops {
        let _ = writeln!(out, "    /// {}", op.summary);
        let fields: Vec<String> =
            op.operands.iter().map(|one| format!("{}: {}", one.name, rust_type(specops, one))).collect();
        let body = if fields.is_empty() { String::new() } else { format!(" {{ {} }}", fields.join(", ")) };
        let _ = writeln!(out, "    {}{body},", op.name);
    }
}

fn render_enum(specops: &SpecOps, out: &mut String) {
    let _ = writeln!(
        out,
        "/// An instruction of specialised code. Registers are those of the frame. Each does all of what it stands for, or it does\n\
         /// nothing and leaves by its exit.\n#[derive(Debug, Clone, Copy)]\n#[rustfmt::skip]\npub(crate) enum SpecOp {{"
    );
    render_variants(specops, specops.ops.iter(), out);
    let _ = writeln!(out, "}}");
}

fn all(op: &SpecOpEntry) -> String {
    if op.operands.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = op.operands.iter().map(|operand| operand.name.as_str()).collect();
    format!(" {{ {} }}", names.join(", "))
}

fn rest(op: &SpecOpEntry) -> &'static str {
    if op.operands.is_empty() { "" } else { " { .. }" }
}

/// A method that gives `yes` for the instructions that are selected, whose operands `bound` names, and `no` for all others. Each is
/// named, so none is forgotten.
fn method(
    specops: &SpecOps,
    (doc, signature): (&str, &str),
    arm: impl Fn(&SpecOpEntry) -> Option<(String, String)>,
    no: &str,
    out: &mut String,
) {
    let _ = writeln!(out, "    /// {doc}\n    {signature} {{\n        match self {{");
    let mut others = Vec::new();
    for op in &specops.ops {
        match arm(op) {
            Some((bound, value)) => {
                let _ = writeln!(out, "            Self::{}{bound} => {value},", op.name);
            }
            None => others.push(format!("Self::{}{}", op.name, rest(op))),
        }
    }
    if !others.is_empty() {
        let _ = writeln!(out, "            {} => {no},", others.join("\n                | "));
    }
    let _ = writeln!(out, "        }}\n    }}\n");
}

fn render_names(specops: &SpecOps, out: &mut String) {
    let arm = |op: &SpecOpEntry| Some((rest(op).to_owned(), format!("{:?}", op.name)));
    method(specops, ("The name.", "pub(crate) fn name(&self) -> &'static str"), arm, "", out);
}

fn is_flow(op: &SpecOpEntry, flows: &[SpecFlow]) -> bool {
    flows.iter().any(|flow| flow.name() == op.flow)
}

fn render_control(specops: &SpecOps, out: &mut String) {
    let yes = |is: bool, op: &SpecOpEntry, value: &str| is.then(|| (rest(op).to_owned(), value.to_owned()));
    let to = |op: &SpecOpEntry| op.operand("to").map(|_| (" { to, .. }".to_owned(), "Some(to)".to_owned()));
    method(
        specops,
        (
            "Where the instruction may go, besides to the one behind.",
            "fn target_mut(&mut self) -> Option<&mut CodeAddr>",
        ),
        to,
        "None",
        out,
    );
    method(
        specops,
        (
            "Whether control never goes on to the instruction behind.",
            "pub(crate) fn leads_elsewhere(&self) -> bool",
        ),
        |op| yes(is_flow(op, &[SpecFlow::Jump, SpecFlow::Leave]), op, "true"),
        "false",
        out,
    );
    method(
        specops,
        (
            "How many steps the instruction charges, if it charges any.",
            "#[cfg(any(test, debug_assertions))]\n    pub(crate) fn steps(&self) -> Option<u16>",
        ),
        |op| {
            let steps = op.operand("steps").filter(|_| op.fuses.is_empty())?;
            let value = if steps.kind == "few_steps" { "Some(u16::from(*steps))" } else { "Some(*steps)" };
            Some((" { steps, .. }".to_owned(), value.to_owned()))
        },
        "None",
        out,
    );
    method(
        specops,
        ("Whether it may leave by its exit.", "pub(crate) fn has_exit(&self) -> bool"),
        |op| yes(!op.exits.is_empty() || !op.fuses.is_empty(), op, "true"),
        "false",
        out,
    );
}

/// The slots that an operation reads.
fn read_slots(op: &SpecOpEntry) -> Vec<&str> {
    let is_read = |one: &&SpecOperand| one.kind == "slot" && one.name != "dst";
    op.operands.iter().filter(is_read).map(|one| one.name.as_str()).collect()
}

fn render_in_place(specops: &SpecOps, out: &mut String) {
    method(
        specops,
        (
            "The register that an operation on numbers writes, to be changed.",
            "pub(crate) fn result(&mut self) -> Option<&mut Slot>",
        ),
        |op| op.in_place.then(|| (" { dst, .. }".to_owned(), "Some(dst)".to_owned())),
        "None",
        out,
    );
    method(
        specops,
        (
            "The registers that an operation on numbers reads; none of what is no such operation.",
            "pub(crate) fn operands(&self) -> Option<[Slot; 2]>",
        ),
        |op| {
            let reads = read_slots(op);
            let (first, last) = (reads.first()?, reads.last()?);
            op.in_place
                .then(|| (format!(" {{ {}, .. }}", reads.join(", ")), format!("Some([*{first}, *{last}])")))
        },
        "None",
        out,
    );
}

fn render_relatives(specops: &SpecOps, out: &mut String) {
    method(
        specops,
        (
            "Whether a back edge may go to the instruction behind this branch.",
            "pub(crate) fn starts_back_edge(&self) -> bool",
        ),
        |op| op.back_edge.is_some().then(|| (rest(op).to_owned(), "true".to_owned())),
        "false",
        out,
    );
    let back_edge = |op: &SpecOpEntry| {
        let edge = op.back_edge.as_ref().and_then(|name| specops.ops.iter().find(|one| one.name == *name))?;
        let is_few = edge.operand("steps").is_some_and(|steps| steps.kind == "few_steps");
        let steps = if is_few { "steps: u8::try_from(steps).ok()?" } else { "steps" };
        let sides = if op.mirrored { "left: right, right: left" } else { "left, right" };
        Some((
            " { left, right, .. }".to_owned(),
            format!("Some(Self::{} {{ {sides}, to, {steps} }})", edge.name),
        ))
    };
    let signature = "pub(crate) fn with_jump(self, at: CodeAddr, steps: u16) -> Option<Self> {\n        let to = at.next();\n       ";
    let doc =
        "What `Jump` does together with this branch, which it leads to and which is at `at`: a back edge.";
    let mut text = String::new();
    method(specops, (doc, signature), back_edge, "None", &mut text);
    // The body begins with a line of its own.
    out.push_str(&text.replacen("        {\n        match self", "        match self", 1));
    let guarded = |op: &SpecOpEntry| {
        let names: Vec<&str> = op.operands.iter().map(|one| one.name.as_str()).collect();
        let arms: Vec<String> = op
            .guarded
            .iter()
            .filter_map(|(ty, name)| Some((SpecType::from_name(ty)?, name)))
            .map(|(ty, name)| format!("Type::{ty:?} => Some(Self::{name} {{ {} }}),", names.join(", ")))
            .collect();
        let others: Vec<String> = SpecType::ALL
            .iter()
            .filter(|ty| !op.guarded.contains_key(ty.name()))
            .map(|ty| format!("Type::{ty:?}"))
            .collect();
        let body = format!("match ty {{ {} {} => None }}", arms.join(" "), others.join(" | "));
        (!op.guarded.is_empty()).then(|| (format!("{} if dst == slot", all(op)), body))
    };
    let doc = "This instruction together with the test that what it wrote to `slot`, over a scalar, is of that type.";
    let mut text = String::new();
    method(
        specops,
        (doc, "pub(crate) fn with_guard(self, slot: Slot, ty: Type) -> Option<Self>"),
        guarded,
        "None",
        &mut text,
    );
    // A guarded arm does not cover its variant.
    for op in specops.ops.iter().filter(|op| !op.guarded.is_empty()) {
        text = text.replacen(
            " => None,\n        }",
            &format!("\n                | Self::{}{} => None,\n        }}", op.name, rest(op)),
            1,
        );
    }
    out.push_str(&text);
}

/// Whether a superinstruction holds the registers of both of its halves.
fn holds_both(op: &SpecOpEntry) -> bool {
    op.operands.first().is_some_and(|operand| operand.kind == "triple")
}

fn render_fusion(specops: &SpecOps, out: &mut String) {
    let _ = writeln!(
        out,
        "    /// This instruction together with the next, which stays behind it.\n    pub(crate) fn with_next(self, next: Self) -> Option<Self> {{"
    );
    for op in &specops.ops {
        let [first, second] = op.fuses.as_slice() else { continue };
        if holds_both(op) {
            let _ = writeln!(
                out,
                "        if let (Self::{first} {{ dst, left, right }}, Self::{second} {{ dst: to, left: one, right: other }}) = (self, next) {{\n            \
                 let (first, second) = (Triple {{ dst, left, right }}, Triple {{ dst: to, left: one, right: other }});\n            \
                 return Some(Self::{} {{ first, second }});\n        }}",
                op.name
            );
        } else {
            let _ = writeln!(
                out,
                "        if let (Self::{first}{0}, Self::{second} {{ .. }}) = (self, next) {{\n            return Some(Self::{1}{0});\n        }}",
                all(op),
                op.name
            );
        }
    }
    let _ = writeln!(out, "        None\n    }}\n");
    let half = |op: &SpecOpEntry| {
        let first = op.fuses.first()?;
        Some(if holds_both(op) {
            let body = format!(
                "{{ let Triple {{ dst, left, right }} = first; Self::{first} {{ dst, left, right }} }}"
            );
            (" { first, .. }".to_owned(), body)
        } else {
            (all(op), format!("Self::{first}{}", all(op)))
        })
    };
    method(
        specops,
        ("What the first of two fused instructions does by itself.", "pub(crate) fn unfused(self) -> Self"),
        half,
        "self",
        out,
    );
    let second =
        |op: &SpecOpEntry| op.fuses.get(1).map(|second| (rest(op).to_owned(), format!("Some({second:?})")));
    method(
        specops,
        (
            "The name of the second of two fused instructions.",
            "#[cfg(any(test, debug_assertions))]\n    pub(crate) fn second(&self) -> Option<&'static str>",
        ),
        second,
        "None",
        out,
    );
}

/// What an instruction does to its slots, which is what the verifier goes by. A superinstruction does what its first half does.
fn render_accesses(specops: &SpecOps, out: &mut String) {
    let of_slot = |op: &SpecOpEntry, one: &SpecOperand| {
        let needs = one.needs.as_deref().map_or("None".to_owned(), |word| match SpecType::from_name(word) {
            Some(ty) => format!("Some(Needs::Type(Type::{ty:?}))"),
            None => "Some(Needs::Number)".to_owned(),
        });
        let gives = one.gives.as_deref().map_or("None".to_owned(), |word| match SpecType::from_name(word) {
            Some(ty) => format!("Some(Gives::Type(Type::{ty:?}))"),
            None if op.operand(word).is_some_and(|other| other.kind == "constant") => {
                format!("Some(Gives::Constant(*{word}))")
            }
            None => format!("Some(Gives::Same(*{word}))"),
        });
        let refines =
            one.refines.as_deref().map_or("None".to_owned(), |word| match SpecType::from_name(word) {
                Some(ty) => format!("Some(Type::{ty:?})"),
                None => format!("Some(*{word})"),
            });
        let over = one.over.as_deref() == Some("any");
        format!(
            "Access {{ operand: {:?}, slot: *{}, needs: {needs}, gives: {gives}, over_any: {over}, refines: {refines} }}",
            one.name, one.name
        )
    };
    let arm = |op: &SpecOpEntry| {
        let slots: Vec<&SpecOperand> = op.operands.iter().filter(|one| one.kind == "slot").collect();
        let typed = || op.operands.iter().filter(|one| ["constant", "type"].contains(&one.kind.as_str()));
        let named_types: Vec<&str> = typed()
            .filter(|one| {
                slots.iter().any(|slot| {
                    slot.gives.as_deref() == Some(&one.name) || slot.refines.as_deref() == Some(&one.name)
                })
            })
            .map(|one| one.name.as_str())
            .collect();
        if slots.is_empty() || !op.fuses.is_empty() {
            return None;
        }
        let names: Vec<&str> = slots.iter().map(|one| one.name.as_str()).chain(named_types).collect();
        let body: Vec<String> = slots.iter().map(|one| of_slot(op, one)).collect();
        Some((format!(" {{ {}, .. }}", names.join(", ")), format!("vec![{}]", body.join(", "))))
    };
    method(
        specops,
        (
            "What the instruction needs of its slots, and what it gives to them. None of superinstructions, which are their first halves.",
            "pub(crate) fn accesses(&self) -> Vec<Access>",
        ),
        arm,
        "Vec::new()",
        out,
    );
    method(
        specops,
        (
            "Two slots whose values change places.",
            "#[cfg(any(test, debug_assertions))]\n    pub(crate) fn swapped(&self) -> Option<[Slot; 2]>",
        ),
        |op| {
            let slots: Vec<&str> =
                op.operands.iter().filter(|one| one.kind == "slot").map(|one| one.name.as_str()).collect();
            op.swaps.then(|| (all(op), format!("Some([*{}])", slots.join(", *"))))
        },
        "None",
        out,
    );
}

fn render_dump(specops: &SpecOps, out: &mut String) {
    let _ = writeln!(
        out,
        "\nimpl std::fmt::Display for SpecOp {{\n    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{\n        f.write_str(self.name())?;\n        match self {{"
    );
    for op in &specops.ops {
        let shown: Vec<String> =
            op.operands.iter().map(|one| format!("{}={{{}:?}}", one.name, one.name)).collect();
        if shown.is_empty() {
            let _ = writeln!(out, "            Self::{} => Ok(()),", op.name);
        } else {
            let _ = writeln!(
                out,
                "            Self::{}{} => write!(f, \" {}\"),",
                op.name,
                all(op),
                shown.join(" ")
            );
        }
    }
    let _ = writeln!(out, "        }}\n    }}\n}}");
}

/// The enum of the instructions of a theme that the JIT lowers.
fn jit_enum(theme: &str) -> String {
    format!("{}Op", pascal_case(theme))
}

fn render_jit(specops: &SpecOps, out: &mut String) {
    let is_lowered = |op: &SpecOpEntry| op.jit == JitLowering::Lowered.name();
    for theme in &specops.themes {
        let _ = writeln!(
            out,
            "\n/// Of the instructions that the JIT has to lower, those about {}.\n#[cfg(machine_code)]\n#[derive(Debug, Clone, Copy)]\n\
             #[allow(dead_code, reason = \"some are lowered to calls of stubs, which read the operands themselves\")]\n#[rustfmt::skip]\npub(crate) enum {} {{",
            theme.summary,
            jit_enum(&theme.name)
        );
        let is_about = |op: &&SpecOpEntry| is_lowered(op) && op.theme.as_ref() == Some(&theme.name);
        render_variants(specops, specops.ops.iter().filter(is_about), out);
        let _ = writeln!(out, "}}");
    }
    let _ = writeln!(
        out,
        "\n/// The instructions that the JIT has to lower (`jit: lowered` in `spec/specops.yaml`), by theme, each in\n\
         /// `vm/src/exec/jit/x64/instructions.rs`. Those that are missing there do not compile.\n#[cfg(machine_code)]\n#[derive(Debug, Clone, Copy)]\npub(crate) enum JitOp {{"
    );
    for theme in &specops.themes {
        let _ = writeln!(
            out,
            "    /// About {}.\n    {}({}),",
            theme.summary,
            pascal_case(&theme.name),
            jit_enum(&theme.name)
        );
    }
    let _ = writeln!(
        out,
        "    /// One that the loop over specialised code executes (`jit: interpreter`).\n    Interpreter,\n}}"
    );
    let _ = writeln!(
        out,
        "\n#[cfg(machine_code)]\nimpl From<SpecOp> for JitOp {{\n    /// Of a superinstruction, the first half.\n    fn from(op: SpecOp) -> Self {{\n        match op.unfused() {{"
    );
    let mut others = Vec::new();
    for op in &specops.ops {
        match op.theme.as_deref().filter(|_| is_lowered(op)) {
            Some(theme) => {
                let _ = writeln!(
                    out,
                    "            SpecOp::{0}{1} => Self::{2}({3}::{0}{1}),",
                    op.name,
                    all(op),
                    pascal_case(theme),
                    jit_enum(theme)
                );
            }
            None => others.push(format!("SpecOp::{}{}", op.name, rest(op))),
        }
    }
    if !others.is_empty() {
        let _ = writeln!(out, "            {} => Self::Interpreter,", others.join("\n                | "));
    }
    let _ = writeln!(out, "        }}\n    }}\n}}");
}
