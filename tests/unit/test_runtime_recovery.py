"""Recovery: the floor that lived and the floor that was stored are the same, and only what is new is entered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from controller.config import ConfigError
from controller.model.equipment import Equipment
from controller.model.floor import Floor
from controller.model.stock import Lot, Zone
from controller.runtime.recovery import new_in_files, restore
from controller.store import Group, Loaded, Store
from tests import pure_line
from tests.runtime_fakes import NOW, an_order

if TYPE_CHECKING:
    from pathlib import Path

ZONE = Zone("normal", "常温", "ambient", (10.0, 30.0), (35.0, 75.0), "sensor-1")
LOT = Lot("L-1", "桂枝", "示例饮片厂", inspection_passed=True, inspection="合格", expires_at=NOW * 2, received_at=NOW,
          zone="normal", drawer="D-1")  # fmt: skip


def loaded(*rows: tuple[str, str, object], last_at: int = NOW) -> Loaded:
    return Loaded(iter(rows), 1, "", last_at)


def test_a_floor_from_the_real_store_is_the_floor_that_lived(tmp_path: Path) -> None:
    line = pure_line.PureLine.ready()
    line.must(pure_line.i.ReceivePrescription(pure_line.prescription(), "0" * 64))
    pure_line.Crew(line).work(until="SoakBegan")
    store = Store.open(f"sqlite:///{tmp_path / 'line.db'}")
    store.take_mastery()
    store.commit(Group(facts=line.facts, rows=line.floor.touched))
    found = store.load()
    floor = restore(found, pure_line.machines())
    store.close()
    assert floor == line.floor.stored()
    assert found.last_at == line.floor.at
    assert floor.machines["soak-1"].pending == line.floor.machines["soak-1"].pending


def test_a_machine_that_left_the_site_is_left_out() -> None:
    floor = restore(loaded(("machine", "pot-99", Equipment("pot-99", "decoction"))), pure_line.machines())
    assert (dict(floor.machines), floor.at) == ({}, NOW)


@pytest.mark.parametrize("work", [{"batch": "B-1"}, {"next_batch": "B-1"}, {"pending": an_order(1)}])
def test_a_machine_at_work_may_not_be_missing(work: dict[str, object]) -> None:
    gone = replace(Equipment("pot-99", "decoction"), **work)
    with pytest.raises(ConfigError, match="machine pot-99: still at work"):
        restore(loaded(("machine", "pot-99", gone)), pure_line.machines())


def test_only_what_is_new_or_changed_in_the_files_is_entered() -> None:
    line = pure_line.PureLine()
    first = new_in_files(Floor(), line.book, [ZONE], [LOT])
    assert first is not None
    assert (first.lots, first.zones, len(first.machines)) == ((LOT,), (ZONE,), len(line.book.machines))
    line.must(first)
    assert new_in_files(line.floor, line.book, [ZONE], [LOT]) is None
    warm, dear = replace(ZONE, celsius=(10.0, 25.0)), replace(LOT, producer="另一饮片厂")
    unit = line.book.machines["pot-01"]
    book = replace(line.book, machines={**line.book.machines, "pot-01": replace(unit, monitor_only=True)})
    changed = new_in_files(line.floor, book, [warm], [dear])
    assert changed is not None
    assert (changed.lots, changed.zones, changed.machines) == ((dear,), (warm,), (("pot-01", "decoction"),))


def test_what_a_zone_and_a_lot_lived_through_is_not_a_change_of_the_files() -> None:
    line = pure_line.PureLine.ready()
    line.must(pure_line.i.ReportZone("normal", 45.0, 50.0))
    zone = line.floor.zones["normal"]
    assert zone.out
    in_file = replace(zone, first_at=0, excursion_at=0, excursion_value=0.0, out=False)
    lots = [replace(lot, quarantined=False, deviation_by="") for lot in line.floor.lots.values()]
    assert new_in_files(line.floor, line.book, [in_file], lots) is None
