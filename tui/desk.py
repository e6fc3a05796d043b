"""The scan desk's memory: which code is in hand, and what the next one makes of it; pure.

`take` never refuses: whatever is scanned becomes a bind, a look or a log-in, and the controller is the judge.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui.codes import BADGE, BATCH, PAIL, PAIRS, STAYS, prefix


@dataclass(frozen=True, slots=True)
class Hand:
    """The code that waits for its partner; `filled`: it is a container that has taken something already."""

    code: str = ""
    filled: bool = False


EMPTY = Hand()


@dataclass(frozen=True, slots=True)
class LogIn:
    """A badge: who acts here from now on."""

    badge: str


@dataclass(frozen=True, slots=True)
class Look:
    """One code alone: show what it is."""

    code: str


@dataclass(frozen=True, slots=True)
class Bind:
    """Two codes that belong together."""

    code: str
    into: str


Act = LogIn | Look | Bind


def take(hand: Hand, code: str, *, actor_known: bool) -> tuple[Hand, Act]:
    """Return the hand after `code` was scanned, and what is to be done.

    A badge logs in unless a parcel in hand wants a receiver and somebody acts here already.
    """
    pair = _pair(hand, code)
    if prefix(code) == BADGE and not (pair and actor_known):
        return hand, LogIn(code)
    if pair is None:
        return Hand(code), Look(code)
    source, target = pair
    stays = (prefix(source), prefix(target)) in STAYS
    container = source if prefix(source) == PAIL else target
    return (Hand(container, filled=True) if stays else EMPTY), Bind(source, target)


def _pair(hand: Hand, code: str) -> tuple[str, str] | None:
    """Return (code, into) in the right order, None where the two do not belong together."""
    if not hand.code or code == hand.code:
        return None
    for source, target in ((hand.code, code), (code, hand.code)):
        kinds = (prefix(source), prefix(target))
        if kinds in PAIRS and not (hand.filled and kinds == (PAIL, BATCH)):
            return source, target
    return None
