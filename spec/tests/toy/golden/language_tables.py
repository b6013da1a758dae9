# Generated from spec/language.yaml by "cargo run -p mdvm-spec -- write". Do not edit.
"""The tables of the language, for the evaluator: plain data, as spec/language.yaml declares it.

What is here, in the order of the page, each described above it:

* ``NAME``, ``FILE_EXTENSION``, ``LIMITS``
* words: ``WORDS``, ``FILLERS``; operators: ``PRECEDENCE``, ``OPERATORS``, ``SIGNS``
* types: ``TYPES``, ``STATIC_TYPES``; literals: ``LITERALS``, ``URL_PATTERN``, ``ESCAPES``
* ``SPELLINGS``, which has the spellings of words, operators and types together, the longest first
* for people: ``FORMS``, ``RULES``; ``DIAGNOSTICS`` with the templates of their texts

Spellings are as they are usually written, but for ``SPELLINGS``, ``FILLERS``, which are in lower case. Patterns are regular
expressions for the whole text (``re.fullmatch``).
"""

from __future__ import annotations

# The name of the language.
NAME = "Toy"

# The extension of its files.
FILE_EXTENSION = ".toy"

# What is refused beyond.
LIMITS: dict[str, int] = {
    "nesting": 10,
}

# Word -> role (statement, joining, definition, section, value or reserved), spellings.
WORDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "say": ("statement", ("Say", "Tell")),
    "give_back": ("statement", ("Give back",)),
    "not": ("joining", ("not",)),
    "empty": ("value", ("empty",)),
}

# The words that vanish, sorted.
FILLERS: tuple[str, ...] = (
    "a",
    "the",
)

# Groups of operators from the loosest to the tightest: name, kind (conditional, infix or prefix).
PRECEDENCE: tuple[tuple[str, str], ...] = (
    ("conditional", "conditional"),
    ("sum", "infix"),
    ("prefix", "prefix"),
)

# Operator -> group, spellings, signs, what it gives (see rule Types), summary.
OPERATORS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...], str, str]] = {
    "minus": ("sum", (), ("-",), "arithmetic", "subtracts (rule Numbers)"),
    "negative": ("prefix", (), ("-",), "same", "the negative"),
    "not": ("prefix", ("not", "is not"), (), "truth", "the opposite"),
}

# Signs, the longest first, and the operators that each may be.
SIGNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("-", ("minus", "negative")),
)

# Type that a program names -> spellings, the static types that fit (where there is none, all do).
TYPES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Whole Number": (("Whole Number",), ("whole",)),
    "Yes/No": (("Yes/No",), ("whole",)),
    "URL": (("URL", "link"), ("empty",)),
    "Empty": (("Empty",), ()),
}

# What is known of an expression without running it -> types of values (where there is none, any), how messages name it.
STATIC_TYPES: dict[str, tuple[tuple[str, ...], str]] = {
    "whole": (("int",), "a whole number"),
    "empty": (("empty",), "empty"),
}

# Literal -> static type, pattern of what stands between the underscores, examples, summary.
LITERALS: dict[str, tuple[str, str, tuple[str, ...], str]] = {
    "whole": ("whole", "[0-9]+", ("_5_", "5"), "a whole number"),
}

# A text that matches is a URL.
URL_PATTERN = "toy:[^\"]*"

# What stands behind a backslash in a text -> what it means.
ESCAPES: dict[str, str] = {
    "n": "\n",
    "\"": "\"",
}

# Words in lower case, the word, the operator and the type that they are, or None; those of the most words first, then the longest.
SPELLINGS: tuple[tuple[tuple[str, ...], str | None, str | None, str | None], ...] = (
    (("whole", "number"), None, None, "Whole Number"),
    (("give", "back"), "give_back", None, None),
    (("is", "not"), None, "not", None),
    (("yes/no",), None, None, "Yes/No"),
    (("empty",), "empty", None, "Empty"),
    (("link",), None, None, "URL"),
    (("tell",), "say", None, None),
    (("not",), "not", "not", None),
    (("say",), "say", None, None),
    (("url",), None, None, "URL"),
)

# Form -> kind (statement, definition or expression), the form for people, summary, a program, what the program prints.
FORMS: dict[str, tuple[str, str, str, str, str]] = {
    "say": ("statement", "Say EXPRESSION.", "Prints a value.", "Say _5_.\n", "5\n"),
}

# Diagnostic -> severity, template of the message, template of the hint or None, ((field, type), ...), what it stands at, the shortest program that gives it or None, the line in it or None.
DIAGNOSTICS: dict[str, tuple[str, str, str | None, tuple[tuple[str, str], ...], str, str | None, int | None]] = {
    "UndefinedName": ("error", "no variable `{name}` here", None, (("name", "text"),), "the name", "Say `tea`.\n", 1),
    "InvalidLiteral": ("error", "_{text}_ is no {type}", "write \"{text}\"", (("text", "text"), ("type", "text")), "the literal", None, None),
    "TooDeep": ("warning", "deeper than {limit}", "less is more", (("limit", "uint"),), "the token", None, None),
    "MissingPeriod": ("error", "no period", None, (), "the end", None, None),
}

# Rule -> what it says.
RULES: dict[str, str] = {
    "Numbers": "There are whole numbers.",
}
