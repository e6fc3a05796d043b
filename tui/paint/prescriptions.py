"""Prescriptions as rows: two identifiers, where each is, and how much time its promise leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.clocks import day_minute, span
from tui.codes import short
from tui.figures import site_zone, speed
from tui.ink import BAD, BLOCK_WARN, BRIGHT, DIM, FAINT, GOOD, NOTE, PLAIN, WARN, beside, fit, say
from tui.widgets.table import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.style import Style

    from controller.wire import PatientView, PrescriptionRow
    from tui.ink import Line
    from tui.state import View
    from tui.words import Words

ENDS = ("delivered", "handed_over", "undelivered", "rejected", "cancelled")
STATUSES = (
    "", "received", "in_review", "returned", "approved", "dispensing", "dispensed", "verified", "soaking",
    "decocting", "packing", "quality_check", "released", "awaiting_handover", "in_transit", "held", *ENDS,
)  # fmt: skip
"""What the list can be narrowed to; the first is everything open."""

_STATUS_STYLE = {
    "held": BAD,
    "returned": WARN,
    "soaking": NOTE,
    "decocting": GOOD,
    "packing": GOOD,
    "released": BRIGHT,
    **dict.fromkeys(ENDS, DIM),
}


def columns(words: Words, width: int) -> list[Column]:
    """Return the columns for a width: the list tells more where there is room."""
    received = [Column(words("col.received"), 11)] if width > _WIDEST else []
    wide = (
        [Column(words("col.promised"), 11), Column(words("col.machine"), 8), Column(words("col.delivery"), 8)]
        if width > _WIDE
        else []
    )
    return [
        Column(words("col.prescription"), 19 if width > _WIDE else 16),
        Column(words("col.hospital"), 14 if width > _WIDE else 10),
        Column(words("col.patient")),
        Column(words("col.status"), 14 if width > _WIDE else 10),
        *received,
        *wide,
        Column(words("col.batch"), 8),
        Column(words("col.slack"), 9, right=True),
    ]


_WIDE, _WIDEST = 110, 132
"""Widths above which the list also tells the promise, the machine and the delivery, and when it was received."""

_STATUS, _MACHINE, _SLACK, _ROOMY = 10, 8, 8, 64
"""Widths in a line of what is pressing, and the width at which there is room for the patient too."""


def cells(row: PrescriptionRow, view: View, words: Words, now_s: float, width: int) -> list[Line]:
    """Return one row of the list."""
    zone = site_zone(view)
    received = [say((day_minute(row["received_at"], zone), DIM))] if width > _WIDEST else []
    wide = (
        [
            say((day_minute(row["promised_at"], zone), DIM)),
            say(row["machine"]),
            say((words.of("delivery", row["delivery"]), DIM)),
        ]
        if width > _WIDE
        else []
    )
    return [
        number(row, words),
        say((row["hospital"], DIM)),
        patient(row["patient"]),
        status(row, words),
        *received,
        *wide,
        say((short(row["batch"]), DIM)),
        slack(row, view, now_s),
    ]


def number(row: PrescriptionRow, words: Words) -> Line:
    """Return the number by which people call it; urgent ones are marked."""
    mark = (words("rx.urgent-mark"), BLOCK_WARN) if row["urgency"] == "urgent" else ("", PLAIN)
    version = f" v{row['version']}" if row["version"] > 1 else ""
    return say(mark, (row["prescription_no"], BRIGHT), (version, WARN))


def patient(who: PatientView) -> Line:
    """Return the two identifiers: masked name and the second one."""
    return say(who["name"], " ", (who["second"], DIM))


def status(row: PrescriptionRow, words: Words) -> Line:
    """Return the status; of a held one also where it came from."""
    style = _STATUS_STYLE.get(row["status"], PLAIN)
    name = say((words.of("status", row["status"]), style))
    return say(name, (f" {words.of('status', row['stage'])}", DIM)) if row["status"] == "held" else name


def slack(row: PrescriptionRow, view: View, now_s: float) -> Line:
    """Return the time the promise leaves, carried on from the last answer: red when missed, orange at risk."""
    if row["status"] in ENDS:
        return say(("-", FAINT))
    rest = row["slack_s"] - (now_s - view.rows_s) * speed(view)
    return say((span(rest), _slack_style(row, rest)))


def _slack_style(row: PrescriptionRow, rest_s: float) -> Style:
    if row["late"] or rest_s < 0:
        return BAD
    return WARN if row["promise_at_risk"] else PLAIN


def pressed(row: PrescriptionRow, view: View, words: Words, now_s: float, width: int) -> Line:
    """Return a prescription as one line of what is pressing: who it is for gives way to where it stands."""
    stands = say(
        " ",
        fit(status(row, words), _STATUS),
        " ",
        fit(say((row["machine"], DIM)), _MACHINE),
        fit(slack(row, view, now_s), _SLACK, right=True),
    )
    who = say("  ", patient(row["patient"])) if width >= _ROOMY else say()
    return beside(say(number(row, words), who), stands, width)


def matching(rows: Sequence[PrescriptionRow], search: str) -> list[PrescriptionRow]:
    """Return the rows in which the search stands in the number, a code or an identifier."""
    wanted = search.strip().casefold()
    if not wanted:
        return list(rows)
    return [row for row in rows if any(wanted in text.casefold() for text in _texts(row))]


def _texts(row: PrescriptionRow) -> tuple[str, ...]:
    return (
        row["prescription_no"], row["id"], row["batch"], row["hospital"], row["machine"],
        row["patient"]["name"], row["patient"]["second"],
    )  # fmt: skip
