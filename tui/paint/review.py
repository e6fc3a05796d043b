"""The review desk: prescriptions that wait for a pharmacist by slack, and everything a decision needs on one sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.clocks import span
from tui.figures import plant_now
from tui.ink import BAD, BRIGHT, DIM, PLAIN, say
from tui.paint import prescription, prescriptions
from tui.widgets.table import Column

if TYPE_CHECKING:
    from controller.wire import PrescriptionView, TaskView
    from tui.ink import Line
    from tui.state import View
    from tui.words import Words


def columns(words: Words, width: int) -> list[Column]:
    """Return the columns of the queue; the hospital stands on the sheet beside it where there is no room for it."""
    return [
        Column(words("col.prescription"), 18),
        *([Column(words("col.hospital"), 14)] if width > _WIDE else []),
        Column(words("col.patient")),
        Column(words("col.slack"), 9, right=True),
    ]


_WIDE = 60


def cells(task: TaskView, view: View, words: Words, now_s: float, width: int) -> list[Line]:
    """Return one row of the queue; hospital and patient as far as the list has them."""
    row = next((one for one in view.rows if one["id"] == task["case"]), None)
    rest = (task["rank"] - plant_now(view, now_s)) / 1000
    return [
        prescriptions.number(row, words) if row else say((task["prescription_no"], BRIGHT)),
        *([say((row["hospital"] if row else "", DIM))] if width > _WIDE else []),
        prescriptions.patient(row["patient"]) if row else say(),
        say((span(rest), BAD if rest < 0 else PLAIN)),
    ]


def detail(case: PrescriptionView, view: View, words: Words, now_s: float, width: int) -> list[Line]:
    """Return the prescription as the pharmacist reads it: who, findings, herbs."""
    return [
        *prescription.head(case, view, words, now_s, width),
        *prescription.findings(case, words, width),
        *prescription.items(case, view, words, width),
    ]
