"""The pure line with perfect machines: no sockets, no clock, no database. For unit tests and laws of the pipeline.

`PureLine.do` submits an intent and plays the machines' answers to its orders when time is moved on with `run`.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from controller.formulary.loader import load_alarms, load_formulary, load_recipes
from controller.model import intents as i
from controller.model.codes import BADGE, DRAWER, PAIL, VESSEL, make_code
from controller.model.floor import Floor
from controller.model.people import Person, Role, Station, StationKind
from controller.model.prescription import (
    DeliveryMethod,
    Handling,
    Item,
    Patient,
    Preparation,
    Prescription,
    RecipeClass,
    Route,
    Sex,
    Urgency,
)
from controller.model.stock import Lot, Zone
from controller.model.world import Book, Unit, World, planned_classes
from controller.pipeline import Outcome, handle
from controller.pipeline.tasks import tasks
from devices.codec import checked_text
from devices.model import Expired, LinkState, Mode, Order, OrderStatus, RefusedReason, State, Step

if TYPE_CHECKING:
    from controller.model.facts import Fact
    from controller.model.recipe import RecipeTable

MINUTE = 60_000
START = 1_795_305_600_000  # 2026-11-22T08:00+08:00
FORMULARY = load_formulary()
RECIPES = load_recipes()


def machines(pots: int = 6) -> dict[str, Unit]:
    """Pots of three sizes in turn, four soaking positions, two packers, one sensor."""
    rows: list[Unit] = []
    sizes = [(800, 6000), (1500, 12000), (2500, 20000)]
    for number, volume in enumerate([sizes[n * 3 // pots] for n in range(pots)], 1):
        name = f"pot-{number:02}"
        code = make_code(VESSEL, f"POT{number:013}")
        packer = f"pack-{1 + number % 2}"
        rows.append(Unit(name, "decoction", code, volume, use="internal", packer=packer))
    rows += [Unit(f"soak-{n}", "soaking", make_code(VESSEL, f"SOAK{n:012}")) for n in range(1, 5)]
    rows += [Unit(f"pack-{n}", "packing", make_code(VESSEL, f"PACK{n:012}"), pouch_ml=300) for n in (1, 2)]
    rows.append(Unit("sensor-1", "storage", "sensor-1"))
    return {row.id: row for row in rows}


def book(pots_wanted: int = 6, recipes: RecipeTable = RECIPES, **pot: Any) -> Book:
    """The books of the small test site. `pot`: what all its pots are, by the fields of a Unit."""
    rows = {key: replace(row, **pot) if row.kind == "decoction" else row for key, row in machines(pots_wanted).items()}
    pots = [row for row in rows.values() if row.kind == "decoction"]
    return Book(
        formulary=FORMULARY,
        recipes=recipes,
        timezone=ZoneInfo("Asia/Shanghai"),
        machines=rows,
        pot_classes=planned_classes(rows),
        vessels={row.code: row.id for row in rows.values() if row.kind != "storage"},
        stations={"st": Station("st", StationKind.ANY, "台", "bench")},
        hospitals=frozenset({"RS-TCM"}),
        pails=frozenset(make_code(PAIL, f"{n:016}") for n in range(12)),
        boil_celsius={row.id: 99.5 for row in pots},
        grace_s={row.id: 3.0 for row in rows.values()},
        least_margin_ms=5_000,
        alarms=load_alarms(),
    )


PEOPLE = {
    name: Person(make_code(BADGE, f"{number:016}"), f"测试{name}", roles)
    for number, (name, roles) in enumerate(
        {
            "reviewer": (Role.PHARMACIST,),
            "releaser": (Role.PHARMACIST,),
            "dispenser": (Role.DISPENSER,),
            "checker": (Role.CHECKER,),
            "operator": (Role.OPERATOR,),
            "packer": (Role.PACKER,),
            "courier": (Role.COURIER,),
            "ward": (Role.WARD,),
        }.items()
    )
}


def badge(name: str) -> str:
    return PEOPLE[name].badge


def prescription(**changes: Any) -> Prescription:
    """A prescription of six herbs for seven doses, general class, courier."""
    herbs = (("桂枝", 9.0), ("白芍", 9.0), ("生姜", 9.0), ("大枣", 9.0), ("炙甘草", 6.0), ("茯苓", 12.0))
    base = Prescription(
        hospital="RS-TCM",
        prescription_no="T-0001",
        version=1,
        issued_at=START,
        patient=Patient("subject", "0" * 64, Sex.FEMALE, 65, pregnant=False, lactating=False, allergies=()),
        prescriber="测试医师01",
        overrides=(),
        doses=7,
        servings_per_dose=2,
        serving_ml=200,
        route=Route.ORAL,
        urgency=Urgency.ROUTINE,
        preparation=Preparation.DECOCT,
        recipe_class=RecipeClass.GENERAL,
        items=tuple(Item(herb, grams, Handling.NONE) for herb, grams in herbs),
        delivery=DeliveryMethod.COURIER,
    )
    return replace(base, **changes)


@dataclass
class Machine:
    """A perfect machine: takes every order of a higher number and finishes it after its time."""

    order: Order | None = None
    number: int = 0
    status: OrderStatus = OrderStatus.NONE
    value: int = 0
    began_at: int = 0
    boot: int = 1
    mode: Mode = Mode.PRODUCE
    hopper_open: bool = False
    receiver_ml: int = 0
    sent_ml: int = 0
    starts: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class PureLine:
    """A floor, its facts, and machines that answer when time moves."""

    now: int = START
    book: Book = field(default_factory=book)
    floor: Floor = field(default_factory=Floor)
    facts: list[Fact] = field(default_factory=list)
    machines: dict[str, Machine] = field(default_factory=dict)
    intents: int = 0
    spilt_ml: int = 0
    _tokens: count[int] = field(default_factory=lambda: count(1))
    _events: list[tuple[int, int, str, str]] = field(default_factory=list)
    _ticket: count[int] = field(default_factory=count)

    @classmethod
    def ready(cls, pots: int = 6, **pot: Any) -> PureLine:
        """A line with stock, people, and every machine seen fresh. `pot`: what all its pots are."""
        line = cls(book=book(pots, **pot))
        zone = Zone("normal", "常温", "ambient", (10.0, 30.0), (35.0, 75.0), "sensor-1")
        lots = tuple(
            Lot(f"L-{n:04}", herb, "示例饮片厂", inspection_passed=True, inspection="合格", expires_at=START * 2,
                received_at=START, zone="normal", drawer=make_code(DRAWER, f"{n:016}"))
            for n, herb in enumerate(sorted(FORMULARY.herbs))
        )  # fmt: skip
        line.must(i.EnrolStock(lots, (zone,), tuple((row.id, row.kind) for row in line.book.machines.values())))
        for person in PEOPLE.values():
            line.must(i.EnrolPerson(person))
        line.must(i.EnrolRecipe(simulated=True))
        for name in line.book.machines:
            line.machines[name] = Machine()
            line.must(i.ReportLink(name, LinkState.FRESH))
            line.report(name)
        line.must(i.ReportZone("normal", 20.0, 50.0))
        return line

    def world(self) -> World:
        return World(self.now, lambda: f"{next(self._tokens):016}", self.book)

    def do(self, intent: i.ExternalIntent) -> Outcome:
        """Submit one intent; machines take its orders at once."""
        self.intents += 1
        outcome = handle(self.floor, intent, self.world())
        self.floor = outcome.floor
        self.facts.extend(outcome.facts)
        for order in outcome.orders:
            self._take(order)
        return outcome

    def must(self, intent: i.ExternalIntent) -> tuple[Fact, ...]:
        """Submit an intent that is not to be refused."""
        outcome = self.do(intent)
        assert outcome.refusal is None, outcome.refusal
        return outcome.facts

    def refused(self, intent: i.ExternalIntent) -> str:
        """Submit an intent that is to be refused, and return the rule."""
        outcome = self.do(intent)
        assert outcome.refusal is not None, outcome.facts
        return outcome.refusal.rule

    def _take(self, order: Order) -> None:
        machine = self.machines[order.machine]
        checked_text(order.batch, "batch")
        checked_text(order.step, "step")
        if order.number <= machine.number:
            return
        if self.now > order.not_after:  # the carrier uses the number up
            machine.number = order.number
            self.must(i.ReportOrder(order.machine, Expired(order.number)))
            return
        machine.order, machine.number, machine.status = order, order.number, OrderStatus.RUNNING
        machine.began_at = 0
        machine.starts.append((order.batch, order.step))
        hold = order.parameters.get("hold_s", order.parameters.get("soak_s", 60))
        if order.verb == "concentrate":
            hold = max(60, machine.receiver_ml - order.parameters["to_ml"])  # 60 mL a minute
        heat_s = 600 if order.verb == "decoct" else 0
        if heat_s:
            self._at(self.now + heat_s * 1000, "boil", order.machine)
        late_s = order.parameters.get("late_s", 0)
        if late_s:
            self._at(self.now + (heat_s + hold - late_s) * 1000, "drop", order.machine)
        self._at(self.now + (heat_s + hold) * 1000, "end", order.machine)

    def _at(self, when: int, what: str, machine: str) -> None:
        number = self.machines[machine].number
        heapq.heappush(self._events, (when, next(self._ticket), f"{what} {number}", machine))

    def jam_hoppers(self) -> None:
        """Let no hopper open any more."""
        self._events = [event for event in self._events if not event[2].startswith("drop")]

    def report(self, name: str, **changes: Any) -> None:
        """Let a machine say what it does."""
        machine = self.machines[name]
        order = machine.order
        running = machine.status is OrderStatus.RUNNING
        boil = None
        if order is not None and order.verb == "decoct" and machine.began_at:
            seconds = float(min((self.now - machine.began_at) / 1000, order.parameters["hold_s"]))
            boil = i.BoilTruth(seconds, 0.0, seconds, self.now)
        intent = i.ReportMachine(
            machine=name,
            at=self.now,
            state=State.EXECUTE if running else State.COMPLETE,
            step=Step.NONE,
            mode=machine.mode,
            boot=machine.boot,
            fault=0,
            epoch=1,
            order=machine.number,
            order_status=machine.status,
            order_value=machine.value,
            refused_order=0,
            refused_reason=RefusedReason.NONE,
            batch=order.batch if order else "",
            boil_began_at=machine.began_at,
            boil=boil,
            readings={"SealTemperature": 135.0, "IsHopperOpen": float(machine.hopper_open)},
        )
        self.must(replace(intent, **changes))

    def run(self, minutes: float) -> None:
        """Move time on, playing machine events and deadlines in order."""
        end = self.now + int(minutes * MINUTE)
        while True:
            due = self.floor.deadlines.first()
            event = self._events[0] if self._events else None
            when = min(due[0] + 1 if due else end + 1, event[0] if event else end + 1)
            if when > end:
                break
            self.now = max(self.now, when)
            if event and event[0] <= self.now:
                heapq.heappop(self._events)
                self._play(event)
            else:
                self.must(i.Tick())
        self.now = end

    def _play(self, event: tuple[int, int, str, str]) -> None:
        what, number = event[2].split()
        machine = self.machines[event[3]]
        if machine.number != int(number) or machine.status is not OrderStatus.RUNNING or machine.order is None:
            return
        if what == "boil":
            machine.began_at = self.now
        elif what == "drop":
            machine.hopper_open = True
        else:
            machine.status = OrderStatus.FINISHED
            machine.value = self._drained(machine) if machine.order.verb == "drain" else _value(machine.order)
            if machine.order.verb == "concentrate":
                machine.receiver_ml = machine.value
        self.report(event[3])

    def _drained(self, machine: Machine) -> int:
        """Return what a drain moved: what its water left, less what was spilt; to the packer the receiver's as well."""
        order = machine.order
        assert order is not None
        batch = self.floor.batches[order.batch]
        own_ml = 0
        if order.step != "drain.pack":
            first = batch.boil == batch.plan.ahead
            steam_ml = (
                sum(record.total_counter_s for record in batch.boils[: batch.boil + 1]) / 60 * 8 if first else 160
            )
            water_ml = batch.plan.soak_water_ml - batch.plan.absorb_ml if first else batch.present_boil.water_ml
            own_ml = int(water_ml - steam_ml) - self.spilt_ml
        if order.parameters["to_packer"]:
            own_ml, machine.receiver_ml = own_ml + machine.receiver_ml, 0
            machine.sent_ml = own_ml
        else:
            machine.receiver_ml += own_ml
        return own_ml

    def tasks(self, kind: str = "") -> list[Any]:
        return [task for task in tasks(self.floor, self.book, self.now) if kind in ("", task.kind)]

    def scan(self, code: str, into: str, who: str) -> Outcome:
        return self.do(i.ScanCode(code, into, badge(who), "st"))

    def must_scan(self, code: str, into: str, who: str) -> None:
        outcome = self.scan(code, into, who)
        assert outcome.refusal is None, outcome.refusal

    def kinds(self) -> list[str]:
        return [type(fact).__name__ for fact in self.facts]


