"""A recipe file that waits is met, read and signed on the floor: real controller, real plant, keys and scans alone."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from controller.demo.folder import SAMPLES
from tests.screens.test_whole_life import HERBS, Site, task
from tui.state import Tone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.screens.conftest import Terminal
    from tui.state import Verdict

OURS = 'version = "ours-1"\nsoak_minutes = 40\n[classes.tonic]\nboil_minutes = [50, 30]\n'


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as held:
        yield Site(tmp_path / "site", held)


def name_our_table(site: Site) -> None:
    """Write a recipe file of the site's own and name it in the configuration."""
    site.path.with_name("ours.toml").write_text(OURS, encoding="utf-8")
    config = site.path.read_text(encoding="utf-8")
    assert config.count("[line]\n") == 1
    site.path.write_text(re.sub(r"\[line\]\n", '[line]\nrecipes = "ours.toml"\n', config), encoding="utf-8")


async def signed(floor: Terminal, person: tuple[str, str], *rest: str) -> Verdict:
    """Sign what the window asks for, and return the answer."""
    await floor.until(lambda: "电子签名" in floor.text())
    floor.app.change(replace(floor.app.view, verdict=None))
    await floor.scan(person[0])
    await floor.press(*person[1], "enter", *rest)
    await floor.until(lambda: floor.app.view.verdict)
    assert floor.app.view.verdict is not None
    return floor.app.view.verdict


async def test_a_table_that_waits_is_read_and_signed_at_the_terminal_and_only_then_used(site: Site) -> None:
    name_our_table(site)
    site.start_again()
    body = json.loads(SAMPLES.read_text(encoding="utf-8").splitlines()[0])
    site.receive(body | {"items": [item for item in body["items"] if item["herb"] in HERBS]})
    person = site.people["pharmacist"][0]
    async with site.terminal("review-1") as floor:
        await floor.until(lambda: any(one["id"] == "recipe-waiting:recipe" for one in floor.app.view.alarms))
        await task(floor, "review")
        await floor.until(lambda: floor.app.view.case)
        await floor.press("a")
        refused = await signed(floor, person)
        assert refused.tone is Tone.BAD
        assert "签核画面" in refused.title
        await floor.press("f8")
        await task(floor, "recipe")
        await floor.press("1")
        await floor.until(lambda: "本中心 · 滋补" in floor.text())
        assert re.search(r"最短浸泡 min +30 → 40", floor.text())
        assert re.search(r"各煎沸腾 min +45, 35 → 50, 30", floor.text())
        await floor.press("a")
        assert (await signed(floor, person, "enter")).tone is Tone.GOOD
        await floor.until(lambda: "已批准，正在使用" in floor.text())
        await floor.until(lambda: not any(one["state"] == "UNACK" for one in floor.app.view.alarms))
        await floor.press("escape")
        await floor.until(lambda: not any(one["kind"] == "recipe" for one in floor.app.view.tasks))
        await floor.press("f6")
        await task(floor, "review")
        await floor.settled()
        await floor.press("a")
        assert (await signed(floor, person)).tone is Tone.GOOD
