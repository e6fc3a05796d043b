"""The hospitals of a demo post each prescription when it is issued, and again with the same body until they have an answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from controller.demo.workload import Arrival
    from devices.site import PlantClock

_RETRY_S = 0.5
_LONGEST_S = 120.0
_BUSY = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS})


class NoAnswer(Exception):
    """The controller gave no answer to a post for a long time."""


@dataclass(slots=True)
class Posted:
    """What became of the posts. `cases`: ids, in order of receipt; `refused`: (prescription_no, rule)."""

    cases: dict[str, str] = field(default_factory=dict[str, str])
    refused: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    next_at: int = 0
    done: bool = False


async def post_all(
    arrivals: Iterable[Arrival], keys: Mapping[str, str], http: httpx.AsyncClient, clock: PlantClock, posted: Posted
) -> None:
    """Post every arrival at its plant time; keep `posted` up to date. Raises NoAnswer."""
    for arrival in arrivals:
        posted.next_at = arrival.due_at
        await asyncio.sleep(max(0.0, clock.wall_seconds(arrival.due_at - clock.now())))
        answer = await _post(arrival.body, keys[arrival.body["hospital"]], http)
        number = arrival.body["prescription_no"]
        if answer.is_success:
            posted.cases[answer.json()["id"]] = number
        else:
            posted.refused.append((number, answer.json().get("rule", str(answer.status_code))))
    posted.done = True


async def _post(body: Mapping[str, Any], key: str, http: httpx.AsyncClient) -> httpx.Response:
    try:
        async with asyncio.timeout(_LONGEST_S):
            while True:
                try:
                    answer = await http.post(
                        "/api/v1/prescriptions", json=body, headers={"authorization": f"Bearer {key}"}
                    )
                except httpx.TransportError:
                    pass
                else:
                    if answer.status_code not in _BUSY:
                        return answer
                await asyncio.sleep(_RETRY_S)
    except TimeoutError as error:
        raise NoAnswer(f"no answer to {body['prescription_no']} for {_LONGEST_S:.0f} s") from error
