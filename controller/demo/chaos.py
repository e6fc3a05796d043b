"""A bad night on purpose: processes are killed and frozen, links and power are cut, in an order and for times drawn from a seed.

`Chaos(seed, children, site)`; `reign` inflicts one plan of everything in `PLAN` and is done, or goes on for ever; `inflicted`
counts. Nothing here knows the line: what it does could be done by anybody who pulls plugs.
"""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from typing import TYPE_CHECKING, Final

from controller.demo.plant_control import ask_plant
from controller.demo.ready import machines_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.demo.children import Children
    from devices.site import Site

PLAN: Final = {"controller_kills": 6, "controller_freezes": 2, "staff_kills": 2, "link_cuts": 5, "power_cuts": 2}
"""What one plan inflicts, how often each."""

CALM_S: Final = (1.0, 8.0)
"""Wall seconds between the end of one trouble and the next."""

_LASTS_S: Final = {
    "controller_kills": (0.0, 2.0),
    "controller_freezes": (1.0, 6.0),
    "staff_kills": (0.0, 4.0),
    "link_cuts": (1.0, 8.0),
    "power_cuts": (1.0, 6.0),
}
"""Wall seconds that each lasts; a process that was killed then takes its time to start as well."""

_MOST_LINKS: Final = 6
"""Links that are cut at once."""


def plan(draw: random.Random) -> Sequence[str]:
    """Return everything of one plan in a drawn order, with a power cut in its first third, where batches are cooking."""
    kinds = [kind for kind, times in PLAN.items() for _ in range(times)]
    kinds.remove("power_cuts")
    draw.shuffle(kinds)
    kinds.insert(draw.randrange(1, len(kinds) // 3), "power_cuts")
    return kinds


class Chaos:
    """Inflicts trouble on a running demo. `inflicted`: how often each kind."""

    def __init__(self, seed: int, children: Children, site: Site) -> None:
        self.inflicted: Counter[str] = Counter(dict.fromkeys(PLAN, 0))
        self._draw = random.Random(seed)  # noqa: S311 - a plan that must repeat
        self._children = children
        self._site = site

    async def reign(self, *, for_ever: bool) -> None:
        """Inflict one plan, or one after the other. Raises NotUp where the plant does not come back."""
        while True:
            for kind in plan(self._draw):
                await asyncio.sleep(self._draw.uniform(*CALM_S))
                self.inflicted[kind] += 1
                await self._inflict(kind, self._draw.uniform(*_LASTS_S[kind]))
            if not for_ever:
                return

    def told(self) -> str:
        """Say in a few words what was inflicted."""
        return "  | " + ", ".join(f"{kind.replace('_', ' ')} {count}" for kind, count in self.inflicted.items())

    async def _inflict(self, kind: str, lasts_s: float) -> None:
        match kind:
            case "controller_kills":
                await self._kill("controller", lasts_s)
            case "controller_freezes":
                await self._freeze("controller", lasts_s)
            case "staff_kills":
                await self._kill("staff", lasts_s)
            case "link_cuts":
                await self._cut_links(lasts_s)
            case _:
                await self._kill("plant", lasts_s)
                await machines_up(self._children)

    async def _kill(self, name: str, lasts_s: float) -> None:
        await self._children.kill(name)
        await asyncio.sleep(lasts_s)
        await self._children.start_again(name)

    async def _freeze(self, name: str, lasts_s: float) -> None:
        self._children.send(name, signal.SIGSTOP)
        try:
            await asyncio.sleep(lasts_s)
        finally:
            self._children.send(name, signal.SIGCONT)

    async def _cut_links(self, lasts_s: float) -> None:
        """Let some machines hang up, or say nothing any more, and then be as before."""
        machines = self._draw.sample(sorted(self._site.machines), self._draw.randint(1, _MOST_LINKS))
        fault = self._draw.choice(("refuse", "silent"))
        for machine in machines:
            await ask_plant(self._site.state, {"machine": machine, "fault": fault})
        await asyncio.sleep(lasts_s)
        for machine in machines:
            await ask_plant(self._site.state, {"machine": machine, "fault": "clear"})
