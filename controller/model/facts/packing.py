"""A packer is waited for, taken, and fills the bags."""

from __future__ import annotations

from dataclasses import dataclass

from controller.model.facts.about import OfCase


@dataclass(frozen=True, slots=True)
class PackerAwaited(OfCase):
    """The liquid waits for its packer."""

    at: int
    case: str
    batch: str
    packer: str


@dataclass(frozen=True, slots=True)
class PackerTaken(OfCase):
    """The packer is the batch's until its flush."""

    at: int
    case: str
    batch: str
    packer: str


@dataclass(frozen=True, slots=True)
class PackingBegan(OfCase):
    """The last liquid is in the packer."""

    at: int
    case: str
    batch: str


@dataclass(frozen=True, slots=True)
class BatchPacked(OfCase):
    """The packer counted. `bags`: codes printed on them."""

    at: int
    case: str
    batch: str
    count: int
    bags: tuple[str, ...]
