"""The outage sheet on A4, to be signed at the machines: one page where the outage was small, the worst on the first where not.

Set line by line and not as flowing paragraphs, since a thousand pots are waiting: a page is ready in milliseconds.
"""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from controller.render.outage import HEAD, NOTE, TITLE, WIDTHS, Cell, cells, is_bad, summary
from controller.render.pdf import FONT, faces, inert

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from controller.texts import Texts
    from controller.wire.outage import OutageSheet

_MARGIN, _PAD = 10 * mm, 3.0
_PAGE = landscape(A4)
_WIDTH = _PAGE[0] - 2 * _MARGIN
_BOTTOM = 12 * mm
_GREY, _LINE, _BAD, _HEAD = (colors.HexColor(code) for code in ("#666666", "#bbbbbb", "#fdf0e6", "#f2f2f2"))
_LEADING = 1.3
_CHINESE, _CLOSING, _OPENING = "\u2e80", "，。；：、？！）》」%", "（《「"
_TITLE, _TEXT, _SMALL = 15.0, 8.0, 6.5


class _Line(NamedTuple):
    """One set line. `size`: points; small ones are grey."""

    text: str
    size: float

    @property
    def height(self) -> float:
        return self.size * _LEADING


class _Row(NamedTuple):
    """One row of the table, set: its cells' lines and its height."""

    columns: Sequence[Sequence[_Line]]
    height: float
    fill: Any


def to_pdf(sheet: OutageSheet, texts: Texts) -> bytes:
    """Write the sheet as PDF."""
    fonts: Any = pdfmetrics  # the library has no types
    fonts.registerFont(UnicodeCIDFont(FONT))
    top = [_Line(f"{TITLE[0]}　{TITLE[1]}", _TITLE)]
    top += [line for cell in (summary(sheet, texts), Cell(*NOTE)) for line in _set(cell, _WIDTH)]
    head = _row([Cell(*names) for names in HEAD], _HEAD)
    rows = [_row(cells(row, texts), _BAD if is_bad(row) else None) for row in sheet["rows"]]
    pages = list(_pages(rows, head, sum(line.height for line in top)))
    file = io.BytesIO()
    canvas: Any = Canvas(file, pagesize=_PAGE, invariant=1)
    canvas.setTitle(TITLE[0])
    for number, page in enumerate(pages, 1):
        y = _PAGE[1] - _MARGIN
        if number == 1:
            y = _lines(canvas, top, _MARGIN, y) - _PAD
        for row in (head, *page):
            y = _draw(canvas, row, y)
        _lines(
            canvas,
            [_Line(f"{TITLE[0]} {texts.moment(sheet['at'])}　第 {number} / {len(pages)} 页", _SMALL)],
            _MARGIN,
            8 * mm,
        )
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _pages(rows: Sequence[_Row], head: _Row, top: float) -> Iterator[list[_Row]]:
    """Give the rows page by page; the first has less room."""
    whole = _PAGE[1] - _MARGIN - _BOTTOM - head.height
    page: list[_Row] = []
    room = whole - top - _PAD
    for row in rows:
        if page and row.height > room:
            yield page
            page, room = [], whole
        page.append(row)
        room -= row.height
    yield page


def _row(row: Sequence[Cell], fill: Any) -> _Row:
    columns = [_set(cell, width - 2 * _PAD) for cell, width in zip(row, _widths(), strict=True)]
    return _Row(columns, max(sum(line.height for line in column) for column in columns) + 2 * _PAD, fill)


def _widths() -> list[float]:
    return [_WIDTH * width / sum(WIDTHS) for width in WIDTHS]


def _set(cell: Cell, width: float) -> list[_Line]:
    return [
        _Line(line, size)
        for part, size in zip(cell, (_TEXT, _SMALL), strict=True)
        for paragraph in part.split("\n")
        if part
        for line in _broken(inert(paragraph), width / size)
    ]


def _broken(text: str, width_em: float) -> Iterator[str]:
    """Break a line where it is too long: behind a blank or beside a Chinese character, and anywhere in what has neither."""
    start, place_to_break, used = 0, 0, 0.0
    for place, character in enumerate(text):
        if place and _may_break(text[place - 1], character):
            place_to_break = place
        used += _em(character)
        if used > width_em and place > start:
            end = place_to_break if place_to_break > start else place
            yield text[start:end].strip()
            start, used = end, sum(_em(one) for one in text[end : place + 1])
    yield text[start:].strip()


def _may_break(before: str, after: str) -> bool:
    return before == " " or (
        (before >= _CHINESE or after >= _CHINESE) and after not in _CLOSING and before not in _OPENING
    )


@cache
def _em(character: str) -> float:
    """Return the width of a character in ems."""
    fonts: Any = pdfmetrics
    return sum(fonts.stringWidth(run, font, 1) for font, run in faces(character))


def _draw(canvas: Any, row: _Row, y: float) -> float:
    """Draw a row below `y`; return where the next begins."""
    x = _MARGIN
    canvas.setStrokeColor(_LINE)
    canvas.setLineWidth(0.4)
    for column, width in zip(row.columns, _widths(), strict=True):
        canvas.setFillColor(row.fill or colors.white)
        canvas.rect(x, y - row.height, width, row.height, stroke=1, fill=1)
        _lines(canvas, column, x + _PAD, y - _PAD)
        x += width
    return y - row.height


def _lines(canvas: Any, lines: Sequence[_Line], x: float, y: float) -> float:
    for text, size in lines:
        y -= size * _LEADING
        canvas.setFillColor(_GREY if size == _SMALL else colors.black)
        right = x
        for font, run in faces(text):
            canvas.setFont(font, size)
            canvas.drawString(right, y + size * (_LEADING - 1), run)
            right += canvas.stringWidth(run, font, size)
    return y
