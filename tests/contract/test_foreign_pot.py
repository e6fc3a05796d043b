"""A maker who is not in the repository: a pot in C on libmodbus, a table in a folder of the site's own, and no Python of anybody.

What docs/how-to/add-a-machine.md and commission-on-site.md say, in their order: the table, the look, the acceptance, a batch.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import Counter
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from controller.cli import app
from controller.config import load_config
from controller.demo.folder import SAMPLES, make_folder
from controller.demo.layout import Counts
from controller.pipeline import evolve
from controller.store import verify
from devices.site import PlantClock
from tests.conformance.servers import PROFILES, ForeignPot
from tests.system.test_by_hand import Site, urgent_pickup

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POT = "pot-01"
SPEED = 240
STOPS, HEATS = 39, 33
"""The maker's numbers of what it was asked."""
OWN_RECIPES = """
version = "foreign-1"

soak_minutes = 8

[classes.exterior-releasing]
boil_minutes = [12, 4]
"""


@pytest.fixture
def pot(foreign_pot: Path) -> Iterator[ForeignPot]:
    """The machine, not yet switched on."""
    made = ForeignPot(foreign_pot)
    yield made
    made.end()


@pytest.fixture
def site(pot: ForeignPot, tmp_path: Path) -> Iterator[Site]:
    """A site with this pot in it; the plant simulates the others. Nothing runs yet but the pot."""
    counts = Counts(pots_modbus=1, pots_opcua=0, soaks=1, packers=1)
    path = make_folder(tmp_path / "site", hospitals=["RS-TCM"], prescriptions=SAMPLES, speed=SPEED, counts=counts)
    text = path.read_text(encoding="utf-8").replace("[line]", '[line]\nrecipes = "recipes.toml"', 1)
    (path.parent / "recipes.toml").write_text(OWN_RECIPES, encoding="utf-8")
    url = f"modbus://127.0.0.1:{pot.port}/1"
    path.write_text(_with_pot(text, "pot-foreign", url), encoding="utf-8")
    # To the plant it is a pot that people pour from: its packer does not wait for the meter of a pot that is not simulated.
    path.with_name("plant.toml").write_text(_with_pot(text, "pot-manual", "manual"), encoding="utf-8")
    with ExitStack() as held:
        made = Site(load_config(path), held)
        clock = PlantClock.open(made.config.site.state, SPEED)
        held.callback(clock.close)
        pot.start(speed=SPEED, now=clock.now())
        yield made


def _with_pot(text: str, profile: str, url: str) -> str:
    row = re.compile(rf'(id = "{POT}"\nkind = "decoction"\nprofile = )"[^"]+"(\nurl = )"[^"]+"')
    changed, found = row.subn(rf'\g<1>"{profile}"\g<2>"{url}"', text)
    assert found == 1
    return changed.replace("[paths]", f'[paths]\nprofiles = "{PROFILES}"', 1)


async def checked(site: Site) -> None:
    """Let the site file and the table be checked."""
    result = await asyncio.to_thread(CliRunner().invoke, app, ["check", "--config", str(site.config.path)])
    assert result.exit_code == 0, result.output


async def accepted(site: Site, pot: ForeignPot) -> str:
    """Do what the person beside the machine is asked for; return what the command said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "controller", "probe", POT, "--config", str(site.config.path), "--locale", "en"),
        *("--accept", "--seconds", "1"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    said = ""
    async with asyncio.timeout(240):
        while line := (await process.stdout.readline()).decode():
            said += line
            if "type its id" in line:
                assert pot.taken == [], "a look asks for nothing"
                process.stdin.write(f"{POT}\n".encode())
            elif line.startswith(">>>"):
                (pot.cut_power if "power" in line else pot.turn_key)()
                process.stdin.write(b"\n")
        assert await process.wait() == 0, said
    return said


async def test_a_pot_of_a_foreign_maker_is_looked_at_accepted_and_makes_a_batch(site: Site, pot: ForeignPot) -> None:
    await checked(site)
    said = await accepted(site, pot)
    assert "does all that its profile promises" in said
    assert said.count("✓") == len([line for line in said.splitlines() if line[:1] in "✓✗" and line])
    assert Counter(verb for verb, _, _ in pot.taken)[HEATS] == 1, "the start whose answer was lost was not sent again"
    before = len(pot.taken)
    for act in (pot.turn_key, partial(pot.press, "empty"), pot.turn_key):
        act()

    await asyncio.to_thread(_make_a_batch, site)
    made = pot.taken[before:]
    assert HEATS in {verb for verb, _, _ in made}
    assert max(Counter((batch, step) for verb, batch, step in made if verb != STOPS).values()) == 1, (
        "nothing starts twice"
    )


def _make_a_batch(site: Site) -> None:
    site.start("run", "staff")
    site.start("plant", config=site.config.path.with_name("plant.toml"))
    body = urgent_pickup()
    case = site.call("POST", "/api/v1/prescriptions", "hospitals/RS-TCM", json=body)["id"]
    site.wait_for(case, "handed_over")
    (batch,) = site.call("GET", f"/api/v1/prescriptions/{case}", "admin")["batches"]
    assert batch["pot"] == POT
    verdicts = {point["name"]: point["verdict"] for point in batch["checkpoints"]}
    assert verdicts["boil.1.minutes"] == verdicts["liquid.volume"] == "passed", json.dumps(verdicts)
    site.kill("staff", "run", "plant")
    report = verify(site.config.database, fold=evolve)
    assert (report.problems, report.open, report.ends) == ([], 0, {"handed_over": 1})
