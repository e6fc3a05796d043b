"""What a person should do next, read off the floor; never stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.model.people import Role


class TaskKind(StrEnum):
    """Every act a person is asked for."""

    REVIEW = "review"  # SignReview
    BIND_PAIL = "bind-pail"  # scan any free pail into the batch code
    DRAW = "draw"  # scan a drawer into the pail, then RecordWeight as often as `times` says
    VERIFY = "verify"  # SignVerify
    PLACE_PAIL = "place-pail"  # scan pail into the soaking position
    CHARGE = "charge"  # scan pail into the pot
    EMPTY_POT = "empty-pot"  # scan any free pail into the pot that is given up
    STRAIN = "strain"  # lift out the decoct-for-water herbs and scan pail into the pot again: their liquid stays
    ADD_MAIN = "add-main"  # scan pail into the pot again, after the decoct-first herbs
    LOAD_HOPPER = "load-hopper"  # scan the late packet into the pot whose hopper will drop it
    ADD_LATE = "add-late"  # scan the late packet into the pot, between opens_at and closes_at
    BEGIN_BY_HAND = "begin-by-hand"  # scan the pot into the batch code, once it boils or soaks
    END_BY_HAND = "end-by-hand"  # the same scan, from opens_at on
    DO_BY_HAND = "do-by-hand"  # the same scan, once it is done
    SEPARATE = "separate"  # AttestSeparate
    RELEASE = "release"  # SignRelease
    BOX = "box"  # scan each bag into the parcel
    BOX_PACKET = "box-packet"  # scan a take-with packet into the parcel
    HAND_OVER = "hand-over"  # scan the parcel into a courier's badge, a pickup code or a ward badge
    DELIVER = "deliver"  # ConfirmDelivery
    HOLD = "hold"  # what `choices` says: Continue, Retry, Skip, AssumeOk, RunDeficit, Migrate, AcceptDeviation, Scrap
    RECIPE = "recipe"  # ApproveRecipe of the table that waits
    EXCURSION = "excursion"  # AcceptDeviation of a zone


@dataclass(frozen=True, slots=True)
class Task:
    """One act. `code` is scanned `into` the other; `codes` where there are several to choose from or to work through.

    `opens_at`, `closes_at`: ms, 0 where the act may be done at any time. `rank`: promised_at, ms. `details`: what the act
    needs to know: herb, grams, tolerance_g, times, least_minutes, reason, machine; where `skip` is offered, `pouch_ml`, the most
    that a pouch would then hold, and `planned_ml`.
    """

    kind: TaskKind
    case: str
    batch: str
    role: Role
    rank: int
    code: str = ""
    into: str = ""
    codes: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    opens_at: int = 0
    closes_at: int = 0
    details: Mapping[str, str | int | float] = field(default_factory=dict[str, "str | int | float"])
