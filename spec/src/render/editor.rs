//! TextMate grammars, by which editors colour pages and assembly.

use std::fmt;

use crate::Spec;
use crate::model::language::{Language, Meanings, WordRole};

/// `spec/editor/machine-dialect.tmLanguage.json`.
#[must_use]
pub fn language(spec: &Spec) -> String {
    let language = &spec.language;
    let mut rules = page_rules(language);
    rules.extend(code_rules(language));
    grammar(
        &language.name,
        "text.machine-dialect",
        language.file_extension.trim_start_matches('.'),
        "spec/language.yaml",
        includes(&PAGE),
        rules,
    )
}

/// The rules that a page is made of, in the order in which they are tried.
const PAGE: [&str; 12] = [
    "front-matter",
    "comment",
    "fence",
    "function",
    "section",
    "heading",
    "rule",
    "tag",
    "block-line",
    "item-line",
    "statements",
    "prose",
];

/// The rules that code on a line is made of.
const CODE: [&str; 12] = [
    "comment",
    "name",
    "text",
    "number",
    "operator",
    "type",
    "value",
    "statement-word",
    "word",
    "reserved",
    "punctuation",
    "sign",
];

fn scope(name: &str) -> String {
    format!("{name}.machine-dialect")
}

fn includes(names: &[&str]) -> Json {
    let include = |name: &&str| object(vec![("include", text(&format!("#{name}")))]);
    Json::List(names.iter().map(include).collect())
}

/// A rule of one pattern.
fn matching(pattern: &str, name: &str) -> Json {
    object(vec![("match", text(pattern)), ("name", text(&scope(name)))])
}

/// What the groups of a pattern are.
fn captures(names: &[(&str, &str)]) -> Json {
    object(names.iter().map(|(group, name)| (*group, object(vec![("name", text(&scope(name)))]))).collect())
}

/// The rules of lines, by name.
fn page_rules(language: &Language) -> Vec<(&'static str, Json)> {
    let statement = of_role(language, WordRole::Statement);
    let kinds = of_role(language, WordRole::Definition);
    let sections = of_role(language, WordRole::Section);
    vec![
        (
            "front-matter",
            object(vec![
                ("begin", text(r"\A---\s*$")),
                ("end", text(r"^---\s*$")),
                ("name", text(&scope("comment.block.front-matter"))),
            ]),
        ),
        (
            "comment",
            object(vec![
                ("begin", text("<!--")),
                ("end", text("-->")),
                ("name", text(&scope("comment.block.html"))),
            ]),
        ),
        (
            "fence",
            object(vec![
                ("begin", text(r"^\s*(`{3,}|~{3,}).*$")),
                ("end", text(r"^\s*\1\s*$")),
                ("name", text(&scope("comment.block.fenced"))),
            ]),
        ),
        (
            "function",
            object(vec![
                ("match", text(&format!(r"(?i)^(#{{2,6}})\s+\**({kinds})\**\s*:\s*\**\s*(.*?)\s*$"))),
                ("name", text(&scope("markup.heading.function"))),
                (
                    "captures",
                    captures(&[
                        ("1", "punctuation.definition.heading"),
                        ("2", "storage.type.function"),
                        ("3", "entity.name.function"),
                    ]),
                ),
            ]),
        ),
        (
            "section",
            object(vec![
                ("match", text(&format!(r"(?i)^(#{{1,6}})\s+\**({sections})\**\s*:?\**\s*$"))),
                ("name", text(&scope("markup.heading.section"))),
                (
                    "captures",
                    captures(&[("1", "punctuation.definition.heading"), ("2", "keyword.other.section")]),
                ),
            ]),
        ),
        ("heading", matching(r"^#{1,6}\s.*$", "markup.heading")),
        ("rule", matching(r"^\s*(?:-{3,}|\*{3,}|_{3,})\s*$", "meta.separator")),
        (
            "tag",
            object(vec![
                ("match", text(r"^\s*(</?[A-Za-z][^>]*>)(?:(.*?)(</[A-Za-z]+>))?\s*$")),
                (
                    "captures",
                    captures(&[
                        ("1", "entity.name.tag"),
                        ("2", "comment.line.summary"),
                        ("3", "entity.name.tag"),
                    ]),
                ),
            ]),
        ),
        (
            "block-line",
            object(vec![
                ("begin", text(r"^\s*((?:>(?!=)\s*)+)")),
                ("end", text("$")),
                ("beginCaptures", captures(&[("1", "punctuation.definition.block")])),
                ("patterns", includes(&["item", "code"])),
            ]),
        ),
        (
            "item-line",
            object(vec![
                ("begin", text(r"^\s*(-|[0-9]+\.)(?=\s)")),
                ("end", text("$")),
                ("beginCaptures", captures(&[("1", "punctuation.definition.list")])),
                ("patterns", includes(&["code"])),
            ]),
        ),
        ("item", matching(r"(?<=>|>\s)(?:-|[0-9]+\.)(?=\s)", "punctuation.definition.list")),
        (
            "statements",
            object(vec![
                ("begin", text(&format!(r"(?i)^(?=\s*\**(?:{statement})(?![\w]))|^(?=\s*_)"))),
                ("end", text(r"(?=^\s*$)|^(?=\s*(?:#{1,6}\s|>(?!=)|</?[A-Za-z]))")),
                ("patterns", includes(&["code"])),
            ]),
        ),
        (
            "prose",
            object(vec![
                ("begin", text(r"^(?=\s*\S)")),
                ("end", text(r"(?=^\s*$)|^(?=\s*(?:#{1,6}\s|>(?!=)|</?[A-Za-z]))")),
                ("name", text(&scope("meta.paragraph.prose"))),
                ("patterns", includes(&["comment"])),
            ]),
        ),
    ]
}

