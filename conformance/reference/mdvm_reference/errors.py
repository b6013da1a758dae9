"""Every way in which loading or running can fail, with the typed fields of `errors.yaml`."""

from __future__ import annotations

from typing import Any

from ._tables import ERRORS, EXPECTATIONS, OPERATIONS, TYPES

_TITLES = dict(TYPES.values())

# Field type -> how a field of that type is shown. Types that are not here show themselves.
_SHOWN = {
    "title": _TITLES.__getitem__,
    "expectation": EXPECTATIONS.__getitem__,
    "operation": OPERATIONS.__getitem__,
    "bytes": lambda found: found.hex(" "),
}


class Fault(Exception):
    """One variant of an error with its fields: `Fault("IndexOutOfBounds", index=3, length=2)`."""

    def __init__(self, variant: str, **fields: Any):
        super().__init__(variant, fields)
        self.variant = variant
        self.fields = fields
        self.kind = ERRORS[variant][0]

    @property
    def message(self) -> str:
        _kind, template, fields = ERRORS[self.variant]
        shown = {name: _SHOWN.get(kind, _itself)(self.fields[name]) for name, kind in fields}
        return template.format(**shown)

    def __str__(self) -> str:
        return self.message


class InvalidInput(ValueError):
    """What the host handed in besides the module (a limit, a global, a request) is not what it should be."""


def _itself(field: Any) -> Any:
    return field
