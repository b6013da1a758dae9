//! The report for build servers: JUnit's XML, of which every reader knows this much.

use machine_dialect_vm::escape::visible_lines;

use crate::plug::Answer;
use crate::run::{CaseResult, Column, Run};

/// The run as JUnit XML, one test suite for each implementation.
#[must_use]
pub fn junit(run: &Run) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for column in &run.columns {
        out.push_str(&suite(run, column));
    }
    out.push_str("</testsuites>\n");
    out
}

fn suite(run: &Run, column: &Column) -> String {
    let cases: String = run
        .cases
        .iter()
        .zip(&column.results)
        .map(|(case, result)| {
            let (class, name) = case.id.rsplit_once('/').unwrap_or(("", &case.id));
            let (class, name) = (escape(&class.replace('/', ".")), escape(name));
            let head = format!(
                "    <testcase classname=\"{class}\" name=\"{name}\" time=\"{:.6}\"",
                result.as_ref().map_or(0.0, |result| result.done.seconds)
            );
            let skipped = |why: &str| {
                format!("{head}>\n      <skipped message=\"{}\"/>\n    </testcase>\n", escape(why))
            };
            let Some(result) = result else { return skipped("not run") };
            if let Answer::Unsupported { .. } = result.done.answer {
                return skipped(&result.done.answer.to_string());
            }
            let verdict = result.judgement.verdict;
            if verdict.is_fine() {
                return format!("{head}/>\n");
            }
            let (verdict, reason) = (verdict.name(), escape(&result.judgement.reason));
            format!("{head}>\n      <failure message=\"{verdict}\">{reason}</failure>\n    </testcase>\n")
        })
        .collect();
    let incidents = escape(&column.notes().join("\n"));
    let tests = column.results.len();
    let is_skipped = |result: &Option<CaseResult>| {
        result.as_ref().is_none_or(|result| matches!(result.done.answer, Answer::Unsupported { .. }))
    };
    let skipped = column.results.iter().filter(|result| is_skipped(result)).count();
    let failures = column.results.iter().filter(|result| !is_skipped(result));
    let failures = failures.flatten().filter(|result| !result.judgement.verdict.is_fine()).count();
    format!(
        "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" skipped=\"{skipped}\" time=\"{:.3}\">\n{cases}    \
         <system-err>{incidents}</system-err>\n  </testsuite>\n",
        escape(&column.name),
        column.seconds(),
    )
}

/// Text as XML, with what is not plainly visible escaped: of that there is much that XML 1.0 cannot hold at all.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in visible_lines(text).chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_escaped() {
        assert_eq!(escape("a<b>&\"\u{1b}\n"), "a&lt;b&gt;&amp;&quot;\\u{1b}\n");
    }
}
