"""The record as PDF, for filing and printing: A4, page i of n, in the Chinese font every reader has, so nothing is embedded."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from xml.sax.saxutils import escape

from reportlab.graphics.shapes import Circle, Drawing, Polygon, PolyLine, String
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import CondPageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from controller.render.layout import TITLE, Block, Curve, Grid, Heading, Pairs, blocks
from controller.texts.inert import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from controller.render.curve import Samples
    from controller.render.record import Record
    from controller.texts import Texts

FONT, _LATIN = "STSong-Light", "Helvetica"
"""Both are in every reader."""

_LATIN_RUN = re.compile("[\x21-\x7e°±·×–][\x20-\x7e°±·×–]*")
_MARGIN = 12 * mm
_WIDTH = A4[0] - 2 * _MARGIN - 12  # the frame's own padding, 6 pt a side
_LEAST_BELOW = 24 * mm
_LAST_IN_FONT = 0xFFFF
_CURVE, _BESIDE, _BELOW = 42 * mm, 12 * mm, 5 * mm
_GAP, _FAINT, _BOIL = colors.HexColor("#dddddd"), colors.HexColor("#eeeeee"), colors.HexColor("#b9770e")
_INK, _RED = colors.HexColor("#1f5f8b"), colors.HexColor("#c0392b")
_GREY, _LINE, _BAD = colors.HexColor("#666666"), colors.HexColor("#bbbbbb"), colors.HexColor("#fdf0e6")


def _style(size: float, **more: Any) -> ParagraphStyle:
    name = f"{size} {sorted(more)}"
    return ParagraphStyle(name, fontName=FONT, fontSize=size, leading=size * 1.35, wordWrap="CJK", **more)


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


def to_pdf(record: Record, texts: Texts, samples: Mapping[str, Samples] | None = None) -> bytes:
    """Write the record as PDF."""
    fonts: Any = pdfmetrics  # the library has no types
    fonts.registerFont(UnicodeCIDFont(FONT))
    number = inert(str(record["prescription"].get("prescription_no", "")))
    page = _Page(f"{TITLE[0]} {number}")
    content = list(blocks(record, texts, samples))
    page.print(_story(record, content))  # once to count the pages, once to number them
    page.pages = page.last
    return page.print(_story(record, content))


def _story(record: Record, content: Sequence[Block]) -> list[Any]:
    story: list[Any] = [_paragraph(TITLE[0], _TITLE), _paragraph(TITLE[1], _LABEL), Spacer(1, 2 * mm)]
    for block in content:
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
        canvas.setFillColor(_GREY)
        x = _MARGIN
        for font, run in faces(self.title):
            canvas.setFont(font, 7)
            canvas.drawString(x, 9 * mm, run)
            x += canvas.stringWidth(run, font, 7)
        canvas.setFont(_LATIN, 7)
        canvas.drawRightString(A4[0] - _MARGIN, 9 * mm, f"{self.last} / {self.pages}")


def _flow(block: Block) -> list[Any]:
    match block:
        case Heading(text, level):
            return [CondPageBreak(_LEAST_BELOW), _paragraph(text, _H1 if level == 1 else _H2)]
        case Pairs(rows):
            return [_pairs(rows)]
        case Grid():
            return [_grid(block), Spacer(1, 1.5 * mm)]
        case Curve():
            return [_drawing(block), Spacer(1, 1.5 * mm)]


def _drawing(curve: Curve) -> Drawing:
    """Draw a curve with its labels."""
    width, height = _WIDTH - _BESIDE - 6 * mm, _CURVE - _BELOW - 2 * mm

    def at(x: float, y: float) -> tuple[float, float]:
        return _BESIDE + x * width, _BELOW + y * height

    def flat(*points: tuple[float, float]) -> list[float]:
        return [part for point in points for part in at(*point)]

    parts: list[Any] = [
        Polygon(flat((a, 0), (a, 1), (b, 1), (b, 0)), fillColor=_GAP, strokeColor=None) for a, b in curve.gaps
    ]
    parts += [PolyLine(flat((0, y), (1, y)), strokeColor=_FAINT, strokeWidth=0.4) for y, _ in curve.values]
    parts += [
        PolyLine(flat((0, curve.boil), (1, curve.boil)), strokeColor=_BOIL, strokeWidth=0.6, strokeDashArray=[3, 2])
    ]
    parts += [PolyLine(flat(*stroke), strokeColor=_INK, strokeWidth=0.8) for stroke in curve.strokes if stroke[1:]]
    parts += [Circle(*at(x, y), 0.7, fillColor=_RED, strokeColor=None) for x, y in curve.doubtful]
    parts += [_label(*at(0, y), text, "end", -3, -2.5) for y, text in curve.values]
    parts += [_label(*at(x, 0), text, "middle", 0, -9) for x, text in curve.times]
    return Drawing(_WIDTH, _CURVE, *parts)


def _label(x: float, y: float, text: str, anchor: Literal["end", "middle"], right: float, up: float) -> String:
    return String(x + right, y + up, text, textAnchor=anchor, fontName=_LATIN, fontSize=6.5, fillColor=_GREY)


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
    return Paragraph("".join(_marked(font, run) for font, run in faces(inert(text))), style)


def _marked(font: str, run: str) -> str:
    return escape(run) if font == FONT else f'<font name="{font}">{escape(run)}</font>'


def faces(text: str) -> Iterator[tuple[str, str]]:
    """Give a text in runs of one font each: readers that stand in for the Chinese one squeeze its Latin letters."""
    place = 0
    for run in _LATIN_RUN.finditer(text):
        if run.start() > place:
            yield FONT, text[place : run.start()]
        yield _LATIN, run[0]
        place = run.end()
    if place < len(text):
        yield FONT, text[place:]


def inert(text: str) -> str:
    """Return a text the font can show and reportlab cannot read as markup once escaped; a rare character becomes a box."""
    return "".join(character if ord(character) <= _LAST_IN_FONT else "□" for character in clean(text))
