"""A plan run dry, and what a table and the pots of a site must keep between them."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from controller.cli import app
from controller.demo.folder import HOME, SAMPLES
from controller.model.plan import Plan
from controller.model.prescription import RecipeClass
from controller.model.recipe import ClassLayer, PotKind
from controller.model.world import PotClass
from controller.recipes import make_plan
from controller.recipes.lint import Flaw, lint
from controller.recipes.procedure import liquids_ml, procedure
from controller.texts import load_texts
from tests import medicine
from tests.medicine import RECIPES

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = str(HOME / "config.toml")


def plan(kind: PotKind, *herbs: tuple[object, ...]) -> Plan:
    pots = tuple(replace(pot, kind=kind) for pot in medicine.POTS)
    made = make_plan(medicine.prescription(*herbs), medicine.FORMULARY, RECIPES, pots)
    assert isinstance(made, Plan)
    return made


def test_a_dry_run_goes_through_the_phases_of_isa_88_in_order_of_time() -> None:
    made = plan(PotKind.CONCENTRATING, ("糯稻根", 30, "decoct-for-water"), ("桂枝", 9), ("薄荷", 6, "add-late"))
    phases = procedure(made, RECIPES)
    assert [(one.operation, one.phase) for one in phases] == [
        ("Soak", "AddWater"),
        ("Soak", "Soak"),
        ("Charge", "Charge"),
        ("DecoctForWater", "HeatToBoil"),
        ("DecoctForWater", "HoldBoil"),
        ("FirstBoil", "HeatToBoil"),
        ("FirstBoil", "HoldBoil"),
        ("FirstBoil", "AddLate"),
        ("FirstBoil", "Drain"),
        ("SecondBoil", "AddWater"),
        ("SecondBoil", "HeatToBoil"),
        ("SecondBoil", "HoldBoil"),
        ("SecondBoil", "Drain"),
        ("Combine", "Drain"),
        ("Concentrate", "Concentrate"),
        ("Pack", "Pack"),
        ("Rinse", "Rinse"),
    ]
    hold, late = phases[6], phases[7]
    assert hold.begins + hold.minutes - late.begins == 10
    assert all(one.begins <= other.begins for one, other in pairwise(phases))


def test_the_liquid_of_a_dry_run_fills_the_pouches() -> None:
    made = plan(PotKind.OPEN)
    assert len(liquids_ml(made)) == 2
    assert sum(liquids_ml(made)) >= made.bags * made.fill_ml


def told(flaw: Flaw) -> str:
    return f"{flaw.place}: {load_texts(ZoneInfo('Asia/Shanghai')).say('lint', flaw.rule, flaw.facts).en}"


@pytest.mark.parametrize(
    ("pots", "said"),
    [
        ((PotClass("internal", 800, 6000, PotKind.SEALED),), "classes.exterior-releasing.pots: this site has no pot"),
        ((PotClass("internal", 5000, 6000),), "fill_share: pots of 6000 mL (open) foam over at 3900 mL"),
        ((PotClass("internal", 300, 6000),), "classes.tonic.boil_minutes: pots of 6000 mL (open) boil 360 mL away"),
    ],
)
def test_a_table_that_the_pots_cannot_keep_is_named_with_its_place(pots: tuple[PotClass, ...], said: str) -> None:
    assert any(told(flaw).startswith(said) for flaw in lint(RECIPES, pots))


def test_a_pot_that_no_class_may_use_is_named() -> None:
    only_open = {
        name: replace(layer, pots=(PotKind.OPEN,)) if isinstance(layer, ClassLayer) else layer
        for name, layer in RECIPES.classes.items()
    }
    table = replace(RECIPES, classes=only_open)
    pots = (*medicine.POTS, PotClass("internal", 800, 6000, PotKind.SEALED))
    assert [told(flaw) for flaw in lint(table, pots)] == [
        "pots: no class may be cooked in the pots of kind sealed that this site has"
    ]
    assert list(lint(RECIPES, medicine.POTS)) == []
    assert RecipeClass.TONIC in only_open


def test_the_command_shows_the_layer_of_each_number() -> None:
    shown = CliRunner().invoke(app, ["recipe", "show", "--class", "tonic", "--machine", "pot-03", "--config", CONFIG])
    assert shown.exit_code == 0, shown.output
    rows = {line.split()[0]: line.split()[-1] for line in shown.output.splitlines()[2:]}
    assert (rows["boil_minutes"], rows["soak_minutes"]) == ("classes.tonic", "general")


def test_the_command_runs_a_prescription_dry_and_says_why_one_cannot_be_made() -> None:
    body = json.loads(SAMPLES.read_text(encoding="utf-8").splitlines()[0])
    made = CliRunner().invoke(app, ["recipe", "try", "-", "--config", CONFIG], input=json.dumps(body) + "\n")
    assert made.exit_code == 0, made.output
    assert "FirstBoil" in made.output
    paste = body | {"preparation": "paste"}
    refused = CliRunner().invoke(app, ["recipe", "try", "-", "--config", CONFIG], input=json.dumps(paste) + "\n")
    assert refused.exit_code == 1


def test_the_command_shows_what_a_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text('version = "ours-1"\nsoak_minutes = 40\n', encoding="utf-8")
    shown = CliRunner().invoke(app, ["recipe", "diff", str(path), "--config", CONFIG])
    assert shown.exit_code == 0, shown.output
    assert [line.split()[0] for line in shown.output.splitlines()[1:]] == ["soak_minutes", "version"]
