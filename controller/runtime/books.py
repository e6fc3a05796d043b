"""The book of a line: everything that decisions may look up, put together once from the site's files.

`make_book(config, ...)` takes the tables as loaded and turns the site into the terms of the rules: who stands where, what each
pot must reach to count as boiling here, how far apart two samples of it may be.
"""

from __future__ import annotations

import math
import tomllib
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from controller.config import VESSELS
from controller.formulary import load_alarms
from controller.model.people import Station, StationKind
from controller.model.recipe import PotKind
from controller.model.world import Book, Unit, planned_classes
from devices.errors import SiteError
from devices.profile import DRIVEN
from devices.site import MANUAL, grace_s

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.config import Config
    from controller.model.formulary import Formulary
    from controller.model.recipe import RecipeTable
    from devices.profile import Profile
    from devices.site import MachineSite, Site

BY_HAND: Final = frozenset({"decoction", "soaking"})
"""Kinds of machine that people may work with scans and a timer."""
_WORDS: Final = ("BootCount", "UnitModeCurrent")
_NEEDS: Final = {
    "decoction": (*_WORDS, "ErrorConditions", "BoilSeconds", "BoilBegan", "ActualTemperature"),
    "soaking": _WORDS,
    "packing": (*_WORDS, "Count", "SealTemperature"),
}
"""What a machine must show to be driven, whatever its handshake: who commands it, that it lost power, that it boiled dry; minutes
at the boil by a counter of its own, which release asks for beside ours; bags and seals, which only a packer can measure."""
LEAST_MARGIN_S: Final = 5
"""Wall seconds an order must have left when it is issued."""


def make_book(config: Config, formulary: Formulary, recipes: RecipeTable, profiles: Mapping[str, Profile]) -> Book:
    """Put the book together. Raises SiteError where a machine and its profile do not fit."""
    site = config.site
    machines = {machine.id: (machine, _profile(machine, profiles, site)) for machine in site.machines.values()}
    units = {key: unit_of(*pair) for key, pair in machines.items()}
    pots = {key: pair for key, pair in machines.items() if pair[0].kind == "decoction"}
    stations = (
        *config.stations,
        *(Station(key, StationKind.COURIER, name, name) for key, name in config.couriers.items()),
    )
    return Book(
        formulary=formulary,
        recipes=recipes,
        timezone=config.timezone,
        machines=MappingProxyType(units),
        pot_classes=planned_classes(units),
        vessels=MappingProxyType({pot.code: pot.id for pot, _ in machines.values() if pot.kind in VESSELS}),
        stations=MappingProxyType({station.id: station for station in stations}),
        hospitals=frozenset(config.hospitals),
        pails=config.pails,
        boil_celsius=MappingProxyType({key: _boiling(profile, site, recipes) for key, (_, profile) in pots.items()}),
        grace_s=MappingProxyType(
            {
                key: 0.0 if machine.url == MANUAL else grace_s(profile.period_s, site.speed)
                for key, (machine, profile) in machines.items()
            }
        ),
        least_margin_ms=LEAST_MARGIN_S * site.speed * 1000,
        alarms=load_alarms(),
        speed=site.speed,
        spoiling=MappingProxyType(
            {
                key: frozenset(code for code, fault in profile.faults.items() if fault.spoils)
                for key, (_, profile) in pots.items()
            }
        ),
    )


def boiling_celsius(pressure_kpa: float) -> float:
    """Return the temperature at which water boils under `pressure_kpa`, by the Antoine equation of water.toml."""
    table = tomllib.loads(resources.files("controller.runtime").joinpath("water.toml").read_text(encoding="utf-8"))
    return table["b"] / (table["a"] - math.log10(pressure_kpa * table["mmhg_per_kpa"])) - table["c"]


def _boiling(profile: Profile, site: Site, recipes: RecipeTable) -> float:
    """Return what counts as boiling in such a pot here: under the pressure of the air, or under what the recipe asks for."""
    above_kpa: float = recipes.of_kind(pot_kind(profile), "pressure_kpa")
    return boiling_celsius(site.pressure_kpa + above_kpa) - (profile.boil_delta_c or 0.0)


def pot_kind(profile: Profile) -> PotKind:
    """Return the kind of pot that a profile describes: what it can do says it."""
    if profile.vessel == "pressure":
        return PotKind.SEALED
    if "concentrate" in profile.verbs:
        return PotKind.CONCENTRATING
    if _has_hopper(profile):
        return PotKind.HOPPER
    return PotKind.CIRCULATING if "CirculationFlow" in profile.tags else PotKind.OPEN


def _has_hopper(profile: Profile) -> bool:
    decoct = profile.verbs.get("decoct")
    return decoct is not None and any(parameter.name == "late_s" for parameter in decoct.parameters)


def unit_of(machine: MachineSite, profile: Profile) -> Unit:
    """Return what decisions know of a machine with such a profile."""
    is_pot = machine.kind == "decoction"
    return Unit(
        machine.id,
        machine.kind,
        machine.code,
        machine.volume_ml,
        machine.use,
        machine.packer,
        machine.waiver,
        pot=pot_kind(profile) if is_pot else PotKind.OPEN,
        hopper=is_pot and _has_hopper(profile),
        metered=is_pot and "OrderValue" in profile.tags,
        names_orders=profile.handshake == "echo",
        by_hand=profile.by_hand and machine.kind in BY_HAND and not profile.monitor_only,
        monitor_only=profile.monitor_only,
        pouch_ml=_pouch_ml(profile),
    )


def _pouch_ml(profile: Profile) -> int:
    pack = profile.verbs.get("pack")
    return max((one.high for one in pack.parameters if one.name == "fill_ml"), default=0) if pack else 0


def _profile(machine: MachineSite, profiles: Mapping[str, Profile], site: Site) -> Profile:
    profile = profiles.get(machine.profile)
    if profile is None or profile.kind != machine.kind:
        raise SiteError(
            f"profile {machine.profile!r} is not one for a machine of kind {machine.kind}", machine=machine.id
        )
    if (machine.url == MANUAL) != (profile.protocol == "manual"):
        raise SiteError(
            f"profile {machine.profile!r} and the url {machine.url!r} do not go together", machine=machine.id
        )
    if machine.kind not in DRIVEN or profile.monitor_only:
        return profile
    if profile.vessel == "pressure" and not site.pressure_cooking:
        raise SiteError("cooks under pressure, and the site has pressure_cooking = false", machine=machine.id)
    if profile.by_hand:
        if machine.kind not in BY_HAND:
            raise SiteError("cannot be worked by hand: bags and seals only a machine can measure", machine=machine.id)
        return profile
    if missing := [tag for tag in _NEEDS[machine.kind] if tag not in profile.tags]:
        raise SiteError(
            f"profile {machine.profile!r} has no {', '.join(missing)}: without that nobody could release what it made",
            machine=machine.id,
        )
    return profile
