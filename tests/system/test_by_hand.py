"""The parts of a site started by hand from one site file, in the wrong order, each killed once and started again."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from controller.config import load_config
from controller.demo.folder import SAMPLES, make_folder
from controller.demo.layout import Counts
from controller.demo.plant_logs import count_machines
from controller.pipeline import evolve
from controller.store import verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from controller.config import Config

COUNTS = Counts(pots_modbus=2, pots_opcua=1, soaks=3, packers=2)
SPEED = 240
PATIENCE_S = 120.0


class Site:
    """The processes of one site by the name of their command."""

    def __init__(self, config: Config, held: ExitStack) -> None:
        self.config = config
        self._held = held
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str, config: Path | None = None) -> None:
        for name in names:
            arguments = [sys.executable, "-m", "controller", name, "--config", str(config or self.config.path)]
            with (self.config.site.state / f"{name}.txt").open("ab") as log:
                process = subprocess.Popen(arguments, cwd=self.config.site.state, stdout=log, stderr=log)
            self._held.callback(process.wait)
            self._held.callback(process.kill)
            self._running[name] = process

    def kill(self, *names: str) -> None:
        for name in names:
            process = self._running[name]
            assert process.poll() is None, f"{name} was dead already"
            process.kill()
            process.wait()

    def kill_and_start(self, name: str) -> None:
        self.kill(name)
        self.start(name)

    def call(self, method: str, path: str, key: str, **more: Any) -> Any:
        """Ask the controller until it answers."""
        deadline_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline_s:
            keys = self.config.site.state / "keys.json"
            try:
                group, _, name = key.partition("/")
                known = json.loads(keys.read_text(encoding="utf-8"))[group]
                headers = {"authorization": f"Bearer {known[name] if name else known}"}
                answer = httpx.request(
                    method, f"http://127.0.0.1:{self.config.port}{path}", headers=headers, timeout=5, **more
                )
                if answer.status_code != 503:
                    return answer.json()
            except (OSError, httpx.TransportError):
                pass
            time.sleep(0.1)
        raise AssertionError("the controller does not answer")

    def wait_for(self, case: str, *statuses: str) -> str:
        """Wait until the prescription has one of the statuses, whatever holds it meanwhile."""
        deadline_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline_s:
            seen = self.call("GET", f"/api/v1/prescriptions/{case}", "admin")
            if seen["stage"] in statuses:
                return seen["stage"]
            time.sleep(0.1)
        raise AssertionError(f"{seen['status']} {seen['stage']} {seen['batches'][-1]['holds']}")


def urgent_pickup() -> dict[str, Any]:
    """Return a sample prescription that is done soonest."""
    body = json.loads(SAMPLES.read_text(encoding="utf-8").splitlines()[0])
    return body | {"urgency": "urgent", "delivery": body["delivery"] | {"method": "pickup"}}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A small site file; nothing runs yet."""
    path = make_folder(tmp_path / "site", hospitals=["RS-TCM"], prescriptions=SAMPLES, speed=SPEED, counts=COUNTS)
    with ExitStack() as held:
        yield Site(load_config(path), held)


def test_a_prescription_survives_the_death_of_everybody(site: Site) -> None:
    site.start("staff", "run", "plant")
    body = urgent_pickup()
    case = site.call("POST", "/api/v1/prescriptions", "hospitals/RS-TCM", json=body)["id"]
    again = site.call("POST", "/api/v1/prescriptions", "hospitals/RS-TCM", json=body)["id"]
    assert again == case
    site.wait_for(case, "dispensing", "dispensed", "verified")
    site.kill_and_start("staff")
    site.wait_for(case, "soaking")
    site.kill_and_start("run")
    site.wait_for(case, "decocting")
    site.kill_and_start("plant")
    site.wait_for(case, "handed_over")
    machines = count_machines(site.config.site)
    assert (machines["duplicate_starts"], machines["modbus"], machines["opcua"]) == (0, COUNTS.modbus, COUNTS.opcua)
    report = verify(site.config.database, fold=evolve)
    assert (report.problems, report.open, report.ends) == ([], 0, {"handed_over": 1})
