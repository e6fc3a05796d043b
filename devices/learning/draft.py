"""A draft of the table of an unknown machine: what was found stands in it, what is only likely beside it as a comment. Pure.

The draft loads as it is, reads and takes no orders: `read-only`, `monitor` and `command` still to do. A person who has the
maker's word for it changes that, never this program.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from devices.learning.findings import Guess, Hand, Sure, mode_word, path, state_word
from devices.learning.record import NODE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from devices.learning.record import Place, View

THERMOMETER: Final = {"storage": "Temperature"}
_MOST_COMMENTS: Final = 12
_RUNS: Final = "Execute"


@dataclass(frozen=True, slots=True)
class Node:
    """One OPC UA variable: what a table calls it, and of which type it is."""

    node: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All that was found, and what the table needs besides. `nodes`: of OPC UA, in the order of their places."""

    id: str
    kind: str
    protocol: str
    url: str
    max_block: int = 0
    gap_ms: int = 0
    timeout_s: float = 2.0
    namespace: str = ""
    nodes: Mapping[int, Node]
    clocks: Sequence[Guess] = ()
    temperatures: Sequence[Guess] = ()
    counters: Sequence[Guess] = ()
    state: Hand | None = None
    mode: Hand | None = None
    hands: Sequence[Hand] = ()


def lacks(found: Found) -> list[str]:
    """Name what the table cannot do without and was not found."""
    missing: list[str] = []
    if found.protocol == "modbus" and not found.clocks:
        missing.append("SourceTime")
    return missing


def written(found: Found) -> str:
    """Return the text of the table."""
    return (
        "\n".join([*_head(found), *_clock(found), *_state(found), *_mode(found), *_warm(found), *_rest(found)]) + "\n"
    )


def _head(found: Found) -> Iterator[str]:
    yield f"# DRAFT, learnt from {found.url} by watching it: every line needs a person who knows the machine."
    yield "# docs/how-to/add-a-machine.md tells the language of a table. Addresses are zero-based."
    yield f"id = {json.dumps(found.id)}"
    yield f"kind = {json.dumps(found.kind)}"
    yield 'maker = "unknown"'
    yield 'title = { zh = "未知设备（草稿）", en = "unknown machine (draft)" }'
    yield f'protocol = "{found.protocol}"'
    yield "period_s = 1.0            # poll period, plant seconds"
    yield f"timeout_s = {found.timeout_s:.1f}           # wall seconds one request may take"
    yield 'handshake = "read-only"   # it takes no orders until somebody writes [command] and [verbs] from the maker\'s manual'
    yield "# link: this program read it. monitor: nobody watched a whole batch yet. command: it was never asked for anything."
    yield 'readiness = { link = "done", monitor = "todo", command = "todo" }'
    if found.kind == "decoction":
        yield "boil_delta_c = 0.5        # as other open pots; the manual knows better"
        yield 'vessel = "open"           # "pressure" where its lid locks'
    yield ""
    if found.protocol == "opcua":
        yield from (
            "[opcua]",
            f"namespace = {json.dumps(found.namespace)}",
            "max_nodes_per_read = 100",
            "",
        )
        return
    little = sum(guess.view.word_order == "little" for guess in (*found.clocks[:1], *found.temperatures[:1]))
    yield from ("[modbus]", 'table = "holding"', f'word_order = "{"little" if little else "big"}"')
    yield f"max_block = {found.max_block}            # the largest that it gave"
    yield from (f"min_gap_ms = {found.gap_ms}", "")


def _clock(found: Found) -> Iterator[str]:
    if found.protocol == "opcua" or not found.clocks:
        return
    best = found.clocks[0]
    yield "[tags.SourceTime]"
    yield f"# {best.sure}: {best.why}"
    yield from _where(found, best.view)
    if best.unit == "s":
        yield "scale = 1000              # from seconds"
    yield 'unit = "ms"'
    yield from _others(found, found.clocks[1:])


def _warm(found: Found) -> Iterator[str]:
    if not found.temperatures:
        yield from ("# No register moved as a thermometer does.", "")
        return
    best = found.temperatures[0]
    yield f"[tags.{THERMOMETER.get(found.kind, 'ActualTemperature')}]"
    yield f"# {best.sure}: {best.why}"
    yield from _where(found, best.view)
    if best.view.scale != 1:
        yield f"scale = {best.view.scale}"
    yield from ("reading = true", 'unit = "Cel"', "low = -10.0", "high = 130.0", "rate_per_s = 3.0")
    yield "rise_per_s = 1.0          # 1000 x kW of its heater / (4186 x litres of its smallest load)"
    yield "stuck_polls = 120         # a sound sensor may rest on the same number for a while"
    yield from _others(found, found.temperatures[1:])


