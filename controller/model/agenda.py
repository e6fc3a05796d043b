"""A persistent agenda: ids in the order of a rank, cheap to change at any size.

Ranks (ms) fall into buckets, so that an entry costs the size of its bucket and never the size of the whole.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from immutables import Map

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUCKET_MS = 600_000


@dataclass(frozen=True, slots=True)
class Agenda:
    """Ids ordered by (rank, id). Equal agendas hold the same entries."""

    ranks: Map[str, int] = field(default_factory=Map[str, int])
    buckets: Map[int, tuple[tuple[int, str], ...]] = field(default_factory=Map[int, tuple[tuple[int, str], ...]])
    order: tuple[int, ...] = ()

    def put(self, key: str, rank: int) -> Self:
        """Enter `key` at `rank`, moving it where it was there already."""
        if self.ranks.get(key) == rank:
            return self
        clean = self.drop(key)
        number = rank // _BUCKET_MS
        bucket = list(clean.buckets.get(number, ()))
        order = clean.order
        if not bucket:
            place = bisect_left(order, number)
            order = (*order[:place], number, *order[place:])
        insort(bucket, (rank, key))
        return type(self)(clean.ranks.set(key, rank), clean.buckets.set(number, tuple(bucket)), order)

    def drop(self, key: str) -> Self:
        """Take `key` out; nothing happens where it is not there."""
        rank = self.ranks.get(key)
        if rank is None:
            return self
        number = rank // _BUCKET_MS
        bucket = tuple(entry for entry in self.buckets[number] if entry[1] != key)
        ranks = self.ranks.delete(key)
        if bucket:
            return type(self)(ranks, self.buckets.set(number, bucket), self.order)
        return type(self)(ranks, self.buckets.delete(number), tuple(n for n in self.order if n != number))

    def first(self) -> tuple[int, str] | None:
        """Return the entry of the lowest rank."""
        return self.buckets[self.order[0]][0] if self.order else None

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Go through the entries in order."""
        for number in self.order:
            yield from self.buckets[number]

    def __len__(self) -> int:
        return len(self.ranks)

    def __contains__(self, key: str) -> bool:
        return key in self.ranks
