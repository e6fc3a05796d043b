"""`decoction check`: everything that is wrong with the files of a site, all at once.

What is wrong in one file, or in one place of it, hides nothing elsewhere.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING

import typer

from controller.cli.options import SITE_FILE
from controller.cli.options import Config as ConfigFile
from controller.config import ConfigError, read_config
from controller.formulary import FormularyError, load_alarms, load_formulary, load_outage_table, load_recipes
from controller.model.world import PotClass
from controller.recipes.lint import lint
from controller.runtime.books import make_book, pot_kind
from controller.runtime.enrolment import load_people
from controller.runtime.stock import load_lots
from devices.errors import ProfileError, SiteError
from devices.profile import all_profiles, load_profile_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from controller.config import Config


def check(config: ConfigFile = SITE_FILE) -> None:
    """Check configuration, profiles, formulary, recipes, stock and people; exit 1 on any error."""
    errors = list(dict.fromkeys(_errors(config)))
    for error in errors:
        typer.echo(error)
    typer.echo(f"{len(errors)} 个错误 / errors" if errors else "没有错误 / no errors")
    raise typer.Exit(int(bool(errors)))


def _errors(path: Path) -> Iterator[str]:
    tables = [
        problem
        for load in (load_formulary, load_recipes, load_alarms, load_outage_table)
        for problem in _problems(load)
    ]
    profiles = list(_profile_problems())
    yield from (*tables, *profiles)
    try:
        config, problems = read_config(path)
    except ConfigError as error:
        yield from error.problems
        return
    yield from problems
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


def _profile_problems() -> Iterator[str]:
    for table in files("devices.profiles").iterdir():
        if table.name.endswith(".toml"):
            try:
                load_profile_file(table)
            except ProfileError as error:
                yield str(error)


def _machine_problems(config: Config) -> Iterator[str]:
    """Say which machines do not fit their profiles; each is looked at as if it were alone, so that all are named."""
    tables = load_formulary(), load_recipes(), all_profiles()
    for machine in config.site.machines.values():
        alone = dataclasses.replace(config.site, machines={machine.id: machine})
        try:
            make_book(dataclasses.replace(config, site=alone), *tables)
        except SiteError as error:
            yield f"{config.path.name}: machine {error}"


def _recipe_problems(config: Config) -> Iterator[str]:
    """Say what the recipe numbers and the pots of the site do not keep between them."""
    profiles, name = all_profiles(), "recipes.toml" if config.recipes is None else config.recipes.name
    pots = dict.fromkeys(
        PotClass(pot.use, *pot.volume_ml, pot_kind(profiles[pot.profile]))
        for pot in config.site.machines.values()
        if pot.kind == "decoction" and pot.profile in profiles
    )
    yield from (f"{name}: {problem}" for problem in lint(load_recipes(config.recipes), tuple(pots)))


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
