"""Which checkpoints release and delivery will ask for, by the names of the contract.

`storage.zone` is not among them: which zones a batch draws from is known only at the drawers.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from controller.model.plan import Boil, PlanItem, SeparateTask

Required = tuple[tuple[str, str], ...]
"""(name, about) of each checkpoint."""


def item_names(items: Iterable[PlanItem]) -> tuple[str, ...]:
    """Return what checkpoints call each item: the herb, and `herb#2` where it comes a second time."""
    seen = Counter[str]()
    names: list[str] = []
    for item in items:
        seen[item.herb] += 1
        names.append(item.herb if seen[item.herb] == 1 else f"{item.herb}#{seen[item.herb]}")
    return tuple(names)


def decoction_evidence(
    items: Sequence[PlanItem], boils: Sequence[Boil], separate: Sequence[SeparateTask], *, late: bool
) -> Required:
    """Return the checkpoints of a decocted batch."""
    return (
        *_dispensing(items),
        *_signed("soak.minutes", "pot.clean", "pail.match"),
        *_signed(*(f"{boil.name}.minutes" for boil in boils)),
        *_signed(*(["late.window"] if late else [])),
        *_signed(*(f"separate.{task.herb}" for task in separate)),
        *_signed("pack.count", "pack.seal"),
        *_leaving(),
    )


def dispensing_evidence(items: Sequence[PlanItem]) -> Required:
    """Return the checkpoints of a batch that is only dispensed."""
    return (*_dispensing(items), *_leaving())


def _dispensing(items: Sequence[PlanItem]) -> Iterator[tuple[str, str]]:
    names = item_names(items)
    yield from (("source.lot", name) for name in names)
    yield from (("dispense.weight", name) for name in names)
    yield from _signed("review.sign", "verify.sign")


def _leaving() -> Iterator[tuple[str, str]]:
    return _signed("release.sign", "handover.scan", "delivery.receipt")


def _signed(*names: str) -> Iterator[tuple[str, str]]:
    return ((name, "") for name in names)
