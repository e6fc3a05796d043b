"""A power cut of the whole house in the middle of a boil: the sheet names the pot, says what it went through and proposes."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from controller.config import load_config
from controller.demo.folder import SAMPLES, make_folder
from tests.system.test_by_hand import COUNTS, PATIENCE_S, SPEED, Site, urgent_pickup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from controller.wire import MachineView
    from controller.wire.outage import OutageRow


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    path = make_folder(tmp_path / "site", hospitals=["RS-TCM"], prescriptions=SAMPLES, speed=SPEED, counts=COUNTS)
    with ExitStack() as held:
        yield Site(load_config(path), held)


def until(found: Callable[[], Any]) -> Any:
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        if thing := found():
            return thing
        time.sleep(0.1)
    raise AssertionError("it never came")


def printed(site: Site, form: str) -> bytes:
    command = [sys.executable, "-m", "controller", "outage", "--format", form, "--config", str(site.config.path)]
    return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout


def test_a_cut_in_the_middle_of_a_boil_is_on_the_sheet_dark_and_back(site: Site) -> None:
    site.start("staff", "run", "plant")
    case = site.call("POST", "/api/v1/prescriptions", "hospitals/RS-TCM", json=urgent_pickup())["id"]

    def boiling() -> MachineView | None:
        machines: list[MachineView] = site.call("GET", "/api/v1/machines", "admin")
        return next((one for one in machines if one["boil"] and one["boil"]["state"] == "boiling"), None)

    def row(pot: str, rule: str) -> OutageRow | None:
        rows: list[OutageRow] = site.call("GET", "/api/v1/outage", "admin")["rows"]
        mine = [one for one in rows if one["machine"] == pot]
        return next(
            (one for one in mine if rule in {reason["rule"].partition(".")[0] for reason in one["reasons"]}), None
        )

    pot = until(boiling)["id"]
    site.kill("staff", "plant")
    dark: OutageRow = until(lambda: row(pot, "link-stale"))
    assert (dark["case"], dark["advice"], dark["seen"], dark["offered"]) == (case, "wait", None, ["migrate", "scrap"])
    assert dark["before"] is not None
    assert dark["before"]["celsius"] > 90
    assert dark["reckoned_celsius"] is not None
    assert pot in printed(site, "text").decode()
    site.kill("run")
    site.start("plant", "run")
    back: OutageRow = until(lambda: row(pot, "boot"))
    assert (back["batch"], back["before"] is not None, back["seen"] is not None) == (dark["batch"], True, True)
    assert back["away_s"] >= dark["away_s"]
    assert back["severity"] > 0
    assert back["choice"] == "" or back["choice"] in back["offered"]
    assert {"run_deficit", "migrate", "scrap"} == set(back["offered"])
    assert printed(site, "pdf").startswith(b"%PDF-")
