"""What a decision may look at besides the floor: the time, fresh ids, and the books of the site."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Protocol, Self

from controller.model.alarm import AlarmTable
from controller.model.equipment import Enrolment
from controller.model.formulary import Formulary
from controller.model.people import Station
from controller.model.prescription import VESSEL_USE, Route
from controller.model.recipe import PotKind, RecipeTable


@dataclass(frozen=True, slots=True)
class Unit:
    """One machine of the site, as far as decisions look at it.

    `code`: the label on its vessel. `volume_ml`: (smallest load, volume), (0, 0) where it holds nothing. `packer`: where a pot
    drains to. `waiver`: what it runs without, shown on the screen. `pot`: its kind; `hopper`: it drops the late herbs by
    itself; `metered`: it says how much it moved. `names_orders`: it says itself which order it is at; of one that does not, that
    is concluded. `by_hand`: people work it and say what they did. `monitor_only`: it is read and shown, and asked for nothing.
    `pouch_ml`: the most that a packer's pouch holds, 0 elsewhere.
    """

    id: str
    kind: str
    code: str
    volume_ml: tuple[int, int] = (0, 0)
    use: str = ""
    packer: str = ""
    waiver: str = ""
    pot: PotKind = PotKind.OPEN
    hopper: bool = False
    metered: bool = False
    names_orders: bool = True
    by_hand: bool = False
    monitor_only: bool = False
    pouch_ml: int = 0


def is_planned(unit: Unit, machines: Mapping[str, Unit]) -> bool:
    """Say whether planning may choose a machine as a pot: one that takes orders, and so does the packer it drains to."""
    packer = machines.get(unit.packer)
    takes_orders = not unit.monitor_only and (packer is None or not packer.monitor_only)
    return unit.kind == "decoction" and takes_orders


def planned_classes(machines: Mapping[str, Unit]) -> tuple[PotClass, ...]:
    """Return the classes of all pots that planning may choose."""
    return tuple(dict.fromkeys(PotClass.of(unit) for unit in machines.values() if is_planned(unit, machines)))


class Load(Protocol):
    """What a pot has to hold at the first charge. `kinds` is empty for any, `load_ml` in mL."""

    @property
    def route(self) -> Route:
        """By what way it is taken."""
        ...

    @property
    def kinds(self) -> tuple[PotKind, ...]:
        """Kinds of pot that it may go into."""
        ...

    @property
    def load_ml(self) -> int:
        """Free water and displaced herb volume."""
        ...


@dataclass(frozen=True, slots=True)
class PotClass:
    """Pots that can do the same work: same use, smallest load and volume in mL, same kind."""

    use: str
    least_ml: int
    volume_ml: int
    kind: PotKind = PotKind.OPEN

    @classmethod
    def of(cls, pot: Unit) -> Self:
        """Return the class of a pot."""
        return cls(pot.use, *pot.volume_ml, pot.pot)

    @property
    def key(self) -> str:
        """Name of the class in the floor's index."""
        kind = "" if self.kind is PotKind.OPEN else f"/{self.kind}"
        return f"{self.use}/{self.least_ml}/{self.volume_ml}{kind}"

    def takes(self, load: Load, recipes: RecipeTable) -> bool:
        """Whether a batch may go into such a pot: of its use, of a kind it was planned for, not too small, not foaming."""
        if self.use != VESSEL_USE[load.route] or (load.kinds and self.kind not in load.kinds):
            return False
        return self.least_ml <= load.load_ml <= self.most_ml(recipes)

    def most_ml(self, recipes: RecipeTable) -> float:
        """Return the largest load that does not foam over."""
        return self.volume_ml * recipes.of_kind(self.kind, "fill_share")


@dataclass(frozen=True, slots=True)
class Book:
    """The reference data of one line, as loaded at start; it never changes while the line runs.

    `boil_celsius` per pot: boiling point at the site's pressure less the profile's delta. `grace_s` per machine: g of
    invariant I10. `least_margin_ms`: plant ms that an order must have left when it is issued (5 s wall). `speed`: plant seconds
    in a wall second. `spoiling` per pot: faults after which its liquid is no medicine any more. `planned_pots`: how many pots
    planning may choose from.
    """

    formulary: Formulary
    recipes: RecipeTable
    timezone: tzinfo
    machines: Mapping[str, Unit]
    pot_classes: tuple[PotClass, ...]
    vessels: Mapping[str, str]
    stations: Mapping[str, Station]
    hospitals: frozenset[str]
    pails: frozenset[str]
    boil_celsius: Mapping[str, float]
    grace_s: Mapping[str, float]
    least_margin_ms: int
    alarms: AlarmTable
    speed: int = 1
    spoiling: Mapping[str, frozenset[int]] = field(default_factory=dict[str, frozenset[int]])
    planned_pots: int = field(init=False)

    def __post_init__(self) -> None:
        planned = sum(is_planned(unit, self.machines) for unit in self.machines.values())
        object.__setattr__(self, "planned_pots", planned)

    def enrolment(self, machine: str) -> Enrolment:
        """Return with what a machine of this book is enrolled."""
        unit = self.machines[machine]
        pot_class = PotClass.of(unit).key if is_planned(unit, self.machines) else ""
        return Enrolment(pot_class, unit.by_hand, unit.monitor_only)


@dataclass(frozen=True, slots=True)
class World:
    """One moment: `now` in ms plant time, `new_token` gives 16 random characters of base 32."""

    now: int
    new_token: Callable[[], str]
    book: Book
