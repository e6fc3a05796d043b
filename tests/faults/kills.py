"""SIGKILL of the controller at random moments, start-up included, while the whole centre works."""

from __future__ import annotations

import time
from random import Random
from typing import TYPE_CHECKING

from controller.store import Store
from tests.faults.moments import moments
from tests.faults.scene import Scene
from tests.faults.verdict import Row, journal, judge, quietly

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.verdict import Tell

SPEED = 20
_OPEN_AT_ONCE = 40
_WARM_UP_S = 25.0
_LONGEST_S = 2.5
_SHORTEST_S = 0.02


def kill_controller(folder: Path, *, n: int, seed: int, tell: Tell = quietly) -> Row:
    """Kill our controller `n` times and judge what happened."""
    random = Random(seed)
    row = Row("SIGKILL at a random moment", n, seed)
    killed: list[int] = []
    with Scene(folder, speed=SPEED, random=random) as scene:
        scene.start_plant()
        scene.start()
        scene.wait_ready()
        scene.start_staff()
        work(scene, _WARM_UP_S)
        for done in range(n):
            tell(done)
            work(scene, random.uniform(_SHORTEST_S, _LONGEST_S))
            killed.append(scene.now())
            scene.kill()
            began = scene.start()
            if random.random() < 0.8:
                scene.wait_ready()
                row.recoveries.append(time.monotonic() - began)
        scene.wait_ready()
        work(scene, 5.0)
        scene.kill()
        store = Store.open_readonly(scene.database)
        try:
            judge(row, folder, store, scene.accepted)
            row.seen |= moments(journal(store), killed)
        finally:
            store.close()
    return row


def work(scene: Scene, seconds: float) -> None:
    """Let the centre work, with new prescriptions coming in."""
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        if len(scene.accepted) < _OPEN_AT_ONCE or scene.random.random() < 0.05:
            scene.post()
        time.sleep(min(left, 0.1))
