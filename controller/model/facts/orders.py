"""What machines are told, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controller.model.facts.about import OfCase, OfMachine
from devices.model import Order


@dataclass(frozen=True, slots=True)
class OrderIssued(OfCase):
    """An order was decided; it is carried only after this is durable."""

    at: int
    case: str
    batch: str
    machine: str
    number: int
    verb: str
    step: str
    parameters: Mapping[str, int]
    not_after: int
    tag: str
    boot: int = 0

    @property
    def order(self) -> Order:
        """What leaves for the machine."""
        return Order(
            number=self.number,
            machine=self.machine,
            verb=self.verb,
            batch=self.tag,
            step=self.step,
            parameters=self.parameters,
            not_after=self.not_after,
            boot=self.boot,
        )


@dataclass(frozen=True, slots=True)
class OrderAccepted(OfCase):
    """The machine echoed it, or, where it names no orders, was seen to leave its rest for it: that is `concluded`.

    `by`: who saw the machine at it, where our own sight was broken, or who began it by hand.
    """

    at: int
    case: str
    batch: str
    machine: str
    number: int
    concluded: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True)
class OrderFinished(OfCase):
    """The machine says it is done, or that is `concluded` from its state. `value` in the unit of the verb."""

    at: int
    case: str
    batch: str
    machine: str
    number: int
    step: str
    value: int
    concluded: bool = False


@dataclass(frozen=True, slots=True)
class OrderAttested(OfCase):
    """A person who looked, or worked the machine by hand, says that it is done; the machine cannot.

    `seconds`: how long it lasted between two words of a person, 0 where that was not timed.
    """

    at: int
    case: str
    batch: str
    machine: str
    number: int
    step: str
    by: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class OrderDropped(OfCase):
    """It came to nothing: `expired`, `refused`, `failed`, `disproved`, `abandoned` or `unknown`."""

    at: int
    case: str
    batch: str
    machine: str
    number: int
    step: str
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class OrderRecalled(OfCase):
    """It is to be done anew, and a wire may still hold it: it has no end before its number is used up."""

    at: int
    case: str
    batch: str
    machine: str
    number: int
    step: str


@dataclass(frozen=True, slots=True)
class NumberingRaised(OfMachine):
    """The machine has echoed a higher order number than we knew."""

    at: int
    machine: str
    next_order: int
