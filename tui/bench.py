"""Carries a person's acts to the controller, one after another in the order they were made, and puts the answer on the desk.

Scans are queued, so that a scanner need not wait; intents with a signature are awaited by the screen that asked for them.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

from tui import acts, verdicts
from tui.client import Denied, Unreached
from tui.clocks import iso
from tui.codes import PACKET, prefix
from tui.desk import Bind, LogIn, Look, take
from tui.figures import plant_now, site_zone
from tui.freshness import Need
from tui.state import Minutes, Weigh, logged_in

if TYPE_CHECKING:
    from controller.wire import FactView, IntentAnswer
    from tui.acts import Body, Signature
    from tui.board import Board
    from tui.client import Client
    from tui.desk import Act
    from tui.sync import Sync

TOUCHED = (Need.TASKS, Need.ROWS, Need.CASE, Need.LINE, Need.ALARMS, Need.RECIPE)
"""What an act may have changed."""

ALL = 500
"""As many tasks as the controller gives at once."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan on its way: the same nonce however often it is sent."""

    act: Act
    body: Body


class Bench:
    """The acting half of the terminal."""

    def __init__(self, board: Board, sync: Sync) -> None:
        self._board = board
        self._sync = sync
        self._scans: asyncio.Queue[Scan] = asyncio.Queue()

    def scanned(self, code: str) -> bool:
        """Take a code: it joins the one in hand, or waits there for its partner. Return whether it is more than a log-in."""
        view = self._board.view
        hand, act = take(view.hand, code, actor_known=bool(view.session.actor))
        if not view.session.station:
            self._board.answered(verdicts.local("verdict.no-station", self._board.words))
        elif not isinstance(act, LogIn) and not view.session.actor:
            self._board.answered(verdicts.local("verdict.no-actor", self._board.words, code))
        else:
            self._board.change(replace(view, hand=hand, ask=None))
            self._scans.put_nowait(Scan(act, self._body(act)))
        return not isinstance(act, LogIn)

    async def run(self) -> None:
        """Send scans for ever, in order."""
        while True:
            scan = await self._scans.get()
            try:
                reply = await self._client().scan(scan.body)
            except (Unreached, Denied) as error:
                self._board.answered(verdicts.lost(str(error), self._board.words))
                continue
            self._board.answered(verdicts.judged(reply, self._board.words, site_zone(self._board.view)))
            if reply.answer is not None:
                await self._follow_up(scan.act, reply.answer)
            self._sync.look(*TOUCHED)

    async def intent(self, body: Body, signature: Signature) -> bool:
        """Send a person's intent; show the answer and return whether it was accepted."""
        return await self._sent("/intents", signature.under(body)) is not None

    async def acknowledge(self, alarm: str, signature: Signature) -> bool:
        """Acknowledge an alarm."""
        return await self._sent(f"/alarms/{quote(alarm, safe='')}/acknowledge", signature.under({})) is not None

    async def weighed(self, ask: Weigh, text: str, signature: Signature) -> None:
        """Record a weight as typed; ask for the next portion where there is one."""
        grams = _number(text)
        if grams is None:
            self._board.answered(verdicts.local("verdict.no-number", self._board.words, text))
            return
        answer = await self._sent("/intents", signature.under(acts.weigh(ask.batch, ask.herb, grams)))
        if answer is not None:
            finished = any(fact["body"].get("done") for fact in _of_kind(answer, "HerbWeighed"))
            again = None if finished or ask.times <= 1 else replace(ask, times=ask.times - 1)
            self._board.change(replace(self._board.view, ask=again))

    async def attested(self, ask: Minutes, text: str, signature: Signature) -> None:
        """Attest a part made apart with the minutes as typed."""
        minutes = _number(text)
        if minutes is None or minutes != int(minutes):
            self._board.answered(verdicts.local("verdict.no-number", self._board.words, text))
            return
        body = acts.attest(ask.batch, ask.herb, ask.code, int(minutes))
        if await self._sent("/intents", signature.under(body)) is not None:
            self._board.change(replace(self._board.view, ask=None))

    def _body(self, act: Act) -> Body:
        view = self._board.view
        codes = {"code": act.code, "into": act.into} if isinstance(act, Bind) else {"code": _alone(act)}
        return {
            **codes,
            "station": view.session.station,
            "actor": act.badge if isinstance(act, LogIn) else view.session.actor,
            "scanned_at": iso(plant_now(view, self._board.now_s()), site_zone(view)),
            "nonce": uuid4().hex,
        }

    async def _sent(self, path: str, body: Body) -> IntentAnswer | None:
        words = self._board.words
        try:
            reply = await self._client().act(path, body)
        except (Unreached, Denied) as error:
            self._board.answered(verdicts.lost(str(error), words))
            return None
        finally:
            self._sync.look(*TOUCHED)
        self._board.answered(verdicts.judged(reply, words, site_zone(self._board.view)))
        return reply.answer

    async def _follow_up(self, act: Act, answer: IntentAnswer) -> None:
        board = self._board
        if isinstance(act, LogIn):
            shows: dict[str, Any] = answer.get("shows") or {}
            if not shows.get("enabled", True):
                board.answered(verdicts.local("verdict.disabled", board.words, act.badge))
                return
            board.change(logged_in(board.view, act.badge, str(shows.get("name", "")), board.now_s()))
            return
        ask: Weigh | Minutes | None = None
        for fact in _of_kind(answer, "DrawerScanned"):
            ask = await self._weigh(fact)
        if isinstance(act, Look) and prefix(act.code) == PACKET:
            ask = await self._minutes(act.code)
        if ask is not None and self._scans.empty():
            board.change(replace(board.view, ask=ask))

    async def _weigh(self, fact: FactView) -> Weigh | None:
        """Return what the drawer that was just scanned asks to be weighed."""
        tasks = await self._read("/tasks", {"kind": "draw", "limit": ALL})
        return next((acts.weighing(task) for task in tasks or () if task["batch"] == fact["body"]["batch"]), None)

    async def _minutes(self, packet: str) -> Minutes | None:
        """Return what is to be attested of this packet, None where nothing is."""
        for task in await self._read("/tasks", {"kind": "separate", "limit": ALL}) or ():
            if packet == task["code"] or packet in task["codes"]:
                details = task["details"]
                return Minutes(
                    task["batch"], str(details.get("herb", "")), packet, int(details.get("least_minutes", 0))
                )
        return None

    async def _read(self, path: str, query: dict[str, str | int] | None = None) -> Any:
        try:
            return await self._client().get(path, query, acting=True)
        except (Unreached, Denied) as error:
            self._board.tell(self._board.words("notice.not-read", what=path, why=error))
            return None

    def _client(self) -> Client:
        if self._sync.client is None:
            raise Unreached(self._board.words("link.keyless"))
        return self._sync.client


def _alone(act: LogIn | Look) -> str:
    return act.badge if isinstance(act, LogIn) else act.code


def _of_kind(answer: IntentAnswer, kind: str) -> list[FactView]:
    return [fact for fact in answer["facts"] if fact["kind"] == kind]


def _number(text: str) -> float | None:
    """Read a number as people type it; None where it is none."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
