"""What the tables of the site file must keep among themselves, found in the file as it stands.

A value of the wrong shape is not looked at, its shape is told elsewhere: so nothing that is wrong hides anything else.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from controller.model.codes import PAIL, VESSEL, unsound

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

VESSELS = frozenset({"decoction", "soaking"})
"""Kinds of machine whose vessel a person scans."""

_Row = dict[str, str]


def contradictions(raw: Mapping[str, Any]) -> Iterator[str]:
    """Yield what does not go together, each with its place."""
    machines, stations, couriers, zones = (text_rows(raw, key) for key in ("machine", "station", "courier", "zone"))
    pails = _pail_codes(raw)
    yield from _twice("hospital", (row.get("code") for row in text_rows(raw, "hospital")))
    yield from _twice("station, courier", (row.get("id") for row in (*stations, *couriers)))
    yield from _twice("zone", (row.get("id") for row in zones))
    vessels = (_vessel_code(machine) for machine in machines if machine.get("kind") in VESSELS)
    yield from _twice("machine.code, pails.codes", (*vessels, *pails))
    yield from (f"pails.codes: {problem}" for code in pails for problem in _label(code, PAIL))
    for machine in machines:
        yield from (f"machine {machine.get('id', '')}{problem}" for problem in _machine(machine, stations, zones))
    for index, zone in enumerate(zones):
        yield from (f"zone[{index}]{problem}" for problem in _sensor(zone, machines))


def text_rows(raw: Mapping[str, Any], key: str) -> list[_Row]:
    """Return the texts in the rows of an array of tables; anything else is for the shape of the file to name."""
    rows: object = raw.get(key)
    return [_texts(row) for row in cast("list[object]", rows)] if isinstance(rows, list) else []


def _texts(table: object) -> _Row:
    if not isinstance(table, dict):
        return {}
    return {key: value for key, value in cast("dict[str, object]", table).items() if isinstance(value, str)}


def _pail_codes(raw: Mapping[str, Any]) -> list[str]:
    pails: object = raw.get("pails")
    codes: object = cast("dict[str, object]", pails).get("codes") if isinstance(pails, dict) else None
    return [code for code in cast("list[object]", codes) if isinstance(code, str)] if isinstance(codes, list) else []


def _machine(machine: _Row, stations: list[_Row], zones: list[_Row]) -> Iterator[str]:
    if machine.get("kind") in VESSELS:
        yield from (f".code: {problem}" for problem in _label(_vessel_code(machine), VESSEL))
    for key, rows in (("station", stations), ("zone", zones)):
        if (name := machine.get(key)) and name not in {row.get("id") for row in rows}:
            yield f".{key}: there is no {key} {name!r}"


def _vessel_code(machine: _Row) -> str:
    return machine.get("code") or machine.get("id", "")


def _sensor(zone: _Row, machines: list[_Row]) -> Iterator[str]:
    if (name := zone.get("sensor")) is None:
        return
    sensor = next((machine for machine in machines if machine.get("id") == name), None)
    if sensor is None or sensor.get("kind", "storage") != "storage":
        yield f".sensor: {name!r} is not a storage sensor of this site"
    elif (stands := sensor.get("zone", "")) not in {"", zone.get("id")}:
        yield f".sensor: {name!r} stands in zone {stands!r}"


def _twice(place: str, names: Iterable[str | None]) -> Iterator[str]:
    yield from (f"{place}: {name!r} is there twice" for name, count in Counter(names).items() if name and count > 1)


def _label(code: str, prefix: str) -> Iterator[str]:
    if wrong := unsound(code, prefix):
        yield wrong
