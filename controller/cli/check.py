"""`decoction check`: everything that is wrong with the files of a site, all at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.options import SITE_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.config import Config


def check(config: Annotated[Path, typer.Option("--config", help="site file", metavar="FILE")] = SITE_FILE) -> None:
    """Check configuration, machine profiles, formulary, recipes, stock and people; exit 1 on any error."""
    errors = list(dict.fromkeys(_errors(config)))
    for error in errors:
        typer.echo(error)
    typer.echo(f"{len(errors)} 个错误 / errors" if errors else "没有错误 / no errors")
    raise typer.Exit(int(bool(errors)))


def _errors(path: Path) -> Iterator[str]:
    from controller.config import ConfigError, load_config
    from controller.formulary import formulary_problems, recipe_problems

    tables = [*formulary_problems(), *recipe_problems()]
    yield from tables
    profiles = list(_profile_problems())
    yield from profiles
    try:
        config = load_config(path)
    except ConfigError as error:
        yield from error.problems
        return
    yield from _people_problems(config)
    if not tables:
        yield from _stock_problems(config)
        if not profiles:
            yield from _machine_problems(config)


def _profile_problems() -> Iterator[str]:
    from importlib.resources import files

    from devices.errors import ProfileError
    from devices.profile import load_profile_file

    for table in files("devices.profiles").iterdir():
        if not table.name.endswith(".toml"):
            continue
        try:
            load_profile_file(table)
        except ProfileError as error:
            yield str(error)


def _people_problems(config: Config) -> Iterator[str]:
    from controller.config import ConfigError
    from controller.runtime.enrolment import load_people

    try:
        load_people(config)
    except ConfigError as error:
        yield from error.problems


def _stock_problems(config: Config) -> Iterator[str]:
    """Say what is wrong with the stock file, and which herbs no lot of it can give."""
    from controller.config import ConfigError
    from controller.formulary import load_formulary
    from controller.runtime.stock import load_lots

    herbs = load_formulary().herbs
    try:
        lots = load_lots(config, herbs)
    except ConfigError as error:
        yield from error.problems
        return
    there = {lot.herb for lot in lots if lot.inspection_passed}
    yield from (f"{config.stock.name}: no lot of {herb} that passed inspection" for herb in herbs if herb not in there)


def _machine_problems(config: Config) -> Iterator[str]:
    """Say which machines do not fit their profile, and which need a waiver that nobody has given."""
    from controller.formulary import load_formulary, load_recipes
    from controller.runtime.books import make_book
    from devices.errors import SiteError
    from devices.profile import all_profiles

    try:
        make_book(config, load_formulary(), load_recipes(), all_profiles())
    except SiteError as error:
        yield str(error)
