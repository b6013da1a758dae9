//! Each way in which a specification can be wrong, and the error that says so: with its file, its line and what is there.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use mdvm_spec::{Source, Sources, Spec};

/// The specification with one piece of one file replaced, which must then be refused with `message` at the line of that
/// piece, or at the line of `at` where the error points elsewhere.
struct Mistake {
    file: &'static str,
    replace: &'static str,
    by: &'static str,
    at: Option<&'static str>,
    message: &'static str,
}

const fn mistake(
    file: &'static str,
    replace: &'static str,
    by: &'static str,
    message: &'static str,
) -> Mistake {
    Mistake { file, replace, by, at: None, message }
}

impl Mistake {
    const fn at(self, at: &'static str) -> Self {
        Self { at: Some(at), ..self }
    }
}

const MISTAKES: &[Mistake] = &[
    // isa.yaml
    mistake("isa", "number: 8", "number: 7", "opcode number 7 is taken by AddR already"),
    mistake(
        "isa",
        "number: 49",
        "number: 60",
        "opcode number 60 stands where 49 should: numbers have no gaps",
    ),
    mistake("isa", "number: 49\n", "\n", "missing field `number`").at("name: DictLenR"),
    mistake("isa", "number: 49", "number: 256", "integer `256`"),
    mistake("isa", "name: SubR", "name: AddR", "two opcodes are called AddR"),
    mistake("isa", "name: SubR", "name: Add", "AddR and Add have the same mnemonic `add`"),
    mistake("isa", "name: SubR", "name: sub_r", "opcode name \"sub_r\" is not in PascalCase"),
    mistake(
        "isa",
        "name: Nop\n    since: 1",
        "name: Nop\n    since: 2",
        "Nop is since version 2, outside 1..=1",
    )
    .at("since: 2"),
    mistake("isa", "id: S7,", "id: S70,", "the rule S70 stands where S7 should: ids have no gaps"),
    mistake("isa", "opcodes: [phi]", "opcodes: [phy]", "the rule S21 is about the unknown opcode `phy`"),
    mistake("isa", "but for S4.", "but for S44.", "the rule S6 cites S44, which there is not"),
    mistake("isa", "subject: scopes", "subject: \"\"", "the rule S23 says nothing"),
    mistake("isa", "summary: do nothing", "summary: \"\"", "the summary is empty"),
    mistake("isa", "summary: do nothing", "summary: \"do\\nnothing\"", "the summary is more than one line"),
    mistake("isa", "    summary: do nothing\n", "", "missing field `summary`").at("number: 40"),
    mistake(
        "isa",
        "summary: r[dst] = -r[src]",
        "summary: r[dst] = -r[source]",
        "the summary of NegR names `source`, which is no operand",
    ),
    mistake(
        "isa",
        "{name: array, role: inout}",
        "{name: array, role: changed}",
        "operand `array` of ArraySetR has the unknown role `changed`",
    ),
    mistake(
        "isa",
        "{name: array, role: inout}, {name: index",
        "{name: array, role: inout}, {name: array",
        "ArraySetR has two operands called `array`",
    ),
    mistake(
        "isa",
        "{name: array, role: inout}",
        "{name: Array, role: inout}",
        "operand name \"Array\" of ArraySetR is not in snake_case",
    ),
    mistake(
        "isa",
        "{name: size, role: in}",
        "{name: size, role: out}",
        "NewArrayR writes 2 registers; an instruction writes one at most",
    ),
    mistake(
        "isa",
        "- name: scope\n    bytes",
        "- name: shape\n    bytes",
        "no renderer knows how to print `shape` of roles",
    )
    .at("- name: shape"),
    mistake("isa", "{name: scopes, summary", "{name: globals, summary", "`globals` stands twice in effects"),
    mistake(
        "isa",
        "{name: halt, summary",
        "{name: stop, summary",
        "no renderer knows how to print `stop` of flows",
    ),
    mistake("isa", "effects: [scopes]", "effects: [scope]", "ScopeEnterR has the unknown effect `scope`"),
    mistake("isa", "flow: return", "flow: go", "ReturnR has the unknown flow `go`"),
    mistake(
        "isa",
        "flow: call",
        "flow: next",
        "CallR must have both the flow `call` and one operand of role `registers`, or neither",
    ),
    mistake(
        "isa",
        "errors: [InvalidOperation, IntegerOverflow]",
        "errors: [InvalidOperation, Overflow]",
        "NegR lists the error `Overflow`, which errors.yaml does not declare",
    ),
    mistake(
        "isa",
        "errors: [OutOfMemory, OutputLimitExceeded]",
        "errors: [OutOfMemory]",
        "DebugPrint must have both the effect `output` and the error `OutputLimitExceeded`, or neither",
    )
    .at("effects: [memory, output]"),
    mistake(
        "isa",
        "- {src: float, gives: float}",
        "- {src: real, gives: float}",
        "a type rule of NegR names the unknown type `real`",
    )
    .at("types:\n      - {src: int, gives: int}"),
    mistake(
        "isa",
        "- {src: float, gives: float}",
        "- {source: float, gives: float}",
        "a type rule of NegR names `source`, which is no operand that is read",
    )
    .at("types:\n      - {src: int, gives: int}"),
    mistake(
        "isa",
        "- {src: float, gives: float}",
        "- {src: float, gives: real}",
        "a type rule of NegR gives the unknown type `real`",
    )
    .at("types:\n      - {src: int, gives: int}"),
    mistake(
        "isa",
        "- {src: float, gives: float}",
        "- {src: float}",
        "a type rule of NegR must have either `gives` or `error`",
    )
    .at("types:\n      - {src: int, gives: int}"),
    mistake(
        "isa",
        "- {error: InvalidOperation}",
        "- {error: TypeMismatch}",
        "a type rule of NegR gives `TypeMismatch`, which its errors do not list",
    )
    .at("types:\n      - {src: int, gives: int}"),
    mistake(
        "isa",
        "      - {error: InvalidOperation}\n",
        "",
        "the last type rule of NegR must match everything",
    )
    .at("types:\n      - {src: int, gives: int}"),
    mistake(
        "isa",
        "registers: 256",
        "registers: 300",
        "300 registers cannot be named by one byte; 1 to 256 can",
    ),
    mistake("isa", "registers: 256", "registers: 256\nextra: 1", "unknown field `extra`").at("extra: 1"),
    mistake("isa", "flow: phi", "flaw: phi", "unknown field `flaw`"),
    mistake(
        "isa",
        "expected: integer}",
        "expected: whole}",
        "a type rule of NewArrayR names the unknown expectation `whole`",
    )
    .at("types:\n      - {size: int"),
    mistake(
        "isa",
        "names: [right, left]",
        "names: [right, lift]",
        "a type rule of GtR names `lift`, which is no operand",
    )
    .at("types: &reversed_order"),
    // values.yaml
    mistake("values", "id: 8", "id: 9", "type `dict` has id 9 where 8 should be: ids have no gaps"),
    mistake("values", "name: dict\n    title", "name: array\n    title", "`array` stands twice in types")
        .at("name: array\n    title: Dict"),
    mistake(
        "values",
        "types: [int, float]",
        "types: [int, real]",
        "class `number` has the unknown type `real`",
    ),
    mistake(
        "values",
        "{name: callable, types",
        "{name: number, types",
        "two types or classes are called `number`",
    ),
    mistake(
        "values",
        "{to: float, from: int,",
        "{to: float, from: whole,",
        "a cast names the unknown type `whole`",
    ),
    mistake(
        "values",
        "{id: 2, name: int_range",
        "{id: 3, name: int_range",
        "assert kind `int_range` has id 3 where 2 should be: ids have no gaps",
    ),
    mistake("values", "{name: entry, bytes", "{name: dict, bytes", "`dict` stands twice in costs"),
    mistake(
        "values",
        "default: 1000, error: StackOverflow",
        "default: 0, error: StackOverflow",
        "limit `max_call_depth` has the default 0, with which nothing can run",
    ),
    mistake(
        "values",
        "default: 1000, error: StackOverflow",
        "default: 1000, error: TooDeep",
        "limit `max_call_depth` gives the unknown error `TooDeep`",
    ),
    // format.yaml
    mistake("format", "magic: MDBC", "magic: MDBCX", "the magic \"MDBCX\" is not four ASCII letters"),
    mistake("format", "{tag: 5,", "{tag: 4,", "constant tag 4 is used twice"),
    mistake(
        "format",
        "type: empty, bytes",
        "type: nothing, bytes",
        "constant tag 5 has the unknown type `nothing`",
    ),
    mistake("format", "value: 65536", "value: 0", "limit `constants` is 0, so no module could load"),
    mistake(
        "format",
        "reason: more than any program has, and a bound on the table of names",
        "reason: \"\"",
        "limit `functions` has no reason",
    ),
    // errors.yaml
    mistake(
        "errors",
        "- kind: StackOverflow",
        "- kind: DivisionByZero",
        "error `DivisionByZero` is declared twice, under run and run",
    )
    .at("- kind: DivisionByZero\n    message: Stack"),
    mistake(
        "errors",
        "found {left} and {right}\"\n        fields: [{name: expected",
        "found {left} and {other}\"\n        fields: [{name: expected",
        "the message of `OperandTypes` names `other`, which is no field of it",
    )
    .at("message: \"Type mismatch: expected {expected}, found {found}\""),
    mistake(
        "errors",
        "Undefined function: {name}",
        "Undefined function",
        "field `name` of `UndefinedFunction` is not in its message",
    )
    .at("fields: [{name: name, type: text}]\n    summary: no function"),
    mistake(
        "errors",
        "Undefined function: {name}",
        "Undefined function: {name",
        "the message of `UndefinedFunction` has a brace that is not closed",
    ),
    mistake(
        "errors",
        "{name: length, type: uint}",
        "{name: length, type: usize}",
        "field `length` of `IndexOutOfBounds` has the unknown type `usize`",
    ),
    mistake(
        "errors",
        "{name: url, text: url}",
        "{name: array, text: url}",
        "`array` stands twice in expectations",
    ),
    // The source map of format.yaml, and language.yaml
    mistake("format", "magic: MDBM", "magic: MDBMX", "the magic \"MDBMX\" is not four ASCII letters"),
    mistake("format", "extension: .mdbm", "extension: mdbm", "the extension `mdbm` has no period"),
    mistake(
        "format",
        "least_bytes: 20",
        "least_bytes: 21",
        "the header has 20 bytes, fewer than a file must have",
    ),
    mistake(
        "format",
        "{name: module_hash, bytes: 8",
        "{name: module_hash, bytes: 33",
        "33 bytes of a SHA-256 of 32 are no module_hash",
    ),
    mistake(
        "format",
        "{name: has_text, encoding: flag",
        "{name: has_text, encoding: bit",
        "field `has_text` has the unknown encoding `bit`",
    ),
    mistake(
        "format",
        "{name: line, encoding: delta",
        "{name: begin, encoding: delta",
        "`begin` stands twice in lines of the source map",
    ),
    mistake("language", "file_extension: .md", "file_extension: md", "the file extension `md` has no period"),
    mistake(
        "language",
        "{name: inputs, value: 255, reason: a call carries a count of one byte}",
        "{name: inputs, value: 0, reason: a call carries a count of one byte}",
        "limit `inputs` is 0, so no program could compile",
    ),
    mistake(
        "language",
        "{name: inputs, value: 255, reason: a call carries a count of one byte}",
        "{name: inputs, value: 255, reason: \"\"}",
        "limit `inputs` has no reason",
    ),
    mistake(
        "language",
        "{name: set, role: statement",
        "{name: define, role: statement",
        "`define` stands twice in words",
    ),
    mistake(
        "language",
        "{name: set, role: statement",
        "{name: Set, role: statement",
        "the name \"Set\" in words is not in snake_case",
    ),
    mistake(
        "language",
        "{name: set, role: statement",
        "{name: set, role: verb",
        "`set` has the unknown role `verb`",
    ),
    mistake(
        "language",
        "spellings: [Say, Tell]",
        "spellings: [Say, SET]",
        "the spelling `SET` of `say` is taken by `set` already",
    ),
    mistake("language", "spellings: [Say, Tell]", "spellings: []", "`say` has no spelling"),
    mistake(
        "language",
        "spellings: [For each]",
        "spellings: [\"For  each\"]",
        "the spelling \"For  each\" of `for_each` is not words with a space between them",
    ),
    mistake("language", "fillers: [a, about", "fillers: [a, a, about", "`a` stands twice in fillers"),
    mistake("language", "fillers: [a, about", "fillers: [A, about", "the filler `A` is not in lower case"),
    mistake(
        "language",
        "fillers: [a, about",
        "fillers: [to, about",
        "the filler `to` is a word and never vanishes",
    ),
    mistake(
        "language",
        "{written: [return], hint",
        "{written: [Return], hint",
        "the habit `Return` is not in lower case",
    ),
    mistake(
        "language",
        "{written: [append, push], hint",
        "{written: [print], hint",
        "two habits write `print`",
    ),
    mistake(
        "language",
        "{written: [return], hint",
        "{written: [], hint",
        "a habit of which nothing is written",
    ),
    mistake(
        "language",
        "hint: \"`Give back` ends a function with a result\"",
        "hint: \"\"",
        "the habit [\"return\"] has no hint",
    ),
    mistake(
        "language",
        "holds: [whole, float, number]",
        "holds: [whole, real]",
        "`Number` holds the unknown static type `real`",
    ),
    mistake(
        "language",
        "{name: Time, spellings: [Time, Times]",
        "{name: Time, spellings: [Time, Dates]",
        "the spelling `Dates` of `Time` is taken by `Date` already",
    ),
    mistake(
        "language",
        "{name: truth, values: [bool]",
        "{name: truth, values: [boolean]",
        "`truth` has the type `boolean`, which values.yaml does not have",
    ),
    mistake(
        "language",
        "{name: truth, values: [bool]",
        "{name: truth, values: []",
        "no static type has the type `bool` of values.yaml",
    )
    .at("static_types:"),
    mistake(
        "language",
        "{name: whole, type: whole,",
        "{name: whole, type: int,",
        "`whole` has the unknown static type `int`",
    ),
    mistake(
        "language",
        "written: '\\t'",
        "written: '\\tt'",
        "the escape \"\\\\tt\" is not a backslash and one character",
    ),
    mistake(
        "language",
        "{name: sum, kind: infix}",
        "{name: sum, kind: postfix}",
        "`sum` has the unknown kind `postfix`",
    ),
    mistake(
        "language",
        "{name: sum, kind: infix}",
        "{name: sum, kind: conditional}",
        "`sum` is a conditional and must be the loosest",
    ),
    mistake(
        "language",
        "{name: power, group: power",
        "{name: power, group: product",
        "the group `power` must have operators, or be a conditional",
    )
    .at("{name: power, kind: infix}"),
    mistake(
        "language",
        "{name: power, group: power",
        "{name: power, group: height",
        "`power` is of the unknown group `height`",
    ),
    mistake(
        "language",
        "gives: number, summary: raises",
        "gives: real, summary: raises",
        "`power` gives the unknown `real`",
    ),
    mistake(
        "language",
        "signs: [\"*\"]",
        "signs: [\"+\"]",
        "the sign `+` of `times` is taken by `plus` already",
    ),
    mistake("language", "signs: [\"*\"]", "signs: [x]", "\"x\" of `times` is not a sign"),
    mistake("language", "is the same as]", "has]", "the spelling `has` of `has` is taken by `equal` already")
        .at("{name: has, group"),
    mistake(
        "language",
        "name: set_blank\n    kind: statement",
        "name: set_blank\n    kind: phrase",
        "`set_blank` is of the unknown kind `phrase`",
    )
    .at("kind: phrase"),
    mistake("language", "    summary: Groups.\n", "    summary: \"\"\n", "the summary is empty"),
    mistake(
        "language",
        "    prints: |\n      14\n",
        "    prints: \"14\"\n",
        "the example of `set` prints no lines",
    ),
    mistake(
        "language",
        "{kind: TooDeep, severity: error",
        "{kind: TooDeep, severity: fatal",
        "`TooDeep` has the unknown severity `fatal`",
    ),
    mistake(
        "language",
        "{kind: TooDeep, severity",
        "{kind: too_deep, severity",
        "the diagnostic \"too_deep\" is not in PascalCase",
    ),
    mistake(
        "language",
        "nested deeper than {limit}\"",
        "nested deeper than {most}\"",
        "the message of `TooDeep` names `most`, which is no field of it",
    ),
    mistake(
        "language",
        "nested deeper than {limit}\"",
        "nested deeper than {limit:#x}\"",
        "the message of `TooDeep` says how to show {limit:#x}",
    ),
    mistake(
        "language",
        "{name: limit, type: uint}], at: the token that goes",
        "{name: limit, type: expectation}], at: the token that goes",
        "field `limit` of `TooDeep` is `expectation`, not `uint` or `text`",
    ),
    mistake(
        "language",
        "hint: \"a text stands in quotes: _\\\"{text}\\\"_\"",
        "hint: \"a text stands in quotes: _\\\"{value}\\\"_\"",
        "the hint of `InvalidLiteral` names `value`, which is no field of it",
    ),
    mistake(
        "language",
        "example: \"Say _tea_.\\n\", line: 1",
        "example: \"Say _tea_.\\n\", line: 2",
        "the example of `InvalidLiteral` has no line 2",
    ),
    mistake(
        "language",
        "example: \"Say _tea_.\\n\", line: 1",
        "line: 1",
        "`InvalidLiteral` must have both `example` and `line`, or neither",
    ),
    mistake("language", "at: the token that goes too deep", "at: \"\"", "`TooDeep` has no place"),
    mistake("language", "{id: TruthText,", "{id: Division,", "`Division` stands twice in rules"),
    mistake(
        "language",
        "{id: TruthText,",
        "{id: truth_text,",
        "the rule \"truth_text\" is not in PascalCase",
    ),
    mistake("language", "(rule Joining)\"}", "(rule Joined)\"}", "there is no rule `Joined`"),
    // specops.yaml
    mistake("specops", "name: SubInt\n", "name: AddInt\n", "`AddInt` stands twice in ops"),
    mistake("specops", "name: SubInt\n", "name: sub_int\n", "the name \"sub_int\" is not in PascalCase"),
    mistake("specops", "  - {name: address,", "  - {name: slot,", "`slot` stands twice in kinds"),
    mistake(
        "specops",
        "operands: [{name: to, kind: address}]\n    flow: jump",
        "operands: [{name: to, kind: place}]\n    flow: jump",
        "operand `to` of Goto has the unknown kind `place`",
    ),
    mistake("specops", "{name: guard, summary", "{name: move, summary", "`move` stands twice in themes"),
    mistake("specops", "theme: branch", "theme: branches", "Goto has the unknown theme `branches`"),
    mistake("specops", "  - name: Goto\n    theme: branch\n", "  - name: Goto\n", "Goto has no theme"),
    mistake(
        "specops",
        "  - name: SubIntSubInt\n",
        "  - name: SubIntSubInt\n    theme: number\n",
        "SubIntSubInt is a superinstruction, and has the theme `number`",
    )
    .at("    theme: number\n    summary: \"`SubInt`"),
    mistake("specops", "flow: leave", "flow: leaves", "Deoptimise has the unknown flow `leaves`"),
    mistake("specops", "exits: [deoptimise]", "exits: [panic]", "Deoptimise has the unknown exit `panic`"),
    mistake(
        "specops",
        "effects: [memory]",
        "effects: [files]",
        "Join has the unknown effect `files`",
    ),
    mistake(
        "specops",
        "operands: [{name: dst, kind: slot, gives: int}, {name: src, kind: slot, needs: int}]\n    jit: lowered",
        "operands: [{name: dst, kind: slot, gives: int}, {name: src, kind: slot, needs: text}]\n    jit: lowered",
        "operand `src` of MoveInt needs `text`, which is no type",
    ),
    mistake(
        "specops",
        "{name: dst, kind: slot, gives: src, over: any}",
        "{name: dst, kind: slot, gives: source, over: any}",
        "operand `dst` of Move gives `source`, which is no type",
    ),
    mistake(
        "specops",
        "operands: [{name: steps, kind: steps}]\n    exits: [fuel]",
        "operands: [{name: steps, kind: steps, needs: int}]\n    exits: [fuel]",
        "operand `steps` of ChargeFuel is no slot, and has a type",
    ),
    mistake(
        "specops",
        "operands: [{name: steps, kind: steps}]\n    exits: [fuel]",
        "operands: [{name: steps, kind: steps}]",
        "ChargeFuel never lacks fuel and has some steps",
    )
    .at("name: ChargeFuel"),
    mistake(
        "specops",
        "flow: jump",
        "flow: next",
        "Goto has the flow `next` and an address to go to",
    ),
    mistake("specops", "back_edge: LoopNeInt\n", "back_edge: AddInt\n", "AddInt is no back edge for IfEqInt"),
    mistake(
        "specops",
        "guarded: {int: ArrayGetInt,",
        "guarded: {int: ArrayGetFloat,",
        "ArrayGetFloat does not do what ArrayGet does with a guard for `int`",
    ),
    mistake(
        "specops",
        "fuses: [SubInt, SubInt]",
        "fuses: [SubInt]",
        "SubIntSubInt fuses 1 instructions, not two",
    ),
    mistake(
        "specops",
        "fuses: [SubInt, SubInt]",
        "fuses: [SubInt, SubText]",
        "SubIntSubInt fuses SubInt and SubText, of which one is unknown",
    ),
    mistake(
        "specops",
        "fuses: [SubInt, SubInt]",
        "fuses: [NegInt, SubInt]",
        "SubIntSubInt has other operands than NegInt, which it begins with",
    )
    .at("operands: [{name: dst, kind: slot}, {name: left, kind: slot}, {name: right, kind: slot}]\n    fuses: [NegInt"),
    mistake(
        "specops",
        "fuses: [SubInt, SubInt]\n    jit: fused",
        "fuses: [SubInt, SubInt]\n    jit: lowered",
        "SubIntSubInt is lowered as `lowered`, and fuses 2",
    )
    .at("jit: lowered\n  - name: AddIntCountLtInt"),
    mistake("specops", "jit: lowered", "jit: yes", "Goto has the unknown lowering `yes`"),
    // state.yaml
    mistake("state", "extension: .mdst", "extension: mdst", "the extension \"mdst\" does not begin with a dot"),
    mistake("state", "{name: hash, schema", "{name: version, schema", "`version` stands twice in forms"),
    mistake("state", "\"items\": {count}", "\"items\": {frames}", "has `frames` in it, which is not before it"),
    mistake("state", "{name: steps, form: count", "{name: steps, form: number", "`steps` has the unknown form `number`"),
    mistake("state", "{name: url, form: text", "{name: link, form: text", "object `link` is no type of values.yaml"),
];

