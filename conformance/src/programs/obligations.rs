//! What the programs owe the language, and what of it they do not pay: each form, each diagnostic, each operator on all types, each rule,
//! and each style of block is executed by some program on every voice, as it should be. Counted is what really ran.

use std::collections::BTreeSet;

use mdvm_spec::Spec;

use super::generated::{form_id, operators};
use super::suite::{Voice, faults};
use super::{End, Program};

/// The diagnostics that no program of the suite gives, and why not.
const TOO_LARGE: &[(&str, &str)] = &[
    ("InvalidUtf8", "a request is text, so its page is always UTF-8"),
    ("ProgramTooLarge", "the evaluator has no module that could be too small"),
];

/// A way to write blocks, and whether a page has one.
struct Style {
    name: &'static str,
    is_used: fn(&[Line<'_>]) -> bool,
}

/// A line as blocks see it.
struct Line<'a> {
    depth: usize,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn new(line: &'a str) -> Self {
        let mut rest = line.trim_start();
        let mut depth = 0;
        while let Some(behind) = rest.strip_prefix('>').filter(|behind| !behind.starts_with('=')) {
            depth += 1;
            rest = behind.trim_start();
        }
        Self { depth, text: rest.trim_end() }
    }

    fn is_header(&self) -> bool {
        self.text.ends_with(':') && !self.text.to_lowercase().ends_with("to:") && !self.text.starts_with('#')
    }

    fn begins_with(&self, word: &str) -> bool {
        self.text.trim_start_matches('*').to_lowercase().starts_with(word)
    }
}

const STYLES: &[Style] = &[
    Style {
        name: "a block right behind its header",
        is_used: |lines| {
            pairs(lines, |one, next| one.is_header() && next.depth > one.depth && !next.text.is_empty())
        },
    },
    Style {
        name: "a blank line behind a header",
        is_used: |lines| {
            triples(lines, |one, two, three| {
                one.is_header() && two.text.is_empty() && two.depth == 0 && three.depth > one.depth
            })
        },
    },
    Style {
        name: "a line of > alone behind a header inside a block",
        is_used: |lines| {
            triples(lines, |one, two, three| {
                one.is_header()
                    && one.depth > 0
                    && two.text.is_empty()
                    && two.depth > 0
                    && three.depth > one.depth
            })
        },
    },
    Style {
        name: "an inner block closed by a line of > alone of the outer depth",
        is_used: |lines| {
            triples(lines, |one, two, three| {
                one.depth > 1
                    && two.text.is_empty()
                    && two.depth > 0
                    && two.depth < one.depth
                    && three.depth == two.depth
                    && !three.text.is_empty()
            })
        },
    },
    Style {
        name: "an inner block closed by a line of > alone of the inner depth",
        is_used: |lines| {
            triples(lines, |one, two, three| {
                one.depth > 1
                    && two.text.is_empty()
                    && two.depth == one.depth
                    && three.depth > 0
                    && three.depth < one.depth
                    && !three.text.is_empty()
            })
        },
    },
    Style {
        name: "an inner block closed by nothing",
        is_used: |lines| {
            pairs(lines, |one, next| {
                one.depth > 1 && next.depth > 0 && next.depth < one.depth && !next.text.is_empty()
            })
        },
    },
    Style {
        name: "a blank line inside a block",
        is_used: |lines| {
            triples(lines, |one, two, three| {
                one.depth > 0
                    && !one.text.is_empty()
                    && !one.is_header()
                    && two.text.is_empty()
                    && two.depth == 0
                    && three.depth == one.depth
                    && !three.text.is_empty()
            })
        },
    },
    Style {
        name: "Else right behind its block",
        is_used: |lines| {
            pairs(lines, |one, next| is_else(next) && one.depth > next.depth && !one.text.is_empty())
        },
    },
    Style {
        name: "Else behind a blank line",
        is_used: |lines| pairs(lines, |one, next| is_else(next) && one.text.is_empty() && one.depth == 0),
    },
    Style {
        name: "Else behind a line of > alone",
        is_used: |lines| pairs(lines, |one, next| is_else(next) && one.text.is_empty() && one.depth > 0),
    },
    Style {
        name: "a list inside a block",
        is_used: |lines| pairs(lines, |_, next| next.depth > 0 && next.text.starts_with("- ")),
    },
    Style {
        name: "three blocks deep",
        is_used: |lines| lines.iter().any(|line| line.depth >= 3 && !line.text.is_empty()),
    },
];

fn is_else(line: &Line<'_>) -> bool {
    line.begins_with("else") || line.begins_with("otherwise")
}

fn pairs(lines: &[Line<'_>], is_one: impl Fn(&Line<'_>, &Line<'_>) -> bool) -> bool {
    lines.windows(2).any(|pair| matches!(pair, [one, two] if is_one(one, two)))
}

fn triples(lines: &[Line<'_>], is_one: impl Fn(&Line<'_>, &Line<'_>, &Line<'_>) -> bool) -> bool {
    lines.windows(3).any(|triple| matches!(triple, [one, two, three] if is_one(one, two, three)))
}

/// What the programs do not pay of what they owe; nothing where they pay it all.
#[must_use]
pub fn gaps(spec: &Spec, programs: &[Program], voices: &[Voice]) -> Vec<String> {
    let mut gaps = Vec::new();
    // What counts ran on every voice, and came to what it should.
    let ran: Vec<(usize, &Program)> = programs
        .iter()
        .enumerate()
        .filter(|(index, program)| faults(program, *index, voices).is_empty())
        .collect();
    let ids: BTreeSet<&str> = ran.iter().map(|(_, program)| program.id.as_str()).collect();
    let mut owe = |what: &str, name: &str, is_paid: bool| {
        if !is_paid {
            gaps.push(format!("{what} {name}"));
        }
    };
    for form in &spec.language.forms {
        owe("form", &form.name, ids.contains(form_id(&form.name).as_str()));
    }
    let given: Vec<BTreeSet<String>> = voices
        .iter()
        .map(|voice| {
            let said = ran.iter().filter_map(|(index, _)| voice.said[*index].as_ref());
            said.flat_map(|said| said.diagnostics().unwrap_or_default()).map(|one| one.kind).collect()
        })
        .collect();
    for entry in &spec.language.diagnostics {
        let is_excused = TOO_LARGE.iter().any(|(kind, _)| *kind == entry.kind);
        owe("diagnostic", &entry.kind, is_excused || given.iter().all(|kinds| kinds.contains(&entry.kind)));
    }
    for tuple in operators(spec) {
        owe("operator", &tuple.name, ids.contains(tuple.program.id.as_str()));
    }
    for rule in &spec.language.rules {
        owe("rule", &rule.id, ran.iter().any(|(_, program)| program.pins.contains(&rule.id)));
    }
    let pages: Vec<Vec<Line<'_>>> = ran
        .iter()
        .filter(|(_, program)| matches!(program.expect.end, Some(End::Result(_))))
        .map(|(_, program)| program.source.lines().map(Line::new).collect())
        .collect();
    for style in STYLES {
        owe("style", style.name, pages.iter().any(|lines| (style.is_used)(lines)));
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn styles(page: &str) -> Vec<&'static str> {
        let lines: Vec<Line<'_>> = page.lines().map(Line::new).collect();
        STYLES.iter().filter(|style| (style.is_used)(&lines)).map(|style| style.name).collect()
    }

    #[test]
    fn styles_of_blocks_are_told_apart() {
        assert_eq!(styles("If _Yes_:\n> Say _1_.\n"), ["a block right behind its header"]);
        assert_eq!(styles("If _Yes_:\n\n> Say _1_.\n"), ["a blank line behind a header"]);
        let page = "If _Yes_:\n> If _No_:\n> >\n> > Say _1_.\n> >\n> Say _2_.\n";
        assert!(styles(page).contains(&"a line of > alone behind a header inside a block"));
        assert!(styles(page).contains(&"an inner block closed by a line of > alone of the inner depth"));
        assert_eq!(styles("Say _1_ >= _2_.\nSay _3_.\n"), Vec::<&str>::new());
    }

    #[test]
    fn where_nothing_ran_everything_is_owed() {
        let spec = Spec::embedded().unwrap();
        let owed = gaps(&spec, &[], &[]);
        assert!(owed.contains(&"form define".to_owned()));
        assert!(owed.contains(&"operator plus int string".to_owned()));
        assert!(owed.contains(&"rule Division".to_owned()));
        assert!(owed.iter().any(|gap| gap.starts_with("style ")));
    }
}
