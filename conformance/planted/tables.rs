//! Bugs that follow from the tables of the specification: whoever adds an opcode, an error, a cost or a limit there plants
//! them too.

use mdvm_spec::Spec;
use mdvm_spec::model::{LimitDefault, OpcodeEntry};

use crate::bug::{Bug, Edit};

/// Opcodes with errors that this file cannot make silent, because what they answer is where to go on; `bugs.yaml` has those.
const ANSWERS_WITH_A_PLACE: [&str; 1] = ["call"];
/// Limits of a module that no case can reach.
const OUT_OF_REACH: [&str; 1] = ["module_bytes"];

/// Words of Python, after which the reference puts an underscore.
const KEYWORDS: [&str; 5] = ["and", "assert", "not", "or", "return"];

/// All bugs that are made from tables.
pub(crate) fn bugs(spec: &Spec) -> Result<Vec<Bug>, String> {
    let mut bugs = Vec::new();
    for opcode in &spec.isa.opcodes {
        bugs.extend(of_opcode(opcode));
    }
    for class in &spec.values.types {
        bugs.push(mistaken_type(class.id, &class.name));
    }
    for cost in &spec.values.costs {
        bugs.extend(one_off(&cost.name, "cost", cost.bytes, &["limits/memory"]));
    }
    for limit in &spec.values.run_limits {
        if let LimitDefault::Number(default) = limit.default {
            let edit = |wrong: u64| {
                (format!("\"{}\": ({default}, ", limit.name), format!("\"{}\": ({wrong}, ", limit.name))
            };
            bugs.extend(numbers(
                &limit.name,
                "default",
                default,
                edit,
                &["limits", "deep", "calls/recursion"],
            ));
        }
    }
    for limit in spec.format.limits.iter().filter(|limit| !OUT_OF_REACH.contains(&limit.name.as_str())) {
        bugs.extend(one_off(&limit.name, "limit", limit.value, &["load"]));
    }
    for section in &spec.format.sections {
        if let Some(least) = section.least {
            bugs.extend(one_off(&section.name, "least-size", least.into(), &["load"]));
        }
    }
    let (name, limit) = ("OUTCOME_WEIGHT_LIMIT", spec.values.outcome_weight_limit);
    let edit = |wrong: u64| (format!("{name} = {limit}\n"), format!("{name} = {wrong}\n"));
    // One less would show only in an outcome of as many bytes, which no case can spell out.
    let [_, one_more] = numbers("outcome_weight", "limit", limit, edit, &["deep/sizes", "deep/sharing"]);
    bugs.push(one_more);
    if bugs.is_empty() { Err("the tables give no bugs".to_owned()) } else { Ok(bugs) }
}

