//! What a type tuple must come to, by the rules of the specification.

use mdvm_spec::Spec;
use mdvm_spec::model::{Field, FieldType, OpcodeEntry, OperandEntry, TypeRule, Variant};

use super::{Expected, Given, dimensions};

/// What the opcode does with operands of these types. None where no rule matches, which a checked specification excludes.
#[must_use]
pub fn expected(spec: &Spec, entry: &OpcodeEntry, tuple: &[String]) -> Option<Expected> {
    let rule = first_match(spec, entry, tuple)?;
    let gives = |what| Expected::Gives { what, may: rule.may.clone() };
    match (rule.gives.as_deref(), &rule.error) {
        (Some("cast"), _) => Some(expected_of_cast(spec, tuple)),
        (Some("any"), _) => Some(gives(Given::Any)),
        (Some("nothing"), _) => Some(gives(Given::Nothing)),
        (Some(kind), _) => Some(gives(Given::Type(kind.to_owned()))),
        (None, Some(kind)) => {
            let message = message(spec, entry, tuple, kind, rule.expected.as_deref());
            Some(Expected::Fails { kind: kind.clone(), message })
        }
        (None, None) => None,
    }
}

/// Whether a word of a rule, a type or a class, means that type.
#[must_use]
pub fn is_of(spec: &Spec, word: &str, kind: &str) -> bool {
    let class = spec.values.classes.iter().find(|class| class.name == word);
    class.map_or(word == kind, |class| class.types.iter().any(|member| member == kind))
}

pub(super) fn first_match<'a>(spec: &Spec, entry: &'a OpcodeEntry, tuple: &[String]) -> Option<&'a TypeRule> {
    let operands = dimensions(entry);
    let matches = |rule: &&TypeRule| {
        operands
            .iter()
            .zip(tuple)
            .all(|(operand, kind)| rule.when.get(&operand.name).is_none_or(|word| is_of(spec, word, kind)))
    };
    entry.types.iter().find(matches)
}

/// The casts table: a source that is not listed for the target is a `TypeMismatch`.
fn expected_of_cast(spec: &Spec, tuple: &[String]) -> Expected {
    let [from, to] = tuple else { return Expected::Gives { what: Given::Any, may: Vec::new() } };
    let listed = spec.values.casts.iter().find(|cast| cast.to == *to && is_of(spec, &cast.from, from));
    let mismatch = "TypeMismatch".to_owned();
    match listed {
        Some(cast) => {
            let may = if cast.when.is_some() { vec![mismatch] } else { Vec::new() };
            Expected::Gives { what: Given::Type(to.clone()), may }
        }
        None => {
            let text = phrase(&spec.errors.expectations, expectation_of(to));
            let message = text.and_then(|text| {
                let variant = variants(spec, &mismatch).into_iter().next()?;
                Some(variant.message.replace("{expected}", text).replace("{found}", from))
            });
            Expected::Fails { kind: mismatch, message }
        }
    }
}

/// The name of the expectation that stands for a type, which is the type's own but for int (notes of `CastR`).
fn expectation_of(kind: &str) -> &str {
    if kind == "int" { "integer" } else { kind }
}

fn variants(spec: &Spec, kind: &str) -> Vec<Variant> {
    spec.errors.of_runs().find(|error| error.kind == kind).map_or_else(Vec::new, |error| error.all_variants())
}

fn phrase<'a>(phrases: &'a [mdvm_spec::model::Phrase], name: &str) -> Option<&'a str> {
    phrases.iter().find(|phrase| phrase.name == name).map(|phrase| phrase.text.as_str())
}

/// The message of an error that types alone determine: that of the variant whose fields can be filled from them, where one
/// that names operands goes before one that says what was `found`.
fn message(
    spec: &Spec,
    entry: &OpcodeEntry,
    tuple: &[String],
    kind: &str,
    expected: Option<&str>,
) -> Option<String> {
    let fillable = variants(spec, kind).into_iter().filter_map(|variant| {
        let texts = variant
            .fields
            .iter()
            .map(|field| Some((field.name.clone(), field_text(spec, entry, tuple, field, expected)?)))
            .collect::<Option<Vec<_>>>()?;
        let message = texts
            .iter()
            .fold(variant.message, |text, (name, value)| text.replace(&format!("{{{name}}}"), value));
        Some((texts.len(), message))
    });
    fillable.max_by_key(|(filled, _)| *filled).map(|(_, message)| message)
}

fn field_text(
    spec: &Spec,
    entry: &OpcodeEntry,
    tuple: &[String],
    field: &Field,
    expected: Option<&str>,
) -> Option<String> {
    match FieldType::from_name(&field.kind)? {
        FieldType::Expectation => phrase(&spec.errors.expectations, expected?).map(str::to_owned),
        // There is one operation so far; a second would need a rule that says which is meant.
        FieldType::Operation => match spec.errors.operations.as_slice() {
            [only] => Some(only.text.clone()),
            [] | [_, ..] => None,
        },
        FieldType::Type => operand_type(spec, entry, tuple, &field.name).map(str::to_owned),
        FieldType::Title => {
            let name = operand_type(spec, entry, tuple, &field.name)?;
            spec.values.types.iter().find(|kind| kind.name == name).map(|kind| kind.title.clone())
        }
        FieldType::Uint | FieldType::Int | FieldType::Text | FieldType::Bytes => None,
    }
}

/// The type that a field of a message shows: that of the operand with the field's name, or for `found` and `type` that of
/// the operand at fault.
fn operand_type<'a>(spec: &Spec, entry: &OpcodeEntry, tuple: &'a [String], field: &str) -> Option<&'a str> {
    let operands = dimensions(entry);
    let field = match field {
        "found" | "type" => operand_at_fault(spec, entry, tuple)?,
        other => renamed(entry, &operands, other).unwrap_or(other),
    };
    let place = operands.iter().position(|operand| operand.name == field)?;
    tuple.get(place).map(String::as_str)
}

/// The first operand that is not what the first successful rule asks for.
fn operand_at_fault<'a>(spec: &Spec, entry: &'a OpcodeEntry, tuple: &[String]) -> Option<&'a str> {
    let wanted = entry.types.iter().find(|rule| rule.gives.is_some())?;
    // Where several rules succeed, no single operand need be at fault.
    let alternatives = entry.types.iter().filter(|rule| rule.gives.is_some()).count();
    let operands = dimensions(entry);
    if alternatives > 1 && operands.len() > 1 {
        return None;
    }
    let refused = |(operand, kind): &(&&OperandEntry, &String)| {
        wanted.when.get(&operand.name).is_some_and(|word| !is_of(spec, word, kind))
    };
    operands.iter().zip(tuple).find(refused).map(|(operand, _)| operand.name.as_str())
}

/// The operand that a message shows in the place of another, where a type rule gives it an order of its own (`names`).
fn renamed<'a>(entry: &'a OpcodeEntry, operands: &[&OperandEntry], field: &str) -> Option<&'a str> {
    let place = operands.iter().position(|operand| operand.name == field)?;
    entry.types.iter().find_map(|rule| rule.names.get(place)).map(String::as_str)
}
