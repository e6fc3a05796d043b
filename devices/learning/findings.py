"""What the registers of an unknown machine may mean, each with how sure that is and why. Pure.

Found are clocks, counters of seconds, temperatures, and registers or bits that follow a person's hand. A guess that could be
wrong says so; nothing here decides anything, a person reads the draft.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from devices.learning.record import BIT_TABLES, NODE, Place, Record, Sweep, View, views

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from devices.learning.record import Act

_DAY_S: Final = 86_400
_RATE_SHARE: Final = 0.1
"""A clock may seem so much faster or slower than ours, since a sweep takes its time."""
_TICK_S: Final = 2.0
_LOWEST_C, _HIGHEST_C, _WARM_C = 1.0, 125.0, 5.0
"""A thermometer in a pot, in a room and at its hottest; a rise that no noise makes."""
_RATE_C_PER_S, _NOISE_C = 3.0, 1.5
_MOST_STATES: Final = 12
_LARGEST_CODE: Final = 255


class Sure(StrEnum):
    """How far a guess can be believed."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Guess:
    """One place and what it may mean. `unit`: `s` or `ms` of a clock, `Cel`."""

    view: View
    sure: Sure
    why: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Hand:
    """One place that followed a person's hand. `quiet`: its value when nobody touched anything; `after`: by act, in order."""

    place: Place
    quiet: int
    after: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def values(self) -> frozenset[int]:
        """All values that it ever had."""
        return frozenset({self.quiet}.union(*(values for _, values in self.after)))

    @property
    def steady(self) -> bool:
        """Whether an act that was repeated always ended at the same value."""
        ends: dict[str, set[int]] = {}
        for name, values in self.after:
            ends.setdefault(name, set()).add(values[-1])
        return all(len(values) == 1 for values in ends.values())

    @property
    def is_code(self) -> bool:
        """Whether it looks like a number for a state, not like a measurement or a set of bits."""
        return len(self.values) <= _MOST_STATES and max(self.values) <= _LARGEST_CODE and min(self.values) >= 0


_MOST_VALUES: Final = 5


def path(values: Sequence[int]) -> str:
    """Return the values that a place took one after the other, of many the first ones and the last."""
    shown = [str(value) for value in values]
    if len(shown) > _MOST_VALUES:
        shown = [*shown[: _MOST_VALUES - 2], "...", shown[-1]]
    return " -> ".join(shown)


_MODE: Final = re.compile(r"manual|auto|mode|panel|local|remote|手动|自动|模式|本地|远程", re.IGNORECASE)
_STATES: Final = (
    ("Aborted", re.compile(r"fault|alarm|abort|e-?stop|急停|故障|报警", re.IGNORECASE)),
    ("Stopped", re.compile(r"stop|停止", re.IGNORECASE)),
    ("Held", re.compile(r"hold|pause|保持|暂停", re.IGNORECASE)),
    ("Complete", re.compile(r"done|complete|finish|完成", re.IGNORECASE)),
    ("Idle", re.compile(r"idle|reset|ready|复位|待机", re.IGNORECASE)),
    ("Execute", re.compile(r"start|boil|heat|decoct|fill|drain|run|pack|启动|煎|加热|加水|排液|运行", re.IGNORECASE)),
)
_WARMING: Final = re.compile(r"boil|heat|decoct|start|煎|加热|启动", re.IGNORECASE)


def state_word(act: str) -> str:
    """Return the word of PackML for what a machine does after an act of this name; empty where the name says nothing of it."""
    return next((word for word, pattern in _STATES if pattern.search(act)), "")


def mode_word(act: str) -> str:
    """Return the word for the mode after an act of this name; empty where it is about no mode."""
    if not _MODE.search(act):
        return ""
    return "Manual" if re.search(r"manual|panel|local|手动|本地", act, re.IGNORECASE) else "Produce"


def clocks(record: Record) -> list[Guess]:
    """Find what goes forward with time, second by second: the machine's clock first, counters that always run behind."""
    found: list[Guess] = []
    for view in views(_starts(record.restless(), 3), ("u64", "u32", "u16")):
        for unit, per_s in (("s", 1), ("ms", 1000)):
            values = [view.value(sweep) for sweep in record.quiet]
            if _keeps_pace(values, record.quiet, per_s):
                off_s = abs(values[-1] / per_s - record.quiet[-1].at_s)
                near = off_s < _DAY_S
                why = f"goes forward by one {unit} each {unit}; " + (
                    f"it is {off_s:.0f} s off the plant clock" if near else "it counts from a day of its own"
                )
                found.append(Guess(view, Sure.HIGH if near else Sure.LOW, why, unit))
    return _unshared(sorted(found, key=_clockwise))


