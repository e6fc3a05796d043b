"""`decoction probe --accept`: a machine does all that the line will ask of it, with water in it and a person beside it."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import typer

from devices.acceptance import STOP, Bench, checks
from devices.profile import load_profile

if TYPE_CHECKING:
    from controller.cli.probe import Asked
    from devices.acceptance import Check


def accepted(asked: Asked) -> bool:
    """Ask the person, then the machine, check by check; say whether all passed. The first that heats and fails ends it."""
    profile = load_profile(asked.place.profile, asked.site.site.profiles)
    typer.echo(asked.say("accept-warning", machine=asked.place.id))
    if sys.stdin.readline().strip() != asked.place.id:
        return False
    bench = Bench(asked.place, profile, asked.now, asked.clock.speed)
    passed: list[bool] = []
    hot = False
    try:
        for check in checks(profile):
            hot = check.heats
            passed.append(_passes(asked, bench, check))
            if hot and not passed[-1]:
                break
    finally:
        if hot:
            asyncio.run(bench.run(STOP))
    good = bool(passed) and all(passed)
    typer.echo(asked.say("accept-all" if good else "accept-some"))
    return good


def _passes(asked: Asked, bench: Bench, check: Check) -> bool:
    words = asked.say(f"accept-{check.id}")
    if check.by_hand:
        typer.echo(f">>> {words}")
        sys.stdin.readline()
    result = asyncio.run(bench.run(check))
    verdict = "✓" if result.passed else "✗"
    typer.echo(asked.say("accept-result", verdict=verdict, check=words, what=result.what))
    return result.passed
