"""What the simulated machines do with orders, time, power cuts and a controller that is gone; no sockets, no clock."""

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devices.errors import ProfileError, SiteError
from devices.plant.faults import answer
from devices.plant.instruments import Scale, Storage
from devices.plant.machine import Machine
from devices.plant.orders import Order
from devices.plant.packing import Packing
from devices.plant.packml import Mode, Reason, State, Status, Step
from devices.plant.physics import absorption, boiling_point_c
from devices.plant.pot import Pot
from devices.plant.process import Process
from devices.plant.soaking import Soaking
from devices.plant.tables import Table, Watchdog, load_table

START = 1_795_000_000_000
CHARGE = {"p": (5000, 700, 900)}  # 5000 - 0.7 x 700 = 4510 mL of liquid
BOIL = {"p": (1200, 9950)}


class Rig:
    """A machine with a hand on its clocks; `restart` is what a new process finds."""

    def __init__(self, folder: Path, make: Callable[[], Process], table: Table, name: str = "pot-01") -> None:
        self.folder, self.make, self.table, self.name = folder, make, table, name
        self.now, self.wall, self.number = START, 0.0, 0
        self.machine = self._new()

    def _new(self) -> Machine:
        return Machine(self.name, self.table, self.make(), folder=self.folder, now=self.now, wall=lambda: self.wall)

    def restart(self, after_s: float) -> None:
        self.now += round(after_s * 1000)
        self.machine = self._new()

    def pass_s(self, seconds: float, tick_s: float = 12.0) -> None:
        end = self.now + round(seconds * 1000)
        while self.now < end:
            self.now = min(end, self.now + round(tick_s * 1000))
            self.machine.tick(self.now)

    def until_done(self, tick_s: float = 12.0) -> None:
        for _ in range(100_000):
            if not self.machine.is_running:
                return
            self.pass_s(tick_s, tick_s)
        raise AssertionError("the phase never ends")

    def order(self, verb: str, *, step: str = "", p: tuple[int, ...] = (), **changed: Any) -> Reason:
        self.number += 1
        codes = {each.name: code for code, each in self.table.verbs.items()}
        parameters = (*p, 0, 0, 0, 0)[:4]
        order = Order(1, self.number, codes.get(verb, 77), "B-0017", step or verb, parameters, sound=True)
        return self.machine.order(dataclasses.replace(order, **changed), self.now)

    def do(self, verb: str, *, tick_s: float = 12.0, **parts: Any) -> None:
        assert self.order(verb, **parts) is Reason.NONE
        self.until_done(tick_s)

    def shown(self, tag: str) -> Any:
        return self.machine.view(self.now).values[tag]

    def log(self, *events: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in (self.folder / f"{self.name}.jsonl").read_text().splitlines()]
        return [line for line in lines if not events or line["event"] in events]

    def events(self) -> list[str]:
        return [line["event"] for line in self.log()]


def pot(kpa: float = 101.325, *, has_packer: bool = True) -> Pot:
    return Pot("pot-01", volume_ml=12000, pressure_kpa=kpa, has_packer=has_packer)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, pot, load_table("pot-modbus"))


def brewing(rig: Rig) -> Rig:
    """Bring the pot into the middle of its hold."""
    rig.do("charge", **CHARGE)
    assert rig.order("decoct", step="boil.1", **BOIL) is Reason.NONE
    while rig.machine.process.step is not Step.HOLD_BOIL:
        rig.pass_s(1, 1)
    rig.pass_s(300)
    return rig


def vessel_of(rig: Rig) -> Pot:
    assert isinstance(rig.machine.process, Pot)
    return rig.machine.process


# --- a whole batch