def _clockwise(guess: Guess) -> tuple[bool, int, Place]:
    return guess.sure is not Sure.HIGH, len(guess.view.places), guess.view.place


def temperatures(record: Record, taken: Sequence[View]) -> list[Guess]:
    """Find what could be a thermometer: moves a little by itself, stays within what a pot can be, and rises with heat."""
    busy = {place for view in taken for place in view.places}
    firsts = _starts(_ever_moved(record) - busy, 1)
    ranked: list[tuple[float, Guess]] = []
    for view in views(firsts, ("f32", "i16"), (0.1, 0.01, 1.0)):
        if busy.isdisjoint(view.places) and (score := _warmth(view, record)) > 0:
            sure = Sure.HIGH if score >= _CERTAIN else Sure.MEDIUM if score >= _LIKELY else Sure.LOW
            ranked.append((score, Guess(view, sure, _warm_words(view, record), "Cel")))
    ranked.sort(key=lambda pair: (-pair[0], pair[1].view.place))
    return _unshared([guess for _, guess in ranked])


_FLOATS, _TENTHS, _ROSE, _NOISY = 3.0, 1.5, 3.0, 1.0
_CERTAIN, _LIKELY = 4.0, 2.5


def _warmth(view: View, record: Record) -> float:
    """Score how much a view is like a thermometer; 0 where it cannot be one."""
    sweeps = list(record.sweeps)
    values = [view.value(sweep) for sweep in sweeps]
    if not all(math.isfinite(value) and _LOWEST_C <= value <= _HIGHEST_C for value in values):
        return 0.0
    steps = [
        abs(after - before) <= _RATE_C_PER_S * max(late.at_s - early.at_s, 0.0) + _NOISE_C
        for (early, before), (late, after) in pairwise(zip(sweeps, values, strict=True))
    ]
    if not all(steps):
        return 0.0
    quiet = [view.value(sweep) for sweep in record.quiet]
    noisy = len(set(quiet)) > 1
    rose = max((_rise(view, act) for act in record.acts), default=0.0) >= _WARM_C
    if not (noisy or rose):
        return 0.0
    likely = _FLOATS if view.type in {"f32", NODE} else _TENTHS if view.scale < 1 else 0.5
    likely -= 0.5 if view.scale == 0.01 else 0.0  # noqa: PLR2004 - hundredths are rarer than tenths
    return likely + (_ROSE if rose else 0.0) + (_NOISY if noisy else 0.0)


def _rise(view: View, act: Act) -> float:
    """Return by how many degrees it rose while something was done that should heat."""
    if not _WARMING.search(act.name):
        return 0.0
    return view.value(act.sweeps[-1]) - view.value(act.before)


def _warm_words(view: View, record: Record) -> str:
    values = [view.value(sweep) for sweep in record.sweeps]
    rises = [f"{_rise(view, act):+.1f} on {act.name!r}" for act in record.acts if abs(_rise(view, act)) >= _WARM_C]
    return ", ".join([f"{min(values):.1f} to {max(values):.1f} Cel, {len(set(values))} values", *rises])


def counters(record: Record, taken: Sequence[View]) -> list[Guess]:
    """Find what counts seconds only while something is done: minutes at the boil, time remaining."""
    busy = {place for view in taken for place in view.places}
    firsts = _starts(_ever_moved(record) - record.restless() - busy, 1)
    found: list[Guess] = []
    for view in views(firsts, ("u32", "u16")):
        for act in record.acts:
            values = [view.value(sweep) for sweep in act.sweeps]
            if busy.isdisjoint(view.places) and any(
                _keeps_pace(run, sweeps, sign) for run, sweeps, sign in _runs(values, act.sweeps)
            ):
                found.append(Guess(view, Sure.MEDIUM, f"counts seconds on {act.name!r}", "s"))
                break
    return _unshared(sorted(found, key=lambda guess: (guess.view.type != "u16", guess.view.place)))


