"""Keeps the view in step with the controller: follows the stream, fetches what the present screen needs, comes back by itself.

Each connection is a fresh client with freshly read keys. Two endless coroutines, `follow` and `refresh`, are run and
supervised by the app.
"""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import aclosing, suppress
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tui import state
from tui.client import Client, Denied, Unreached
from tui.freshness import Freshness, Need, outdated
from tui.keys import KeysMissing, read_keys
from tui.state import Link, View

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tui.board import Board
    from tui.stream import Event

BEAT_S = 0.25
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 5.0
CATCH_UP = 500
"""Facts missed while away that are worth reading; further back only the last `state.RECENT` are."""

OWN = frozenset({Need.ROWS, Need.CASE, Need.STATION})
"""What is read with the station's own key, since that may see more than the floor: a reviewer sees the diagnosis."""

PAGE = 100
TASKS_OF_A_KIND = 100


class Sync:
    """The reading half of the terminal. `client` is None before the first key file was read."""

    def __init__(self, board: Board, key_file: Path, url: str) -> None:
        self.client: Client | None = None
        self.fresh = Freshness()
        self._board = board
        self._key_file = key_file
        self._url = url
        self._wake = asyncio.Event()
        self._heard_s = 0.0
        self._was_up = False
        self._under_way: set[Need] = set()

    def look(self, *needs: Need, anew: bool = False) -> None:
        """Fetch these soon; `anew`: at once, since another thing is to be shown."""
        if anew:
            self.fresh.forget(*needs)
        else:
            self.fresh.spoil(*needs)
        self._wake.set()

    def move(self, place: str) -> None:
        """Stand for another station from now on."""
        if self.client is not None:
            self.client.place = place
        self.look(*Need, anew=True)

    async def follow(self) -> None:
        """Read the stream for ever; connect again after a growing, jittered pause."""
        wait_s = FIRST_WAIT_S
        while True:
            self._was_up = False
            try:
                await self._connected()
            except KeysMissing as missing:
                self._lost(Link.KEYLESS, str(missing))
            except (Unreached, Denied) as error:
                self._lost(Link.OFFLINE, str(error))
            if self._was_up:
                wait_s = FIRST_WAIT_S
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311 - spreads terminals, guards nothing
            wait_s = min(LONGEST_WAIT_S, wait_s * 2)

    async def refresh(self) -> None:
        """Fetch for ever what is due; a slow answer holds up nothing but itself."""
        async with asyncio.TaskGroup() as group:
            while True:
                if self._board.view.link is Link.ONLINE and self.client is not None:
                    for need in self.fresh.due(self._board.needs() - self._under_way, self._board.now_s()):
                        self._under_way.add(need)
                        group.create_task(self._fetch(need, self.client))
                with suppress(TimeoutError):
                    async with asyncio.timeout(BEAT_S):
                        await self._wake.wait()
                self._wake.clear()

    async def aclose(self) -> None:
        """Close the connection."""
        if self.client is not None:
            await self.client.aclose()

    async def _connected(self) -> None:
        keys = await asyncio.to_thread(read_keys, self._key_file)
        await self.aclose()
        self.client = client = Client(self._url, keys, self._board.view.session.station)
        line = await client.get("/line")
        board = self._board
        board.change(_rewound(state.with_line(board.view, line, board.now_s()), line["seq"]))
        first = True
        async with aclosing(client.events(board.view.seq)) as events:
            async for event in events:
                self._heard_s, self._was_up = board.now_s(), True
                if board.view.link is not Link.ONLINE:
                    board.change(state.linked(board.view, Link.ONLINE, self._heard_s))
                    self.look(*Need, anew=True)
                self._take(event, first=first)
                first = first and event.name != "machines"
        raise Unreached("stream ended")

    def _take(self, event: Event, *, first: bool) -> None:
        board = self._board
        if event.name == "machines":
            board.change(state.with_machines(board.view, json.loads(event.data), self._heard_s, complete=first))
        elif event.name == "fact":
            fact = json.loads(event.data)
            if fact["seq"] > board.view.seq:
                self.look(*outdated(fact, board.view))
                board.change(state.with_fact(board.view, fact))

    def _lost(self, link: Link, why: str) -> None:
        board = self._board
        board.change(state.linked(board.view, link, self._heard_s or board.now_s(), why))

    async def _fetch(self, need: Need, client: Client) -> None:
        board = self._board
        request = _request(need, board.view)
        try:
            if need is Need.TASKS:
                tasks = await _tasks(client, board.kinds())
                board.change(state.replace(board.view, tasks=tasks))
            elif request is not None:
                path, query = request
                answer = await client.get(path, query, acting=need in OWN and bool(board.view.session.station))
                board.change(_folded(need, board.view, answer, board.now_s()))
        except (Unreached, Denied) as error:
            self.fresh.spoil(need)
            if board.view.link is Link.ONLINE:
                board.tell(board.words("notice.not-read", what=need.value, why=error))
        finally:
            self._under_way.discard(need)


def _rewound(view: View, seq: int) -> View:
    """Decide from where facts are read: where we were, unless that is too far back or of another database."""
    if 0 < view.seq <= seq <= view.seq + CATCH_UP:
        return view
    return state.rewound(view, max(0, seq - state.RECENT))


def _request(need: Need, view: View) -> tuple[str, Mapping[str, str | int]] | None:
    """Return path and query of what is fetched with one call, None where there is nothing to ask for."""
    match need:
        case Need.LINE | Need.ALARMS | Need.RECIPE:
            return f"/{need.value}", {}
        case Need.LOAD:
            return "/alarms/kpi", {"month": view.load_month} if view.load_month else {}
        case Need.ROWS:
            query = {"status": view.query.status, "cursor": view.query.cursors[-1] if view.query.cursors else ""}
            return "/prescriptions", {"limit": PAGE, **{key: value for key, value in query.items() if value}}
        case Need.CASE:
            return (f"/prescriptions/{quote(view.case_id, safe='')}", {}) if view.case_id else None
        case Need.MACHINE:
            return (f"/machines/{quote(view.machine_id, safe='')}", {}) if view.machine_id else None
        case Need.CURVE:
            machine = view.machines.get(view.machine_id)
            return (f"/batches/{quote(machine['batch'], safe='')}/curve", {}) if machine and machine["batch"] else None
        case Need.STATION:
            return ("/whoami", {}) if view.session.station else None
        case Need.TASKS:
            return None


def _folded(need: Need, view: View, answer: Any, at_s: float) -> View:
    match need:
        case Need.LINE:
            return state.with_line(view, answer, at_s)
        case Need.ALARMS:
            return state.replace(view, alarms=answer)
        case Need.LOAD:
            return state.replace(view, load=answer)
        case Need.RECIPE:
            return state.replace(view, recipe=answer)
        case Need.ROWS:
            return state.with_rows(view, answer, at_s)
        case Need.CASE:
            return state.with_case(view, answer)
        case Need.MACHINE:
            return state.with_machines(view, [answer], at_s)
        case Need.CURVE:
            return state.with_curve(view, answer)
        case Need.STATION:
            return state.introduced(view, answer)
        case Need.TASKS:
            return view


async def _tasks(client: Client, kinds: tuple[str, ...]) -> list[Any]:
    """Fetch the tasks of these kinds, most pressing first; each kind has its own limit, so that none hides another."""
    found: list[Any] = []
    for kind in kinds:
        found += await client.get("/tasks", {"kind": kind, "limit": TASKS_OF_A_KIND})
    return sorted(found, key=itemgetter("rank"))