def test_a_batch_is_charged_boiled_and_drained_as_the_physics_says(rig: Rig) -> None:
    rig.do("charge", step="charge", **CHARGE)
    assert rig.shown("OrderValue") == 5000
    kept_ml = 900 * absorption("B-0017")
    rig.do("decoct", step="boil.1", **BOIL)
    assert (rig.shown("StateCurrent"), rig.shown("OrderStatus")) == (State.COMPLETE, Status.FINISHED)
    assert rig.shown("OrderValue") == rig.shown("BoilSeconds") == 1200
    (begin,), (end,) = rig.log("boil-begin"), rig.log("boil-end")
    assert end["at"] - begin["at"] == 1_200_000
    assert rig.shown("BoilBegan") == begin["at"]
    heat_up_s = (begin["at"] - rig.log("heat-on")[0]["at"]) / 1000
    assert heat_up_s == pytest.approx(4510 * 4.186 * 77.5 / (3000 * 0.85), rel=0.01)
    assert (begin["value"], end["value"]) == (99.5, 1200)
    rig.do("drain", step="drain.1", p=(1,))
    (drain,) = rig.log("drain")
    evaporated_ml = 8 / 60 * 1200
    assert drain["value"] == pytest.approx(4510 - kept_ml - evaporated_ml, abs=12)
    assert rig.shown("OrderValue") == round(drain["value"])
    assert rig.shown("Level") == pytest.approx(0, abs=6)
    assert rig.events() == [
        *("boot", "start", "end"),
        *("start", "heat-on", "boil-begin", "boil-end", "heat-off", "end"),
        *("start", "drain", "end"),
    ]
    assert rig.log("drain")[0] | {"at": 0, "value": 0} == {
        "at": 0,
        "boot": 1,
        "event": "drain",
        "step": "drain.1",
        "order": 3,
        "epoch": 1,
        "batch": "B-0017",
        "value": 0,
    }


def test_herbs_absorb_once_and_a_second_decoction_gives_back_all_its_water(rig: Rig) -> None:
    rig.do("charge", **CHARGE)
    rig.do("drain", p=(0,))
    first_ml = rig.log("drain")[-1]["value"]
    assert first_ml == pytest.approx(4510 - 900 * absorption("B-0017"), abs=0.2)
    assert vessel_of(rig).receiver_ml == pytest.approx(first_ml, abs=0.1)
    rig.do("water", p=(3000,))
    poured_ml = rig.log("water")[-1]["value"]
    assert rig.shown("OrderValue") == 3000
    assert poured_ml != 3000
    assert poured_ml == pytest.approx(3000, rel=0.01)
    rig.do("drain", p=(1,))
    assert rig.log("drain")[-1]["value"] == pytest.approx(first_ml + poured_ml, abs=0.2)
    assert vessel_of(rig).receiver_ml == pytest.approx(0, abs=1e-6)
    assert vessel_of(rig).sent_ml == pytest.approx(first_ml + poured_ml, abs=0.2)


def test_a_rinse_is_hot_enough_and_leaves_nothing_of_the_batch(rig: Rig) -> None:
    rig.do("charge", **CHARGE)
    rig.do("drain", p=(0,))
    rig.do("rinse", p=(180, 8500))
    assert rig.log("rinse")[0]["value"] >= 85.0
    assert rig.shown("OrderValue") == round(rig.log("rinse")[0]["value"] * 100)
    pot = vessel_of(rig)
    assert (pot.vessel.water_ml, pot.vessel.kept_ml, pot.herb_g, pot.receiver_ml) == (0, 0, 0, 0)
    assert rig.log("end")[-1]["at"] - rig.log("start")[-1]["at"] >= 180_000


