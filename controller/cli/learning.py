"""`decoction probe --learn`: a talk with the person who stands at an unknown machine; at its end there is a draft of its table.

On a terminal, or with the names of the acts on standard input, one a line. The connection is let go while the person is asked.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import typer

from devices.errors import SiteError
from devices.learning import findings
from devices.learning.draft import Found, lacks, written
from devices.learning.nodes import OpcUaSource
from devices.learning.record import Act, Record
from devices.learning.source import GAP_S, TIMEOUT_S, ModbusSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.cli.probe import Asked
    from devices.learning.findings import Guess, Hand
    from devices.learning.source import Source

_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_RANGES: Final = re.compile(r"\d{1,5}-\d{1,5}(,\d{1,5}-\d{1,5})*")
_LAST: Final = 0xFFFF
_MOST_TOLD: Final = 8
_SLOW: Final = 4
"""How many times longer than its slowest answer a machine may take before it counts as silent."""


def learn(asked: Asked, *, out: Path | None, addresses: str, seconds: float) -> bool:
    """Talk, watch and write; say whether the draft can be loaded. Raises LinkError, SiteError, OSError."""
    path = out or Path(f"{asked.place.profile}.toml")
    if not _NAME.fullmatch(path.stem) or path.suffix != ".toml":
        raise typer.BadParameter(f"{path.name}: a profile is called like pot-maker.toml")
    if path.exists():
        raise FileExistsError(0, asked.say("learn-there", path=path.name), str(path))
    source = _source(asked, addresses)
    asyncio.run(source.find(typer.echo))
    typer.echo(asked.say("learn-quiet", seconds=f"{seconds:g}"))
    record = Record(asyncio.run(source.watch(seconds, asked.now)))
    restless = len(record.restless())
    typer.echo(asked.say("learn-found", places=len(record.quiet[-1].values), restless=restless))
    if not restless:
        typer.echo(asked.say("learn-elsewhere"))
    while name := _next_act(asked):
        typer.echo(asked.say("learn-do", act=name, seconds=f"{seconds:g}"))
        before = record.last
        act = Act(name, before, asyncio.run(source.watch(seconds, asked.now)))
        record.acts.append(act)
        _tell_moved(asked, record, act)
    found = _found(asked, record, source, path.stem)
    with path.open("x", encoding="utf-8") as file:
        file.write(written(found))
    _tell(asked, found)
    if missing := lacks(found):
        typer.echo(asked.say("learn-lacks", tags=", ".join(missing)))
    typer.echo(asked.say("learn-written", path=path))
    return not missing


def _source(asked: Asked, addresses: str) -> ModbusSource | OpcUaSource:
    match urlsplit(asked.place.url).scheme:
        case "modbus":
            return ModbusSource(asked.place, _ranges(addresses))
        case "opc.tcp":
            return OpcUaSource(asked.place)
        case scheme:
            raise SiteError(f"nothing can be learnt over {scheme!r}", machine=asked.place.id)


def _ranges(text: str) -> list[tuple[int, int]]:
    """Read `0-1199,4000-4099`."""
    if not _RANGES.fullmatch(text):
        raise typer.BadParameter(f"{text!r} is not like 0-1199,4000-4099")
    ranges = [(int(first), int(last)) for first, last in (part.split("-") for part in text.split(","))]
    if any(not first <= last <= _LAST for first, last in ranges):
        raise typer.BadParameter(f"{text!r}: addresses go from 0 to {_LAST}, the smaller one first")
    return ranges


def _next_act(asked: Asked) -> str:
    """Ask for the name of the next act; empty at the end."""
    typer.echo(asked.say("learn-act"), nl=not sys.stdin.isatty())
    return sys.stdin.readline().strip()


def _tell_moved(asked: Asked, record: Record, act: Act) -> None:
    """Say what followed this act, that the person can see whether the machine did it."""
    moved = [
        f"{hand.place} {findings.path(hand.after[-1][1])}"
        for hand in findings.hands(record)
        if len(hand.after[-1][1]) > 1
    ]
    typer.echo(asked.say("learn-moved", act=act.name, moved=", ".join(moved[:_MOST_TOLD]) or asked.say("learn-none")))


def _found(asked: Asked, record: Record, source: Source, name: str) -> Found:
    clocks = findings.clocks(record)
    temperatures = findings.temperatures(record, [guess.view for guess in clocks])
    hands = findings.hands(record)
    state, mode = findings.state_and_mode(hands)
    common: dict[str, Any] = {
        "id": name,
        "kind": asked.place.kind,
        "url": asked.place.url,
        "clocks": clocks,
        "temperatures": temperatures,
        "counters": findings.counters(record, [guess.view for guess in (*clocks, *temperatures)]),
        "state": state,
        "mode": mode,
        "hands": hands,
    }
    if isinstance(source, OpcUaSource):
        return Found(protocol="opcua", namespace=source.namespace, nodes=dict(enumerate(source.nodes)), **common)
    assert isinstance(source, ModbusSource)
    return Found(
        protocol="modbus",
        nodes={},
        max_block=max((run.count for run in source.runs if run.table in {"holding", "input"}), default=1),
        gap_ms=round(1000 * GAP_S),
        timeout_s=max(TIMEOUT_S, _SLOW * source.longest_s),
        **common,
    )


def _tell(asked: Asked, found: Found) -> None:
    """Say in three lines what matters most."""

    def first(guesses: list[Guess], words: Callable[[Guess], str]) -> str:
        return words(guesses[0]) if guesses else asked.say("learn-none")

    def guessed(guess: Guess) -> str:
        return f"{guess.view.place} {guess.view.type} {guess.view.word_order} ({guess.sure}: {guess.why})"

    hand: Hand | None = found.state
    typer.echo(asked.say("learn-clock", what=first(list(found.clocks), guessed)))
    typer.echo(asked.say("learn-temperature", what=first(list(found.temperatures), guessed)))
    typer.echo(asked.say("learn-state", what=asked.say("learn-none") if hand is None else str(hand.place)))