def _state(found: Found) -> Iterator[str]:
    if found.state is None:
        yield from ("# No register followed a start as a state does.", "")
        return
    codes = _codes(found.state, state_word, "Idle")
    yield from _words(found, "StateCurrent", found.state, codes)


def _mode(found: Found) -> Iterator[str]:
    if found.mode is not None:
        yield from _words(found, "UnitModeCurrent", found.mode, _codes(found.mode, mode_word, "Produce"))


def _codes(hand: Hand, word: Callable[[str], str], quiet: str) -> dict[int, str]:
    codes = {hand.quiet: quiet}
    for name, values in hand.after:
        meaning = word(name)
        if len(values) > 1 and meaning:
            if meaning == _RUNS and len(values) > len((hand.quiet, _RUNS)):
                codes.setdefault(values[1], _RUNS)
                meaning = "Complete"  # it was through with it before we looked away
            codes.setdefault(values[-1], meaning)
    return codes


def _words(found: Found, tag: str, hand: Hand, codes: Mapping[int, str]) -> Iterator[str]:
    sure = Sure.MEDIUM if hand.steady else Sure.LOW
    if found.protocol == "opcua":
        yield f"# {tag} may be {_place_name(found, hand.place)} ({sure}: {_told(hand)}), if it says the numbers of PackML."
        return
    yield f"[tags.{tag}]"
    yield f"# {sure}: {_told(hand)}"
    yield from _place(found, hand.place)
    yield f"[tags.{tag}.codes]"
    yield from (f'{code} = "{word}"' for code, word in sorted(codes.items()))
    for code in sorted(hand.values - codes.keys()):
        yield f'# {code} = "?"             # seen, and nothing says what it means: until it stands here, reading it is an error'
    yield ""


def _rest(found: Found) -> Iterator[str]:
    chosen = {hand.place for hand in (found.state, found.mode) if hand is not None}
    left = [hand for hand in found.hands if hand.place not in chosen]
    if found.counters:
        yield "# What counted seconds while something was done (BoilSeconds, TimeRemaining?):"
        yield from (f"#   {_name(found, guess.view)}: {guess.why}" for guess in found.counters[:_MOST_COMMENTS])
    if left:
        yield "# What else followed the hand, most telling first:"
        yield from (f"#   {_place_name(found, hand.place)}: {_told(hand)}" for hand in left[:_MOST_COMMENTS])


def _others(found: Found, others: Sequence[Guess]) -> Iterator[str]:
    for guess in others[:_MOST_COMMENTS]:
        yield f"# or {_name(found, guess.view)}: {guess.sure}: {guess.why}"
    yield ""


def _where(found: Found, view: View) -> Iterator[str]:
    if view.place.table == NODE:
        yield from _place(found, view.place)
        return
    if view.place.table != "holding":
        yield f'table = "{view.place.table}"'
    yield f"address = {view.place.address}"
    yield f'type = "{view.type}"'
    if len(view.places) > 1:
        yield f'word_order = "{view.word_order}"'


def _place(found: Found, place: Place) -> Iterator[str]:
    if place.table == NODE:
        node = found.nodes[place.address]
        yield from (f"node = {json.dumps(node.node)}", f'type = "{node.type}"')
        return
    if place.table != "holding":
        yield f'table = "{place.table}"'
    yield from (f"address = {place.address}", 'type = "u16"')


def _name(found: Found, view: View) -> str:
    if view.place.table == NODE:
        return _place_name(found, view.place)
    order = f" {view.word_order}" if len(view.places) > 1 else ""
    scale = f" x {view.scale:g}" if view.scale != 1 else ""
    return f"{view.place} {view.type}{order}{scale}"


def _place_name(found: Found, place: Place) -> str:
    return found.nodes[place.address].node if place.table == NODE else str(place)


def _told(hand: Hand) -> str:
    """Say what a place did under each act, and which bits of it moved where it looks like bits."""
    moved = [f"{name!r} {path(values)}" for name, values in hand.after if len(values) > 1]
    flipped = 0
    for value in hand.values:
        flipped |= value ^ hand.quiet
    bits = [str(bit) for bit in range(flipped.bit_length()) if flipped >> bit & 1]
    return "; ".join([*moved, f"bits {', '.join(bits)}"])
