//! The report for build servers: JUnit's XML, of which every reader knows this much.

use crate::run::{Column, Run};

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
        .filter_map(|(case, result)| {
            let result = result.as_ref()?;
            let (class, name) = case.id.rsplit_once('/').unwrap_or(("", &case.id));
            let (class, name) = (escape(&class.replace('/', ".")), escape(name));
            let head = format!(
                "    <testcase classname=\"{class}\" name=\"{name}\" time=\"{:.6}\"",
                result.done.seconds
            );
            let verdict = result.judgement.verdict;
            if verdict.is_fine() {
                return Some(format!("{head}/>\n"));
            }
            let (verdict, reason) = (verdict.name(), escape(&result.judgement.reason));
            Some(format!(
                "{head}>\n      <failure message=\"{verdict}\">{reason}</failure>\n    </testcase>\n"
            ))
        })
        .collect();
    let incidents = escape(&column.incidents.join("\n"));
    let tests = column.results.iter().flatten().count();
    let failures =
        column.results.iter().flatten().filter(|result| !result.judgement.verdict.is_fine()).count();
    format!(
        "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" time=\"{:.3}\">\n{cases}    \
         <system-err>{incidents}</system-err>\n  </testsuite>\n",
        escape(&column.name),
        column.seconds(),
    )
}

/// Text as XML. What XML 1.0 cannot hold at all becomes U+FFFD.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(letter),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        assert_eq!(escape("a<b>&\"\u{1b}\n"), "a&lt;b&gt;&amp;&quot;\u{fffd}\n");
    }
}
