//! The reference of the language, for people who write programs: one page of Markdown.

use std::fmt::Write as _;

use crate::Spec;
use crate::model::language::{
    DiagnosticEntry, FormEntry, FormKind, GroupKind, Language, OperatorEntry, WordRole,
};

/// `spec/LANGUAGE.md`.
#[must_use]
pub fn reference(spec: &Spec) -> String {
    let language = &spec.language;
    let mut out = format!("<!-- {} -->\n\n", super::banner("spec/language.yaml", super::WRITE));
    let _ = writeln!(out, "# {}: the language\n", language.name);
    let _ = writeln!(
        out,
        "A program is a page of Markdown. Statements are sentences with a period; what begins with no statement word is \
         prose, for readers. A value stands between underscores, a name in backticks, and the lines of a block begin \
         with `>`. Every example below is a whole program: put it into a file that ends in `{}`, and `mdvm run` prints \
         what stands under it.\n",
        language.file_extension
    );
    contents(language, &mut out);
    for (kind, title, text) in FORMS {
        let _ = writeln!(out, "## {title}\n\n{text}\n");
        for form in language.forms.iter().filter(|form| FormKind::from_name(&form.kind) == Some(*kind)) {
            render_form(form, &mut out);
        }
    }
    operators(language, &mut out);
    literals(language, &mut out);
    types(language, &mut out);
    words(language, &mut out);
    habits(language, &mut out);
    rules(language, &mut out);
    diagnostics(language, &mut out);
    limits(language, &mut out);
    out
}

/// The kinds of forms, in the order of the page.
const FORMS: &[(FormKind, &str, &str)] = &[
    (
        FormKind::Statement,
        "Statements",
        "Capitals are parts, brackets hold what may be left out, and … may repeat. A NAME is a variable, a FUNCTION a function.",
    ),
    (
        FormKind::Definition,
        "Functions",
        "A function is a section of the page, for readers and for the program alike.",
    ),
    (
        FormKind::Expression,
        "Expressions",
        "An EXPRESSION is one of these, or an [operator](#operators) between them.",
    ),
];

fn contents(language: &Language, out: &mut String) {
    for (kind, title, _) in FORMS {
        let forms: Vec<String> = language
            .forms
            .iter()
            .filter(|form| FormKind::from_name(&form.kind) == Some(*kind))
            .map(|form| format!("[{}](#{})", title_of(&form.name), anchor(&title_of(&form.name))))
            .collect();
        let _ = writeln!(out, "- [{title}](#{}): {}", anchor(title), forms.join(", "));
    }
    for title in
        ["Operators", "Literals", "Types", "Words", "From other languages", "Rules", "Diagnostics", "Limits"]
    {
        let _ = writeln!(out, "- [{title}](#{})", anchor(title));
    }
    out.push('\n');
}

fn render_form(form: &FormEntry, out: &mut String) {
    let _ = writeln!(out, "### {}\n", title_of(&form.name));
    let _ = writeln!(out, "{}\n\n{}\n", code(&form.form), prose(&form.summary));
    fenced("markdown", &form.example, out);
    out.push_str("prints\n\n");
    fenced("text", &form.prints, out);
}

fn operators(language: &Language, out: &mut String) {
    out.push_str(
        "## Operators\n\nFrom the loosest to the tightest: of two operators in one expression, the one further down takes its \
         operands first. Parentheses group otherwise.\n\n| group | operator | written | |\n|---|---|---|---|\n",
    );
    for group in &language.precedence {
        let how = match GroupKind::from_name(&group.kind) {
            Some(GroupKind::Infix) => "between, to the left",
            Some(GroupKind::Prefix) => "before",
            Some(GroupKind::Conditional) | None => "with if and else",
        };
        let members: Vec<&OperatorEntry> =
            language.operators.iter().filter(|one| one.group == group.name).collect();
        if members.is_empty() {
            let _ = writeln!(
                out,
                "| **{}** ({how}) | | | [{}](#{}) |",
                group.name,
                group.name,
                anchor(&title_of(&group.name))
            );
        }
        for (index, operator) in members.into_iter().enumerate() {
            let first = if index == 0 { format!("**{}** ({how})", group.name) } else { String::new() };
            let written: Vec<String> =
                operator.signs.iter().chain(&operator.spellings).map(|text| code(text)).collect();
            let _ = writeln!(
                out,
                "| {first} | {} | {} | {} |",
                operator.name.replace('_', " "),
                written.join(", "),
                cell(&prose(&operator.summary))
            );
        }
    }
    out.push('\n');
}

