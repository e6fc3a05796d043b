"""The record as one HTML page: no script, nothing from outside, every text escaped, made for A4."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from controller.render.layout import TITLE, Block, Grid, Heading, Pairs, blocks
from controller.texts.inert import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

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

_BAD = ' class="bad"'


def to_html(record: Record, texts: Texts) -> bytes:
    """Write the record as a page of its own."""
    title = f"{TITLE[0]} {record['prescription'].get('prescription_no', '')}"
    body = "".join(_block(block) for block in blocks(record, texts))
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
