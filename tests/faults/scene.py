"""A whole centre that can be hurt: the plant and the staff as processes, the controller as a fork that can be killed.

The parent has imported the controller and done nothing else, so that a fork starts as a fresh process would, without paying for
the imports every time.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import httpx

from controller.config import load_config
from controller.demo.folder import make_folder
from controller.runtime.bootstrap import main as run_controller
from devices.model import State
from devices.site import PlantClock
from tests.faults.centre import HOME, HOSPITAL, START_MS, PlantNotUp

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

_HERBS = ("桂枝", "白芍", "茯苓", "白术", "当归", "党参", "黄芪", "陈皮", "川芎", "熟地黄")
_ACT_MINUTES = 0.05
_DOSES = (3, 7, 14, 10)
_CLASSES = ("general", "exterior-releasing", "tonic")


def _quick_staff(text: str) -> str:
    """Let people act at once, so that the machines and not the people set the pace."""
    head, table, rest = text.partition("[staff.minutes]\n")
    minutes, blank, tail = rest.partition("\n\n")
    quick = "\n".join(f"{line.split(' = ')[0]} = {_ACT_MINUTES}" for line in minutes.splitlines())
    return head + table + quick + blank + tail


class Scene:
    """One centre in `folder`. Use as a context manager; nothing outlives it."""

    def __init__(self, folder: Path, *, speed: int, random: Random) -> None:
        self.folder, self.speed, self.random = folder, speed, random
        self.config = make_folder(folder, hospitals=[HOSPITAL], prescriptions=HOME / "none.jsonl", speed=speed)
        text = self.config.read_text(encoding="utf-8")
        recipes = str(HOME / "recipes.toml")
        text = text.replace("[line]\n", f'[line]\nrecipes = "{recipes}"\n', 1)
        self.config.write_text(_quick_staff(text), encoding="utf-8")
        self._clock = PlantClock.open(folder, speed, first=START_MS)
        config = load_config(self.config)
        self.url = f"http://{config.host}:{config.port}"
        self.database = config.database
        self.http = httpx.Client(base_url=self.url, timeout=5.0)
        self.accepted: dict[str, str] = {}
        self._number = 0
        self._helpers: list[subprocess.Popen[bytes]] = []
        self._plant: subprocess.Popen[bytes] | None = None
        self._controller = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        for helper in self._helpers:
            helper.terminate()
        for helper in self._helpers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                helper.wait(10)
            helper.kill()
            helper.wait()
        self.http.close()
        self._clock.close()

    def now(self) -> int:
        """Return plant time, ms."""
        return self._clock.now()

    def start_plant(self) -> None:
        """Start the machines and wait until they listen."""
        said = (self.folder / "log" / "devices.plant.log").stat().st_size if self._plant is not None else 0
        plant = self._plant = self._module("devices.plant", "--config", str(self.config), "--speed", str(self.speed))
        log = self.folder / "log" / "devices.plant.log"
        self._wait(lambda: b'"ready"' in log.read_bytes()[said:] or plant.poll() is not None, 120, "the plant")
        if plant.poll() is not None:
            raise PlantNotUp(log.read_text(encoding="utf-8")[said:])

    def cut_power(self) -> None:
        """Take the power from every machine at once; `start_plant` gives it back."""
        assert self._plant is not None
        self._plant.kill()
        self._plant.wait()

    def inflict(self, machine: str, fault: str, value: float | None = None) -> None:
        """Make a machine misbehave; see the plant's faults."""
        request = {"machine": machine, "fault": fault, "value": value}
        # Through the folder: a Unix address holds 107 bytes, a path may be longer.
        folder = os.open(self.folder / "plant", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with socket.socket(socket.AF_UNIX) as control:
                control.settimeout(5.0)
                control.connect(f"/proc/self/fd/{folder}/control.sock")
                control.sendall(json.dumps(request).encode() + b"\n")
                answer = json.loads(control.recv(4096))
        finally:
            os.close(folder)
        assert answer["ok"], answer

    def at_work(self) -> list[str]:
        """Machines that carry out an order for a batch, by their own memory."""
        memories = {path: json.loads(path.read_bytes()) for path in (self.folder / "plant").glob("*.retain.json")}
        return sorted(path.name.split(".")[0] for path, kept in memories.items() if kept["state"] == State.EXECUTE)

    def start_staff(self) -> None:
        """Start the simulated people."""
        keys = self.folder / "keys.json"
        self._module("controller.staff", "--url", self.url, "--key-file", str(keys), "--config", str(self.config))

    def start(self) -> float:
        """Fork a controller; returns the moment, monotonic seconds."""
        began = time.monotonic()
        self._controller = os.fork()
        if self._controller == 0:
            self._become_controller()
        return began

    def _become_controller(self) -> None:
        code = 1
        try:
            log = os.open(self.folder / "log" / "controller.out", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            os.dup2(log, 1)
            os.dup2(log, 2)
            code = run_controller(load_config(self.config))
        finally:
            os._exit(code)

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the controller."""
        if self._controller:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._controller, how)
            os.waitpid(self._controller, 0)
            self._controller = 0

    def ready(self) -> bool:
        """Whether the controller says that it is ready."""
        try:
            return self.http.get("/readyz", timeout=0.5).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def wait_ready(self, limit_s: float = 120.0) -> None:
        """Wait for readiness."""
        self._wait(self.ready, limit_s, "the controller")

    def post(self) -> None:
        """Send one more prescription; an answer that is lost is asked for again with the same body next time."""
        keys = json.loads((self.folder / "keys.json").read_text(encoding="utf-8"))
        body = self._prescription(self._number)
        headers = {"Authorization": f"Bearer {keys['hospitals'][HOSPITAL]}"}
        try:
            answer = self.http.post("/api/v1/prescriptions", json=body, headers=headers, timeout=2.0)
        except httpx.HTTPError:
            return
        if answer.status_code in (httpx.codes.CREATED, httpx.codes.OK):
            self.accepted[body["prescription_no"]] = answer.json()["id"]
            self._number += 1
        elif answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            raise AssertionError(answer.text)

    def _prescription(self, number: int) -> dict[str, Any]:
        """Return the body of prescription `number`, always the same for the same number."""
        herbs = [_HERBS[(number + step) % len(_HERBS)] for step in range(4)]
        items = [{"herb": herb, "grams": 9.0, "handling": "none"} for herb in herbs]
        if number % 3 == 0:
            items.append({"herb": "薄荷", "grams": 6.0, "handling": "add-late"})
        issued = datetime.fromtimestamp(START_MS / 1000, UTC) + timedelta(seconds=number)
        return {
            "hospital": HOSPITAL, "prescription_no": f"F-{number:05}", "version": 1, "issued_at": issued.isoformat(),
            "patient": {"id": f"F{number}", "name": f"测试患者{number:03}", "sex": "male", "birth_date": "1960-01-01",
                        "pregnant": False, "lactating": False, "allergies": []},
            "prescriber": {"name": "测试医师01", "department": "中医科", "overrides": []},
            "diagnosis": "测试", "pattern": "", "doses": _DOSES[number % len(_DOSES)],
            "servings_per_dose": 2, "serving_ml": 150, "route": "oral",
            "urgency": "routine", "preparation": "decoct", "class": _CLASSES[number % len(_CLASSES)], "items": items,
            "delivery": {"method": "pickup", "recipient": f"测试患者{number:03}", "phone": "13800000000",
                         "address": "测试镇测试村1号"},
        }  # fmt: skip

    def _module(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        (self.folder / "log").mkdir(exist_ok=True)
        with (self.folder / "log" / f"{name}.log").open("ab") as log:
            helper = subprocess.Popen([sys.executable, "-m", name, *arguments], stdout=log, stderr=log)
        self._helpers.append(helper)
        return helper

    def _wait(self, done: Any, limit_s: float, what: str) -> None:
        ends = time.monotonic() + limit_s
        while not done():
            if time.monotonic() > ends:
                raise TimeoutError(f"{what} is not there after {limit_s} s")
            time.sleep(0.05)