fn literals(language: &Language, out: &mut String) {
    out.push_str("## Literals\n\n| literal | for example | |\n|---|---|---|\n");
    for literal in &language.literals {
        let examples: Vec<String> = literal.examples.iter().map(|text| code(text)).collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} |",
            literal.name,
            examples.join(", "),
            cell(&prose(&literal.summary))
        );
    }
    out.push_str("\nIn a text, a backslash and a character stand for another. Any other is an error.\n\n");
    out.push_str("| written | means |\n|---|---|\n");
    for escape in &language.escapes {
        let means = match escape.character {
            '\n' => "a line end".to_owned(),
            '\t' => "a tab".to_owned(),
            character => code(&character.to_string()),
        };
        let _ = writeln!(out, "| {} | {means} |", code(&escape.written));
    }
    let _ = writeln!(out, "\nA text that matches this pattern is a URL:\n");
    fenced("text", &format!("{}\n", language.url_pattern), out);
}

fn types(language: &Language, out: &mut String) {
    out.push_str("## Types\n\n| type | also written | what fits |\n|---|---|---|\n");
    for one in &language.types {
        let others: Vec<String> =
            one.spellings.iter().filter(|spelling| **spelling != one.name).map(|text| code(text)).collect();
        let holds: Vec<&str> = one
            .holds
            .iter()
            .filter_map(|name| language.static_types.iter().find(|known| known.name == *name))
            .map(|known| known.summary.as_str())
            .collect();
        let holds = if holds.is_empty() { "empty alone".to_owned() } else { holds.join(", or ") };
        let _ = writeln!(out, "| {} | {} | {holds} |", code(&one.name), others.join(", "));
    }
    out.push_str("\nWhat is certain of an expression is checked when a program is compiled ([rule Types](#rule-types)); empty fits every type.\n\n");
}

fn words(language: &Language, out: &mut String) {
    out.push_str(
        "## Words\n\nWords may be written in any case, in bold or not. Between backticks every one of them is a name.\n\n",
    );
    out.push_str("| role | words |\n|---|---|\n");
    for role in WordRole::ALL {
        let spellings: Vec<String> = language
            .words
            .iter()
            .filter(|word| WordRole::from_name(&word.role) == Some(*role))
            .flat_map(|word| &word.spellings)
            .map(|text| code(text))
            .collect();
        let role = match role {
            WordRole::Statement => "begin a statement",
            WordRole::Joining => "stand inside of one",
            WordRole::Definition => "kinds of functions",
            WordRole::Section => "sections of a function",
            WordRole::Value => "values",
            WordRole::Reserved => "reserved: refused, as they have no form yet",
        };
        let _ = writeln!(out, "| {role} | {} |", spellings.join(", "));
    }
    let mut fillers = language.fillers.clone();
    fillers.sort();
    let _ =
        writeln!(out, "\nFillers vanish, so that a sentence can read like one: {}.\n", fillers.join(", "));
}

fn habits(language: &Language, out: &mut String) {
    if language.habits.is_empty() {
        return;
    }
    out.push_str(
        "## From other languages\n\nA message about one of these says what this language has for it.\n\n",
    );
    out.push_str("| written elsewhere | here |\n|---|---|\n");
    for habit in &language.habits {
        let written: Vec<String> = habit.written.iter().map(|one| cell(&code(one))).collect();
        let _ = writeln!(out, "| {} | {} |", written.join(", "), cell(&prose(&habit.hint)));
    }
    out.push('\n');
}

