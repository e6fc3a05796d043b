"""A person takes a prescription from intake to delivery on the screen: real controller, real plant, keys and scans alone."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from controller.config import load_config
from controller.demo.folder import SAMPLES, make_folder
from controller.demo.layout import Counts
from tests.screens.conftest import SMALL, Terminal
from tui.app import FloorApp, Options
from tui.state import Link, Tone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from controller.wire import TaskView

HERBS = ("桂枝", "白芍", "大枣")
"""Herbs of the first sample that want nothing special."""

COUNTS = Counts(pots_modbus=1, pots_opcua=1, soaks=1, packers=1)
SPEED = 240
PATIENCE_S = 90.0


class Site:
    """A running controller with its plant. `people`: role -> (badge, PIN) of everybody who has it."""

    def __init__(self, folder: Path, held: ExitStack) -> None:
        self.path = make_folder(folder, hospitals=["RS-TCM"], prescriptions=SAMPLES, speed=SPEED, counts=COUNTS)
        config = load_config(self.path)
        self.url = f"http://127.0.0.1:{config.port}"
        self.state = config.site.state
        self._held = held
        self._start("plant")
        self._controller = self._start("run")
        self._wait()
        self.people: dict[str, list[tuple[str, str]]] = {}
        for one in json.loads((self.state / "staff.json").read_text(encoding="utf-8"))["people"]:
            for role in one["roles"]:
                self.people.setdefault(role, []).append((one["badge"], one["pin"]))

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        log = self._held.enter_context((self.state / f"{name}.txt").open("ab"))
        command = [sys.executable, "-m", "controller", name, "--config", str(self.path)]
        process = subprocess.Popen(command, cwd=self.state, stdout=log, stderr=log)
        self._held.callback(process.wait)
        self._held.callback(process.kill)
        return process

    def start_again(self) -> None:
        """End the controller as an administrator does, and start it with what its files say now."""
        self._controller.terminate()
        self._controller.wait(PATIENCE_S)
        self._controller = self._start("run")
        self._wait()

    def _wait(self) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline_s:
            try:
                if httpx.get(f"{self.url}/readyz", timeout=2).is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.2)
        raise AssertionError((self.state / "run.txt").read_text())

    def receive(self, body: dict[str, Any]) -> str:
        """Post a prescription as its hospital; return its id."""
        key = json.loads((self.state / "keys.json").read_text(encoding="utf-8"))["hospitals"]["RS-TCM"]
        answer = httpx.post(
            f"{self.url}/api/v1/prescriptions", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=10
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    @asynccontextmanager
    async def terminal(self, station: str) -> AsyncIterator[Terminal]:
        """Stand at a station."""
        app = FloorApp(Options(self.url, self.state / "keys.json", "zh_CN", station))
        async with app.run_test(size=SMALL) as pilot:
            floor = Terminal(app, pilot, PATIENCE_S)
            await floor.until(lambda: app.view.link is Link.ONLINE and app.view.session.kind)
            await floor.settled()
            yield floor


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as held:
        yield Site(tmp_path / "site", held)


async def log_in(floor: Terminal, badge: str) -> None:
    await floor.scan(badge)
    await floor.until(lambda: floor.app.view.session.actor == badge)


async def task(floor: Terminal, kind: str) -> TaskView:
    """Wait for a task of this kind; return it, as a person reads it off the list."""
    await floor.until(lambda: any(one["kind"] == kind for one in floor.app.view.tasks))
    return next(one for one in floor.app.view.tasks if one["kind"] == kind)


async def sign(floor: Terminal, key: str, person: tuple[str, str]) -> None:
    """Press a key, sign with badge and PIN, and see it accepted."""
    badge, pin = person
    await floor.press(key)
    await floor.until(lambda: "电子签名" in floor.text())
    await floor.scan(badge)
    await floor.press(*pin, "enter")
    await accepted(floor)


async def accepted(floor: Terminal) -> None:
    """Wait for the answer to an act, and see that it was not refused."""
    await floor.until(lambda: floor.app.view.verdict)
    verdict = floor.app.view.verdict
    assert verdict is not None
    assert verdict.tone is not Tone.BAD, verdict


async def review(site: Site) -> None:
    async with site.terminal("review-1") as floor:
        await floor.until(lambda: floor.app.view.case)
        await sign(floor, "a", site.people["pharmacist"][0])


async def dispense(site: Site) -> None:
    async with site.terminal("dispensing-1") as floor:
        await log_in(floor, site.people["dispenser"][0][0])
        bind = await task(floor, "bind-pail")
        await floor.scan(bind["into"])
        await floor.scan(bind["codes"][0])
        for _ in HERBS:
            draw = await task(floor, "draw")
            await floor.scan(draw["codes"][0])
            await floor.until(lambda: floor.app.view.ask)
            await floor.pilot.pause()
            await floor.press(*f"{draw['details']['grams']:g}", "enter")
            done = draw["details"]["herb"]
            await floor.until(partial(_weighed, floor, done))


def _weighed(floor: Terminal, herb: str) -> bool:
    return not any(one["details"].get("herb") == herb for one in floor.app.view.tasks)


async def decoct(site: Site) -> None:
    async with site.terminal("floor-1") as floor:
        await log_in(floor, site.people["operator"][0][0])
        for kind in ("place-pail", "charge"):
            found = await task(floor, kind)
            await floor.scan(found["code"])
            await floor.scan(found["into"])
            await floor.until(lambda: not floor.app.view.hand.code)
        await floor.press("f2")
        await floor.until(lambda: "沸腾" in floor.text())
        await floor.press("enter")
        await floor.until(lambda: "已计" in floor.text() and "沸腾线" in floor.text())


async def signed_at(site: Site, station: str, kind: str, person: tuple[str, str]) -> None:
    async with site.terminal(station) as floor:
        await task(floor, kind)
        await sign(floor, "1", person)


async def dispatch(site: Site, courier: str) -> None:
    async with site.terminal("dispatch-1") as floor:
        await log_in(floor, site.people["packer"][0][0])
        box = await task(floor, "box")
        await floor.scan(box["into"])
        for bag in box["codes"]:
            await floor.scan(bag)
        hand_over = await task(floor, "hand-over")
        await floor.scan(hand_over["code"])
        await floor.scan(courier)
        await floor.until(lambda: "包裹已交付" in floor.text())
    async with site.terminal("courier-1") as floor:
        await log_in(floor, courier)
        await task(floor, "deliver")
        await floor.press("d")
        await floor.until(lambda: "电子签名" in floor.text())
        await floor.press("enter")
        await accepted(floor)


async def test_a_person_takes_a_prescription_from_intake_to_delivery_by_keys_and_scans(site: Site) -> None:
    body = json.loads(SAMPLES.read_text(encoding="utf-8").splitlines()[0])
    case = site.receive(body | {"items": [item for item in body["items"] if item["herb"] in HERBS]})
    await review(site)
    await dispense(site)
    await signed_at(site, "verification-1", "verify", site.people["checker"][0])
    await decoct(site)
    await signed_at(site, "release-1", "release", site.people["pharmacist"][1])
    await dispatch(site, site.people["courier"][0][0])
    async with site.terminal("floor-1") as floor:
        floor.app.open_case(case)
        floor.app.go("prescription")
        await floor.until(lambda: floor.app.view.case)
        await floor.press(*["tab"] * 5)
        assert "交付：送达" in floor.text()
