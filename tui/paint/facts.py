"""A fact as one line of a timeline: when, what in words, by whom."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from tui.clocks import clock, day_minute
from tui.codes import is_code, short
from tui.figures import site_zone
from tui.inert import inert
from tui.ink import BAD, DIM, GOOD, PLAIN, WARN, beside, say
from tui.vocabulary import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.style import Style

    from controller.wire import FactView
    from tui.ink import Line
    from tui.state import View
    from tui.words import Words

_STYLES = {
    "HoldPlaced": WARN,
    "LateMissed": WARN,
    "PromiseMissed": WARN,
    "OrderDropped": WARN,
    "SoakPositionLost": WARN,
    "PotLost": WARN,
    "MoveOrdered": WARN,
    "StepSkipped": WARN,
    "ZoneExcursion": BAD,
    "AlarmRaised": BAD,
    "AlarmRepeated": WARN,
    "AlarmEscalated": BAD,
    "MachineTakenOut": WARN,
    "BatchScrapped": BAD,
    "PrescriptionRejected": BAD,
    "PrescriptionCancelled": BAD,
    "BatchReleased": GOOD,
    "ParcelHandedOver": GOOD,
    "DeliveryConfirmed": GOOD,
}
_BEFORE_COLON = re.compile(r" +(?=[:：])")
_BAD_VERDICTS = frozenset({"failed", "refused"})


class _Told(dict[str, str]):
    """Values for a text; one that the fact does not have is a dash."""

    def __missing__(self, name: str) -> str:
        return "-"


def told(fact: FactView, words: Words) -> str:
    """Return what happened, in words; a kind that we do not know shows by its name."""
    texts = WORDS["fact"].get(fact["kind"])
    if texts is None:
        return inert(fact["kind"])
    text = texts[0 if words.locale == "zh_CN" else 1].format_map(_Told(_flat(fact["body"], words)))
    return _BEFORE_COLON.sub("", " ".join(text.split()))


def by(fact: FactView) -> str:
    """Return who did it: a person's badge, short, or the machine."""
    body = fact["body"]
    return _short(body.get("by") or _inner(body, "checkpoint").get("by") or body.get("machine") or "")


def entry(fact: FactView, words: Words, view: View, width: int) -> Line:
    """Return one line of the timeline of a prescription."""
    when = day_minute(fact["at"], site_zone(view))
    return beside(say((f"{when} ", DIM), (told(fact, words), style(fact))), say((f" {by(fact)}", DIM)), width)


def tick(fact: FactView, words: Words, view: View, width: int) -> Line:
    """Return one line of what happens on the whole line."""
    when = clock(fact["at"], site_zone(view))
    about = say((f" {_short(fact['about'])}", DIM))
    return beside(say((f"{when} ", DIM), (told(fact, words), style(fact))), about, width)


def style(fact: FactView) -> Style:
    """Return the colour of a fact: red and orange want attention, green is an end as meant."""
    if _inner(fact["body"], "checkpoint").get("verdict") in _BAD_VERDICTS:
        return BAD
    if fact["body"].get("suppressed_by"):  # another alarm says it
        return DIM
    return _STYLES.get(fact["kind"], PLAIN)


def _flat(body: Mapping[str, Any], words: Words) -> dict[str, str]:
    """Return the values of a body by name, those of an inner object as `outer_inner`."""
    found: dict[str, str] = {}
    for name, value in body.items():
        if isinstance(value, dict):
            inner = cast("Mapping[str, Any]", value)
            found |= {f"{name}_{key}": _value(one, words, key) for key, one in inner.items()}
        else:
            found[name] = _value(value, words)
    return found


def _value(value: object, words: Words, name: str = "") -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return str(len(cast("list[object]", value)))
    return words.of("checkpoint" if name == "name" else "value", _short(value))


def _short(value: object) -> str:
    text = inert(value)
    return short(text) if is_code(text) else text


def _inner(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}