def _runs(values: Sequence[float], sweeps: Sequence[Sweep]) -> Iterator[tuple[Sequence[float], Sequence[Sweep], int]]:
    """Yield the second half of what was seen, as going up and as going down: a counter begins some time after the button."""
    half = len(values) // 2
    yield values[half:], sweeps[half:], 1
    yield values[half:], sweeps[half:], -1


def hands(record: Record) -> list[Hand]:
    """Find what followed a person's hand: still while nobody touched the machine, different after an act; best first."""
    restless = record.restless()
    quiet = record.quiet[-1].values
    found: list[Hand] = []
    for place, value in quiet.items():
        if place in restless or not float(value).is_integer():
            continue
        after = tuple((act.name, _distinct(place, act)) for act in record.acts)
        moved = [values for _, values in after if len(values) > 1]
        if moved:
            found.append(Hand(place, int(value), after))
    return sorted(found, key=_telling)


def _distinct(place: Place, act: Act) -> tuple[int, ...]:
    """Return the values that a place took one after the other, from before the act on."""
    seen: list[int] = []
    for sweep in (act.before, *act.sweeps):
        value = sweep.values.get(place)
        if value is not None and (not seen or seen[-1] != int(value)):
            seen.append(int(value))
    return tuple(seen)


def _telling(hand: Hand) -> tuple[bool, bool, int, int, Place]:
    """Order by: a code or a single bit, steady, followed many acts, few values."""
    followed = sum(len(values) > 1 for _, values in hand.after)
    return (
        not (hand.is_code or hand.place.table in BIT_TABLES),
        not hand.steady,
        -followed,
        len(hand.values),
        hand.place,
    )


def state_and_mode(found: Sequence[Hand]) -> tuple[Hand | None, Hand | None]:
    """Choose the registers that most look like the machine's state and its mode."""
    codes = [hand for hand in found if hand.is_code and hand.place.table not in BIT_TABLES]
    mode = next((hand for hand in codes if _follows_only_mode(hand)), None)
    running = [hand for hand in codes if hand is not mode and _follows_start(hand)]
    return (running[0] if running else None), mode


def _follows_only_mode(hand: Hand) -> bool:
    moved = {name for name, values in hand.after if len(values) > 1}
    return bool(moved) and all(mode_word(name) for name in moved)


def _follows_start(hand: Hand) -> bool:
    return any(len(values) > 1 and state_word(name) == "Execute" and not mode_word(name) for name, values in hand.after)


def _keeps_pace(values: Sequence[float], sweeps: Sequence[Sweep], per_s: int) -> bool:
    """Whether `values` go with time, `per_s` of them each plant second, all the way."""
    if len(values) < 3 or not all(math.isfinite(value) for value in values):  # noqa: PLR2004 - two points are on any line
        return False
    first_s, first = sweeps[0].at_s, values[0]
    if sweeps[-1].at_s - first_s < 2 * _TICK_S:
        return False
    slack = _TICK_S + max(late.at_s - early.at_s for early, late in pairwise(sweeps))
    return (
        all(
            abs((value - first) / per_s - (sweep.at_s - first_s)) <= _RATE_SHARE * (sweep.at_s - first_s) + slack
            for sweep, value in zip(sweeps, values, strict=True)
        )
        and len(set(values)) > min(len(values), sweeps[-1].at_s - first_s) // 2
    )


def _ever_moved(record: Record) -> set[Place]:
    first = record.quiet[0].values
    return {
        place for sweep in record.sweeps for place, value in sweep.values.items() if value != first.get(place, value)
    }


def _starts(moving: Iterable[Place], before: int) -> list[Place]:
    """Return where a value may begin whose moving words are these: its high words, up to so many, may stand still."""
    return sorted(
        {
            Place(place.table, place.address - back)
            for place in moving
            for back in range(1 if place.table == NODE else before + 1)
        }
    )


def _unshared(ranked: Sequence[Guess]) -> list[Guess]:
    """Keep the best guess for every place: what shares a register with a better one is a way to misread it."""
    taken: set[Place] = set()
    kept: list[Guess] = []
    for guess in ranked:
        if taken.isdisjoint(guess.view.places):
            taken.update(guess.view.places)
            kept.append(guess)
    return kept
