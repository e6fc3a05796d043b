"""A refusal: the answer to an intent that the rules do not allow, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Refusal:
    """Which rule said no, the facts it looked at, who may override, and the nearest legal action (both ids of the text table)."""

    rule: str
    facts: Mapping[str, str | int | float] = field(default_factory=dict[str, "str | int | float"])
    who_may_override: tuple[str, ...] = ()
    next_action: str = ""
