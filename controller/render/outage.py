"""The outage sheet put in order for the eye, worst first: as a page, as plain lines, and the columns that the printed one shares.

Every cell is (Chinese, English); a proposal is something to sign at the terminal, and the box beside it says who looked.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from controller.texts.inert import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.texts import Texts
    from controller.wire.outage import OutageRow, OutageSheet, SightingView

TITLE = ("停电与失联处置单", "Outage sheet")
NOTE = (
    "建议按最坏情况推算，最差者在前。未经药师在终端签字，任何设备都不会重新加热。",
    "Reckoned from the worst case, the worst first. Nothing resumes heat before a pharmacist signs at the terminal.",
)
HEAD = (
    ("设备", "Machine"),
    ("处方", "Prescription"),
    ("步骤", "Step"),
    ("读数", "Readings"),
    ("失联", "Away"),
    ("建议", "Proposal"),
    ("依据", "Reasons"),
    ("签名 时间", "Signature, time"),
)
WIDTHS = (10, 12, 9, 20, 8, 13, 50, 14)
_AWAY = 4
_BAD = 5
"""Severity from which a row is marked."""
_MARK = ' class="bad"'
_MINUTE_S, _HOUR_MIN = 60, 60
_SIGN = "□ 同意 agreed\n□ 另定 other\n签名 signed\n\n时间 at"
_STYLE = """
@page { size: A4 landscape; margin: 10mm; }
body { font: 12px/1.4 "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", sans-serif; color: #1a1a1a; }
h1 { font-size: 20px; margin: 0; } small { color: #666; font-weight: normal; display: block; } p { margin: 4px 0; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th, td { border: 1px solid #bbb; padding: 3px 5px; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background: #f2f2f2; } tr.bad td { background: #fdf0e6; } tr { break-inside: avoid; } td:nth-child(6) { font-weight: 600; }
"""


class Cell(NamedTuple):
    """What stands in one place, Chinese first; lines are kept."""

    zh: str
    en: str = ""


def cells(row: OutageRow, texts: Texts) -> tuple[Cell, ...]:
    """Return the cells of one batch, in the order of `HEAD`; the last is the box for a signature."""
    stage, step = texts.label("stage", row["stage"]), texts.label("step", row["step"])
    return (
        Cell(row["machine"], row["batch"]),
        Cell(row["prescription_no"], f"{row['name']} {row['second']}"),
        Cell(f"{stage.zh} {step.zh}".rstrip(), f"{stage.en} {step.en}".rstrip()),
        _readings(row, texts),
        _away(row),
        _proposal(row),
        Cell(
            "".join(reason["text_zh"] for reason in row["reasons"]),
            " ".join(reason["text_en"] for reason in row["reasons"]),
        ),
        Cell(_SIGN),
    )


def is_bad(row: OutageRow) -> bool:
    """Say whether a row is marked."""
    return row["severity"] >= _BAD


def summary(sheet: OutageSheet, texts: Texts) -> Cell:
    """Return site, moment, and how many rows propose what."""
    labels = [(texts.label("advice", advice), many) for advice, many in sheet["advice"].items()]
    start = f"{sheet['site']}，{texts.moment(sheet['at'])}"
    if not labels:
        return Cell(f"{start}，没有受影响的锅次", "no batch is affected")
    return Cell(
        f"{start}，共 {len(sheet['rows'])} 锅次：{'；'.join(f'{text.zh} {many}' for text, many in labels)}",
        f"{len(sheet['rows'])} batches: {'; '.join(f'{text.en} {many}' for text, many in labels)}",
    )


def to_html(sheet: OutageSheet, texts: Texts) -> bytes:
    """Write the sheet as a page of its own."""
    head = "".join(f"<th>{_two(Cell(*names))}</th>" for names in HEAD)
    columns = "".join(f'<col style="width:{100 * width / sum(WIDTHS):.1f}%">' for width in WIDTHS)
    body = "".join(f"<tr{_MARK if is_bad(row) else ''}>{_cells(row, texts)}</tr>" for row in sheet["rows"])
    return (
        f'<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>{TITLE[0]}</title><style>{_STYLE}</style></head>'
        f"<body><h1>{TITLE[0]} <small>{TITLE[1]}</small></h1><p>{_two(summary(sheet, texts))}</p><p>{_two(Cell(*NOTE))}</p>"
        f"<table><colgroup>{columns}</colgroup><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></body></html>"
    ).encode()


def to_lines(sheet: OutageSheet, texts: Texts) -> Iterator[str]:
    """Give the sheet as plain lines for a terminal or a line printer."""
    yield f"{TITLE[0]} {TITLE[1]}"
    yield from (clean(part) for part in summary(sheet, texts) if part)
    for row in sheet["rows"]:
        machine, prescription, step, readings, away, proposal, *_ = cells(row, texts)
        yield ""
        yield clean(f"{machine.zh}  {prescription.zh} {prescription.en}  {step.zh} {step.en}")
        seen = "  ".join(readings.zh.split("\n"))
        yield clean(f"  {seen}  {' '.join(HEAD[_AWAY])} {away.zh} {away.en}".rstrip())
        yield clean(f"  → {proposal.zh}  {proposal.en}")
        for reason in row["reasons"]:
            yield f"    {clean(reason['text_zh'])}"
            yield f"    {clean(reason['text_en'])}"


def _cells(row: OutageRow, texts: Texts) -> str:
    return "".join(f"<td>{_two(cell)}</td>" for cell in cells(row, texts))


def _readings(row: OutageRow, texts: Texts) -> Cell:
    lines = [_reading("前 before", view, texts) for view in [row["before"]] if view is not None]
    lines += [_reading("今 now", view, texts) for view in [row["seen"]] if view is not None]
    if row["seen"] is None and row["reckoned_celsius"] is not None:
        low, high = row["reckoned_celsius"]
        lines.append(f"估 reckoned {low:.0f}–{high:.0f} ℃")
    return Cell("\n".join(lines) or "-")


def _reading(when: str, view: SightingView, texts: Texts) -> str:
    age = f", {_span(view['age_s'])} 前 ago" if view["age_s"] >= _MINUTE_S else ""
    return f"{when} {view['celsius']:.1f} ℃\n{texts.moment(view['at'])[5:]}{age}"


def _away(row: OutageRow) -> Cell:
    if not row["away_s"]:
        return Cell("-")
    return Cell(_span(row["away_s"]), "" if row["back_at"] else "仍失联 still away")


def _proposal(row: OutageRow) -> Cell:
    minutes = f" {row['minutes']} min" if row["minutes"] else ""
    return Cell(f"{row['advice_zh']}{minutes}", f"{row['advice_en']}{minutes}")


def _span(seconds: float) -> str:
    minutes = round(seconds / _MINUTE_S)
    if not minutes:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 2 * _HOUR_MIN else f"{minutes // _HOUR_MIN} h {minutes % _HOUR_MIN:02} min"


def _two(cell: Cell) -> str:
    zh, en = (_lines(part) for part in cell)
    return f"{zh}<small>{en}</small>" if en else zh


def _lines(text: str) -> str:
    return "<br>".join(escape(clean(line)) for line in text.split("\n"))
