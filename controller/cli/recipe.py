"""`decoction recipe`: the numbers in force and who set each, what another table changes, and a prescription run dry."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - read at run time by typer
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.options import SITE_FILE, KeyFile, Url
from controller.cli.options import Config as ConfigFile
from controller.cli.plainly import plainly
from controller.cli.remote import Remote, RemoteError
from controller.config import ConfigError, load_config
from controller.formulary import FormularyError, load_formulary, load_recipes
from controller.model.people import StationKind
from controller.model.prescription import RecipeClass
from controller.model.recipe import PotKind
from controller.recipes import NotMadeHere, make_plan
from controller.recipes.difference import difference
from controller.recipes.procedure import procedure
from controller.runtime.books import make_book
from devices.errors import SiteError
from devices.profile import all_profiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from controller.config import Config
    from controller.model.plan import Plan
    from controller.model.recipe import RecipeTable, Setting
    from controller.wire.recipe import RecipeView

recipe = typer.Typer(
    help="Recipe numbers: which layer set them, what a change changes, a prescription run dry.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
_DESKS = (StationKind.REVIEW, StationKind.RELEASE)
_WRONG = (ConfigError, FormularyError, SiteError)


@recipe.command()
def show(
    recipe_class: Annotated[RecipeClass, typer.Option("--class")] = RecipeClass.GENERAL,
    machine: Annotated[str, typer.Option(help="a pot of the site, for the numbers of its kind")] = "",
    config: ConfigFile = SITE_FILE,
) -> None:
    """Show the numbers of a class and their layers."""
    with plainly(*_WRONG):
        site = load_config(config)
        table = _table(site)
        kind = PotKind.OPEN
        if machine:
            kind = make_book(site, load_formulary(), table, all_profiles(site.site.profiles)).machines[machine].pot
        typer.echo(f"{table.version}  {table.digest}")
        typer.echo(f"{recipe_class}  {machine} {kind}".rstrip())
        for line in _lines(table.of(kind, recipe_class).settings):
            typer.echo(line)


@recipe.command()
def diff(
    new: Annotated[Path, typer.Argument(help="a recipe file of the site")],
    old: Annotated[Path | None, typer.Argument(help="another one; the one in force where left out")] = None,
    config: ConfigFile = SITE_FILE,
) -> None:
    """Show what one file changes against another."""
    with plainly(*_WRONG):
        before = _table(load_config(config)) if old is None else load_recipes(old)
        after = load_recipes(new)
    typer.echo(f"{before.version} -> {after.version}")
    _show_changes(difference(before.content, after.content))


@recipe.command("try")
def try_(
    prescription: Annotated[
        typer.FileText, typer.Argument(help="a prescription as hospitals send it; - for standard input")
    ],
    config: ConfigFile = SITE_FILE,
) -> None:
    """Run a prescription dry.

    Procedure, unit procedures, operations and phases, with times and volumes.
    """
    from controller.api.posted import post  # noqa: PLC0415 - loads the whole of the API's shapes, which only this needs
    from controller.api.problems import Problematic  # noqa: PLC0415 - as below

    with plainly(RemoteError, Problematic, *_WRONG):
        site = load_config(config)
        book = make_book(site, load_formulary(), _table(site), all_profiles(site.site.profiles))
        body: dict[str, Any] = json.loads(prescription.readline())
        plan = make_plan(post(body, book.formulary).prescription, book.formulary, book.recipes, book.pot_classes)
        if isinstance(plan, NotMadeHere):
            raise RemoteError(f"{plan.reason}: {dict(plan.facts)}")
    for line in _dry_run(body["prescription_no"], plan, book.recipes):
        typer.echo(line)


@recipe.command()
def versions(config: ConfigFile = SITE_FILE, url: Url = "", key_file: KeyFile = None) -> None:
    """Show which versions were approved by whom.

    Asks a running controller, and tells too what the table in force changes.
    """
    with plainly(RemoteError, *_WRONG):
        view: RecipeView = Remote.of(config, url, key_file).get("/api/v1/recipe").json()
    for one in view["versions"]:
        at = datetime.fromtimestamp(one["at"] / 1000, UTC).isoformat(timespec="minutes")
        typer.echo(f"{one['version']:16} {one['digest'][:12]}  {at}  {one['by'] or '-'}  {one['note']}")
    state = "已批准 approved" if view["approved"] else "未批准 NOT APPROVED"
    typer.echo(f"{view['version']:16} {view['digest'][:12]}  {state}")
    if not view["approved"]:
        _show_changes((one["place"], one["old"], one["new"]) for one in view["changes"])


@recipe.command()
def approve(
    actor: Annotated[str, typer.Option(help="badge of the pharmacist")],
    note: Annotated[str, typer.Option(help="why")] = "",
    config: ConfigFile = SITE_FILE,
) -> None:
    """Approve the table in force.

    It must be the one in the files here. Asks for the PIN (from a pipe: its first line).
    """
    with plainly(RemoteError, *_WRONG):
        site = load_config(config)
        table = _table(site)
        desk = next((one.id for one in site.stations if one.kind in _DESKS), "")
        pin = sys.stdin.readline().strip() if not sys.stdin.isatty() else typer.prompt("PIN", hide_input=True)
        body = {"type": "ApproveRecipe", "actor": actor, "pin": pin, "digest": table.digest, "note": note}
        answer = Remote.at(config, desk).post("/api/v1/intents", body)
    typer.echo(f"{answer['text_zh']} ({answer['text_en']})")


def _table(site: Config) -> RecipeTable:
    return load_recipes(site.recipes)


def _show_changes(changes: Iterable[tuple[str, str, str]]) -> None:
    for place, was, now in changes:
        typer.echo(f"{place:44} {was:>20} -> {now}")


def _lines(settings: Iterable[Setting]) -> Iterator[str]:
    for one in settings:
        yield f"  {one.name:24} {', '.join(f'{value:g}' for value in one.values):>10}   {one.layer}"


def _dry_run(name: str, plan: Plan, table: RecipeTable) -> Iterator[str]:
    yield f"Procedure {name}  {plan.recipe_version}  pots: {', '.join(plan.kinds) or '-'}"
    unit = operation = ""
    for phase in procedure(plan, table) if plan.decocted else ():
        if phase.unit != unit:
            yield f"  {phase.unit}"
            operation = ""
        if phase.operation != operation:
            yield f"    {phase.operation}"
        unit, operation = phase.unit, phase.operation
        hours, minutes = divmod(round(phase.begins), 60)
        volume = "" if phase.ml is None else f"{phase.ml} mL"
        yield f"      {hours}:{minutes:02}  {phase.phase:12} {phase.minutes:6g} min  {volume:>9}".rstrip()
    for task in plan.separate:
        yield f"  {task.handling} {task.herb} {task.grams:g} g, {task.least_minutes} min, joins at {task.joins}"
    yield f"  {plan.bags} x {plan.fill_ml} mL, pot {plan.pot_minutes} min, whole {plan.estimate_minutes} min"
    yield from _lines(plan.settings)
