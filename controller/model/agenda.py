"""A persistent agenda: ids in the order of a rank, cheap to change at any size.

Entries stand in short pages, each page in order and all pages in order, so that a change copies one page and the list of
pages. Ranks need not differ: the promises of a day all fall on one moment.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Self

from immutables import Map

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE_MOST = 64
_Entry = tuple[int, str]
_FIRST = itemgetter(0)


@dataclass(frozen=True, slots=True, eq=False)
class Agenda:
    """Ids ordered by (rank, id). Equal agendas hold the same entries, whatever their pages."""

    ranks: Map[str, int] = field(default_factory=Map[str, int])
    pages: tuple[tuple[_Entry, ...], ...] = ()

    def put(self, key: str, rank: int) -> Self:
        """Enter `key` at `rank`, moving it where it was there already."""
        if self.ranks.get(key) == rank:
            return self
        rest = self.drop(key)
        entry = (rank, key)
        number = _page_of(rest.pages, entry)
        page = rest.pages[number] if rest.pages else ()
        place = bisect_left(page, entry)
        page = (*page[:place], entry, *page[place:])
        half = len(page) // 2
        pages = (page,) if len(page) <= _PAGE_MOST else (page[:half], page[half:])
        return type(self)(rest.ranks.set(key, rank), (*rest.pages[:number], *pages, *rest.pages[number + 1 :]))

    def drop(self, key: str) -> Self:
        """Take `key` out; nothing happens where it is not there."""
        rank = self.ranks.get(key)
        if rank is None:
            return self
        entry = (rank, key)
        number = _page_of(self.pages, entry)
        page = self.pages[number]
        place = bisect_left(page, entry)
        page = (*page[:place], *page[place + 1 :])
        pages = (page,) if page else ()
        return type(self)(self.ranks.delete(key), (*self.pages[:number], *pages, *self.pages[number + 1 :]))

    def first(self) -> tuple[int, str] | None:
        """Return the entry of the lowest rank."""
        return self.pages[0][0] if self.pages else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Agenda) and self.ranks == other.ranks

    __hash__ = None  # pyright: ignore[reportAssignmentType] the way of Python to say that it cannot be hashed

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Go through the entries in order."""
        for page in self.pages:
            yield from page

    def __len__(self) -> int:
        return len(self.ranks)

    def __contains__(self, key: str) -> bool:
        return key in self.ranks


def _page_of(pages: tuple[tuple[_Entry, ...], ...], entry: _Entry) -> int:
    """Return the number of the page in which an entry stands, or would."""
    return max(bisect_right(pages, entry, key=_FIRST) - 1, 0)
