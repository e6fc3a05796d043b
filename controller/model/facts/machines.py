"""What machines are and say of themselves."""

from __future__ import annotations

from dataclasses import dataclass

from controller.model.facts.about import OfMachine
from devices.model import LinkState, Mode, OrderStatus, State


@dataclass(frozen=True, slots=True)
class MachineEnrolled(OfMachine):
    """A machine of the site file, new or changed. What the last three mean: `equipment.Enrolment`."""

    at: int
    machine: str
    kind: str
    pot_class: str
    by_hand: bool = False
    monitor_only: bool = False


@dataclass(frozen=True, slots=True)
class MachineObserved(OfMachine):
    """What the machine said when something that matters changed."""

    at: int
    machine: str
    state: State
    mode: Mode
    boot: int
    fault: int
    order: int
    order_status: OrderStatus
    order_value: int


@dataclass(frozen=True, slots=True)
class MachineLinked(OfMachine):
    """The road to the machine was lost or is back."""

    at: int
    machine: str
    link: LinkState


@dataclass(frozen=True, slots=True)
class MachineCleaned(OfMachine):
    """Rinsed or flushed; `celsius` 0 for a flush."""

    at: int
    machine: str
    celsius: float


@dataclass(frozen=True, slots=True)
class MachineFreed(OfMachine):
    """No batch is in the machine any more."""

    at: int
    machine: str


@dataclass(frozen=True, slots=True)
class MachineTakenOut(OfMachine):
    """A person took it out of service: it gets no new work."""

    at: int
    machine: str
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class MachinePutBack(OfMachine):
    """A person put it back into service."""

    at: int
    machine: str
    by: str
    note: str
