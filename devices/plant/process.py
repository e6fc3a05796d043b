"""How time passes inside a machine: a phase is a generator that yields when it has no time left to use.

The machine puts plant seconds into `left_s` and resumes the phase; the phase takes from them, so that everything it does
has an exact moment of its own however coarse the ticks are. Each yield says how many seconds the order still needs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING

from devices.plant.packml import Fault, Step

if TYPE_CHECKING:
    from devices.plant.orders import Order

Phase = Generator[float, None, float]
"""Yields the seconds still needed; returns what OrderValue tells, in its natural unit."""

Note = Callable[[str, float | None], int]
"""Writes an event with its value into the log; returns its moment, ms plant time."""


During = Callable[[float], None]
"""Is told of the seconds that pass, piece by piece."""


class Failure(Exception):
    """The machine's own protection ends the phase, because of `fault`."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def _unheard(event: str, value: float | None) -> int:
    raise RuntimeError(f"{event} {value}: this process has no machine")


class Process(ABC):
    """What one kind of machine does with its orders, and what it holds.

    `verbs`: those it knows, `protections`: what it finds wrong with itself. `temperature`: the tag of its thermometer.
    `left_s`: plant seconds not yet used by the phase.
    """

    verbs: frozenset[str] = frozenset()
    protections: frozenset[Fault] = frozenset()
    temperature = ""

    def __init__(self) -> None:
        self.left_s = 0.0
        self.step = Step.NONE
        self.note: Note = _unheard
        self.sensor_failed = False
        self.boil_s = 0.0
        self.boil_began = 0

    def fits(self, verb: str, parameters: Mapping[str, int]) -> bool:  # noqa: ARG002 - kinds with limits of their own override it
        """Say whether the machine can do this at all, beyond the limits of its table."""
        return True

    def begin(self, verb: str, parameters: Mapping[str, int], order: Order) -> Phase:
        """Return the phase of a verb that the machine has accepted; nothing happens before it is resumed."""
        raise TypeError(f"{verb} {parameters} {order.number}: this machine takes no orders")

    def halt(self) -> None:  # noqa: B027 - a machine without heat and valves has nothing to shut
        """Shut valves and heat at once."""

    def rest(self, seconds: float) -> None:  # noqa: B027 - most machines do not change while nothing is asked of them
        """Pass time between phases."""

    @abstractmethod
    def readings(self, at: int) -> dict[str, float]:
        """Return what the sensors show at `at`, ms plant time, by tag."""

    def keep(self) -> dict[str, float]:
        """Return what the machine holds, for its retained memory."""
        return {}

    def recall(self, kept: Mapping[str, float], away_s: float) -> None:  # noqa: B027 - an instrument holds nothing
        """Hold again what `keep` returned `away_s` plant seconds ago."""

    def spend(self, seconds: float, during: During | None = None, then_s: float = 0.0) -> Generator[float]:
        """Pass `seconds`, telling `during` of each piece; `then_s` is what the order needs after them."""
        left = seconds
        while left > 0:
            if self.left_s <= 0:
                yield left + then_s
                continue
            piece = min(left, self.left_s)
            left -= piece
            self.left_s -= piece
            if during is not None:
                during(piece)
