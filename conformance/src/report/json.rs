//! The report for programs.

use machine_dialect_vm::escape::visible_json;
use serde_json::{Map, Value, json};

use crate::paths::shown;
use crate::run::{CaseResult, Column, Disagreement, Run};
use crate::show::group;
use crate::verdict::Verdict;

/// The run as one JSON document.
#[must_use]
pub fn json(run: &Run) -> String {
    let cases: Vec<Value> =
        run.cases
            .iter()
            .enumerate()
            .map(|(index, case)| {
                let results = run.columns.iter().filter_map(|column| {
                    let reproduce = run.reproduce(case, &[column]);
                    Some((column.name.clone(), result(column.results[index].as_ref()?, reproduce)))
                });
                json!({"id": case.id, "place": case.place(), "group": group(case), "results": results.collect::<Map<_, _>>()})
            })
            .collect();
    let document = json!({
        "fine": run.is_fine(),
        "not_begun": run.not_begun,
        "implementations": run.columns.iter().map(implementation).collect::<Vec<_>>(),
        "disagreements": run.disagreements.iter().map(|one| disagreement(run, one)).collect::<Vec<_>>(),
        "cases": cases,
    });
    format!("{}\n", visible_json(&format!("{document:#}")))
}

fn implementation(column: &Column) -> Value {
    let counts: Map<_, _> = Verdict::ALL
        .iter()
        .map(|verdict| (verdict.name().to_owned(), column.count(*verdict).into()))
        .collect();
    json!({
        "name": column.name,
        "implementation": column.handshake.name,
        "version": column.handshake.version,
        "unreported": column.handshake.unreported.iter().map(|field| field.name()).collect::<Vec<_>>(),
        "ledger": column.ledger.as_ref().map(|(path, _)| shown(path)),
        "counts": counts,
        "incidents": column.incidents,
        "not_run": column.not_run(),
        "given_up": column.given_up,
        "seconds": column.seconds(),
    })
}

fn result(result: &CaseResult, reproduce: String) -> Value {
    let mut fields = json!({"verdict": result.judgement.verdict.name(), "seconds": result.done.seconds});
    if result.judgement.verdict != Verdict::Pass {
        fields["answer"] = result.done.answer.to_string().into();
        fields["reason"] = result.judgement.reason.clone().into();
    }
    if !result.judgement.verdict.is_fine() {
        fields["reproduce"] = reproduce.into();
    }
    fields
}

fn disagreement(run: &Run, one: &Disagreement) -> Value {
    json!({"id": run.cases[one.case].id, "groups": one.groups, "differences": one.differences})
}
