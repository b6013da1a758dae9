//! Whether `specops.yaml` holds together.

use super::{Report, check_summary, is_identifier, report_duplicates};
use crate::Spec;
use crate::model::specops::{
    JitLowering, SpecEffect, SpecExit, SpecFlow, SpecOpEntry, SpecOperand, SpecOps, SpecType,
};
use crate::source::{Problem, Source};

pub(super) fn check(spec: &Spec, source: &Source, problems: &mut Vec<Problem>) {
    let specops = &spec.specops;
    report_duplicates(source, "kinds", specops.kinds.iter().map(|kind| kind.name.as_str()), problems);
    report_duplicates(source, "ops", specops.ops.iter().map(|op| op.name.as_str()), problems);
    for (index, kind) in specops.kinds.iter().enumerate() {
        let mut report = Report { source, list: "kinds", index, problems };
        if !is_identifier(&kind.name) {
            report.add("name", format!("the kind {:?} is not in snake_case", kind.name));
        }
        check_summary(&kind.summary, &mut report);
    }
    report_duplicates(source, "themes", specops.themes.iter().map(|theme| theme.name.as_str()), problems);
    for (index, theme) in specops.themes.iter().enumerate() {
        let mut report = Report { source, list: "themes", index, problems };
        if !is_identifier(&theme.name) {
            report.add("name", format!("the theme {:?} is not in snake_case", theme.name));
        }
        check_summary(&theme.summary, &mut report);
    }
    for (index, op) in specops.ops.iter().enumerate() {
        let mut report = Report { source, list: "ops", index, problems };
        check_theme(specops, op, &mut report);
        check_words(op, &mut report);
        for operand in &op.operands {
            check_operand(specops, op, operand, &mut report);
        }
        check_control(op, &mut report);
        check_relatives(specops, op, &mut report);
        check_fusion(specops, op, &mut report);
    }
}

/// What the instruction is about, which is what its two halves are about if it fuses them.
fn check_theme(specops: &SpecOps, op: &SpecOpEntry, report: &mut Report<'_>) {
    match (&op.theme, op.fuses.is_empty()) {
        (Some(name), true) if specops.themes.iter().any(|theme| theme.name == *name) => {}
        (None, false) => {}
        (Some(name), true) => report.add("theme", format!("{} has the unknown theme `{name}`", op.name)),
        (None, true) => report.add("name", format!("{} has no theme", op.name)),
        (Some(name), false) => {
            report.add("theme", format!("{} is a superinstruction, and has the theme `{name}`", op.name));
        }
    }
}

/// The name, and each word that the renderers have to know.
fn check_words(op: &SpecOpEntry, report: &mut Report<'_>) {
    if !op.name.starts_with(|letter: char| letter.is_ascii_uppercase())
        || !op.name.chars().all(|letter| letter.is_ascii_alphanumeric())
    {
        report.add("name", format!("the name {:?} is not in PascalCase", op.name));
    }
    check_summary(&op.summary, report);
    if SpecFlow::from_name(&op.flow).is_none() {
        report.add("flow", format!("{} has the unknown flow `{}`", op.name, op.flow));
    }
    for exit in op.exits.iter().filter(|exit| SpecExit::from_name(exit).is_none()) {
        report.add("exits", format!("{} has the unknown exit `{exit}`", op.name));
    }
    for effect in op.effects.iter().filter(|effect| SpecEffect::from_name(effect).is_none()) {
        report.add("effects", format!("{} has the unknown effect `{effect}`", op.name));
    }
    if JitLowering::from_name(&op.jit).is_none() {
        report.add("jit", format!("{} has the unknown lowering `{}`", op.name, op.jit));
    }
}

fn check_operand(specops: &SpecOps, op: &SpecOpEntry, operand: &SpecOperand, report: &mut Report<'_>) {
    let SpecOperand { name, kind, needs, gives, over, refines } = operand;
    if !is_identifier(name) {
        report.add("operands", format!("operand {name:?} of {} is not in snake_case", op.name));
    }
    if op.operands.iter().filter(|other| other.name == *name).count() > 1 {
        report.add("operands", format!("{} has two operands `{name}`", op.name));
    }
    if !specops.kinds.iter().any(|known| known.name == *kind) {
        report.add("operands", format!("operand `{name}` of {} has the unknown kind `{kind}`", op.name));
    }
    let is_slot = kind == "slot";
    if !is_slot && (needs.is_some() || gives.is_some() || over.is_some() || refines.is_some()) {
        report.add("operands", format!("operand `{name}` of {} is no slot, and has a type", op.name));
    }
    let is_type = |word: &String| SpecType::from_name(word).is_some();
    let is_operand_of = |word: &String, kind: &str| op.operand(word).is_some_and(|other| other.kind == kind);
    let known = [
        ("needs", needs, needs.as_ref().is_none_or(|word| is_type(word) || word == "number")),
        (
            "gives",
            gives,
            gives.as_ref().is_none_or(|word| {
                is_type(word) || is_operand_of(word, "slot") || is_operand_of(word, "constant")
            }),
        ),
        (
            "over",
            over,
            over.as_ref().is_none_or(|word| gives.is_some() && (word == "any" || word == "scalar")),
        ),
        (
            "refines",
            refines,
            refines.as_ref().is_none_or(|word| is_type(word) || is_operand_of(word, "type")),
        ),
    ];
    for (what, word, is_known) in known {
        if let (Some(word), false) = (word, is_known) {
            report.add(
                "operands",
                format!("operand `{name}` of {} {what} `{word}`, which is no type", op.name),
            );
        }
    }
}

