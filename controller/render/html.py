"""The record as one HTML page: no script, nothing from outside, every text escaped, made for A4."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from controller.render.layout import TITLE, Block, Curve, Grid, Heading, Pairs, blocks
from controller.texts.inert import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from controller.render.curve import Samples
    from controller.render.record import Record
    from controller.texts import Texts

_STYLE = """
@page { size: A4; margin: 14mm 12mm; }
body { font: 12px/1.45 "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", sans-serif;
  color: #1a1a1a; max-width: 190mm; margin: 12mm auto; }
h1 { font-size: 20px; margin: 0 0 2px; } h1 small { font-weight: normal; color: #666; font-size: 13px; }
h2 { font-size: 14px; margin: 14px 0 4px; border-bottom: 1px solid #333; }
h3 { font-size: 12px; margin: 10px 0 3px; color: #444; }
dl { display: grid; grid-template-columns: 1fr 1fr; gap: 1px 16px; margin: 4px 0; }
dl div { display: flex; gap: 8px; } dt { color: #666; flex: 0 0 40%; } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: 4px 0; table-layout: fixed; }
th, td { border: 1px solid #ccc; padding: 2px 5px; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background: #f2f2f2; font-weight: 600; } tr.bad td { background: #fdf0e6; } tr { break-inside: avoid; }
footer { margin-top: 14px; color: #666; font-size: 10px; overflow-wrap: anywhere; }
"""

_LEFT, _TOP, _FIELD = 42, 8, (670, 150)
"""Room for the labels beside and above a curve, and its field, in the units of the drawing."""

_BAD = ' class="bad"'


def to_html(record: Record, texts: Texts, samples: Mapping[str, Samples] | None = None) -> bytes:
    """Write the record as a page of its own."""
    title = f"{TITLE[0]} {record['prescription'].get('prescription_no', '')}"
    body = "".join(_block(block) for block in blocks(record, texts, samples))
    page = (
        f'<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>{_inert(title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{TITLE[0]} <small>{TITLE[1]}</small></h1>{body}"
        f"<footer>sha256 {_inert(record['digest'])}</footer></body></html>"
    )
    return page.encode()


def _block(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level + 1}>{_inert(text)}</h{level + 1}>"
        case Pairs(rows):
            return f"<dl>{''.join(_pair(*row) for row in rows)}</dl>"
        case Grid():
            return _table(block)
        case Curve():
            return _drawing(block)


def _drawing(curve: Curve) -> str:
    """Write a curve as an SVG of its own."""

    def at(x: float, y: float) -> str:
        return f"{_LEFT + x * _FIELD[0]:.1f},{_TOP + (1 - y) * _FIELD[1]:.1f}"

    def rule(y: float, marks: str) -> str:
        return f'<polyline points="{at(0, y)} {at(1, y)}" {marks}/>'

    def label(place: str, text: str, marks: str) -> str:
        x, y = place.split(",")
        return f'<text x="{x}" y="{y}" {marks}>{_inert(text)}</text>'

    gaps = (f'<polygon points="{at(a, 0)} {at(a, 1)} {at(b, 1)} {at(b, 0)}" fill="#ddd"/>' for a, b in curve.gaps)
    rules = (rule(y, 'stroke="#eee"') for y, _ in curve.values)
    strokes = (
        f'<polyline points="{" ".join(at(x, y) for x, y in stroke)}" fill="none" stroke="#1f5f8b"/>'
        for stroke in curve.strokes
    )
    dots = ('<circle cx="{}" cy="{}" r="1" fill="#c0392b"/>'.format(*at(x, y).split(",")) for x, y in curve.doubtful)
    values = (label(at(0, y), text, 'dx="-4" dy="3" text-anchor="end"') for y, text in curve.values)
    times = (label(at(x, 0), text, 'dy="12" text-anchor="middle"') for x, text in curve.times)
    boil = rule(curve.boil, 'stroke="#b9770e" stroke-dasharray="4 3"')
    return (
        f'<svg viewBox="0 0 {_LEFT + _FIELD[0] + _TOP} {_FIELD[1] + 2 * _TOP + 10}" font-size="9">'
        f"{''.join((*gaps, *rules, boil, *strokes, *dots, *values, *times))}</svg>"
    )


def _pair(label: str, value: str) -> str:
    return f"<div><dt>{_inert(label)}</dt><dd>{_inert(value)}</dd></div>"


def _table(grid: Grid) -> str:
    total = sum(grid.widths)
    columns = "".join(f'<col style="width:{100 * width / total:.1f}%">' for width in grid.widths)
    rows = "".join(
        f"<tr{_BAD if index in grid.bad else ''}>{_cells('td', row)}</tr>" for index, row in enumerate(grid.rows)
    )
    return f"<table><colgroup>{columns}</colgroup><thead><tr>{_cells('th', grid.head)}</tr></thead><tbody>{rows}</tbody></table>"


def _cells(tag: str, texts: Sequence[str]) -> str:
    return "".join(f"<{tag}>{_inert(text)}</{tag}>" for text in texts)


def _inert(text: str) -> str:
    return escape(clean(text))