/// The rules within a line, by name.
fn code_rules(language: &Language) -> Vec<(&'static str, Json)> {
    vec![
        ("code", object(vec![("patterns", includes(&CODE))])),
        (
            "name",
            object(vec![
                ("match", text(r"(`)([^`\n]*)(`)('s)?")),
                (
                    "captures",
                    captures(&[
                        ("1", "punctuation.definition.variable.begin"),
                        ("2", "variable.other"),
                        ("3", "punctuation.definition.variable.end"),
                        ("4", "keyword.operator.possessive"),
                    ]),
                ),
            ]),
        ),
        ("text", object(vec![("patterns", Json::List(texts(language)))])),
        ("number", object(vec![("patterns", Json::List(numbers(language)))])),
        (
            "operator",
            matching(
                &whole_words(&spelled(language, |meaning| meaning.operator.is_some())),
                "keyword.operator.word",
            ),
        ),
        (
            "type",
            matching(
                &whole_words(&spelled(language, |meaning| {
                    meaning.declared_type.is_some() && meaning.word.is_none()
                })),
                "support.type",
            ),
        ),
        (
            "value",
            matching(
                &format!(
                    "{}|(?i)(?<![\\w'])_(?:{})_",
                    whole_words(&of_role(language, WordRole::Value)),
                    of_role(language, WordRole::Value)
                ),
                "constant.language",
            ),
        ),
        (
            "statement-word",
            matching(&whole_words(&of_role(language, WordRole::Statement)), "keyword.control"),
        ),
        (
            "word",
            matching(
                &whole_words(&spelled(language, |meaning| {
                    meaning.operator.is_none()
                        && meaning.word.is_some_and(|word| word.role == WordRole::Joining.name())
                })),
                "keyword.other",
            ),
        ),
        (
            "reserved",
            matching(&whole_words(&of_role(language, WordRole::Reserved)), "invalid.illegal.reserved"),
        ),
        ("sign", matching(&signs(language), "keyword.operator.sign")),
        ("punctuation", matching(r"\*\*|[.,:;()\\]", "punctuation")),
    ]
}