fn rules(language: &Language, out: &mut String) {
    out.push_str(
        "## Rules\n\nWhat the forms leave open. Programs of the suite say which of these they pin.\n\n",
    );
    for rule in &language.rules {
        let _ = writeln!(out, "### Rule {}\n\n{}\n", rule.id, prose(&rule.text));
    }
}

fn diagnostics(language: &Language, out: &mut String) {
    out.push_str(
        "## Diagnostics\n\nAll that is wrong with a page is reported at once, in the order of the page. With an error it is not \
         compiled; with warnings alone it is.\n\n| | | |\n|---|---|---|\n",
    );
    for entry in &language.diagnostics {
        let _ = writeln!(
            out,
            "| [{}](#{}) | {} | {} |",
            entry.kind,
            anchor(&entry.kind),
            entry.severity,
            cell(&code(&entry.message))
        );
    }
    out.push('\n');
    for entry in &language.diagnostics {
        diagnostic(entry, out);
    }
}

fn diagnostic(entry: &DiagnosticEntry, out: &mut String) {
    let _ = writeln!(out, "### {}\n\n{}: {}", entry.kind, entry.severity, code(&entry.message));
    if let Some(hint) = &entry.hint {
        let _ = writeln!(out, "\nhint: {}", code(hint));
    }
    let _ = writeln!(out, "\nIt stands at {}.", prose(&entry.at));
    match (&entry.example, entry.line) {
        (Some(example), Some(line)) => {
            let _ = writeln!(out, "Line {line} of this page gives it:\n");
            fenced("markdown", example, out);
        }
        _ => out.push('\n'),
    }
}

fn limits(language: &Language, out: &mut String) {
    out.push_str("## Limits\n\n| limit | value | because |\n|---|---|---|\n");
    for limit in &language.limits {
        let _ = writeln!(
            out,
            "| {} | {} | {} |",
            limit.name.replace('_', " "),
            limit.value,
            cell(&prose(&limit.reason))
        );
    }
}

/// A fence that no line of the text closes.
fn fenced(info: &str, text: &str, out: &mut String) {
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    let _ = writeln!(out, "{fence}{info}\n{text}{fence}\n");
}

/// Code, whatever backticks are in it.
fn code(text: &str) -> String {
    let text = text.trim();
    if text.contains("``") {
        format!("``` {text} ```")
    } else if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

/// Text as Markdown shows it: marks outside of code are escaped, and rules that it cites are linked.
fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first == '`'
            && let ticks = rest.len() - rest.trim_start_matches('`').len()
            && let Some(length) = rest[ticks..].find(&rest[..ticks])
        {
            let (span, behind) = rest.split_at(ticks + length + ticks);
            out.push_str(span);
            rest = behind;
            continue;
        }
        if let Some(behind) = rest.strip_prefix("(rule ") {
            let end = behind.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(behind.len());
            let (id, behind) = behind.split_at(end);
            let _ = write!(out, "([rule {id}](#{})", rule_anchor(id));
            rest = behind;
            continue;
        }
        if matches!(first, '<' | '*' | '_' | '`' | '[' | ']' | '\\' | '#') {
            out.push('\\');
        }
        out.push(first);
        rest = &rest[first.len_utf8()..];
    }
    out
}

/// Text as it may be in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// `set_named_list` becomes `Set named list`.
fn title_of(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect::<String>().replace('_', " ")
}

/// The anchor of a heading, as sites that show Markdown make it.
fn anchor(title: &str) -> String {
    title.to_lowercase().replace(' ', "-")
}

/// The anchor of a rule.
fn rule_anchor(id: &str) -> String {
    anchor(&format!("rule {id}"))
}
