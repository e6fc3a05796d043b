"""The watch: intents follow what machines do, not how often they are read; and no second of boiling is lost or invented."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from immutables import Map

from controller.model.alarm import Alarm, Priority
from controller.model.batch import BoilRecord, Cause, Hold
from controller.model.equipment import Equipment
from controller.model.floor import Floor
from controller.model.intents import ReportLink, ReportMachine, ReportPeer, ReportZone
from controller.model.stock import Zone
from controller.runtime import watch as watch_module
from controller.runtime.boiling import Boiling
from controller.runtime.conclusions import Conclusions
from controller.runtime.recorder import Recorder
from controller.runtime.watch import Watch
from devices.errors import LinkDistrusted, LinkLied
from devices.model import LinkState, Mode, OrderStatus, Quality, Reading, Snapshot, State, Step
from tests import pure_line
from tests.runtime_fakes import NOW, an_order, until

if TYPE_CHECKING:
    from controller.model.intents import ExternalIntent

POT, SENSOR = "pot-01", "sensor-1"
BOOK = pure_line.book()
HOT, COLD = 99.8, 80.0


@dataclass
class Scene:
    """A watch over one pot and one sensor, and what it posted."""

    floor: Floor
    posted: list[ExternalIntent] = field(default_factory=list)
    unnumbered: frozenset[str] = frozenset()
    watch: Any = None

    def __post_init__(self) -> None:
        self.watch = self.fresh()

    def fresh(self) -> Watch:
        """A watch that knows nothing but the floor, as after a restart."""
        return Watch(
            floor=lambda: self.floor,
            post=self.posted.append,
            conclusions=Conclusions(self.unnumbered),
            boiling=Boiling(BOOK),
            recorder=Recorder(lambda _: None, dict.fromkeys(BOOK.machines, 3000)),
            machines=BOOK.machines,
            zones=self.floor.zones.values(),
        )

    def reports(self) -> list[ReportMachine]:
        return [intent for intent in self.posted if isinstance(intent, ReportMachine)]

    def links(self) -> list[ReportLink]:
        return [intent for intent in self.posted if isinstance(intent, ReportLink)]


def a_floor(record: BoilRecord | None = None, link: LinkState = LinkState.FRESH) -> Floor:
    """A pot with an open decoct order 3 of batch B-1, and one zone."""
    pot = Equipment(POT, "decoction", batch="B-1", pending=an_order(3), link=link, boot=1)
    batch: Any = SimpleNamespace(boils=(record or BoilRecord("boil.1", 1200),), boil=0)
    zone = Zone("room", "常温区", "room", (10.0, 30.0), (35.0, 75.0), SENSOR)
    return Floor(machines=Map({POT: pot}), batches=Map({"B-1": batch}), zones=Map({"room": zone}))


def boiling(second: int, celsius: float = HOT, quality: Quality = Quality.GOOD, **changes: Any) -> Snapshot:
    """The pot `second` seconds after its boil began."""
    at = NOW + second * 1000
    snapshot = Snapshot(
        machine=POT, at=at, received_s=0.0, state=State.EXECUTE, step=Step.HOLD_BOIL, mode=Mode.PRODUCE, boot=1, epoch=1,
        order=3, order_status=OrderStatus.RUNNING, batch="B-1", counter_s=second, boil_began_at=NOW,
        readings={"ActualTemperature": Reading(celsius, quality, at)},
    )  # fmt: skip
    return replace(snapshot, **changes)


def zone(second: int, celsius: float, quality: Quality = Quality.GOOD) -> Snapshot:
    at = NOW + second * 1000
    readings = {"Temperature": Reading(celsius, quality, at), "Humidity": Reading(50.0, quality, at)}
    return Snapshot(machine=SENSOR, at=at, received_s=0.0, state=State.EXECUTE, readings=readings)


def test_a_machine_that_does_nothing_new_speaks_once_however_often_it_is_read() -> None:
    scene = Scene(Floor())
    for second in range(5000):
        scene.watch.on_snapshot(boiling(second, COLD, boil_began_at=0, remaining_s=second, order_value=second))
    assert len(scene.posted) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"state": State.HELD}, {"step": Step.DRAIN}, {"mode": Mode.MANUAL}, {"boot": 2}, {"fault": 4}, {"batch": "B-2"},
        {"order": 4}, {"order_status": OrderStatus.FINISHED}, {"refused_order": 4}, {"boil_began_at": NOW + 1},
    ],
)  # fmt: skip
def test_what_matters_is_reported_at_once(change: dict[str, Any]) -> None:
    scene = Scene(Floor())
    scene.watch.on_snapshot(boiling(0))
    scene.watch.on_snapshot(boiling(1, **change))
    assert len(scene.reports()) == 2


def test_a_boil_is_reported_each_plant_minute() -> None:
    scene = Scene(a_floor())
    for second in range(601):
        scene.watch.on_snapshot(boiling(second))
    truths = [report.boil for report in scene.reports() if report.boil is not None]
    assert [truth.credit_s for truth in truths] == [float(second) for second in range(0, 601, 60)]
    assert truths[-1].measured_at == NOW + 600_000
    assert truths[-1].counter_s == 600.0


def test_the_report_that_a_boil_is_finished_carries_its_last_sample() -> None:
    scene = Scene(a_floor())
    for second in range(30):
        scene.watch.on_snapshot(boiling(second))
    scene.watch.on_snapshot(boiling(30, order_status=OrderStatus.FINISHED))
    last = scene.reports()[-1]
    assert last.order_status is OrderStatus.FINISHED
    assert last.boil is not None
    assert (last.boil.credit_s, last.boil.counter_s) == (30.0, 30.0)


def test_a_sample_that_is_not_good_credits_nothing() -> None:
    scene = Scene(a_floor())
    for second in range(11):
        scene.watch.on_snapshot(boiling(second, quality=Quality.GOOD if second < 5 else Quality.BAD))
    scene.watch.on_snapshot(boiling(11, order_status=OrderStatus.FAILED, quality=Quality.BAD))
    truth = scene.reports()[-1].boil
    assert truth is not None
    assert (truth.credit_s, truth.measured_at) == (4.0, NOW + 4000)


def test_a_restart_goes_on_from_what_the_floor_remembers_and_covers_the_gap() -> None:
    record = BoilRecord("boil.1", 1200, began_at=NOW, credit_s=60.0, counter_s=60.0, measured_at=NOW + 60_000)
    scene = Scene(a_floor(record))
    for second in range(80, 91):
        scene.watch.on_snapshot(boiling(second))
    scene.watch.on_snapshot(boiling(91, order_status=OrderStatus.FINISHED))
    truth = scene.reports()[-1].boil
    assert truth is not None
    assert (truth.credit_s, truth.covered_s, truth.counter_s) == (71.0, 20.0, 91.0)


def test_a_new_order_of_the_same_pot_starts_from_nothing() -> None:
    scene = Scene(a_floor())
    for second in range(61):
        scene.watch.on_snapshot(boiling(second))
    pot = replace(scene.floor.machines[POT], pending=an_order(4))
    scene.floor = scene.floor._replace(machines=scene.floor.machines.set(POT, pot))
    scene.watch.on_snapshot(boiling(61, order=4))
    truth = scene.reports()[-1].boil
    assert truth is not None
    assert truth.credit_s == 0.0


def test_another_order_than_the_open_one_is_not_credited() -> None:
    scene = Scene(a_floor())
    scene.watch.on_snapshot(boiling(1, order=2))
    scene.watch.on_snapshot(boiling(2, batch="B-9"))
    assert [report.boil for report in scene.reports()] == [None, None]


def test_time_that_this_computer_slept_is_not_credited() -> None:
    scene = Scene(a_floor())
    scene.watch.on_snapshot(boiling(0))
    scene.watch.on_snapshot(boiling(1))
    scene.watch.suspended()
    scene.watch.on_snapshot(boiling(3))
    scene.watch.on_snapshot(boiling(4, order_status=OrderStatus.FINISHED))
    truth = scene.reports()[-1].boil
    assert truth is not None
    assert truth.credit_s == 2.0


def test_after_a_receipt_the_next_snapshot_is_reported_whatever_it_says() -> None:
    scene = Scene(a_floor())
    scene.watch.on_snapshot(boiling(0))
    scene.watch.look_again(POT)
    scene.watch.on_snapshot(boiling(1))
    scene.watch.on_snapshot(boiling(2))
    assert len(scene.reports()) == 2


async def test_what_a_rule_failed_on_is_told_anew_and_not_at_every_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "UNDECIDED_S", 0.05)
    scene = Scene(a_floor())
    for told in (1, 2, 3):
        for _ in range(10):
            scene.watch.on_snapshot(boiling(0))
        assert len(scene.reports()) == told
        for _ in range(10):
            scene.watch.undecided(POT)
        before = len(scene.posted)
        await until(lambda before=before: len(scene.posted) > before)
    scene.watch.on_snapshot(boiling(0))
    assert len(scene.reports()) == 4
    assert scene.links() == [ReportLink(POT, LinkState.FRESH)] * 3


def test_only_good_readings_go_with_a_report() -> None:
    scene = Scene(Floor())
    scene.watch.on_snapshot(boiling(0, quality=Quality.BAD))
    scene.watch.on_snapshot(boiling(1, step=Step.DRAIN))
    assert [report.readings for report in scene.reports()] == [{}, {"ActualTemperature": HOT}]


async def test_a_loss_shorter_than_the_alarm_delay_is_nobodys_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "ALARM_DELAY_S", 0.05)
    scene = Scene(a_floor())
    scene.watch.on_link(POT, LinkState.STALE, time.monotonic())
    await asyncio.sleep(0.01)
    scene.watch.on_link(POT, LinkState.FRESH, time.monotonic())
    await asyncio.sleep(0.08)
    assert scene.links() == []


async def test_a_longer_loss_is_told_once_and_its_end_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "ALARM_DELAY_S", 0.02)
    scene = Scene(a_floor())
    scene.watch.on_link(POT, LinkState.STALE, time.monotonic())
    assert scene.links() == []
    await asyncio.sleep(0.05)
    assert scene.links() == [ReportLink(POT, LinkState.STALE)]
    scene.watch.on_link(POT, LinkState.FRESH, time.monotonic())
    assert scene.links() == [ReportLink(POT, LinkState.STALE), ReportLink(POT, LinkState.FRESH)]


async def test_a_loss_that_is_old_already_is_told_without_waiting_again() -> None:
    scene = Scene(a_floor())
    scene.watch.on_link(POT, LinkState.STALE, time.monotonic() - 60)
    await asyncio.sleep(0.01)
    assert scene.links() == [ReportLink(POT, LinkState.STALE)]


async def test_a_machine_that_is_never_reached_after_a_restart_is_told_as_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "ALARM_DELAY_S", 0.01)
    scene = Scene(a_floor(link=LinkState.FRESH))
    scene.watch.start(0.01)
    scene.watch.on_link("pot-02", LinkState.FRESH, time.monotonic())
    await asyncio.sleep(0.06)
    told = {(intent.machine, intent.link) for intent in scene.links()}
    assert (POT, LinkState.STALE) in told
    assert (("pot-02", LinkState.FRESH) in told, ("pot-02", LinkState.STALE) in told) == (True, False)


def test_a_zone_speaks_first_then_when_it_leaves_and_returns_and_every_five_minutes() -> None:
    scene = Scene(a_floor())
    for second in range(0, 900, 5):
        scene.watch.on_snapshot(zone(second, 35.0 if 100 <= second < 200 else 20.0))
    told = [intent for intent in scene.posted if isinstance(intent, ReportZone)]
    assert [intent.celsius for intent in told] == [20.0, 35.0, 20.0, 20.0, 20.0]


def test_a_sensor_that_cannot_be_trusted_says_nothing_of_its_zone() -> None:
    scene = Scene(a_floor())
    scene.watch.on_snapshot(zone(0, 85.0, Quality.BAD))
    assert [intent for intent in scene.posted if isinstance(intent, ReportZone)] == []


def test_a_peer_that_is_not_trusted_is_told_once_and_its_first_proof_too() -> None:
    scene = Scene(a_floor())
    scene.watch.on_fault(POT, LinkDistrusted("shows an expired certificate\x1b[2J", machine=POT))
    scene.watch.on_snapshot(boiling(0))
    scene.watch.on_snapshot(boiling(1))
    peers = [intent for intent in scene.posted if isinstance(intent, ReportPeer)]
    assert [peer.why for peer in peers] == ["pot-01: shows an expired certificate[2J", ""]
    assert isinstance(scene.posted[1], ReportPeer), "who it is goes before what it says"


def test_after_a_restart_a_peer_that_proves_itself_ends_the_alarm_of_before() -> None:
    left = Alarm(f"peer-distrusted:{POT}", "peer-distrusted", POT, Priority.HIGH, NOW)
    scene = Scene(a_floor()._replace(alarms=Map({left.id: left})))
    scene.watch.on_snapshot(boiling(0))
    assert scene.posted[0] == ReportPeer(POT, "")


def test_another_fault_of_a_road_says_nothing_of_the_peer() -> None:
    scene = Scene(a_floor())
    scene.watch.on_fault(POT, LinkLied("half a frame", machine=POT))
    assert not scene.posted


# --- machines that name no orders

MUTE: dict[str, Any] = {"order": 0, "order_status": OrderStatus.NONE, "batch": "", "epoch": 0}


def quiet_scene(*, accepted: bool = True, doubted: bool = False) -> Scene:
    """The pot of `a_floor` names no orders; it was seen to take its order where that is `accepted`."""
    floor = a_floor()
    pot = replace(floor.machines[POT], accepted=accepted, pending=an_order(3, boot=1))
    doubt = Hold("unknown", Cause.MACHINE, NOW, (), POT)
    batch: Any = SimpleNamespace(boils=(BoilRecord("boil.1", 1200),), boil=0, holds=(doubt,) if doubted else ())
    floor = floor._replace(machines=floor.machines.set(POT, pot), batches=floor.batches.set("B-1", batch))
    return Scene(floor, unnumbered=frozenset({POT}))


def told(scene: Scene) -> list[tuple[int, OrderStatus]]:
    return [(report.order, report.order_status) for report in scene.reports()]


def test_a_boil_is_credited_to_the_order_that_a_machine_without_numbers_was_seen_to_take() -> None:
    scene = quiet_scene()
    for second in range(61):
        scene.watch.on_snapshot(boiling(second, **MUTE))
    scene.watch.on_snapshot(boiling(61, **MUTE, state=State.COMPLETE))
    assert told(scene) == [(3, OrderStatus.RUNNING), (3, OrderStatus.RUNNING), (3, OrderStatus.FINISHED)]
    last = scene.reports()[-1]
    assert last.boil is not None
    assert (last.batch, last.boil.credit_s, last.boil.counter_s, last.order_value) == ("B-1", 61.0, 61.0, 61)


def test_nothing_is_credited_to_an_order_that_nobody_saw_taken() -> None:
    scene = quiet_scene(accepted=False)
    scene.watch.on_snapshot(boiling(0, **MUTE))
    scene.watch.on_snapshot(boiling(60, **MUTE))
    assert [(report.order, report.boil) for report in scene.reports()] == [(0, None)]


def test_a_machine_that_idled_once_is_never_taken_for_being_at_its_order_again() -> None:
    scene = quiet_scene()
    scene.watch.on_snapshot(boiling(0, **MUTE))
    scene.watch.on_snapshot(boiling(1, **MUTE, state=State.IDLE))
    scene.watch.on_snapshot(boiling(2, **MUTE, state=State.COMPLETE))
    scene.watch.on_snapshot(boiling(3, **MUTE))
    statuses = [OrderStatus.RUNNING, OrderStatus.NONE, OrderStatus.NONE, OrderStatus.NONE]
    assert told(scene) == [(3, status) for status in statuses]


def test_a_restart_takes_the_order_from_the_floor_and_believes_it_while_sight_is_unbroken() -> None:
    scene = quiet_scene()
    scene.watch = scene.fresh()
    scene.watch.on_snapshot(boiling(500, **MUTE, state=State.COMPLETE))
    scene.watch = scene.fresh()
    scene.watch.on_snapshot(boiling(500, **MUTE, boot=2))
    assert told(scene) == [(3, OrderStatus.FINISHED), (3, OrderStatus.NONE)]


def test_a_restart_settles_no_doubt_that_a_person_was_asked_about() -> None:
    scene = quiet_scene(doubted=True)
    scene.watch.on_snapshot(boiling(0, **MUTE, state=State.COMPLETE))
    assert told(scene) == [(0, OrderStatus.NONE)]


def test_a_rinse_is_worth_the_last_temperature_at_work_not_that_of_the_empty_pot() -> None:
    scene = quiet_scene()
    rinse = an_order(3, boot=1, verb="rinse", step="rinse.1")
    pot = replace(scene.floor.machines[POT], pending=rinse)
    scene.floor = scene.floor._replace(machines=scene.floor.machines.set(POT, pot))
    for second, celsius in enumerate((97.0, 60.0, 86.5)):
        scene.watch.on_snapshot(boiling(second, celsius, **MUTE))
    scene.watch.on_snapshot(boiling(3, 40.0, **MUTE, state=State.COMPLETE))
    assert scene.reports()[-1].order_value == 8650
