"""What was seen of an unknown machine, and the ways in which a register can be read. Pure.

A `View` is one way to read one place: `value(view, sweep)`. Of OPC UA nodes there is one way, of registers there are many.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from devices.profile_rules import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

REGISTER_TABLES: Final = ("holding", "input")
BIT_TABLES: Final = ("coil", "discrete")
NODE: Final = "node"
_FORMATS: Final = {"u16": ">H", "i16": ">h", "u32": ">I", "i32": ">i", "u64": ">Q", "f32": ">f"}


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One register, bit or node: `table` says which, `address` is zero-based, or the node's number in the order of browsing."""

    table: str
    address: int

    def __str__(self) -> str:
        return f"{self.table} {self.address}"


@dataclass(frozen=True, slots=True)
class Sweep:
    """All places once. `at_s`: plant seconds since the Unix epoch at which it began."""

    at_s: float
    values: Mapping[Place, float]


@dataclass(frozen=True, slots=True)
class Act:
    """What was seen while a person did something. `before`: the last sweep before it."""

    name: str
    before: Sweep
    sweeps: Sequence[Sweep]


@dataclass(slots=True)
class Record:
    """Everything seen: a time in which nobody touched the machine, then one act after the other."""

    quiet: Sequence[Sweep]
    acts: list[Act] = field(default_factory=list[Act])

    @property
    def last(self) -> Sweep:
        """The newest sweep."""
        return self.acts[-1].sweeps[-1] if self.acts else self.quiet[-1]

    @property
    def sweeps(self) -> Iterator[Sweep]:
        """Yield all sweeps in order."""
        yield from self.quiet
        for act in self.acts:
            yield from act.sweeps

    def restless(self) -> frozenset[Place]:
        """Return the places that moved while nobody touched the machine."""
        first = self.quiet[0].values
        return frozenset(
            place for sweep in self.quiet for place, value in sweep.values.items() if value != first.get(place, value)
        )


@dataclass(frozen=True, slots=True)
class View:
    """One way to read a place: ours = the machine's x `scale`. Registers of more than one word in `word_order`."""

    place: Place
    type: str
    word_order: str = "big"
    scale: float = 1.0

    @property
    def places(self) -> tuple[Place, ...]:
        """The registers that it is made of."""
        size = 1 if self.place.table == NODE else WORDS[self.type]
        return tuple(Place(self.place.table, self.place.address + at) for at in range(size))

    def value(self, sweep: Sweep) -> float:
        """Return what it says, nan where it was not read or is no number."""
        found = [sweep.values.get(place) for place in self.places]
        words = [word for word in found if word is not None]
        if len(words) < len(found):
            return math.nan
        if self.place.table == NODE:
            return words[0] * self.scale
        if self.word_order == "little":
            words.reverse()
        raw = struct.pack(f">{len(words)}H", *map(int, words))
        return struct.unpack(_FORMATS[self.type], raw)[0] * self.scale


def views(places: Sequence[Place], types: Sequence[str], scales: Sequence[float] = (1.0,)) -> Iterator[View]:
    """Yield every way to read every one of `places` by `types`; nodes are of their own type."""
    for place in places:
        if place.table == NODE:
            yield from (View(place, NODE, scale=scale) for scale in scales)
        elif place.table in REGISTER_TABLES:
            for kind in types:
                orders = ("big", "little") if WORDS[kind] > 1 else ("big",)
                floating = kind == "f32"
                yield from (View(place, kind, order, scale) for order in orders for scale in (1.0,) if floating)
                yield from (View(place, kind, order, scale) for order in orders for scale in scales if not floating)
