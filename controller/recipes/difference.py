"""What two recipe tables say differently, number by number; from their canonical contents, so that old ones can be compared.

`layer_of` tells of each place which layer of the table sets it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from controller.model.recipe import GENERAL, SITE

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

_NOTHING = "-"
_LAYERED = ("kinds", "classes")


def difference(before: str, after: str) -> tuple[tuple[str, str, str], ...]:
    """Return (place, old, new) for every number that differs; `-` where one does not have it."""
    old, new = dict(_leaves(json.loads(before))), dict(_leaves(json.loads(after)))
    places = sorted(place for place in old.keys() | new.keys() if old.get(place) != new.get(place))
    return tuple((place, old.get(place, _NOTHING), new.get(place, _NOTHING)) for place in places)


def layer_of(place: str, site_keys: Container[str]) -> str:
    """Return the layer that sets the number at `place`, named as in `Setting`. `site_keys`: places that the site's file sets."""
    table = place.rpartition(".")[0]
    layer = table if table.partition(".")[0] in _LAYERED else GENERAL
    if place not in site_keys:
        return layer
    return SITE if layer == GENERAL else f"{SITE} {layer}"


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in cast("dict[str, Any]", value).items():
            yield from _leaves(inner, f"{place}.{key}" if place else key)
    else:
        yield place, json.dumps(value, ensure_ascii=False)
