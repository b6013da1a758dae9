"""What several tests need."""

from __future__ import annotations

from pathlib import Path

import pytest

from machine_dialect_vm import Module

ROOT = Path(__file__).parents[3]


@pytest.fixture
def corpus() -> Path:
    """The folder with real modules."""
    return ROOT / "conformance" / "corpus"


@pytest.fixture
def endless() -> Module:
    """A loop of a thousand million turns."""
    return counting(1_000_000_000)


def counting(turns: int) -> Module:
    return Module.assemble(
        f"""
        load_const r0, {turns}
        load_const r1, 1
        again:
        sub r0, r0, r1
        jump_if r0, again
        return r0
        """
    )