/// What the flow and the exits say of the operands.
fn check_control(op: &SpecOpEntry, report: &mut Report<'_>) {
    if !op.fuses.is_empty() {
        return;
    }
    let has_kind = |kind: &str| op.operands.iter().any(|operand| operand.kind == kind);
    let goes = matches!(SpecFlow::from_name(&op.flow), Some(SpecFlow::Branch | SpecFlow::Jump));
    if goes != has_kind("address") {
        let message = format!(
            "{} has the flow `{}` and {} address to go to",
            op.name,
            op.flow,
            if goes { "no" } else { "an" }
        );
        report.add("flow", message);
    }
    let charges = op.exits.iter().any(|exit| exit == SpecExit::Fuel.name());
    if charges != (has_kind("steps") || has_kind("few_steps")) {
        let message = format!(
            "{} {} fuel and has {} steps",
            op.name,
            if charges { "may lack" } else { "never lacks" },
            if charges { "no" } else { "some" }
        );
        report.add("exits", message);
    }
}

/// What is said of other instructions.
fn check_relatives(specops: &SpecOps, op: &SpecOpEntry, report: &mut Report<'_>) {
    let find = |name: &str| specops.ops.iter().find(|other| other.name == name);
    if let Some(name) = &op.back_edge {
        let names = ["left", "right", "to", "steps"];
        let fits = find(name).is_some_and(|other| names.iter().all(|name| other.operand(name).is_some()));
        if !fits || op.flow != SpecFlow::Branch.name() {
            report.add("back_edge", format!("{name} is no back edge for {}", op.name));
        }
    }
    for (ty, name) in &op.guarded {
        let same = |other: &SpecOpEntry| {
            let names =
                |op: &SpecOpEntry| op.operands.iter().map(|operand| operand.name.clone()).collect::<Vec<_>>();
            names(other) == names(op)
                && other.operand("dst").is_some_and(|dst| dst.gives.as_ref() == Some(ty))
        };
        if SpecType::from_name(ty).is_none() || !find(name).is_some_and(same) {
            report
                .add("guarded", format!("{name} does not do what {} does with a guard for `{ty}`", op.name));
        }
    }
    if op.in_place {
        let reads =
            op.operands.iter().filter(|operand| operand.kind == "slot" && operand.name != "dst").count();
        if op.operand("dst").is_none_or(|dst| dst.gives.is_none()) || !(1..=2).contains(&reads) {
            report.add("in_place", format!("{} is no operation on one or two slots", op.name));
        }
    }
}

fn check_fusion(specops: &SpecOps, op: &SpecOpEntry, report: &mut Report<'_>) {
    if op.fuses.is_empty() != (op.jit != JitLowering::Fused.name()) {
        report.add("jit", format!("{} is lowered as `{}`, and fuses {}", op.name, op.jit, op.fuses.len()));
    }
    if op.fuses.is_empty() {
        return;
    }
    let [first, second] = op.fuses.as_slice() else {
        return report.add("fuses", format!("{} fuses {} instructions, not two", op.name, op.fuses.len()));
    };
    let find = |name: &String| specops.ops.iter().find(|other| other.name == *name && other.fuses.is_empty());
    let (Some(first), Some(second)) = (find(first), find(second)) else {
        return report
            .add("fuses", format!("{} fuses {first} and {second}, of which one is unknown", op.name));
    };
    let fields = |op: &SpecOpEntry| {
        op.operands.iter().map(|operand| (operand.name.clone(), operand.kind.clone())).collect::<Vec<_>>()
    };
    let has_triple = |op: &SpecOpEntry| {
        ["dst", "left", "right"].iter().all(|name| op.operand(name).is_some_and(|one| one.kind == "slot"))
    };
    let holds_both = op.operands.len() == 2
        && op.operands.iter().all(|operand| operand.kind == "triple")
        && has_triple(first)
        && has_triple(second);
    if !holds_both && fields(op) != fields(first) {
        report.add(
            "operands",
            format!("{} has other operands than {}, which it begins with", op.name, first.name),
        );
    }
}
