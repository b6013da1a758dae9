//! Writing a divergence down as a case of the suite, ready to be reviewed.

use machine_dialect_vm::asm::assemble_bytes;
use machine_dialect_vm::{Module, disassemble};

use crate::bless::{key, yaml};
use crate::case::slug;
use crate::fuzz::divergence::Divergence;
use crate::fuzz::program::Subject;
use crate::outcome::{Field, Outcome};
use crate::plug::Answer;
use crate::value::string_text;

/// The longest name of a case, in letters.
const NAME_LETTERS: usize = 90;
/// The implementation that is taken to be right where it is one of the two; otherwise the first is.
const REFERENCE: &str = "reference";

/// A case file that holds one subject, with the outcome of the implementation that is taken to be right.
///
/// Which one that is, the reader decides: a case is only a proposal until someone has compared it with the specification.
#[must_use]
pub fn case_file(subject: &Subject, divergence: &Divergence, names: (&str, &str)) -> String {
    let (left, right) = ((names.0, &divergence.left), (names.1, &divergence.right));
    let order = if names.1 == REFERENCE { [right, left] } else { [left, right] };
    let right = order.into_iter().find_map(|(name, answer)| match answer {
        Answer::Outcome(outcome) => Some((name, outcome)),
        Answer::Crash { .. }
        | Answer::Timeout { .. }
        | Answer::Unsupported { .. }
        | Answer::Unstable { .. }
        | Answer::Invalid { .. } => None,
    });
    let mut text = format!("# {} and {} differ: {}\n", names.0, names.1, divergence.signature);
    if let Some(pc) = divergence.pc {
        text.push_str(&format!(
            "# The first instruction that differs is {pc}{}.\n",
            where_written(divergence)
        ));
    }
    for line in divergence.differences.lines() {
        text.push_str(&format!("#   {}\n", line.trim_end()));
    }
    if let Some((name, _)) = right {
        text.push_str(&format!(
            "# Expected is what {name} gives. Compare it with the specification before you keep this.\n"
        ));
    }
    let name = slug(&divergence.signature.to_string()).replace('-', " ");
    let name: String = name.chars().take(NAME_LETTERS).collect();
    text.push_str(&case_of(subject, name.trim_end()));
    if let Some((_, outcome)) = right {
        text.push_str(&format!("    expect: {{{}}}\n", expectation(outcome)));
    }
    text
}

/// A case file that holds one subject, with nothing expected of it yet.
#[must_use]
pub fn case_of(subject: &Subject, name: &str) -> String {
    let mut text = format!("cases:\n  - name: {name}\n");
    text.push_str(&module_field(&subject.module));
    if !subject.limits.is_empty() {
        let limits: Vec<_> = subject.limits.iter().map(|(name, limit)| format!("{name}: {limit}")).collect();
        text.push_str(&format!("    limits: {{{}}}\n", limits.join(", ")));
    }
    if !subject.globals.is_empty() {
        let globals = subject.globals.iter();
        let globals: Vec<_> = globals
            .map(|(name, value)| format!("{}: {}", string_text(name), yaml(value.as_str(), Field::Globals)))
            .collect();
        text.push_str(&format!("    globals: {{{}}}\n", globals.join(", ")));
    }
    if let Some(schedule) = &subject.schedule {
        text.push_str(&format!("    schedule: {}\n", schedule.json()));
    }
    text
}

fn where_written(divergence: &Divergence) -> String {
    match divergence.written_at {
        Some(at) => format!(", which reads what {at} wrote"),
        None => String::new(),
    }
}

/// The module as assembly where that gives the very bytes, otherwise the bytes.
fn module_field(bytes: &[u8]) -> String {
    if let Ok(module) = Module::decode(bytes) {
        let assembly = disassemble(&module);
        if assemble_bytes(&assembly).is_ok_and(|again| again == bytes) {
            // Without the indent of the listing: a YAML block takes that of its first line for all of them.
            let lines: Vec<_> = assembly.lines().map(|line| format!("      {}", line.trim())).collect();
            return format!("    asm: |\n{}\n", lines.join("\n"));
        }
    }
    let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("    hex: \"{}\"\n", digits.join(" "))
}

/// Everything that the outcome says, but for what is there in every outcome and empty.
pub(super) fn expectation(outcome: &Outcome) -> String {
    let tells = |field: &Field| match field {
        Field::Stdout => outcome.get(*field).is_some_and(|text| text != "\"\""),
        Field::Globals => outcome.get(*field).is_some_and(|text| text != "{}"),
        Field::Function => false,
        Field::Status
        | Field::Kind
        | Field::Message
        | Field::Pc
        | Field::Line
        | Field::Column
        | Field::Diagnostics
        | Field::Result
        | Field::Steps => true,
    };
    let field = |field: Field| {
        let text = outcome.get(field)?;
        Some(format!("{}: {}", key(field, outcome.status()), yaml(&text, field)))
    };
    outcome.fields().filter(tells).filter_map(field).collect::<Vec<_>>().join(", ")
}
