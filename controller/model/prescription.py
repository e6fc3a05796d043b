"""A prescription (处方) as the line sees it: what to make and who must take it, without anybody's name.

Name, phone, address, birth date, diagnosis and hospital number stay in the `subjects` table; here is the random
subject id and what medicine needs to know.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Handling(StrEnum):
    """How one herb is treated apart from the others."""

    NONE = "none"
    DECOCT_FIRST = "decoct-first"  # 先煎
    ADD_LATE = "add-late"  # 后下
    WRAP = "wrap"  # 包煎
    DECOCT_SEPARATELY = "decoct-separately"  # 另煎
    MELT = "melt"  # 烊化
    TAKE_WITH = "take-with"  # 冲服
    DECOCT_FOR_WATER = "decoct-for-water"  # 煎汤代水


OUT_OF_POT = frozenset({Handling.DECOCT_SEPARATELY, Handling.MELT, Handling.TAKE_WITH})


class Sex(StrEnum):
    """As the hospital states it."""

    FEMALE = "female"
    MALE = "male"
    UNKNOWN = "unknown"


class Route(StrEnum):
    """How the medicine is used; decides which vessels may hold it."""

    ORAL = "oral"
    EXTERNAL = "external"
    ENEMA = "enema"


VESSEL_USE = {Route.ORAL: "internal", Route.EXTERNAL: "external", Route.ENEMA: "enema"}
"""What a vessel must be kept for to hold a medicine of this route: internal and external never share one."""


class Urgency(StrEnum):
    """`urgent` is released two hours after receipt (急煎)."""

    ROUTINE = "routine"
    URGENT = "urgent"


class Preparation(StrEnum):
    """What the centre does with the herbs."""

    DECOCT = "decoct"
    DISPENSE_ONLY = "dispense-only"
    PASTE = "paste"


class RecipeClass(StrEnum):
    """Decides the minutes of boiling."""

    GENERAL = "general"
    EXTERIOR_RELEASING = "exterior-releasing"
    TONIC = "tonic"


class DeliveryMethod(StrEnum):
    """How the parcel leaves."""

    COURIER = "courier"
    PICKUP = "pickup"
    WARD = "ward"
    DRONE = "drone"


@dataclass(frozen=True, slots=True)
class Item:
    """One herb. `grams` is per dose; one dose is one day."""

    herb: str
    grams: float
    handling: Handling


@dataclass(frozen=True, slots=True)
class Override:
    """The prescriber signed again for one finding: this rule, these herbs, nothing else. `signed_at`: ms."""

    rule: str
    herbs: tuple[str, ...]
    reason: str
    signed_by: str
    signed_at: int


@dataclass(frozen=True, slots=True)
class Patient:
    """What medicine needs to know. None is unknown, a state of its own."""

    subject: str
    digest: str
    sex: Sex
    age_years: int
    pregnant: bool | None
    lactating: bool | None
    allergies: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Prescription:
    """One version of one prescription. Key: (hospital, prescription_no, version). `issued_at`: ms."""

    hospital: str
    prescription_no: str
    version: int
    issued_at: int
    patient: Patient
    prescriber: str
    overrides: tuple[Override, ...]
    doses: int
    servings_per_dose: int
    serving_ml: int
    route: Route
    urgency: Urgency
    preparation: Preparation
    recipe_class: RecipeClass | None
    items: tuple[Item, ...]
    delivery: DeliveryMethod

    @property
    def bags(self) -> int:
        """Pouches the patient expects."""
        return self.doses * self.servings_per_dose
