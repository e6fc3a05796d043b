"""How long prescriptions stay in each stage, told by what is durable and by nothing else.

A stage ends with the fact that moved the prescription on, and with its end; time on hold belongs to the stage it came from. Of a
prescription that was under way when the controller started nobody wrote down since when: it counts from its next stage on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.runtime import metrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from controller.model.case import Case, Status
    from controller.store import StoredFact


class StageTimes:
    """Follows every open prescription; `cases`: those that are open at the start."""

    def __init__(self, cases: Mapping[str, Case]) -> None:
        self._since: dict[str, tuple[Status, int | None]] = {id_: (case.status, None) for id_, case in cases.items()}

    def moved(self, facts: Iterable[StoredFact], cases: Mapping[str, Case]) -> None:
        """Take in one durable group and the cases that are open after it."""
        for fact in facts:
            case, before = cases.get(fact.about), self._since.get(fact.about)
            if case is None:
                self._since.pop(fact.about, None)
            elif before is None or before[0] is not case.status:
                self._since[case.id] = (case.status, fact.at)
            else:
                continue
            if before is not None and before[1] is not None:
                metrics.STAGE_SECONDS.labels(before[0].value).observe((fact.at - before[1]) / 1000)