/// The literals that are texts: between quotes of either kind, with the escapes that there are.
fn texts(language: &Language) -> Vec<Json> {
    let escapes: String = language
        .escapes
        .iter()
        .filter_map(|escape| escape.letter())
        .map(|letter| escaped(&letter.to_string()))
        .collect();
    let patterns = || {
        Json::List(vec![
            object(vec![
                ("match", text(&format!(r"\\[{escapes}]"))),
                ("name", text("constant.character.escape.machine-dialect")),
            ]),
            object(vec![("match", text(r"\\.")), ("name", text("invalid.illegal.escape.machine-dialect"))]),
        ])
    };
    [("\"", "double"), ("'", "single")]
        .into_iter()
        .map(|(quote, kind)| {
            object(vec![
                ("begin", text(&format!(r"(?<![\w`])_?{quote}"))),
                ("end", text(&format!("{quote}_?|$"))),
                ("name", text(&format!("string.quoted.{kind}.machine-dialect"))),
                ("patterns", patterns()),
            ])
        })
        .collect()
}

/// The literals that are numbers: those that may be longer stand first.
fn numbers(language: &Language) -> Vec<Json> {
    let mut literals: Vec<_> = language
        .literals
        .iter()
        .filter(|one| matches!(one.static_type.as_str(), "whole" | "float"))
        .collect();
    literals.sort_by_key(|one| std::cmp::Reverse(one.pattern.len()));
    literals
        .into_iter()
        .map(|one| {
            // The sign belongs to a literal between underscores only.
            let bare = one.pattern.strip_prefix("-?").unwrap_or(&one.pattern);
            object(vec![
                ("match", text(&format!(r"(?<!\w)_(?:{})_(?!\w)|(?<![\w.])(?:{bare})(?!\w)", one.pattern))),
                ("name", text(&format!("constant.numeric.{}.machine-dialect", one.name))),
            ])
        })
        .collect()
}

/// The spellings of the words of a role, as alternatives.
fn of_role(language: &Language, role: WordRole) -> String {
    spelled(language, |meaning| meaning.word.is_some_and(|word| word.role == role.name()))
}