fn of_opcode(opcode: &OpcodeEntry) -> Vec<Bug> {
    let mnemonic = opcode.mnemonic();
    let name = if KEYWORDS.contains(&mnemonic.as_str()) { format!("{mnemonic}_") } else { mnemonic.clone() };
    let head = format!("def {name}(");
    let bug = |what: String, why: String, function: Option<String>, find: String, replace: String| Bug {
        name: format!("{mnemonic}-{what}"),
        why,
        place: "made from isa.yaml by conformance/planted/tables.rs".to_owned(),
        edits: vec![Edit { file: "operations.py".to_owned(), function, find, replace }],
        killed_by: vec![format!("*/{mnemonic}")],
        dies_because: None,
    };
    let around = |what: String, why: String, body: &str| {
        let wrapped = format!("def around(function):\n{body}    return broken\n\n\n@around\n{head}");
        bug(what, why, None, head.clone(), wrapped)
    };

    let mut bugs = Vec::new();
    let has = |operand: &str| opcode.operands.iter().any(|declared| declared.name == operand);
    let gives_bool =
        opcode.types.iter().all(|rule| rule.error.is_some() || rule.gives.as_deref() == Some("bool"));
    // What has no errors and says yes or no is the same both ways round: `and`, `or`, `eq`, `neq`.
    if has("left") && has("right") && !(gives_bool && opcode.errors.is_empty()) {
        bugs.push(bug(
            "swaps-its-operands".to_owned(),
            format!("{mnemonic} takes its left operand for the right one"),
            Some(name.clone()),
            "left, right):".to_owned(),
            "right, left):".to_owned(),
        ));
    }
    if gives_bool {
        let why = format!("{mnemonic} says true for false and false for true");
        let body = "    def broken(*arguments):\n        return not function(*arguments)\n\n";
        bugs.push(around("says-the-opposite".to_owned(), why, body));
    }
    let of_numbers = |class: &String| matches!(class.as_str(), "int" | "float" | "number");
    if opcode.types.iter().any(|rule| rule.when.values().any(of_numbers)) {
        let why = format!("{mnemonic} takes a bool for an int, as Python does");
        let body = "    def broken(*arguments):\n        return function(*(int(a) if type(a) is bool else a for a in arguments))\n\n";
        bugs.push(around("takes-bools-for-ints".to_owned(), why, body));
    }
    for kind in opcode.errors.iter().filter(|_| !ANSWERS_WITH_A_PLACE.contains(&mnemonic.as_str())) {
        let why = format!("{mnemonic} gives empty where it should fail with {kind}");
        let body = format!(
            "    def broken(*arguments):\n        try:\n            return function(*arguments)\n        except Fault as fault:\n            \
             if fault.kind != \"{kind}\":\n                raise\n\n"
        );
        let mut bug = around(format!("never-fails-with-{}", kebab_case(kind)), why, &body);
        if kind == "OutOfMemory" {
            bug.killed_by.push("limits/memory".to_owned());
        }
        if kind == "OutputLimitExceeded" {
            bug.killed_by.push("limits/output".to_owned());
        }
        bugs.push(bug);
    }
    bugs
}

/// `DivisionByZero` as `division-by-zero`.
fn kebab_case(name: &str) -> String {
    let mut kebab = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(letter.to_lowercase());
    }
    kebab
}

/// Where an instruction names this type, it is taken to name another one.
fn mistaken_type(id: u8, name: &str) -> Bug {
    let other = if id == 0 { 1 } else { id - 1 };
    Bug {
        name: format!("type-id-{id}-is-not-{name}"),
        why: format!("an instruction that names type {id}, {name}, is taken to name type {other}"),
        place: "made from values.yaml by conformance/planted/tables.rs".to_owned(),
        edits: vec![Edit {
            file: "decode.py".to_owned(),
            function: Some("_type".to_owned()),
            find: "TYPES[number][0]".to_owned(),
            replace: format!("TYPES[{other} if number == {id} else number][0]"),
        }],
        killed_by: ["*/cast", "*/define", "*/check_type"].map(str::to_owned).to_vec(),
        dies_because: None,
    }
}

/// One less and one more than a number of `_tables.py`.
fn one_off(name: &str, what: &str, right: u64, killed_by: &[&str]) -> [Bug; 2] {
    let edit = |wrong: u64| (format!("    \"{name}\": {right},"), format!("    \"{name}\": {wrong},"));
    numbers(name, what, right, edit, killed_by)
}

fn numbers(
    name: &str,
    what: &str,
    right: u64,
    edit: impl Fn(u64) -> (String, String),
    killed_by: &[&str],
) -> [Bug; 2] {
    [("one-less", right - 1), ("one-more", right + 1)].map(|(how, wrong)| {
        let (find, replace) = edit(wrong);
        Bug {
            name: format!("{}-{what}-{how}", name.replace('_', "-")),
            why: format!("the {what} of {name} is {wrong} instead of {right}"),
            place: "made from the numbers of the specification by conformance/planted/tables.rs".to_owned(),
            edits: vec![Edit { file: "_tables.py".to_owned(), function: None, find, replace }],
            killed_by: killed_by.iter().map(|prefix| (*prefix).to_owned()).collect(),
            dies_because: None,
        }
    })
}
