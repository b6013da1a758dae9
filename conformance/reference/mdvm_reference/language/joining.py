"""Which expressions and variables are certainly text, so that + joins (rule Joining)."""

from __future__ import annotations

from collections.abc import Iterable

from .tree import Chain, Conditional, Expression, Literal, Name

_TEXTS = ("text", "url")


def certainly_text(expression: Expression, variables: frozenset[int] | set[int]) -> bool:
    """Whether it is, where the variables of these slots are."""
    if type(expression) is Literal:
        return expression.static in _TEXTS
    if type(expression) is Name:
        return expression.slot in variables
    if type(expression) is Conditional:
        return certainly_text(expression.value, variables) and certainly_text(expression.otherwise, variables)
    return type(expression) is Chain and text_steps(expression, variables)[-1]


def text_steps(chain: Chain, variables: frozenset[int] | set[int]) -> list[bool]:
    """For each step of a chain, whether it is a + of which a side is certainly text."""
    left = certainly_text(chain.first, variables)
    steps = []
    for step in chain.steps:
        left = step.operator == "plus" and (left or certainly_text(step.operand, variables))
        steps.append(left)
    return steps


def text_variables(candidates: Iterable[int], given: list[tuple[int, Expression]]) -> set[int]:
    """The greatest set of the candidates for which all values that are given to them are certainly text."""
    variables = set(candidates)
    while wrong := {slot for slot, value in given if slot in variables and not certainly_text(value, variables)}:
        variables -= wrong
    return variables


def settle_joins(chains: list[Chain], variables: set[int]) -> None:
    for chain in chains:
        for step, joins in zip(chain.steps, text_steps(chain, variables)):
            step.joins = joins