def _value(order: Order) -> int:
    match order.verb:
        case "pack":
            return order.parameters["count"]
        case "rinse":
            return 8700
        case "decoct":
            return order.parameters["hold_s"]
        case "concentrate":
            return order.parameters["to_ml"]
        case _:
            return 1


class Crew:
    """People who do every open task at once, the right way."""

    def __init__(self, line: PureLine, *, idle: frozenset[str] = frozenset()) -> None:
        self.line, self.idle = line, idle

    def work(self, *, until: str = "", minutes: int = 900) -> None:
        """Do tasks and move time until a fact of the kind `until` is there, or nothing is open."""
        for _ in range(minutes):
            while self._once():
                if until and until in self.line.kinds():
                    return
            if until and until in self.line.kinds():
                return
            if not self.line.floor.cases:
                return
            self.line.run(1)
        raise AssertionError([(task.kind, task.details) for task in self.line.tasks()])

    def _once(self) -> bool:
        return any(self._act(task) for task in self.line.tasks() if task.kind not in self.idle)

    def _act(self, task: Any) -> bool:
        line = self.line
        match task.kind:
            case "review":
                line.must(i.SignReview(task.case, badge("reviewer"), "st", "approve", RecipeClass.GENERAL))
            case "bind-pail":
                line.must_scan(task.codes[0], task.into, "dispenser")
            case "draw":
                line.must_scan(task.codes[0], task.into, "dispenser")
                for _ in range(int(task.details["times"])):
                    herb, grams = str(task.details["herb"]), float(task.details["grams"])
                    line.must(i.RecordWeight(task.batch, herb, grams, badge("dispenser"), "st"))
            case "verify":
                line.must(i.SignVerify(task.batch, badge("checker"), "st"))
            case "empty-pot":
                line.must_scan(task.codes[0], task.into, "operator")
            case "place-pail" | "charge" | "strain" | "add-main" | "load-hopper":
                line.must_scan(task.code, task.into, "operator")
            case "add-late":
                if not task.opens_at <= line.now <= task.closes_at:
                    return False
                line.must_scan(task.code, task.into, "operator")
            case "separate":
                herb, least = str(task.details["herb"]), int(task.details["least_minutes"])
                line.must(i.AttestSeparate(task.batch, herb, task.code, least, badge("operator"), "st"))
            case "release":
                line.must(i.SignRelease(task.batch, badge("releaser"), "st"))
            case "box":
                line.must_scan(task.codes[0], task.into, "packer")
            case "box-packet":
                line.must_scan(task.code, task.into, "packer")
            case "hand-over":
                method = task.details["method"]
                into = task.into or badge("courier" if method in ("courier", "drone") else "ward")
                line.must_scan(task.code, into, "packer")
            case "deliver":
                line.must(i.ConfirmDelivery(task.code, "delivered", badge("courier"), "st"))
            case _:
                return False
        return True
