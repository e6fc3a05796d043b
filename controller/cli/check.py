"""`decoction check`: everything that is wrong with the files of a site, all at once.

What is wrong in one file, or in one place of it, hides nothing elsewhere.
"""

from __future__ import annotations

import dataclasses
import json
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
from controller.runtime.stock import herbs_without_lot, load_lots
from controller.texts import load_texts
from devices.errors import ProfileError, SiteError
from devices.golden import disagreements
from devices.profile import load_profile_file, profile_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from controller.config import Config
    from controller.model.world import Unit
    from devices.profile import Profile
    from devices.site import MachineSite


def check(config: ConfigFile = SITE_FILE) -> None:
    """Check configuration, profiles, formulary, recipes, stock and people; exit 1 on any error."""
    problems: Iterable[str]
    try:
        site, problems = read_config(config)
    except ConfigError as error:
        site, problems = None, error.problems
    profiles, broken = _profiles(None if site is None else site.site.profiles)
    tables = _table_problems()
    found = [*tables, *broken.values(), *problems]
    if site is not None:
        found += [*_golden_problems(site.site.profiles, profiles), *_file_problems(site)]
        found += () if tables else _contradictions(site, profiles, broken)
    errors = list(dict.fromkeys(found))
    warnings = [] if site is None else list(_warnings(site, profiles))
    for warning in warnings:
        typer.echo(f"{warning} (警告 / warning)")
    for error in errors:
        typer.echo(error)
    told = f"{len(errors)} 个错误 / errors" if errors else "没有错误 / no errors"
    typer.echo(f"{told}, {len(warnings)} 个警告 / warnings" if warnings else told)
    raise typer.Exit(int(bool(errors)))


def _warnings(config: Config, profiles: Mapping[str, Profile]) -> Iterator[str]:
    """Say which machines the line will only watch, and which pots stand idle because their packer is one of them."""
    units = _units(config.site.machines.values(), profiles)
    for unit in units.values():
        place, profile = f"{config.path.name}: machine {unit.id}", profiles[config.site.machines[unit.id].profile]
        if unit.monitor_only:
            why = "takes no orders" if profile.handshake == "read-only" else "has not passed level command"
            yield f"{place}: 只监不控 / monitor only: profile {profile.id!r} {why}; no work, no orders, no heat"
        elif unit.kind == "decoction" and not is_planned(unit, units):
            yield f"{place}: 不排产 / no work: its packer {unit.packer} is monitor only"


def _table_problems() -> list[str]:
    """Say what is wrong with the tables that every site has."""
    loads = (load_formulary, load_recipes, load_alarms, load_outage_table)
    return [problem for load in loads for problem in _problems(load)]


def _file_problems(config: Config) -> Iterator[str]:
    """Say what is wrong with the files that `config` names, each by itself."""
    if config.recipes is not None:
        yield from _problems(partial(load_recipes, config.recipes))
    yield from _problems(partial(load_people, config))
    yield from _wire_problems(config)


def _contradictions(config: Config, profiles: Mapping[str, Profile], broken: Mapping[str, str]) -> Iterator[str]:
    """Say what the files of the site do not keep between them."""
    yield from _stock_problems(config)
    sound = [machine for machine in config.site.machines.values() if machine.profile not in broken]
    yield from _machine_problems(config, sound, profiles)
    if not broken:
        yield from _recipe_problems(config, profiles)


def _problems(load: Callable[[], object]) -> Iterator[str]:
    try:
        load()
    except (ConfigError, FormularyError) as error:
        yield from error.problems


def _profiles(own: Path | None) -> tuple[dict[str, Profile], dict[str, str]]:
    """Return the profiles that can be read, and of the others what is wrong with them, both by id; `own`: the site's folder."""
    sound: dict[str, Profile] = {}
    broken: dict[str, str] = {}
    try:
        tables = profile_tables(own)
    except ProfileError as error:
        tables = profile_tables()
        broken[str(own)] = str(error)
    for name, table in tables.items():
        try:
            sound[name] = load_profile_file(table)
        except ProfileError as error:
            broken[name] = str(error)
    return sound, broken


def _golden_problems(own: Path | None, profiles: Mapping[str, Profile]) -> Iterator[str]:
    """Say where a table of the site's own and the words of its maker's manual differ; of our tables, tests say it."""
    if own is None:
        return
    for name, profile in profiles.items():
        if not (own / f"{name}.toml").exists():
            continue
        path = own / "golden" / f"{name}.json"
        place = f"{path.parent.name}/{path.name}"
        try:
            golden = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            if profile.command is not None:
                yield f"{place}: 没有这个文件 (no such file): a table that takes orders is held against its manual's words"
        except (OSError, ValueError) as error:
            yield f"{place}: {error}"
        else:
            yield from (f"{place}: {problem}" for problem in disagreements(profile, golden))


def _machine_problems(
    config: Config, machines: Iterable[MachineSite], profiles: Mapping[str, Profile]
) -> Iterator[str]:
    """Say which machines do not fit their profiles; each is looked at as if it were alone, so that all are named."""
    tables = load_formulary(), load_recipes(), profiles
    for machine in machines:
        alone = dataclasses.replace(config.site, machines={machine.id: machine})
        try:
            make_book(dataclasses.replace(config, site=alone), *tables)
        except SiteError as error:
            yield f"{config.path.name}: machine {error}"


def _recipe_problems(config: Config, profiles: Mapping[str, Profile]) -> Iterator[str]:
    """Say what the recipe numbers and the pots of the site do not keep between them."""
    name = "recipes.toml" if config.recipes is None else config.recipes.name
    pots = planned_classes(_units(config.site.machines.values(), profiles))
    texts = load_texts(config.timezone)
    try:
        table = load_recipes(config.recipes)
    except (ConfigError, FormularyError):  # said of the file itself
        return
    for flaw in lint(table, pots):
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
    yield from _problems(partial(load_lots, config, herbs))
    try:
        missing = herbs_without_lot(config, herbs)
    except ConfigError:  # said above
        return
    yield from (f"{config.stock.name}: no lot of {herb} that passed inspection" for herb in missing)
