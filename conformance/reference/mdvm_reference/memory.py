"""The memory of a run, by the cost model of `values.yaml`, and the owners of its objects.

An object is charged when it is made and freed when its last owner lets go of it, so that `used` is always the cost of
what is live. `hold` adds an owner, `drop` takes one away, `store` puts one value in the place of another.
"""

from __future__ import annotations

from ._tables import COSTS
from .errors import Fault
from .values import OBJECTS, Array, Dict, String, Value, parts


class Memory:
    def __init__(self, max_memory: int, max_call_depth: int):
        self.max_memory = max_memory
        self.max_call_depth = max_call_depth
        self.used = 0
        self.calls = 0

    def room(self) -> int:
        """How many bytes may still be charged; negative when the initial globals alone are too much."""
        return self.max_memory - self.used

    def require(self, size: int) -> None:
        """Fails when `size` more bytes do not fit."""
        if size > self.max_memory - self.used:
            raise Fault("OutOfMemory", limit=self.max_memory)

    def charge(self, size: int) -> None:
        """Takes `size` bytes; fails, and takes nothing, when they do not fit."""
        used = self.used + size
        if used > self.max_memory:
            raise Fault("OutOfMemory", limit=self.max_memory)
        self.used = used

    # Objects are charged before they are made. They have no owner yet: whoever made them gives them to a register.

    def string(self, text: str, size: int | None = None) -> String:
        string = String(text, size)
        self.charge(string.cost)
        return string

    def array(self, elements: list[Value]) -> Array:
        array = Array(elements)
        self.charge(array.cost)
        for element in elements:
            if type(element) in OBJECTS:
                element.owners += 1
        return array

    def dict(self, entries: dict[str, tuple[String, Value]]) -> Dict:
        made = Dict(entries)
        self.charge(made.cost)
        for key, value in entries.values():
            hold(key)
            hold(value)
        return made

    def writable(self, container: Value, growth: int = 0, value: Value = None) -> Value:
        """The container itself where its register is its only owner, else a copy; room for `growth` is charged too.

        A container that is to be put into itself (`value`) has a second owner in the making, and is copied.
        """
        if container.owners == 1 and container is not value:
            if growth:
                self.charge(growth)
            return container
        self.charge(container.cost + growth)
        copy = Array(list(container.elements)) if type(container) is Array else Dict(dict(container.entries))
        for key in keys(copy):
            hold(key)
        for part in parts(copy):
            hold(part)
        return copy

    def clear(self, dict: Dict) -> Dict:
        """The dict, which has one owner, without its entries."""
        entries, dict.entries = dict.entries, {}
        self.used -= COSTS["entry"] * len(entries)
        for key, value in entries.values():
            self.drop(key)
            self.drop(value)
        return dict

    def open_frame(self) -> None:
        """Takes the place of one more call, which `close_frame` gives back."""
        if self.calls >= self.max_call_depth:
            raise Fault("StackOverflow")
        self.charge(COSTS["frame"])
        self.calls += 1

    def close_frame(self) -> None:
        self.used -= COSTS["frame"]
        self.calls -= 1

    def store(self, place, key, value: Value) -> None:
        """`place[key] = value`, with one more owner for the new value and one less for the old."""
        old = place[key]
        if type(value) in OBJECTS:
            value.owners += 1
        place[key] = value
        if type(old) in OBJECTS:
            self.drop(old)

    def drop(self, value: Value) -> None:
        """Takes an owner away from the value, and frees what has none left, part by part."""
        if type(value) not in OBJECTS:
            return
        value.owners -= 1
        if value.owners == 0:
            self.free(value)

    def free(self, object: Value) -> None:
        dead = [object]
        while dead:
            object = dead.pop()
            self.used -= object.cost
            if type(object) is Array:
                held = object.elements
            elif type(object) is Dict:
                held = [part for entry in object.entries.values() for part in entry]
                object.entries = {}
            else:
                continue
            for part in held:
                if type(part) in OBJECTS:
                    part.owners -= 1
                    if part.owners == 0:
                        dead.append(part)
            # What it held goes now, one level at a time: Python too would otherwise free a deep value by recursion.
            held.clear()


def hold(value: Value) -> None:
    """Adds an owner to the value."""
    if type(value) in OBJECTS:
        value.owners += 1


def keys(value: Value) -> list[String]:
    """The keys of a dict; of anything else nothing."""
    return [key for key, _value in value.entries.values()] if type(value) is Dict else []