@pytest.mark.parametrize("tick_s", [0.05, 1.0, 12.0, 700.0])
def test_every_event_has_the_same_moment_however_coarse_the_ticks(tmp_path: Path, tick_s: float) -> None:
    logs = []
    for name, step_s in (("fine", 7.0), ("coarse", tick_s)):
        (tmp_path / name).mkdir()
        rig = Rig(tmp_path / name, pot, load_table("pot-modbus"))
        for at_s, verb, parts in (
            (0, "charge", CHARGE),
            (200, "decoct", {"p": (300, 9950)}),
            (2200, "drain", {"p": (0,)}),
        ):
            rig.pass_s(START / 1000 + at_s - rig.now / 1000, step_s)
            assert rig.order(verb, **parts) is Reason.NONE
        rig.until_done(step_s)
        logs.append([(line["event"], line["at"] // 10, line["value"]) for line in rig.log()])
    assert logs[0] == logs[1]
    assert [event for event, _, _ in logs[0]].count("end") == 3


@pytest.mark.parametrize("kpa", [101.3, 89.9, 70.1, 57.7])
def test_a_threshold_that_follows_the_pressure_boils_at_every_altitude(tmp_path: Path, kpa: float) -> None:
    rig = Rig(tmp_path, lambda: pot(kpa), load_table("pot-modbus"))
    rig.do("charge", **CHARGE)
    threshold = round((boiling_point_c(kpa) - 0.5) * 100)
    rig.do("decoct", p=(600, threshold))
    assert rig.shown("BoilSeconds") == 600
    assert rig.log("boil-begin")[0]["value"] == pytest.approx(threshold / 100, abs=0.01)


def test_time_remaining_counts_down_to_the_true_end(rig: Rig) -> None:
    rig.do("charge", **CHARGE)
    rig.order("decoct", **BOIL)
    foretold = rig.now / 1000 + rig.shown("TimeRemaining")
    rig.pass_s(600)
    assert rig.now / 1000 + rig.shown("TimeRemaining") == pytest.approx(foretold, abs=1.01)
    rig.until_done()
    assert rig.log("end")[-1]["at"] / 1000 == pytest.approx(foretold, abs=1.01)
    assert rig.shown("TimeRemaining") == 0


# --- taking orders


def test_a_number_is_taken_once_and_never_again_even_under_a_higher_epoch(rig: Rig) -> None:
    rig.do("charge", **CHARGE)
    assert rig.order("charge", number=1, **CHARGE) is Reason.DUPLICATE
    assert rig.order("charge", number=1, epoch=9, **CHARGE) is Reason.DUPLICATE
    assert (rig.shown("Epoch"), rig.shown("Order"), rig.shown("OrderStatus")) == (1, 1, Status.FINISHED)
    assert (rig.shown("RefusedOrder"), rig.shown("RefusedReason")) == (1, Reason.DUPLICATE)
    assert [line["epoch"] for line in rig.log("refused-duplicate")] == [1, 9]
    assert len(rig.log("start")) == 1


def test_a_repeated_order_does_not_disturb_the_one_that_runs(rig: Rig) -> None:
    brewing(rig)
    assert rig.order("decoct", number=2, **BOIL) is Reason.DUPLICATE
    rig.until_done()
    assert (rig.shown("BoilSeconds"), rig.shown("OrderStatus")) == (1200, Status.FINISHED)


def test_a_lower_epoch_is_refused_and_a_higher_one_adopted_with_its_order(rig: Rig) -> None:
    rig.do("charge", epoch=5, **CHARGE)
    assert rig.order("decoct", epoch=4, **BOIL) is Reason.EPOCH
    assert rig.log("refused-epoch")[0]["epoch"] == 4
    assert rig.order("decoct", epoch=6, p=(1, 1)) is Reason.PARAMETER
    assert rig.shown("Epoch") == 5
    rig.do("decoct", epoch=6, **BOIL)
    assert rig.shown("Epoch") == 6


@pytest.mark.parametrize(
    ("verb", "changed", "reason"),
    [
        ("charge", {"sound": False, **CHARGE}, Reason.CHECKSUM),
        ("fly", {}, Reason.VERB),
        ("decoct", {"p": (59, 9950)}, Reason.PARAMETER),
        ("decoct", {"p": (36001, 9950)}, Reason.PARAMETER),
        ("charge", {"p": (12001, 100, 100)}, Reason.PARAMETER),
        ("drain", {"p": (2,)}, Reason.PARAMETER),
    ],
)
def test_what_the_machine_cannot_do_is_refused_with_its_reason_and_has_no_effect(
    rig: Rig, verb: str, changed: dict[str, Any], reason: Reason
) -> None:
    assert rig.order(verb, **changed) is reason
    assert (rig.shown("RefusedOrder"), rig.shown("RefusedReason")) == (1, reason)
    assert (rig.shown("Order"), rig.shown("StateCurrent"), rig.events()) == (0, State.IDLE, ["boot"])


def test_a_pot_without_a_packer_does_not_drain_to_one(tmp_path: Path) -> None:
    rig = Rig(tmp_path, lambda: pot(has_packer=False), load_table("pot-modbus"))
    rig.do("charge", **CHARGE)
    assert rig.order("drain", p=(1,)) is Reason.PARAMETER
    assert rig.order("drain", p=(0,)) is Reason.NONE


def test_a_running_machine_takes_only_a_stop(rig: Rig) -> None:
    brewing(rig)
    assert rig.order("drain", p=(0,)) is Reason.BUSY
    assert rig.order("stop") is Reason.NONE
    assert (rig.shown("StateCurrent"), rig.shown("OrderStatus"), rig.shown("HeaterPower")) == (
        State.STOPPED,
        Status.FINISHED,
        0,
    )
    assert rig.events()[-2:] == ["heat-off", "stop"]
    assert rig.shown("BoilSeconds") == pytest.approx(300, abs=13)
    assert rig.order("drain", p=(0,)) is Reason.NONE


def test_a_person_at_the_panel_ends_the_phase_and_keeps_the_line_out_until_cleared(rig: Rig) -> None:
    brewing(rig)
    rig.machine.panel(rig.now)
    assert (rig.shown("UnitModeCurrent"), rig.shown("StateCurrent"), rig.shown("OrderStatus")) == (
        Mode.MANUAL,
        State.STOPPED,
        Status.FAILED,
    )
    assert rig.events()[-2:] == ["heat-off", "panel"]
    assert rig.order("drain", p=(0,)) is Reason.MODE
    rig.restart(5)
    assert rig.shown("UnitModeCurrent") == Mode.MANUAL
    rig.machine.release(rig.now)
    assert rig.order("drain", p=(0,)) is Reason.NONE


# --- its own protection


def test_a_pot_that_boils_dry_cuts_its_own_heat_and_says_so(rig: Rig) -> None:
    rig.do("charge", p=(800, 100, 150))
    rig.do("decoct", p=(36000, 9950))
    assert (rig.shown("StateCurrent"), rig.shown("OrderStatus"), rig.shown("ErrorConditions")) == (
        State.ABORTED,
        Status.FAILED,
        1,
    )
    assert rig.events()[-2:] == ["heat-off", "fault"]
    assert rig.shown("Level") == pytest.approx(240, abs=6)
    boiled_s = (rig.log("fault")[0]["at"] - rig.log("boil-begin")[0]["at"]) / 1000
    assert rig.shown("BoilSeconds") == math.floor(boiled_s)
    assert rig.order("rinse", p=(180, 8500)) is Reason.BUSY
    assert rig.order("stop") is Reason.NONE
    assert rig.shown("ErrorConditions") == 0
    assert rig.order("rinse", p=(180, 8500)) is Reason.NONE


def test_an_empty_pot_is_never_heated(rig: Rig) -> None:
    assert rig.order("decoct", **BOIL) is Reason.NONE
    rig.pass_s(12)
    assert rig.events()[-4:] == ["start", "heat-on", "heat-off", "fault"]
    assert rig.log("heat-off")[0]["at"] == rig.log("heat-on")[0]["at"]


def test_a_lost_thermometer_cuts_the_heat_at_once(rig: Rig) -> None:
    brewing(rig)
    lost_at = rig.now
    assert ask(rig, fault="sensor", value=None) == {"ok": True}
    assert math.isnan(rig.shown("ActualTemperature"))
    rig.pass_s(12)
    assert (rig.shown("StateCurrent"), rig.shown("ErrorConditions")) == (State.ABORTED, 3)
    assert rig.log("heat-off")[-1]["at"] == lost_at


def test_a_lost_controller_is_noticed_once_and_the_phase_ends_on_the_own_timer(rig: Rig) -> None:
    brewing(rig)
    rig.machine.beat(1)
    rig.wall += 14
    rig.pass_s(12)
    rig.machine.beat(2)
    rig.wall += 15
    rig.pass_s(12)
    assert not rig.log("watchdog")
    rig.machine.beat(2)
    rig.wall += 1
    rig.pass_s(12)
    rig.wall += 60
    rig.until_done()
    assert len(rig.log("watchdog")) == 1
    assert (rig.shown("BoilSeconds"), rig.shown("OrderStatus")) == (1200, Status.FINISHED)
    assert rig.shown("HeaterPower") == 0


def test_a_machine_that_cuts_heat_without_its_controller_is_held_and_can_go_on(tmp_path: Path) -> None:
    table = dataclasses.replace(load_table("pot-modbus"), watchdog=Watchdog(timeout_s=15, cuts_heat=True))
    rig = brewing(Rig(tmp_path, pot, table))
    rig.wall += 16
    rig.pass_s(12)
    assert (rig.shown("StateCurrent"), rig.shown("OrderStatus"), rig.shown("ErrorConditions")) == (
        State.HELD,
        Status.FAILED,
        4,
    )
    assert rig.events()[-3:] == ["watchdog", "heat-off", "fault"]
    rig.do("decoct", step="boil.1.deficit.1", p=(600, 9950))
    assert (rig.shown("ErrorConditions"), rig.shown("BoilSeconds")) == (0, 600)


def test_the_watchdog_counts_from_the_order_when_no_heartbeat_ever_came(rig: Rig) -> None:
    rig.wall = 1000
    brewing(rig)
    assert not rig.log("watchdog")


# --- power cuts


def test_after_a_kill_the_phase_is_broken_off_and_everything_else_is_still_known(rig: Rig) -> None:
    brewing(rig)
    rig.wall += 2
    rig.pass_s(12)
    before = {tag: rig.shown(tag) for tag in ("Epoch", "Order", "BatchTag", "BoilSeconds", "BoilBegan", "Level")}
    died_at = rig.now
    rig.restart(after_s=1800)
    after = {tag: rig.shown(tag) for tag in before}
    assert after | {"Level": 0} == before | {"Level": 0}
    assert after["Level"] == pytest.approx(before["Level"], abs=10)
    assert (rig.shown("BootCount"), rig.shown("StateCurrent"), rig.shown("OrderStatus"), rig.shown("HeaterPower")) == (
        2,
        State.STOPPED,
        Status.FAILED,
        0,
    )
    off, boot = rig.log()[-2:]
    assert (off["event"], off["at"], off["boot"]) == ("heat-off", died_at, 1)
    assert (boot["event"], boot["at"], boot["boot"], boot["batch"]) == ("boot", rig.now, 2, "B-0017")
    water_ml = vessel_of(rig).vessel.water_ml
    cooled_c = 22 + (100 - 22) * math.exp(-1800 * 6 / (water_ml * 4.186))
    assert rig.shown("ActualTemperature") == pytest.approx(cooled_c, abs=0.3)
    assert rig.order("decoct", number=rig.number, **BOIL) is Reason.DUPLICATE
    assert rig.order("decoct", step="boil.1.deficit.1", p=(900, 9950)) is Reason.NONE


def test_a_kill_between_orders_changes_nothing_but_the_boot_counter(rig: Rig) -> None:
    rig.do("charge", **CHARGE)
    rig.restart(60)
    assert (rig.shown("StateCurrent"), rig.shown("OrderStatus"), rig.shown("OrderValue")) == (
        State.COMPLETE,
        Status.FINISHED,
        5000,
    )
    assert rig.events() == ["boot", "start", "end", "boot"]


def test_an_accepted_order_is_kept_before_it_is_logged(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("devices.plant.log.EventLog.append", killed)
    with pytest.raises(KeyboardInterrupt):
        rig.order("charge", **CHARGE)
    monkeypatch.undo()
    rig.restart(1)
    assert (rig.shown("Order"), rig.shown("OrderStatus")) == (1, Status.FAILED)
    assert rig.order("charge", number=1, **CHARGE) is Reason.DUPLICATE


def test_a_reboot_of_one_machine_is_a_power_cut_without_the_darkness(rig: Rig) -> None:
    brewing(rig)
    assert ask(rig, fault="reboot") == {"ok": True}
    assert (rig.shown("BootCount"), rig.shown("OrderStatus")) == (2, Status.FAILED)
    assert rig.events()[-2:] == ["heat-off", "boot"]


def test_a_memory_that_is_not_one_stops_the_start_and_names_the_file(rig: Rig) -> None:
    (rig.folder / "pot-01.retain.json").write_text("{}x")
    with pytest.raises(SiteError, match=r"retain\.json"):
        rig.restart(1)


# --- the other kinds


def test_soaking_fills_then_stands_for_the_asked_time(tmp_path: Path) -> None:
    rig = Rig(tmp_path, lambda: Soaking("soak-01"), load_table("soak-modbus"), "soak-01")
    rig.order("soak", p=(5000, 1800))
    assert (rig.shown("StepCurrent"), rig.shown("TimeRemaining")) == (Step.ADD_WATER, 1830)
    rig.pass_s(36)
    assert rig.shown("StepCurrent") == Step.SOAK
    assert rig.shown("Level") == pytest.approx(5000, rel=0.011)
    rig.until_done()
    assert rig.log("end")[0]["at"] - rig.log("water")[0]["at"] == 1_800_000
    assert (rig.shown("OrderValue"), rig.shown("OrderStatus")) == (5000, Status.FINISHED)


def packing_line(tmp_path: Path) -> tuple[Rig, Rig]:
    kettle = Rig(tmp_path, pot, load_table("pot-modbus"))
    packer = Rig(tmp_path, lambda: Packing("pack-1", [vessel_of(kettle)]), load_table("packer-opcua"), "pack-1")
    kettle.do("charge", p=(3000, 100, 100))
    kettle.do("drain", p=(1,))
    packer.now = kettle.now
    return kettle, packer


def test_a_packer_packs_what_its_pot_sent_and_no_more(tmp_path: Path) -> None:
    kettle, packer = packing_line(tmp_path)
    sent_ml = vessel_of(kettle).sent_ml
    packer.do("pack", p=(10, 200))
    assert packer.log("pack")[0]["value"] == packer.shown("Count") == packer.shown("OrderValue") == 10
    assert packer.log("end")[0]["at"] - packer.log("start")[0]["at"] == 50_000
    packer.do("pack", p=(14, 200))
    assert packer.log("pack")[1]["value"] == (sent_ml - 2000) // 200
    packer.do("flush", p=(1500,))
    packer.do("pack", p=(1, 30))
    assert packer.log("pack")[2]["value"] == 0


def test_a_packer_that_people_pour_into_packs_what_it_is_asked_and_uses_no_more_than_was_sent(tmp_path: Path) -> None:
    kettle, _ = packing_line(tmp_path)
    poured = Packing("pack-2", [vessel_of(kettle)], is_poured_into=True)
    packer = Rig(tmp_path, lambda: poured, load_table("packer-opcua"), "pack-2")
    packer.do("pack", p=(30, 200))
    assert packer.shown("OrderValue") == 30
    assert poured.used_ml == vessel_of(kettle).sent_ml
    assert poured.liquid_ml == 0


def test_no_liquid_is_lost_or_made_when_pot_and_packer_lose_power(tmp_path: Path) -> None:
    kettle, packer = packing_line(tmp_path)
    packer.do("pack", p=(5, 200))
    assert isinstance(packer.machine.process, Packing)
    before = packer.machine.process.liquid_ml
    kettle.restart(30)
    packer.restart(30)
    assert isinstance(packer.machine.process, Packing)
    assert packer.machine.process.liquid_ml == pytest.approx(before)


def test_a_storage_zone_wanders_inside_its_limits_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    rig = Rig(tmp_path, lambda: Storage("zone-1"), load_table("storage-modbus"), "zone-1")
    shown = []
    for _ in range(400):
        rig.now += 900_000
        shown.append((rig.shown("Temperature"), rig.shown("Humidity")))
    assert all(15.0 < celsius < 19.0 and 45.0 < humidity < 60.0 for celsius, humidity in shown)
    assert max(celsius for celsius, _ in shown) - min(celsius for celsius, _ in shown) > 1.0
    before = rig.shown("Temperature")
    rig.restart(1)
    assert rig.shown("Temperature") == pytest.approx(before, abs=0.5)


def test_a_scale_rests_near_zero(tmp_path: Path) -> None:
    rig = Rig(tmp_path, lambda: Scale("scale-1"), load_table("scale-modbus"), "scale-1")
    assert rig.shown("CurrentWeight") == pytest.approx(0, abs=0.6)
    assert rig.shown("Stable") == 1


def test_a_table_that_asks_for_what_the_machine_has_not_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="SealTemperature"):
        Rig(tmp_path, lambda: Soaking("x"), load_table("packer-opcua"))


# --- faults on request


def ask(rig: Rig, **request: Any) -> dict[str, Any]:
    return answer(json.dumps({"machine": rig.name, **request}).encode(), {rig.name: rig.machine}, rig.now)


def test_a_frozen_machine_shows_one_instant_for_ever_but_goes_on_working(rig: Rig) -> None:
    brewing(rig)
    assert ask(rig, fault="freeze") == {"ok": True}
    frozen = rig.machine.view(rig.now).values
    rig.pass_s(600)
    assert rig.machine.view(rig.now).values == frozen
    ask(rig, fault="clear")
    assert rig.shown("SourceTime") == rig.now
    assert rig.shown("BoilSeconds") == pytest.approx(900, abs=13)


def test_a_forced_thermometer_lies_without_changing_what_boils(rig: Rig) -> None:
    brewing(rig)
    ask(rig, fault="sensor", value=85.0)
    assert rig.shown("ActualTemperature") == 85.0
    rig.until_done()
    assert rig.shown("BoilSeconds") == 1200
    ask(rig, fault="clear")
    assert rig.shown("ActualTemperature") > 99


def test_a_warm_zone_is_warm_until_cleared(tmp_path: Path) -> None:
    rig = Rig(tmp_path, lambda: Storage("zone-1"), load_table("storage-modbus"), "zone-1")
    ask(rig, fault="warm", value=27.5)
    assert rig.shown("Temperature") == pytest.approx(27.5, abs=0.3)
    assert rig.shown("Temperature") != rig.shown("Temperature")
    ask(rig, fault="clear")
    assert rig.shown("Temperature") < 19.1


@pytest.mark.parametrize(
    "request_",
    [
        {"fault": "explode"},
        {"fault": "warm", "value": 30},
        {"fault": "slow", "value": "long"},
        {"fault": "clear", "machine": "nobody"},
        {},
    ],
)
def test_a_fault_that_cannot_be_is_answered_with_why(rig: Rig, request_: dict[str, Any]) -> None:
    said = ask(rig, **request_)
    assert said["ok"] is False
    assert said["error"]


def test_what_is_not_a_request_is_answered_with_why(rig: Rig) -> None:
    for line in (b"\xff\n", b"[]\n", b"7\n", b"{\n"):
        assert answer(line, {rig.name: rig.machine}, rig.now)["ok"] is False
