"""A headless demo says each second how far it is, ends when nothing is open, and gives up when nothing happens any more."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from controller.config import Config
    from controller.demo.hospitals import Posted
    from controller.wire import LineView, MachineView
    from devices.site import PlantClock

_LOOK_S = 1.0
_LINE_EVERY_S = 10.0
_SILENCE_S = 60.0
_SPARE_MINUTES = 30.0


class Stalled(Exception):
    """No fact for a minute of wall time, and nothing due."""


class Progress:
    """Watches the line from outside. `waits_minutes`: plant minutes that staff or a part made apart may pass in silence.

    `beside`: what else the line of progress says.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        key: str,
        clock: PlantClock,
        posted: Posted,
        config: Config,
        waits_minutes: float,
        beside: Callable[[], str] = str,
    ) -> None:
        self._http = http
        self._headers = {"authorization": f"Bearer {key}"}
        self._clock = clock
        self._posted = posted
        self._zone = config.timezone
        self._waits_ms = (waits_minutes + _SPARE_MINUTES) * 60_000
        self._beside = beside
        self._began_s = time.monotonic()
        self._said_s = 0.0
        self._seq = -1
        self._news_s, self._news_at = self._began_s, clock.now()

    async def watch(self) -> None:
        """Return when everything that was posted has ended. Raises Stalled."""
        while True:
            line: LineView | None = await self._get("/api/v1/line")
            if line is not None:
                self._say(line["counts"])
                if self._posted.done and not sum(line["counts"].values()):
                    return
                await self._judge_silence(line["seq"])
            await asyncio.sleep(_LOOK_S)

    async def _judge_silence(self, seq: int) -> None:
        if seq != self._seq:
            self._seq, self._news_s, self._news_at = seq, time.monotonic(), self._clock.now()
        silent = time.monotonic() - self._news_s > _SILENCE_S
        waited = self._clock.now() - self._news_at > self._waits_ms
        if silent and waited and self._posted.done and not await self._busy():
            raise Stalled(f"no fact for {_SILENCE_S:.0f} s and nothing due")

    async def _busy(self) -> bool:
        """Say whether a machine is at work by its own timer."""
        machines: list[MachineView] = await self._get("/api/v1/machines") or []
        return any(machine["remaining_s"] > 0 and machine["link"] == "fresh" for machine in machines)

    async def _get(self, path: str) -> Any:
        try:
            answer = await self._http.get(path, headers=self._headers)
        except httpx.TransportError:
            return None
        return answer.json() if answer.is_success else None

    def _say(self, counts: Mapping[str, int]) -> None:
        """Write one line over and over on a terminal, one now and then elsewhere."""
        terminal, now_s = sys.stderr.isatty(), time.monotonic()
        if not terminal and now_s - self._said_s < _LINE_EVERY_S:
            return
        self._said_s = now_s
        plant = datetime.fromtimestamp(self._clock.now() / 1000, self._zone)
        received, is_open = len(self._posted.cases), sum(counts.values())
        stages = " ".join(f"{status} {count}" for status, count in counts.items() if count)
        text = (
            f"{now_s - self._began_s:4.0f} s  {plant:%H:%M}  received {received}  ended {received - is_open}  {stages}"
            f"{self._beside()}"
        )
        sys.stderr.write(f"\r\x1b[K{text}" if terminal else f"{text}\n")
        sys.stderr.flush()
