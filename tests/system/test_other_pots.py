"""Two pots that name no order, over real processes: one that is followed from its state, one on a stove that people work."""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import ExitStack
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from controller.config import load_config
from controller.demo.folder import SAMPLES, make_folder
from controller.demo.layout import Counts
from controller.model import facts as f
from controller.pipeline import evolve
from controller.store import Store, verify
from tests.faults.verdict import journal
from tests.system.test_by_hand import SPEED, Site, urgent_pickup

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUIET, STOVE = "pot-01", "pot-02"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site of two pots of one size; nothing runs yet."""
    counts = Counts(pots_modbus=2, pots_opcua=0, soaks=2, packers=2)
    path = make_folder(tmp_path / "site", hospitals=["RS-TCM"], prescriptions=SAMPLES, speed=SPEED, counts=counts)
    text = path.read_text(encoding="utf-8")
    for pot, profile in ((QUIET, "pot-modbus-b"), (STOVE, "pot-manual")):
        text = re.sub(rf'(id = "{pot}"\nkind = "decoction"\nprofile = )"pot-modbus"', rf'\1"{profile}"', text)
    text = re.sub(r'(profile = "pot-manual"\nurl = )"[^"]*"', r'\1"manual"', text)
    text = re.sub(r'(kind = "decoction".*?volume_ml = )\[\d+, \d+\]', r"\1[800, 20000]", text, flags=re.DOTALL)
    path.write_text(text, encoding="utf-8")
    with ExitStack() as held:
        yield Site(load_config(path), held)


def doubled(plant_log: Path, issued: list[f.OrderIssued]) -> list[tuple[str, str]]:
    """Return what was started more than once, by the machine's own log: a start is that of the order issued before it."""
    events = map(json.loads, plant_log.read_text(encoding="utf-8").splitlines())
    starts = [event["at"] for event in events if event["event"] == "start"]
    ends = [*(following.at for _, following in pairwise(issued)), 2**63]
    begun = Counter(
        (order.batch, order.step)
        for order, end in zip(issued, ends, strict=True)
        for at in starts
        if order.at <= at < end
    )
    assert sum(begun.values()) == len(starts), "nothing starts that was not asked for"
    return [step for step, count in begun.items() if count > 1]


def test_two_prescriptions_are_made_in_pots_that_name_no_order_across_a_kill(site: Site) -> None:
    site.start("staff", "run", "plant")
    bodies = [urgent_pickup() | {"prescription_no": f"T-{number}"} for number in (1, 2)]
    cases = [site.call("POST", "/api/v1/prescriptions", "hospitals/RS-TCM", json=body)["id"] for body in bodies]
    for case in cases:
        site.wait_for(case, "decocting", "packing")
    stove = site.call("GET", f"/api/v1/machines/{STOVE}", "admin")
    assert (stove["by_hand"], stove["link"], stove["readings"]) == (True, "manual", {})
    site.kill_and_start("run")
    for case in cases:
        site.wait_for(case, "handed_over")
    site.kill("run", "staff", "plant")
    store = Store.open(site.config.database)
    facts = [stored.fact for stored in journal(store)]
    store.close()
    issued = [fact for fact in facts if isinstance(fact, f.OrderIssued) and fact.machine == QUIET]
    assert doubled(site.config.site.state / "plant" / f"{QUIET}.jsonl", issued) == []
    assert not (site.config.site.state / "plant" / f"{STOVE}.jsonl").exists()
    assert {fact.machine for fact in facts if isinstance(fact, f.OrderFinished) and fact.concluded} == {QUIET}
    assert {fact.machine for fact in facts if isinstance(fact, f.OrderAttested) and fact.seconds} == {STOVE}
    released = {fact.batch for fact in facts if isinstance(fact, f.BatchReleased)}
    by_hand = {fact.batch for fact in facts if isinstance(fact, f.OrderAttested) and fact.seconds} & released
    points = [fact for fact in facts if isinstance(fact, f.CheckpointRecorded) and fact.batch in by_hand]
    boiled = [
        fact.checkpoint for fact in points if fact.checkpoint.name.endswith(".minutes") and fact.checkpoint.attested
    ]
    assert by_hand
    assert all(point.evidence.startswith("attested A-") for point in boiled)
    assert len(boiled) >= len(by_hand)
    report = verify(site.config.database, fold=evolve)
    assert (report.problems, report.open, report.ends) == ([], 0, {"handed_over": 2})
