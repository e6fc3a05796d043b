"""The record as PDF, for filing and printing: A4, page i of n, in the Chinese font every reader has, so nothing is embedded."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import CondPageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from controller.render.layout import TITLE, Block, Grid, Heading, Pairs, blocks
from controller.texts.inert import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.render.record import Record
    from controller.texts import Texts

_FONT = "STSong-Light"
_MARGIN = 12 * mm
_WIDTH = A4[0] - 2 * _MARGIN - 12  # the frame's own padding, 6 pt a side
_LEAST_BELOW = 24 * mm
_LAST_IN_FONT = 0xFFFF
_GREY, _LINE, _BAD = colors.HexColor("#666666"), colors.HexColor("#bbbbbb"), colors.HexColor("#fdf0e6")


def _style(size: float, **more: Any) -> ParagraphStyle:
    name = f"{size} {sorted(more)}"
    return ParagraphStyle(name, fontName=_FONT, fontSize=size, leading=size * 1.35, wordWrap="CJK", **more)


_TITLE, _H1, _H2 = _style(17), _style(12, spaceBefore=8, spaceAfter=3), _style(9.5, spaceBefore=6, spaceAfter=2)
_TEXT, _LABEL, _FOOT = _style(8), _style(8, textColor=_GREY), _style(7, textColor=_GREY, spaceBefore=8)
_GRID = [
    ("GRID", (0, 0), (-1, -1), 0.4, _LINE),
    ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#f2f2f2")),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("TOPPADDING", (0, 0), (-1, -1), 1.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ("LEFTPADDING", (0, 0), (-1, -1), 3),
    ("RIGHTPADDING", (0, 0), (-1, -1), 3),
]
_PAIRS = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("TOPPADDING", (0, 0), (-1, -1), 0.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 0.5),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
]


def to_pdf(record: Record, texts: Texts) -> bytes:
    """Write the record as PDF."""
    fonts: Any = pdfmetrics  # the library has no types
    fonts.registerFont(UnicodeCIDFont(_FONT))
    number = inert(str(record["prescription"].get("prescription_no", "")))
    page = _Page(f"{TITLE[0]} {number}")
    page.print(_story(record, texts))  # once to count the pages, once to number them
    page.pages = page.last
    return page.print(_story(record, texts))


def _story(record: Record, texts: Texts) -> list[Any]:
    story: list[Any] = [_paragraph(TITLE[0], _TITLE), _paragraph(TITLE[1], _LABEL), Spacer(1, 2 * mm)]
    for block in blocks(record, texts):
        story += _flow(block)
    return [*story, _paragraph(f"sha256 {record['digest']}", _FOOT)]


@dataclass(slots=True)
class _Page:
    """The frame of every page. `pages`: how many there are, once known; `last`: the number of the last one printed."""

    title: str
    pages: int = 0
    last: int = 0

    def print(self, story: list[Any]) -> bytes:
        """Set the story and return the file."""
        file = io.BytesIO()
        document = SimpleDocTemplate(
            file,
            pagesize=A4,
            leftMargin=_MARGIN,
            rightMargin=_MARGIN,
            topMargin=_MARGIN,
            bottomMargin=16 * mm,
            title=self.title,
            invariant=1,
        )
        document.build(story, onFirstPage=self._foot, onLaterPages=self._foot)
        return file.getvalue()

    def _foot(self, canvas: Any, _document: Any) -> None:
        self.last = canvas.getPageNumber()
        canvas.setFont(_FONT, 7)
        canvas.setFillColor(_GREY)
        canvas.drawString(_MARGIN, 9 * mm, self.title)
        canvas.drawRightString(A4[0] - _MARGIN, 9 * mm, f"{self.last} / {self.pages}")


def _flow(block: Block) -> list[Any]:
    match block:
        case Heading(text, level):
            return [CondPageBreak(_LEAST_BELOW), _paragraph(text, _H1 if level == 1 else _H2)]
        case Pairs(rows):
            return [_pairs(rows)]
        case Grid():
            return [_grid(block), Spacer(1, 1.5 * mm)]


def _pairs(rows: Sequence[tuple[str, str]]) -> Table:
    cells: list[tuple[Any, Any]] = [(_paragraph(label, _LABEL), _paragraph(value, _TEXT)) for label, value in rows]
    if len(cells) % 2:
        cells.append(("", ""))
    quarter = _WIDTH / 20
    lines = [(*left, *right) for left, right in zip(cells[::2], cells[1::2], strict=True)]
    return Table(lines, colWidths=[quarter * 4, quarter * 6, quarter * 4, quarter * 6], style=TableStyle(_PAIRS))


def _grid(grid: Grid) -> Table:
    total = sum(grid.widths)
    lines = [[_paragraph(text, _LABEL) for text in grid.head]]
    lines += [[_paragraph(text, _TEXT) for text in row] for row in grid.rows]
    marks = [("BACKGROUND", (0, index + 1), (-1, index + 1), _BAD) for index in sorted(grid.bad)]
    widths = [_WIDTH * width / total for width in grid.widths]
    return Table(lines, colWidths=widths, repeatRows=1, style=TableStyle([*_GRID, *marks]))


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(inert(text)), style)


def inert(text: str) -> str:
    """Return a text the font can show and reportlab cannot read as markup once escaped; a rare character becomes a box."""
    return "".join(character if ord(character) <= _LAST_IN_FONT else "□" for character in clean(text))
