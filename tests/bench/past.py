"""Fills the database of a centre with a past that its own rules made: open prescriptions at mixed stages, and closed ones.

A few lives are led on the pure line with the centre's own book; each is then copied under fresh codes, facts and rows alike,
because thousands of copies are told from thousands of lives by their codes alone. What stands in machines and pails is led and
not copied, and a copied life has left its machines as it found them. `verify` finds nothing wrong with the result.

`fill(config, open_prescriptions=5_000, closed_facts=0)` before the controller's first run.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from itertools import count, islice
from typing import TYPE_CHECKING, Any, cast

from controller.api.auth import digest_of, new_key
from controller.api.pins import hash_pin
from controller.api.posted import post
from controller.formulary import load_formulary, load_recipes
from controller.model import intents as i
from controller.model.people import Station, StationKind
from controller.runtime.books import make_book
from controller.runtime.enrolment import enrol_keys, people_to_enrol
from controller.runtime.recovery import new_in_files
from controller.runtime.stock import load_lots
from controller.store import Store
from controller.store.tables import ended_cases, facts, state
from devices.model import LinkState
from devices.profile import all_profiles
from tests.bench.centre import HOSPITAL
from tests.bench.copies import Pen, copies, kept, taken, told
from tests.bench.prescriptions import HERBS, body
from tests.pure_line import PEOPLE, Crew, Machine, PureLine, badge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.config import Config
    from tests.bench.copies import Rows

_AGO_MS = 16 * 3_600_000
_IN_MACHINES, _IN_PAILS, _PAIL_ACTS = 38, 20, 180
_QUARRELLING = ("甘草", "甘遂", *HERBS[:12])
# What is left undone, what has then happened last, and how many of a hundred open prescriptions stand there.
_STAGES = (
    ((), "DeliveryConfirmed", 0),
    (("deliver",), "ParcelHandedOver", 3),
    (("deliver", "hand-over"), "BatchBoxed", 5),
    (("deliver", "hand-over", "box"), "BatchReleased", 6),
    (("deliver", "hand-over", "box", "release"), "BatchPacked", 7),
)
_RETURNED, _TO_DISPENSE, _TO_REVIEW = 4, 33, 42


def fill(config: Config, *, open_prescriptions: int, closed_facts: int = 0) -> None:
    """Write the past. Every number is met within one life."""
    with closing(Store.open(config.database, line=config.line)) as store:
        store.take_mastery()
        enrol_keys(config, store, new_key, digest_of)
        past = _Past(config, store)
        with store._database.writing() as connection:
            pen = Pen(connection, config.line)
            past.lead_and_copy(pen, open_prescriptions, closed_facts)
            pen.finish()


class _Past:
    """A centre on the pure line, from the enrolment of its stock."""

    def __init__(self, config: Config, store: Store) -> None:
        book = make_book(config, load_formulary(), load_recipes(), all_profiles())
        bench = Station("st", StationKind.ANY, "台", "bench")
        book = replace(book, stations={**book.stations, bench.id: bench})
        self.id, self._ends = config.line, int(time.time() * 1000)
        self.line = line = PureLine(now=self._ends - _AGO_MS, book=book)
        self._numbers = count(1)
        stock = new_in_files(line.floor, book, config.zones, load_lots(config, book.formulary.herbs))
        assert stock is not None
        line.must(stock)
        for person in (*people_to_enrol(config, frozenset(), store, hash_pin), *PEOPLE.values()):
            line.must(i.EnrolPerson(person))
        line.must(i.EnrolRecipe(simulated=True))
        for name in book.machines:
            line.machines[name] = Machine()
            line.must(i.ReportLink(name, LinkState.FRESH))
            line.report(name)
        for zone in config.zones:
            line.must(i.ReportZone(zone.id, sum(zone.celsius) / 2, sum(zone.humidity) / 2))

    def lead_and_copy(self, pen: Pen, open_prescriptions: int, closed_facts: int) -> None:
        """Lead one life for each stage and copy it as often as asked; in between, fill machines and pails."""
        pen.write(self._told())
        copied = open_prescriptions - _IN_MACHINES - _IN_PAILS
        for idle, until, share in _STAGES:
            life = self._led(frozenset(idle), until)
            often = copied * share // 100 if idle else closed_facts // sum(table is facts for table, _ in life)
            self._copy(pen, life, often)
        pen.write([*self._fill_machines_and_pails(), *self._told()])
        for share, herbs, decision in (
            (_RETURNED, _QUARRELLING, "return"),
            (_TO_DISPENSE, HERBS, "approve"),
            (_TO_REVIEW, HERBS, ""),
        ):
            case, rows = self._receive(herbs)
            if decision:
                self.line.must(i.SignReview(case, badge("reviewer"), "st", decision))
            self._copy(pen, self._life(case, rows), copied * share // 100)
        pen.write(kept(self.id, self.line.floor.touched))

    def _copy(self, pen: Pen, life: Rows, often: int) -> None:
        """Write a life and its copies. Its own aggregates may change yet, so they are written in the end."""
        pen.write([(table, {**row}) for table, row in life if table not in (state, ended_cases)])
        for copy in copies(life, islice(pen.fresh, often)):
            pen.write(copy)

    def _receive(self, herbs: tuple[str, ...] = HERBS) -> tuple[str, Rows]:
        """Post one; return its case and the rows that hang on it."""
        form = body(next(self._numbers), hospital=HOSPITAL, issued_at=self.line.now, herbs=herbs)
        posted = post(form, self.line.book.formulary)
        case = self.line.must(i.ReceivePrescription(posted.prescription, posted.digest))[0].about
        return case, taken(self.id, case, posted)

    def _led(self, idle: frozenset[str], until: str) -> Rows:
        """Lead one prescription up to a stage, and its machines back to rest."""
        case, rows = self._receive()
        Crew(self.line, idle=idle).work(until=until)
        while any(machine.pending or not machine.clean for machine in self.line.floor.machines.values()):
            self._minute()
        return self._life(case, rows)

    def _fill_machines_and_pails(self) -> Rows:
        """Bring some into every pot and soaking position, and some more into pails."""
        rows = [row for _ in range(_IN_MACHINES) for row in self._receive()[1]]
        crew = Crew(self.line, idle=frozenset(_STAGES[-1][0]))
        pots = [machine.id for machine in self.line.book.machines.values() if machine.kind == "decoction"]
        while sum(bool(self.line.floor.machines[pot].batch) for pot in pots) < min(len(pots), _IN_MACHINES // 2):
            while crew._once():
                pass
            self._minute()
        rows += [row for _ in range(_IN_PAILS) for row in self._receive()[1]]
        crew = Crew(self.line, idle=frozenset({*_STAGES[-1][0], "place-pail", "charge"}))
        for _ in range(_PAIL_ACTS):
            crew._once()
        return rows

    def _minute(self) -> None:
        self.line.run(1)
        assert self.line.now < self._ends, "the past does not come to the present"

    def _life(self, case: str, rows: Rows) -> Rows:
        """Return all rows of a prescription; the facts since the last call are its own."""
        touched = cast("Mapping[tuple[str, str], Any]", self.line.floor.touched)
        keys = [("case", case), *(("batch", batch) for batch in touched["case", case].batches)]
        return [*self._told(), *rows, *kept(self.id, {key: touched[key] for key in keys})]

    def _told(self) -> Rows:
        rows = told(self.id, self.line.facts)
        self.line.facts.clear()
        return rows
