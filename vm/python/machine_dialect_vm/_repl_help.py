"""What the REPL tells and completes: instructions, errors, diagnostics, forms and rules, all from the tables of the specification."""

from __future__ import annotations

from . import _language
from ._spec import Opcode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

HELP = """\
Type Machine Dialect: Say _6_ * _7_.  What begins with a value or a name in backticks shows what it comes to.
A block (If, While, For each, a list after `to:`) ends with an empty line, a function (### Utility: `name`) with two.

  :help [WORD]    this, or what it is: an instruction, an error, a diagnostic, a form or a rule
  :source         the page so far                     :reset          forget everything
  :undo           take the last input back            :quit           leave; Ctrl-D does, too
  :load FILE      take the lines of a page            :save FILE      write the page to a file
  :dis            the page as assembly                :step           what the last input executed, step by step
  :asm            assembly from here on, :md back;    :asm add r2, r0, r1 takes one instruction
  :registers, :globals, :functions                    what assembly has kept
"""
ASSEMBLY = """\
Type an instruction, and see what it changes: load_const r0, 5
A block ends with an empty line: it begins with .func NAME, which keeps a function for later, or with a label.
"""
COMMANDS = tuple(f":{word.split()[0].strip(',')}" for word in HELP.split(":")[1:] if word[:1].isalpha() and word[0].islower())


def explanation(word: str) -> str | None:
    """What a word of the machine or the language is; nothing where there is none of that name."""
    texts = [text for explain in (_instruction, _error, _diagnostic, _form, _rule) for text in explain(word)]
    return "\n\n".join(texts) or None


def topics() -> list[str]:
    """What can be explained."""
    from . import errors

    kinds = [*errors.LoadError.kinds, *errors.RunError.kinds, *errors.StateError.kinds]
    return [*(one.mnemonic for one in Opcode), *kinds, *_language.DIAGNOSTICS, *_language.FORMS, *_language.RULES]


def words() -> list[str]:
    """The words of the language, as they are usually written."""
    spellings = [spelling for _role, spellings in _language.WORDS.values() for spelling in spellings]
    spellings += [spelling for _group, phrases, *_ in _language.OPERATORS.values() for spelling in phrases]
    spellings += [spelling for spellings, _classes in _language.TYPES.values() for spelling in spellings]
    return sorted({word for spelling in spellings for word in spelling.split() if word[0].isalpha()})


def _instruction(word: str) -> Iterator[str]:
    opcode = next((opcode for opcode in Opcode if opcode.mnemonic == word), None)
    if opcode is None:
        return
    lines = [f"{opcode.mnemonic} {', '.join(operand.name for operand in opcode.operands)}".rstrip()]
    lines.append(f"    {opcode.summary}")
    lines += [f"    {operand.name}: {operand.role.value.replace('_', ' ')}" for operand in opcode.operands]
    if opcode.errors:
        lines.append(f"    fails with {', '.join(opcode.errors)}")
    yield "\n".join(lines)
    yield "in the reference interpreter:\n" + _meaning(opcode)


def _meaning(opcode: Opcode) -> str:
    import inspect
    import textwrap

    from .reference.operations import operation

    return textwrap.indent(inspect.getsource(operation(opcode)), "    ").rstrip()


def _error(word: str) -> Iterator[str]:
    from . import errors

    found = errors.LoadError.kinds.get(word) or errors.RunError.kinds.get(word) or errors.StateError.kinds.get(word)
    if found is not None:
        moments = {errors.LoadError: "when a module is loaded", errors.StateError: "when a saved state is read"}
        when = next((when for base, when in moments.items() if issubclass(found, base)), "when a program runs")
        summary = (found.__doc__ or "").partition("\n")[0]
        yield "\n".join([f"{word}, an error {when}", f"    {summary}", *(f"    says: {text}" for text in found.templates)])


def _diagnostic(word: str) -> Iterator[str]:
    if word in _language.DIAGNOSTICS:
        severity, message, hint, _fields, place, example, line = _language.DIAGNOSTICS[word]
        lines = [f"{word}, {'an' if severity == 'error' else 'a'} {severity} of a page", f"    says: {message}"]
        lines += [f"    help: {hint}"] if hint else []
        lines += [f"    at:   {place}"]
        lines += [f"    as in {f'line {line} of' if line else ''}:", *(f"      {text}" for text in example.splitlines())] if example else []
        yield "\n".join(lines)


def _form(word: str) -> Iterator[str]:
    """By the name of a form, or by the word that it begins with."""
    for name, (kind, form, summary, example, printed) in _language.FORMS.items():
        if word.lower() in (name, form.split()[0].lower()):
            shown = [f"      {line}" for line in example.splitlines()]
            output = [f"      {line}" for line in printed.splitlines()]
            yield "\n".join([f"{form}  ({kind})", f"    {summary}", *shown, *(["    prints:", *output] if output else [])])


def _rule(word: str) -> Iterator[str]:
    import textwrap

    if word in _language.RULES:
        yield f"{word}, a rule of the language\n" + textwrap.indent(textwrap.fill(_language.RULES[word], 100), "    ")
