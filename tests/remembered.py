"""What the tests of the store remember: samples of every kind, a small fold of their own, and both databases."""

from __future__ import annotations

import hashlib
import itertools
import json
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from controller.model.alarm import Alarm, Priority
from controller.model.case import Case, Status
from controller.model.facts import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmRaised,
    DeliveryConfirmed,
    Fact,
    PrescriptionCancelled,
    PrescriptionReceived,
    PrescriptionRejected,
)
from controller.model.floor import Floor
from controller.model.prescription import Patient, Prescription
from controller.store import Group, IntakeRow, SubjectRow, subject_digest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from controller.store import Store, Write

HOSPITAL = "RS-TCM"
START = 1_795_305_600_000


def hints(of: type) -> dict[str, Any]:
    """Types of a dataclass's fields; the ground names `Mapping` for type checkers only."""
    return get_type_hints(of, localns={"Mapping": Mapping})


def sample(of: Any, name: str = "", numbers: itertools.count[int] | None = None) -> Any:
    """One value of a type, the same every time, with nothing left at its default."""
    numbers = numbers or itertools.count(1)
    origin, args = get_origin(of), get_args(of)
    if is_dataclass(of) and isinstance(of, type):
        typed = hints(of)
        return of(**{field.name: sample(typed[field.name], field.name, numbers) for field in fields(of)})
    if origin in {Union, types.UnionType}:
        return sample(next(arg for arg in args if arg is not types.NoneType), name, numbers)
    if origin is tuple and args[-1] is Ellipsis:
        return (sample(args[0], name, numbers), sample(args[0], name, numbers))
    if origin is tuple:
        return tuple(sample(arg, name, numbers) for arg in args)
    if origin is frozenset:
        return frozenset({sample(args[0], name, numbers), sample(args[0], name, numbers)})
    if origin is Mapping:
        return {"water_ml": next(numbers), "hold_s": next(numbers)}
    if issubclass(of, Enum):
        return list(of)[-1]
    match of.__name__:
        case "str":
            return f"{name} 测试 {next(numbers)}"
        case "bool":
            return True
        case "float":
            return next(numbers) + 0.25
        case _:
            return next(numbers)


def anything(of: Any) -> st.SearchStrategy[Any]:
    """Every value of a type that may be stored."""
    origin, args = get_origin(of), get_args(of)
    if is_dataclass(of) and isinstance(of, type):
        typed = hints(of)
        return st.builds(of, **{field.name: anything(typed[field.name]) for field in fields(of)})
    if origin in {Union, types.UnionType}:
        return st.one_of(*(anything(arg) for arg in args))
    if origin is tuple and args[-1] is Ellipsis:
        return st.lists(anything(args[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*(anything(arg) for arg in args))
    if origin is frozenset:
        return st.frozensets(anything(args[0]), max_size=5)
    if origin is Mapping:
        return st.dictionaries(st.text(max_size=5), st.integers(0, 2**32 - 1), max_size=4)
    if of is types.NoneType:
        return st.none()
    if issubclass(of, Enum):
        return st.sampled_from(of)
    match of.__name__:
        case "str":
            return st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
        case "bool":
            return st.booleans()
        case "float":
            return st.floats(allow_nan=False, allow_infinity=False)
        case _:
            return st.integers(-(2**63), 2**63 - 1)


# --- a small line: prescriptions are received and end, alarms come and go ---


def received(number: int, at: int = 0) -> PrescriptionReceived:
    """The intake of one prescription; its case is `C<number>`."""
    person = subject(number)
    patient: Patient = replace(sample(Patient), subject=person.id, digest=subject_digest(person.salt, person.data))
    prescription: Prescription = replace(
        sample(Prescription), hospital=HOSPITAL, prescription_no=f"N-{number:05}", version=1, patient=patient
    )
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    at = at or START + number
    return PrescriptionReceived(at, f"C{number}", prescription, digest, at + 1, promise_at_risk=False, findings=())


def subject(number: int) -> SubjectRow:
    """Whom a prescription is for."""
    return SubjectRow(f"S{number}", f"salt-{number}", json.dumps({"name": f"测试患者{number:03}"}, ensure_ascii=False))


def writes_of(fact: Fact) -> tuple[Write, ...]:
    """What intake writes beside the fact."""
    if not isinstance(fact, PrescriptionReceived):
        return ()
    number = int(fact.case[1:])
    body = json.dumps({"subject": f"S{number}"})
    return (
        subject(number),
        IntakeRow(HOSPITAL, fact.prescription.prescription_no, 1, fact.digest, fact.case, body, b"answer"),
    )


def fold(floor: Floor, fact: Fact) -> Floor:
    """A fold of the few facts above, for a store that must not know what facts mean."""
    match fact:
        case PrescriptionReceived():
            case = Case(
                fact.case,
                fact.prescription,
                fact.digest,
                fact.at,
                fact.promised_at,
                fact.promise_at_risk,
                Status.RECEIVED,
            )
            return _put(floor, "case", fact.case, case)
        case PrescriptionRejected():
            return _end(floor, fact.case, Status.REJECTED, fact.at)
        case PrescriptionCancelled():
            return _end(floor, fact.case, Status.CANCELLED, fact.at)
        case DeliveryConfirmed():
            return _end(floor, fact.case, Status(fact.outcome), fact.at)
        case AlarmRaised():
            alarm = Alarm(fact.alarm, fact.rule, fact.source, fact.priority, fact.at, detail=fact.detail)
            return _put(floor, "alarm", fact.alarm, alarm)
        case AlarmAcknowledged():
            alarm = replace(floor.alarms[fact.alarm], acknowledged_by=fact.by, acknowledged_at=fact.at)
            return _put(floor, "alarm", fact.alarm, alarm)
        case AlarmCleared():
            alarm = replace(floor.alarms[fact.alarm], active=False, cleared_at=fact.at)
            return _put(floor, "alarm", fact.alarm, alarm)
        case _:
            return floor


def _end(floor: Floor, case: str, status: Status, at: int) -> Floor:
    return _put(floor, "case", case, replace(floor.cases[case], status=status, ended_at=at))


def _put(floor: Floor, kind: str, id_: str, aggregate: Any) -> Floor:
    field = f"{kind}s"
    rows = getattr(floor, field).set(id_, aggregate)
    return floor._replace(**{field: rows}, touched=floor.touched.set((kind, id_), aggregate))


def alarm_raised(name: str, at: int = START) -> AlarmRaised:
    return AlarmRaised(at, name, "link-lost", "pot-01", Priority.HIGH, "")


class Remembering:
    """A line that folds as it goes and hands its store one group after another."""

    def __init__(self, store: Store) -> None:
        self.store, self.floor = store, Floor()

    def commit(self, *facts: Fact) -> int:
        """Fold the facts and store them as one group."""
        return self.store.commit(self.group(facts))

    def group(self, facts: Iterable[Fact]) -> Group:
        facts = tuple(facts)
        for fact in facts:
            self.floor = fold(self.floor, fact)
        touched, self.floor = self.floor.touched, self.floor.stored()
        return Group(facts, touched, tuple(write for fact in facts for write in writes_of(fact)))
