"""The bodies of a person's intents, by the names of the contract; pure.

The station comes from the key and the actor from the badge: both are added by whoever sends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.state import Weigh

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.wire import TaskView

Body = dict[str, Any]

CHOICES = ("continue", "retry", "skip", "assume_ok", "run_deficit", "migrate", "accept_deviation", "scrap")
"""Everything that may be signed to end a hold, in the order of the keys from 1."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A badge, the PIN typed with it (empty where none is asked), and what the person wants to say."""

    badge: str
    pin: str = ""
    note: str = ""

    def under(self, body: Body) -> Body:
        """Return `body` with this signature."""
        return {**body, "actor": self.badge, **({"pin": self.pin} if self.pin else {})}


def approve(case: str, recipe_class: str, handlings: Mapping[str, str]) -> Body:
    """Approve a prescription; `recipe_class` empty where it was stated, `handlings`: herb -> confirmed handling."""
    settled = {"recipe_class": recipe_class} if recipe_class else {}
    return {"type": "SignReview", "case": case, "decision": "approve", "handlings": dict(handlings), **settled}


def turn_down(case: str, decision: str, reason: str) -> Body:
    """`return` a prescription to its prescriber, or `reject` it."""
    return {"type": "SignReview", "case": case, "decision": decision, "reason": reason}


def weigh(batch: str, herb: str, grams: float) -> Body:
    """Record one weighing."""
    return {"type": "RecordWeight", "batch": batch, "herb": herb, "grams": grams}


def attest(batch: str, herb: str, code: str, minutes: int) -> Body:
    """Attest a part made apart."""
    return {"type": "AttestSeparate", "batch": batch, "herb": herb, "code": code, "minutes": minutes}


def deliver(parcel: str, outcome: str, note: str) -> Body:
    """Say how a parcel ended: `delivered`, `refused`, `returned`."""
    return {"type": "ConfirmDelivery", "parcel": parcel, "outcome": outcome, "note": note}


def shelve(alarm: str, minutes: int, note: str) -> Body:
    """Put an alarm aside for so many minutes."""
    return {"type": "ShelveAlarm", "alarm": alarm, "minutes": minutes, "note": note}


def unshelve(alarm: str) -> Body:
    """Take an alarm from the shelf before its time."""
    return {"type": "UnshelveAlarm", "alarm": alarm}


def take_out(target: str, note: str) -> Body:
    """Take a machine or an alarm out of service."""
    return {"type": "TakeOutOfService", "target": target, "note": note}


def put_back(target: str, note: str) -> Body:
    """Put a machine or an alarm back into service."""
    return {"type": "ReturnToService", "target": target, "note": note}


def approve_recipe(digest: str, note: str) -> Body:
    """Approve the recipe table whose content has this digest."""
    return {"type": "ApproveRecipe", "digest": digest, "note": note}


def choices_of(task: TaskView) -> tuple[str, ...]:
    """Return what may be signed for a task of the signing desk."""
    match task["kind"]:
        case "verify":
            return ("verify",)
        case "release":
            return ("release", "scrap")
        case "excursion":
            return ("accept_deviation",)
        case "recipe":
            return ("approve_recipe",)
        case _:
            return tuple(choice for choice in CHOICES if choice in task["choices"])


def sign(task: TaskView, choice: str, note: str) -> Body:
    """Return the intent that settles a task of the signing desk by `choice`."""
    batch = task["batch"]
    reason = str(task["details"].get("reason", ""))
    match choice:
        case "verify":
            return {"type": "SignVerify", "batch": batch}
        case "release":
            return {"type": "SignRelease", "batch": batch}
        case "continue":
            return {"type": "Continue", "batch": batch, "reason": reason, "note": note}
        case "retry":
            return {"type": "Retry", "batch": batch, "note": note}
        case "skip":
            return {"type": "Skip", "batch": batch, "note": note}
        case "assume_ok":
            return {"type": "AssumeOk", "batch": batch, "note": note}
        case "run_deficit":
            return {"type": "RunDeficit", "batch": batch, "note": note}
        case "migrate":
            return {"type": "Migrate", "batch": batch, "note": note}
        case "scrap":
            return {"type": "Scrap", "batch": batch, "note": note}
        case _:
            target = batch or task["code"]
            return {"type": "AcceptDeviation", "target": target, "reason": reason, "note": note}


def weighing(task: TaskView) -> Weigh:
    """Return what a `draw` task asks to be weighed."""
    details = task["details"]
    return Weigh(
        task["batch"],
        str(details["herb"]),
        float(details["grams"]),
        float(details["tolerance_g"]),
        int(details["times"]),
    )