/// The spellings of a meaning, as alternatives: the longest first.
fn spelled(language: &Language, is_meant: impl Fn(&Meanings<'_>) -> bool) -> String {
    let spellings = language.spellings();
    let alternatives = spellings
        .iter()
        .filter(|(_, meaning)| is_meant(meaning))
        .map(|(words, _)| words.iter().map(|word| escaped(word)).collect::<Vec<_>>().join(r"\s+"));
    alternatives.collect::<Vec<_>>().join("|")
}

fn whole_words(alternatives: &str) -> String {
    format!(r"(?i)(?<![\w'])(?:{alternatives})(?![\w'])")
}

fn signs(language: &Language) -> String {
    language.signs().iter().map(|(sign, _)| escaped(sign)).collect::<Vec<_>>().join("|")
}

/// Text as a regular expression that it alone matches.
fn escaped(literal: &str) -> String {
    let mut out = String::new();
    for letter in literal.chars() {
        if !letter.is_alphanumeric() && !matches!(letter, '_' | '\'' | '"' | ' ') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// `spec/editor/mdasm.tmLanguage.json`.
#[must_use]
pub fn assembly(spec: &Spec) -> String {
    let rule = |pattern: &str, name: &str| {
        object(vec![("match", text(pattern)), ("name", text(&format!("{name}.mdasm")))])
    };
    let names = |names: &mut dyn Iterator<Item = String>| names.collect::<Vec<_>>().join("|");
    let mut mnemonics: Vec<String> = spec.isa.opcodes.iter().map(|opcode| opcode.mnemonic()).collect();
    mnemonics.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let types = names(&mut spec.values.types.iter().map(|one| one.name.clone()));
    let checks = names(&mut spec.values.assert_kinds.iter().map(|one| one.name.clone()));
    let rules = vec![
        ("comment", rule(";.*$", "comment.line.semicolon")),
        ("directive", rule(r"(?<![\w.])\.[a-z]+\b", "keyword.other.directive")),
        (
            "label",
            object(vec![
                ("match", text(r"^\s*([A-Za-z_][\w.]*)\s*(:)")),
                (
                    "captures",
                    object(vec![
                        ("1", object(vec![("name", text("entity.name.label.mdasm"))])),
                        ("2", object(vec![("name", text("punctuation.definition.label.mdasm"))])),
                    ]),
                ),
            ]),
        ),
        (
            "string",
            object(vec![
                ("begin", text("\"")),
                ("end", text("\"|$")),
                ("name", text("string.quoted.double.mdasm")),
                (
                    "patterns",
                    Json::List(vec![rule(r"\\(?:u\{[0-9A-Fa-f]+\}|.)", "constant.character.escape")]),
                ),
            ]),
        ),
        (
            "mnemonic",
            rule(&format!(r"(?:^|(?<=:))\s*(?:{})\b", mnemonics.join("|")), "keyword.operator.mnemonic"),
        ),
        (
            "register",
            rule(r"\br(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\b", "variable.language.register"),
        ),
        (
            "number",
            rule(
                r"(?<!\w)[+-]?(?:[0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|nan|inf)\b",
                "constant.numeric",
            ),
        ),
        ("constant", rule(r"\b(?:true|false|empty)\b", "constant.language")),
        ("type", rule(&format!(r"\b(?:{types})\b"), "support.type")),
        ("check", rule(&format!(r"\b(?:{checks})\b"), "support.constant")),
        ("punctuation", rule(r"[,()\[\]:]", "punctuation.separator")),
    ];
    let order = rules.iter().map(|(name, _)| object(vec![("include", text(&format!("#{name}")))])).collect();
    grammar(
        "Machine Dialect assembly",
        "source.mdasm",
        "mdasm",
        "spec/isa.yaml and spec/values.yaml",
        Json::List(order),
        rules,
    )
}

fn grammar(
    name: &str,
    scope: &str,
    extension: &str,
    files: &str,
    patterns: Json,
    rules: Vec<(&'static str, Json)>,
) -> String {
    let grammar = object(vec![
        ("information_for_contributors", Json::List(vec![text(&super::banner(files, super::WRITE))])),
        ("name", text(name)),
        ("scopeName", text(scope)),
        ("fileTypes", Json::List(vec![text(extension)])),
        ("patterns", patterns),
        ("repository", object(rules)),
    ]);
    let mut out = String::new();
    grammar.write(&mut out, 0);
    out.push('\n');
    out
}

/// What a grammar is made of.
enum Json {
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

fn text(text: &str) -> Json {
    Json::Text(text.to_owned())
}

fn object(fields: Vec<(&str, Json)>) -> Json {
    Json::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

impl Json {
    fn write(&self, out: &mut String, depth: usize) {
        let indent = |depth: usize| "  ".repeat(depth);
        let (open, close, fields): (_, _, Vec<(Option<&String>, &Self)>) = match self {
            Self::Text(text) => return out.push_str(&Quoted(text).to_string()),
            Self::List(items) => ('[', ']', items.iter().map(|item| (None, item)).collect()),
            Self::Object(fields) => {
                ('{', '}', fields.iter().map(|(name, value)| (Some(name), value)).collect())
            }
        };
        out.push(open);
        let count = fields.len();
        for (index, (name, value)) in fields.into_iter().enumerate() {
            out.push('\n');
            out.push_str(&indent(depth + 1));
            if let Some(name) = name {
                out.push_str(&format!("{}: ", Quoted(name)));
            }
            value.write(out, depth + 1);
            if index + 1 < count {
                out.push(',');
            }
        }
        if count > 0 {
            out.push('\n');
            out.push_str(&indent(depth));
        }
        out.push(close);
    }
}

/// A text in quotes, as JSON has it.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for letter in self.0.chars() {
            match letter {
                '"' | '\\' => write!(f, "\\{letter}")?,
                '\n' => f.write_str("\\n")?,
                '\t' => f.write_str("\\t")?,
                control if control < ' ' => write!(f, "\\u{:04x}", u32::from(control))?,
                other => write!(f, "{other}")?,
            }
        }
        f.write_str("\"")
    }
}
