"""`decoction check`: everything that is wrong with the files of a site, all at once.

What is wrong in one file, or in one place of it, hides nothing elsewhere.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import TYPE_CHECKING

import typer

from controller.cli.options import SITE_FILE
from controller.cli.options import Config as ConfigFile
from controller.config import ConfigError, read_config
from controller.formulary import FormularyError, load_alarms, load_formulary, load_outage_table, load_recipes
from controller.model.world import is_planned, planned_classes
from controller.recipes.lint import lint
from controller.runtime.books import make_book, unit_of
from controller.runtime.enrolment import load_people
from controller.runtime.stock import load_lots
from controller.texts import load_texts
from devices.errors import ProfileError, SiteError
from devices.profile import all_profiles, load_profile_file, profile_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from controller.config import Config
    from controller.model.world import Unit
    from devices.profile import Profile
    from devices.site import MachineSite


def check(config: ConfigFile = SITE_FILE) -> None:
    """Check configuration, profiles, formulary, recipes, stock and people; exit 1 on any error."""
    errors, warnings = list(dict.fromkeys(_errors(config))), list(_warnings(config))
    for warning in warnings:
        typer.echo(f"{warning} (警告 / warning)")
    for error in errors:
        typer.echo(error)
    told = f"{len(errors)} 个错误 / errors" if errors else "没有错误 / no errors"
    typer.echo(f"{told}, {len(warnings)} 个警告 / warnings" if warnings else told)
    raise typer.Exit(int(bool(errors)))


def _warnings(path: Path) -> Iterator[str]:
    """Say which machines the line will only watch, and which pots stand idle because their packer is one of them."""
    try:
        config, _ = read_config(path)
        profiles = all_profiles()
    except (ConfigError, ProfileError):
        return
    units = _units(config.site.machines.values(), profiles)
    for unit in units.values():
        place, profile = f"{config.path.name}: machine {unit.id}", profiles[config.site.machines[unit.id].profile]
        if unit.monitor_only:
            why = "takes no orders" if profile.handshake == "read-only" else "has not passed level command"
            yield f"{place}: 只监不控 / monitor only: profile {profile.id!r} {why}; no work, no orders, no heat"
        elif unit.kind == "decoction" and not is_planned(unit, units):
            yield f"{place}: 不排产 / no work: its packer {unit.packer} is monitor only"


def _errors(path: Path) -> Iterator[str]:
    tables = [
        problem
        for load in (load_formulary, load_recipes, load_alarms, load_outage_table)
        for problem in _problems(load)
    ]
    try:
        config, problems = read_config(path)
    except ConfigError as error:
        yield from (*tables, *_profile_problems(None), *error.problems)
        return
    profiles = list(_profile_problems(config.site.profiles))
    yield from (*tables, *profiles, *problems)
    own = () if config.recipes is None else tuple(_problems(partial(load_recipes, config.recipes)))
    yield from own
    yield from _problems(partial(load_people, config))
    yield from _wire_problems(config)
    if not tables:
        yield from _stock_problems(config)
        if not profiles:
            yield from _machine_problems(config)
            yield from () if own else _recipe_problems(config)


def _problems(load: Callable[[], object]) -> Iterator[str]:
    try:
        load()
    except (ConfigError, FormularyError) as error:
        yield from error.problems


def _profile_problems(own: Path | None) -> Iterator[str]:
    try:
        found = profile_tables(own).values()
    except ProfileError as error:
        yield str(error)
        return
    for table in found:
        try:
            load_profile_file(table)
        except ProfileError as error:
            yield str(error)


def _machine_problems(config: Config) -> Iterator[str]:
    """Say which machines do not fit their profiles; each is looked at as if it were alone, so that all are named."""
    tables = load_formulary(), load_recipes(), all_profiles(config.site.profiles)
    for machine in config.site.machines.values():
        alone = dataclasses.replace(config.site, machines={machine.id: machine})
        try:
            make_book(dataclasses.replace(config, site=alone), *tables)
        except SiteError as error:
            yield f"{config.path.name}: machine {error}"


def _recipe_problems(config: Config) -> Iterator[str]:
    """Say what the recipe numbers and the pots of the site do not keep between them."""
    profiles = all_profiles(config.site.profiles)
    name = "recipes.toml" if config.recipes is None else config.recipes.name
    pots = planned_classes(_units(config.site.machines.values(), profiles))
    texts = load_texts(config.timezone)
    for flaw in lint(load_recipes(config.recipes), pots):
        yield f"{name}: {flaw.place}: {texts.say('lint', flaw.rule, flaw.facts).en}"


def _units(machines: Iterable[MachineSite], profiles: Mapping[str, Profile]) -> dict[str, Unit]:
    return {
        machine.id: unit_of(machine, profiles[machine.profile]) for machine in machines if machine.profile in profiles
    }


def _wire_problems(config: Config) -> Iterator[str]:
    """Say what is wrong with the certificates, keys and passwords of the machines."""
    machines = config.site.machines.values()
    if all(
        machine.security is None and (machine.waiver or not machine.url.startswith("opc.tcp")) for machine in machines
    ):
        return
    from devices.links.trust import problems  # noqa: PLC0415 - loads both drivers, and most sites have nothing to look at

    for machine in machines:
        yield from (f"{config.path.name}: machine {machine.id}: {problem}" for problem in problems(machine))


def _stock_problems(config: Config) -> Iterator[str]:
    """Say what is wrong with the stock file, and which herbs no lot of it can give."""
    herbs = load_formulary().herbs
    try:
        lots = load_lots(config, herbs)
    except ConfigError as error:
        yield from error.problems
        return
    there = {lot.herb for lot in lots if lot.inspection_passed}
    yield from (f"{config.stock.name}: no lot of {herb} that passed inspection" for herb in herbs if herb not in there)