#[test]
fn every_mistake_is_reported_at_its_line() {
    for mistake in MISTAKES {
        let original = Sources::embedded();
        let source = match mistake.file {
            "isa" => &original.isa,
            "values" => &original.values,
            "format" => &original.format,
            "language" => &original.language,
            "specops" => &original.specops,
            "state" => &original.state,
            _ => &original.errors,
        };
        let text = source.text();
        let Some(place) = text.find(mistake.replace) else {
            panic!("{:?} is not in {}.yaml", mistake.replace, mistake.file);
        };
        let wrong = format!("{}{}{}", &text[..place], mistake.by, &text[place + mistake.replace.len()..]);
        let at =
            mistake.at.map_or(place, |at| wrong.find(at).unwrap_or_else(|| panic!("{at:?} is not there")));
        let line = wrong[..at].lines().count() + usize::from(wrong[..at].ends_with('\n') || at == 0);
        let name = format!("{}.yaml", mistake.file);
        let replaced = Source::new(&name, &wrong);
        let mut sources = original;
        match mistake.file {
            "isa" => sources.isa = replaced,
            "values" => sources.values = replaced,
            "format" => sources.format = replaced,
            "language" => sources.language = replaced,
            "specops" => sources.specops = replaced,
            "state" => sources.state = replaced,
            _ => sources.errors = replaced,
        }
        let Err(problems) = Spec::from_sources(&sources) else {
            panic!("{:?} in place of {:?} was accepted", mistake.by, mistake.replace);
        };
        let found = problems.0.iter().any(|problem| {
            problem.file == name && problem.line == line && problem.message.contains(mistake.message)
        });
        assert!(found, "expected {name}:{line}: {}\nfound {problems}", mistake.message);
    }
}
