"""The API over the real store: what was answered survives a restart, byte for byte."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING, Any

from controller.store import Store
from tests.api_rig import body, rig

if TYPE_CHECKING:
    from pathlib import Path

PATH = "/api/v1/prescriptions"


def opened(folder: Path) -> Store:
    store = Store.open(f"sqlite:///{folder / 'line.db'}")
    store.take_mastery()
    store.load()
    return store


class _AsBefore:
    """A store that was filled before: the rig's keys and PINs are there."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_key(self, *_: str) -> None: ...
    def set_pin(self, *_: str) -> None: ...

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def test_answers_are_given_again_after_a_restart(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as store:
        async with rig(store=store) as api:
            answers = await asyncio.gather(*(api.post("hospital", PATH, body()) for _ in range(8)))
            assert len({answer.content for answer in answers}) == 1
            case = answers[0].json()["id"]
            batch, pail = await api.approve(case), min(api.line.book.pails)
            scanned = await api.scan("dispensing", pail, batch, "dispenser", "nonce-0001")
            twice = await api.scan("dispensing", pail, batch, "dispenser", "nonce-0002")
            floor, seq = api.line.floor, api.line.seq
            assert [scanned.status_code, twice.status_code] == [200, 409]
    with closing(opened(tmp_path)) as store:
        async with rig(store=_AsBefore(store)) as api:
            api.line.floor, api.line.seq = floor, seq
            again = await api.post("hospital", PATH, body())
            assert (again.status_code, again.content) == (200, answers[0].content)
            other = await api.post("hospital", PATH, body(doses=5))
            assert (other.status_code, other.json()["diff"]) == (409, {"/doses": [7, 5]})
            for nonce, first in (("nonce-0001", scanned), ("nonce-0002", twice)):
                repeat = await api.scan("dispensing", pail, batch, "dispenser", nonce)
                assert (repeat.status_code, repeat.content) == (first.status_code, first.content)


async def test_a_delivered_prescription_is_read_from_the_store(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as store:
        async with rig(store=store) as api:
            case, parcel = await api.parcel()
            courier = next(badge for badge, person in api.line.floor.people.items() if "courier" in person.roles)
            assert (await api.scan("dispatch", parcel, courier, "packer", "nonce-hand")).status_code == 200
            done = await api.intend("courier", "ConfirmDelivery", "courier", parcel=parcel, outcome="delivered")
            assert done.status_code == 200
            assert case not in api.line.floor.cases
            page = (await api.get("hospital", PATH, status="delivered")).json()
            assert [(row["id"], row["patient"]["name"]) for row in page["items"]] == [(case, "测试患者001")]
            view = (await api.get("hospital", f"{PATH}/{case}")).json()
            assert view["status"] == "delivered"
            assert view["batches"][0]["missing"] == []
            assert view["timeline"][-1]["kind"] == "DeliveryConfirmed"
            record = await api.get("hospital", f"{PATH}/{case}/record", format="pdf")
            assert record.content.startswith(b"%PDF-")
            assert (await api.get("screen", PATH, status="delivered", cursor="eA==")).status_code == 422
            big = await api.get("screen", PATH, status="delivered", cursor="Wzk5OTk5OTk5OTk5OTk5OTk5OTk5LCAiYSJd")
            assert big.status_code == 422
            assert (await api.get("hospital", f"{PATH}/R-NONE")).status_code == 404
