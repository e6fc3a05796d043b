"""Which checkpoints release and delivery will ask for, by the names of the contract.

`storage.zone` is not among them: which zones a batch draws from is known only at the drawers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model.plan import FOR_WATER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from controller.model.plan import Boil, PlanItem, SeparateTask

Required = tuple[tuple[str, str], ...]
"""(name, about) of each checkpoint."""


_BY_THE_PHARMACIST = ("review.sign", "verify.sign")
_AT_THE_POT = ("soak.minutes", "pot.clean", "pail.match")
_AT_THE_PACKER = ("pack.count", "pack.seal")
_LEAVING = ("release.sign", "handover.scan", "delivery.receipt")


def item_names(items: Iterable[PlanItem]) -> tuple[str, ...]:
    """Return what checkpoints call each item: the herb, and `herb#2` where it comes a second time."""
    seen: dict[str, int] = {}
    names: list[str] = []
    for item in items:
        seen[item.herb] = count = seen.get(item.herb, 0) + 1
        names.append(item.herb if count == 1 else f"{item.herb}#{count}")
    return tuple(names)


def decoction_evidence(
    items: Sequence[PlanItem],
    boils: Sequence[Boil],
    separate: Sequence[SeparateTask],
    *,
    late: bool,
) -> Required:
    """Return the checkpoints of a decocted batch."""
    signed = (
        *_BY_THE_PHARMACIST,
        *_AT_THE_POT,
        *(f"{boil.name}.minutes" for boil in boils),
        *(("strain",) if any(boil.name == FOR_WATER for boil in boils) else ()),
        *(("late.window",) if late else ()),
        *(f"separate.{task.herb}" for task in separate),
        *_AT_THE_PACKER,
        *_LEAVING,
    )
    return _of_items(items) + tuple([(name, "") for name in signed])


def dispensing_evidence(items: Sequence[PlanItem]) -> Required:
    """Return the checkpoints of a batch that is only dispensed."""
    return _of_items(items) + tuple([(name, "") for name in (*_BY_THE_PHARMACIST, *_LEAVING)])


def _of_items(items: Sequence[PlanItem]) -> Required:
    names = item_names(items)
    return tuple([(about, name) for about in ("source.lot", "dispense.weight") for name in names])
