"""A line with a hopper, a concentrator and a sealed pot on real sockets: each makes what its recipe sends it."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from controller.config import load_config
from controller.demo.folder import SAMPLES, make_folder
from controller.demo.layout import Counts
from controller.demo.plant_logs import count_machines
from controller.pipeline import evolve
from controller.store import verify
from tests.system.test_by_hand import Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COUNTS = Counts(pots_modbus=3, pots_opcua=0, soaks=4, packers=2)
PROFILES = {"pot-01": "pot-modbus-hopper", "pot-02": "pot-modbus-concentrating", "pot-03": "pot-modbus-sealed"}
OWN = """
version = "kinds-1"

soak_minutes = 8
for_water_minutes = 4

[classes.general]
boil_minutes = [12, 4]
pots = ["concentrating"]
[classes.exterior-releasing]
boil_minutes = [12, 4]
pots = ["hopper"]
[classes.tonic]
boil_minutes = [12, 4]
pots = ["sealed"]
[classes.tonic.kinds.sealed]
boil_minutes = [4, 4]
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A small site file with one pot of each kind and a recipe file of its own; nothing runs yet."""
    path = make_folder(tmp_path / "site", hospitals=["RS-TCM"], prescriptions=SAMPLES, speed=240, counts=COUNTS)
    text = path.read_text(encoding="utf-8").replace("pressure_cooking = false", "pressure_cooking = true", 1)
    for pot, profile in PROFILES.items():
        row = re.compile(rf'(id = "{pot}"\n.*?profile = )"[^"]+"(.*?volume_ml = )\[[^\]]+\]', re.DOTALL)
        text, found = row.subn(rf'\g<1>"{profile}"\g<2>[800, 20000]', text)
        assert found == 1
    path.write_text(text.replace("[line]", '[line]\nrecipes = "recipes.toml"', 1), encoding="utf-8")
    (path.parent / "recipes.toml").write_text(OWN, encoding="utf-8")
    with ExitStack() as held:
        yield Site(load_config(path), held)


def body(number: int, recipe_class: str, *herbs: tuple[str, float, str]) -> dict[str, Any]:
    sample = json.loads(SAMPLES.read_text(encoding="utf-8").splitlines()[0])
    more = [{"herb": herb, "grams": grams, "handling": handling} for herb, grams, handling in herbs]
    return sample | {
        "prescription_no": f"K-{number}",
        "class": recipe_class,
        "items": [*sample["items"], *more],
        "delivery": sample["delivery"] | {"method": "pickup"},
    }


def test_every_kind_of_pot_makes_what_its_recipe_sends_it(site: Site) -> None:
    site.start("plant", "run", "staff")
    wanted = {
        "pot-01": body(1, "exterior-releasing", ("薄荷", 6.0, "add-late")),
        "pot-02": body(2, "general", ("糯稻根", 30.0, "decoct-for-water")),
        "pot-03": body(3, "tonic"),
    }
    cases = {
        pot: site.call("POST", "/api/v1/prescriptions", "hospitals/RS-TCM", json=one)["id"]
        for pot, one in wanted.items()
    }
    seen: dict[str, Any] = {}
    for pot, case in cases.items():
        site.wait_for(case, "handed_over")
        seen[pot] = site.call("GET", f"/api/v1/prescriptions/{case}", "admin")
        assert [batch["pot"] for batch in seen[pot]["batches"]] == [pot]
    points = {pot: {one["name"]: one for one in view["batches"][0]["checkpoints"]} for pot, view in seen.items()}
    assert points["pot-01"]["late.window"]["by"] == "pot-01"
    assert points["pot-02"]["strain"]["verdict"] == "passed"
    assert points["pot-02"]["concentrate.volume"]["value"] < points["pot-02"]["liquid.volume"]["value"]
    curve = site.call("GET", f"/api/v1/batches/{seen['pot-03']['batches'][0]['id']}/curve", "admin")
    assert curve["boil_celsius"] > 110
    assert count_machines(site.config.site)["duplicate_starts"] == 0
    report = verify(site.config.database, fold=evolve)
    assert (report.problems, report.open, report.ends) == ([], 0, {"handed_over": 3})
